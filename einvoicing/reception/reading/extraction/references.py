"""The number of the document, what kind it is, and the order it answers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from einvoicing.reception.reading.days import days_in
from einvoicing.reception.reading.extraction.found import GUESSED, LABELLED, Found, places_beside
from einvoicing.reception.reading.layout import Cell, Page
from einvoicing.reception.reading.result import CREDIT_NOTE, INVOICE

Labels = Sequence[tuple[re.Pattern[str], float]]
_N = r"(?:n ?[°ºo0*]s?|no|n\b|num(?:ero)?|nr|#|number|ref(?:erence)?s?|id)"
_NO = rf"(?:n ?[°º]s?|{_N}(?![a-z]))"
_DOCUMENT = r"(?:factures?|facturation|avoirs?|note d[e'] ?credit|note d'honoraires|invoice|credit note|piece|document)"
# the surer first: (pattern, score)
_NUMBER_LABELS = tuple(
    (re.compile(pattern), score)
    for pattern, score in (
        (rf"\b{_N}\.? ?(?:de |de la |d')?{_DOCUMENT}\b ?[:.]?", 10),
        (rf"\b{_DOCUMENT} ?(?:electronique|client|acquittee|de vente)? ?{_NO}\.? ?[:.]?", 10),
        (r"\bref(?:erence)?\.? (?:de )?(?:la |notre )?facture\b ?:?", 9),
        (rf"^{_DOCUMENT} ?[:#]", 8),
        (r"^(?:facture d' ?avoir|facture|avoir|note d[e'] ?credit|invoice|credit note)\b(?: en eur(?:os?)?)?", 6),
        (rf"^(?:{_N}) ?[:.]?$", 6.5),
        (r"^(?:numero|number|n°) ?:", 6.5),
        (r"^(?:numero|number|n°)", 4),
        (r"^(?:ref(?:erence)?s?|n/ref|nos? ref(?:erences?)?)\.? ?:?", 2),
    )
)
_OTHER_NUMBER = re.compile(
    r"client|commande|\bbc\b|devis|\bbl\b|livraison|contrat|dossier|compte|siret|siren|tva|telephone|\btel|page|"
    r"affaire|chantier|abonne|ligne|mandat|avoir sur|annule|rectifie|d'origine|initiale|imputation|cheque|iban|rcs|"
    r"\border\b|customer|po\b|agrement|engagement|marche|bon\b|vehicule|immat|serie|lot\b|police"
)
_CREDITED = re.compile(r"(?:sur|concerne|annule|rectifie|reference|relatif|origine|initiale|correspond)[^:]{0,25}$")
_VALUE = re.compile(
    r"[ :.#-]{0,4}((?!numero|date|page|tel\b|du |le |au )(?:[a-z]{1,6}[ /-]{0,3})?"
    r"(?=[a-z/_.-]{0,12}\d)[a-z0-9][a-z0-9/_.-]{1,24}"
    r"(?:[-/][a-z0-9]+| ?[-/] ?(?=[a-z]{0,4}\d)[a-z0-9]+){0,3})"
)
_ENDING = re.compile(r"[ .,;]*(?:$|[-(|/]|(?:du|le) \d|\b(?:date|dated|page|en date|emise?|client|commande)\b)")
_ORDER_LABELS = tuple(
    (re.compile(pattern), score)
    for pattern, score in (
        (rf"\b{_N}\.? ?(?:de |du |d')?(?:bon de |votre )?commande(?: client)?\b ?[:.]?", 10),
        (
            rf"\b(?:vo(?:tre|s) |v/|sur |bon de |ref\.? )?(?:commande|cde)(?: client)?s? ?{_NO}\.? ?[:.]?",
            10,
        ),
        (r"\b(?:votre|v/|v\.) ?(?:bon de )?(?:commande|cde)\b ?[:.]?", 9),
        (r"\bref(?:erence)?\.? ?(?:de )?(?:votre |la )?(?:commande|cde)\b ?[:.]?", 9),
        (r"\b(?:purchase order|order number|order no|po number|p\.?o\.?)\b(?![-/]?\d) ?(?:n°|#|no)? ?[:.]?", 9),
        (r"\b(?:bon de commande|b\.?c\.?) ?(?:n ?°)? ?[:.]", 8),
        (rf"\bb\.?c\.? ?{_NO} ?[:.]?", 8),
        (r"^(?:bon de |ref\.? |vos? |sur )?(?:commande|cde|order)\b(?![-/]?\d) ?(?:n ?°)? ?[:.]?", 7),
        (r"\b(?:n ?° ?d'?engagement|engagement(?: juridique)?)(?: n°)? ?[:.]?", 6),
        (r"^(?:votre ref(?:erence)?|vos ref(?:erence)?s?|v/ref|your ref(?:erence)?)\.? ?[:.]?", 4),
    )
)
_DATE_LABEL = re.compile(r"date|du\b|^le\b")


def read_number(pages: Sequence[Page]) -> Found | None:
    """The number beside the surest of its labels."""
    return _best(list(_beside(pages, _NUMBER_LABELS, _is_not_other)))


def read_order_reference(pages: Sequence[Page], number: Found | None) -> Found | None:
    """The number of the buyer's order, never that of the document itself."""
    found = [
        item
        for item in _beside(pages, _ORDER_LABELS, _is_not_date_of_order)
        if number is None or item.value != number.value
    ]
    return _best(found)


def _is_not_other(before: str, after: str) -> bool:
    return (
        not _OTHER_NUMBER.search(before)
        and not _OTHER_NUMBER.match(after.strip(" :."))
        and not _CREDITED.search(before)
    )


def _is_not_date_of_order(before: str, after: str) -> bool:
    return not re.search(r"date (?:de |d')?(?:la )?$", before) and not after.strip().startswith("date")


def _beside(pages: Sequence[Page], labels: Labels, allowed: Callable[[str, str], bool]) -> Iterator[Found]:
    for page in pages:
        for cell in page.cells:
            text = cell.folded
            taken: list[tuple[int, int]] = []
            for pattern, score in labels:
                for match in pattern.finditer(text):
                    if any(start < match.end() and match.start() < end for start, end in taken):
                        continue
                    taken.append(match.span())
                    if not allowed(text[: match.start()], text[match.end() :]):
                        continue
                    if (found := _value_beside(page, cell, match, score)) is not None:
                        yield found


def _value_beside(page: Page, cell: Cell, match: re.Match[str], score: float) -> Found | None:
    for place in places_beside(page, cell, match):
        folded = place.cell.folded
        value = _VALUE.match(folded, place.start)
        if value is None or not _looks_like_number(folded, value):
            # a label that goes on is another one; a word at its right says that the value is not there
            if place.distance == 0 and len(folded[place.start :].strip(" :.°#")) > 1:
                return None
            continue
        start, end = value.span(1)
        # beside or under a label, a value stands alone: a street begins with a number too
        if place.distance and not _ENDING.match(folded, end):
            continue
        text = re.sub(r" ?([-/]) ?", r"\1", place.cell.text[start:end]).strip(" .-:/")
        text = re.sub(r"(?<=\d)du$", "", text)  # `FA2026-12du 3 mars`, as an engine reads it
        bonus = (0.6, 0.4, 0.0)[place.distance] - 0.3 * (page.number - 1)
        return Found(text, LABELLED if score >= 5 else GUESSED, page.number, place.cell.span(start, end), score + bonus)
    return None


def _looks_like_number(folded: str, match: re.Match[str]) -> bool:
    text = match[1].strip()
    start = match.start(1)
    if not any(character.isdigit() for character in text) or len(text) < 2:
        return False
    if any(day.start < match.end(1) and start < day.end for day in days_in(folded)):
        return False
    after = folded[match.end(1) :]
    # an amount, a percentage, a telephone
    return not re.match(r"[.,]?\d* ?(?:€|%|eur\b)", after) and not re.fullmatch(r"\d{1,3}[.,]\d{2}", text)


def _best(found: list[Found]) -> Found | None:
    if not found:
        return None
    repeats = {item.value: sum(other.value == item.value for other in found) for item in found}
    return max(found, key=lambda item: item.score + min(repeats[item.value] - 1, 2) * 0.5)


_CREDIT_TITLE = re.compile(
    r"^facture d' ?avoir\b|^(?:facture )?avoirs?(?: (?:client|commercial|partiel|total|n|no|numero|sur|de|du|"
    r"en)\b| ?n ?°|$| ?[:#]| [a-z]{0,4}[-/]?\d)|"
    r"^note d[e'] ?credit|^credit note|\b(?:n ?°|numero) (?:de |d')?(?:l'|note de )?(?:avoir|credit)\b|"
    r"^facture rectificative d'avoir"
)
_TITLE = re.compile(r"\b(?:factures?|invoice)\b")


def read_kind(pages: Sequence[Page], number: Found | None) -> Found:
    """A credit note says so in a title of its own; anything else is an invoice."""
    for page in pages[:1]:
        for cell in page.cells:
            if _CREDIT_TITLE.search(cell.folded) and cell.y0 < 0.6 * page.height:
                return Found(CREDIT_NOTE, LABELLED, page.number, cell.words)
    for page in pages:
        for cell in page.cells:
            if match := _TITLE.search(cell.folded):
                return Found(INVOICE, LABELLED, page.number, cell.span(*match.span()))
    return Found(INVOICE, GUESSED if number is None else LABELLED)
