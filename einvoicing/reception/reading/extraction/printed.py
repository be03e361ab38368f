"""Every amount of the document with the words that name it: at its left, or over its column."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from einvoicing.reception.reading.amounts import amounts_in, rates_in
from einvoicing.reception.reading.days import days_in
from einvoicing.reception.reading.layout import Cell, Page, Word

NET, VAT, GROSS = "net", "vat", "gross"
_HT = r"(?:h\.? ?t\b\.?|hors[ -]?tax\w*|hors[ -]?t\.?v\.?a)"
_TTC = r"(?:t\.? ?t\.? ?c\b\.?|toutes? tax\w*)"
_TVA = r"(?:t\.? ?v\.? ?a\b\.?|vat\b)"
_LABELS: dict[str, tuple[tuple[re.Pattern[str], int], ...]] = {
    NET: tuple(
        (re.compile(pattern), score)
        for pattern, score in (
            (rf"(?:total|montant|somme)s?\b[^%€]{{0,22}}\bnet\b[^%€]{{0,6}}{_HT}|net {_HT}", 11),
            (rf"(?:total|montant|somme)s?\b[^%€]{{0,22}}{_HT}", 10),
            (rf"(?:base|assiette)s?\b[^%€]{{0,14}}(?:{_HT}|{_TVA}|imposable|tax)", 6),
            (rf"{_HT}", 5),
            (r"sous[ -]?total|subtotal|sub-total|total net\b|net amount|total excl|total before", 5),
            (r"\bbases?\b", 3),
        )
    ),
    VAT: tuple(
        (re.compile(pattern), score)
        for pattern, score in (
            (rf"(?:total|montant|somme)s?\b[^%€]{{0,22}}(?:{_TVA}|taxes?\b)", 10),
            (rf"{_TVA}|\btaxes?\b(?! compris)|value added tax", 6),
        )
    ),
    GROSS: tuple(
        (re.compile(pattern), score)
        for pattern, score in (
            (rf"(?:total|montant|somme)s?\b[^%€]{{0,22}}{_TTC}|{_TTC}[^%€]{{0,12}}total", 11),
            (r"net a (?:payer|regler|deduire|rembourser|votre credit)", 8),
            (r"(?:total|montant|reste|solde|somme)[^%€]{0,14}(?:a (?:payer|regler|rembourser)|dus?\b|due\b)", 8),
            (rf"{_TTC}", 6),
            (r"total (?:general|amount|due|facture|avoir)|grand total|total incl|amount due|balance due", 6),
            (r"a (?:payer|regler)", 6),
            (r"^total(?: eur| euros?| \(?€\)?)? ?:?$", 4),
        )
    ),
}  # fmt: skip
_NOT_TOTAL = re.compile(
    r"unit|\bp\.? ?u\b|remise|rabais|escompte|penalit|capital|indemnit|frais de recouvrement|forfaitaire|\beco|"
    r"deja|verse|acompte|avance|anterieur|precedent|\bport\b|report|brut\b|plafond|limite"
)


LONGEST_HEADING = 34
_BARE_TOTAL = re.compile(r"(?:sous-)?totaux|total(?: general)?")
_RATE_ALONE = re.compile(r"(?:tva )?[\d.,]+ ?%")


@dataclass(slots=True)
class Printed:
    """An amount on the page; `roles` maps what its label makes of it to how surely."""

    value: Decimal
    words: list[Word]
    cell: Cell
    page: Page
    has_currency: bool
    roles: dict[str, float] = field(default_factory=dict)
    label: str = ""

    @property
    def x1(self) -> float:
        return max(word.x1 for word in self.words)

    @property
    def x0(self) -> float:
        return min(word.x0 for word in self.words)

    @property
    def middle(self) -> float:
        return sum(word.middle for word in self.words) / len(self.words)


def printed_amounts(pages: Sequence[Page]) -> list[Printed]:
    found = [item for page in pages for cell in page.cells for item in _in_cell(page, cell)]
    for item in found:
        _name(item)
    return found


def _in_cell(page: Page, cell: Cell) -> Iterator[Printed]:
    days = list(days_in(cell.folded))
    last = 0
    for amount in amounts_in(cell.folded):
        if any(day.start < amount.end and amount.start < day.end for day in days):
            continue
        item = Printed(amount.value, cell.span(amount.start, amount.end), cell, page, amount.has_currency)
        item.label = cell.folded[last : amount.start].strip(" :.-=")
        # what follows names it too: `29,99 € TTC`
        after = re.match(rf" ?(?:{_TTC}|{_HT})", cell.folded[amount.end :])
        if after:
            item.label = f"{item.label} {after[0].strip()}"
        last = amount.end
        yield item


def _name(item: Printed) -> None:
    own = roles_of(item.label)
    if own or (len(item.label) > 4 and any(character.isalpha() for character in item.label)):
        item.roles = own
        return
    # a bare « Total » leaves it to the column to say of what
    beside, over = list(_beside(item)), [(factor, cell.folded) for factor, cell in _over(item)]
    named_by_column = any(roles_of(text) for _factor, text in over)
    is_bare = all(
        _BARE_TOTAL.fullmatch(text) or (_RATE_ALONE.fullmatch(text) and _has_others(item)) for _f, text in beside
    )
    for factor, text in [*over, *beside] if named_by_column and is_bare else [*beside, *over]:
        for role, score in roles_of(text).items():
            if score * factor > item.roles.get(role, 0):
                item.roles[role] = score * factor
        if item.roles:
            return


def _has_others(item: Printed) -> bool:
    """Whether the row holds other amounts: it is one of a table."""
    row = item.page.rows[item.cell.row].cells
    return sum(len(list(amounts_in(cell.folded))) for cell in row if cell.x0 >= item.page.left_of(item.cell)[-1].x0) > 1


def _beside(item: Printed) -> Iterator[tuple[float, str]]:
    """The text at the left, as far as another amount."""
    for left in reversed(item.page.left_of(item.cell)):
        if any(character.isalpha() for character in re.sub(r"(?:eur|€)", "", left.folded)):
            if list(amounts_in(left.folded)) and not roles_of(left.folded):
                break
            if not list(amounts_in(left.folded)):
                yield 1.0, left.folded
            break
        if list(amounts_in(left.folded)):
            break


def _over(item: Printed) -> Iterator[tuple[float, Cell]]:
    """Headings of the column: the nearest cells above that hold words."""
    met = 0
    for above in item.page.above(item.cell, 40):
        common = min(above.x1, item.x1) - max(above.x0, item.x0)
        if common < 0.2 * min(above.x1 - above.x0, item.x1 - item.x0):
            continue
        if any(True for _ in amounts_in(above.folded)) or any(True for _ in rates_in(above.folded)):
            continue
        if not any(character.isalpha() for character in above.folded.replace("eur", "")):
            continue
        if len(above.folded) > LONGEST_HEADING:
            return
        met += 1
        near = (item.cell.y0 - above.y1) < 3.5 * item.cell.height
        yield (0.9 if near else 0.85), above
        if met >= 2:
            return


def roles_of(text: str) -> dict[str, float]:
    """What a label makes of its amount; a label of two roles is of the one named last, which stands nearer."""
    if not text or _NOT_TOTAL.search(text):
        return {}
    roles: dict[str, float] = {}
    for role, labels in _LABELS.items():
        for pattern, score in labels:
            if pattern.search(text):
                roles[role] = score
                break
    if VAT in roles and NET in roles and re.search(rf"base|{_HT}", text):
        # `total hors TVA`, `base TVA` are nets; `TVA sur 100 HT` is a tax
        roles.pop(NET if re.match(rf"{_TVA}|montant (?:de la )?{_TVA}|total {_TVA}", text) else VAT)
    if GROSS in roles and VAT in roles and re.search(rf"{_TTC}|compris", text):
        roles.pop(VAT)
    return roles
