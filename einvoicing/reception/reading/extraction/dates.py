"""The day of the invoice and the day it is due, told from the other days of the page by what stands beside them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from einvoicing.reception.reading.days import Day, days_in
from einvoicing.reception.reading.extraction.found import GUESSED, LABELLED, Found
from einvoicing.reception.reading.layout import Cell, Page

_ISSUE = tuple(
    (re.compile(pattern), score)
    for pattern, score in (
        (r"date (?:de |de la |d')?(?:facture|facturation|emission|l'avoir|avoir|piece|document|creation)\b", 10),
        (r"\b(?:facture|avoir|invoice)\b[^.]{0,45}\b(?:du|date|dated|le)\b ?:?$", 9),
        (r"(?:emise?|facturee?|etablie?|editee?|faite?|issued?) (?:le|on|a [a-z' -]{2,30}(?:,| le)+)", 9),
        (r"invoice date|date of issue|issue date|date d'edition", 10),
        (r"^date ?[:.]?$|\bdate ?:$|^date\b$", 7),
        (r"^[a-z' -]{2,35}, ?(?:le )?$", 6),
        (r"\ben date du$", 6),
        (r"^le ?:?$", 5),
        (r"\bdate\b", 3),
        (r"\bdu$", 2),
    )
)
_DUE = tuple(
    (re.compile(pattern), score)
    for pattern, score in (
        (r"(?:date )?(?:d'|de l')?echeance", 10),
        (r"date limite (?:de |du )?(?:paiement|reglement)", 10),
        (
            r"(?:payer|regler|payable|reglement|paiement|exigible)\b[^.]{0,25}(?:avant|au plus tard|pour|jusqu'au)\b",
            9,
        ),
        (r"(?:payable|reglement|paiement|exigible|exigibilite|du)\b[^.]{0,18}\b(?:le|au|du)\b ?:?$", 7),
        (r"due date|payment due|due (?:by|on)|pay(?:able)? by|date due", 10),
        (r"(?:date (?:de |du )?(?:paiement|reglement|prelevement|exigibilite))", 8),
        (r"preleve(?:e|ment)?\b[^.]{0,40}(?:le|du|a partir)", 7),
        (r"au plus tard", 6),
    )
)
_OTHER = re.compile(
    r"livr|commande|prestation|periode|du .{4,20} au$|command|devis|contrat|naissance|loi\b|decret|arrete|article|rcs|"
    r"imprim|execution|intervention|debut|fin\b|expedition|bon\b|\bbl\b|\bcde\b|recu|paye|sejour|arrivee|depart|order|delivery|"
    r"expir|valable|penalit|capital|service|depuis|modifi|version|tarif|acompte|verse|annul|rectif|origin|initial|concern|signe"
)


@dataclass(slots=True)
class _Seen:
    day: Day
    cell: Cell
    page: Page
    issue: float
    due: float
    other: bool


def read_dates(pages: Sequence[Page], number: Found | None) -> tuple[Found | None, Found | None]:
    """(issue date, due date): the best labelled day of each."""
    seen = [item for page in pages for item in _days(page)]
    due = max((item for item in seen if item.due > item.issue), key=lambda item: item.due, default=None)
    issue = max(
        (item for item in seen if item.issue > item.due and item.issue > 0), key=lambda item: item.issue, default=None
    )
    evidence = LABELLED
    if issue is None or issue.issue < 3:
        left = [item for item in seen if not item.other and item.due == 0]
        if left:
            issue, evidence = (
                max(left, key=lambda item: item.issue - item.page.number * 0.1 - item.cell.y0 / 1e4),
                GUESSED,
            )
    if issue is not None and due is not None and due.day.value < issue.day.value:
        later = [item for item in seen if item.due > 0 and item.day.value >= issue.day.value]
        due = max(later, key=lambda item: item.due, default=due)
    return _found(issue, evidence), _found(due, LABELLED)


def _found(item: _Seen | None, evidence: str) -> Found | None:
    if item is None:
        return None
    return Found(
        item.day.value,
        evidence,
        item.page.number,
        item.cell.span(item.day.start, item.day.end),
        max(item.issue, item.due),
    )


def _days(page: Page) -> Iterator[_Seen]:
    for cell in page.cells:
        last = 0
        for day in days_in(cell.folded):
            before = cell.folded[last : day.start].strip(" :")
            own = cell.folded[last : day.start].strip()
            last = day.end
            yield _judged(page, cell, day, own, before)


def _judged(page: Page, cell: Cell, day: Day, own: str, before: str) -> _Seen:
    """The nearest text that names the day: before it in its cell, at its left, or over it."""
    weight = 1.0 - 0.05 * (page.number - 1)
    for text, factor in _contexts(page, cell, own, before):
        issue, due = _score(text, _ISSUE), _score(text, _DUE)
        other = bool(_OTHER.search(text))
        if due and due >= issue:
            return _Seen(day, cell, page, 0, due * factor * weight, other=False)
        if other:
            return _Seen(day, cell, page, 0 if issue < 9 else issue * factor * 0.8, 0, other=True)
        if issue:
            return _Seen(day, cell, page, issue * factor * weight, 0, other=False)
        if len(text) > 3 and factor == 1.0:
            break
    return _Seen(day, cell, page, 0, 0, other=False)


def _contexts(page: Page, cell: Cell, own: str, before: str) -> Iterator[tuple[str, float]]:
    if before or own:
        yield own if own.endswith(":") and len(own) < 3 else own or before, 1.0
    # in a row of values, the cell at the left is another value
    for left in (near for near in page.left_of(cell)[-1:] if not any(map(str.isdigit, near.folded))):
        yield f"{left.folded} {own}".strip(" :"), 0.98
    for above in list(page.above(cell, 3.2))[:2]:
        if not list(days_in(above.folded)) or len(above.folded) > 18:
            yield above.folded.strip(" :"), 0.95
    # a column of a table of headings: the label may stand further up, over other days
    for above in list(page.above(cell, 8))[:3]:
        yield above.folded.strip(" :"), 0.6


def _score(text: str, labels: Sequence[tuple[re.Pattern[str], int]]) -> float:
    return max((score for pattern, score in labels if pattern.search(text)), default=0)
