"""Who sends the document: its SIREN, its VAT number and its name, told from those of the buyer."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from stdnum import luhn
from stdnum.eu import vat as eu_vat

from config.kernel.identifiers import vat as vat_number
from einvoicing.reception.reading.extraction.found import AGREED, CHECKED, DERIVED, LABELLED, Found
from einvoicing.reception.reading.layout import Block, Cell, Page, Word

BUYER = re.compile(
    r"factur[eé]e?r? ?[aà]\b|^pour$|^a :?$|adresse de facturation|adresse de livraison|\bclient\b|destinataire|"
    r"livr[eé]e? ?[aà]\b|acheteur|"
    r"bill(?:ed)? to|ship to|sold to|a l'attention|preneur|votre (?:n|siret|siren|tva)|vos coordonnees|\bdoit\b|"
    r"facturation ?:|customer|envoy[eé]e? ?[aà]\b|adresse[eé]?e? [aà]\b|intra(?:com\w*)? (?:du )?client|abonne\b|"
    r"titulaire du contrat",
    re.MULTILINE,
)
SUPPLIER = re.compile(
    r"\bcapital\b|\br\.?c\.?s\b|\bsiege\b|\bnaf\b|\bape\b|\bemetteur|\bvendeur|\bfournisseur|\bprestataire|\bt[eé]l\b|telephone|"
    r"\bwww\.|@|\bfax\b|\bexpediteur|\br\.?m\b|\bfrom ?:|\bnotre\b|assurance|decennale"
)
_OCR_DIGITS = str.maketrans("oiljsbzgq", "011158299")
_DIGITS = re.compile(r"(?<![\d.,])\d(?:[ .]?\d){8,13}(?!\d)")
_VAT = re.compile(
    r"\b(?:fr|f r) ?-?([0-9a-hj-np-z]{2})[ .-]?(\d{3})[ .]?(\d{3})[ .]?(\d{3})\b|\bfr ?((?:\d ?){11})(?!\d)"
)
_FOREIGN = re.compile(r"\b((?:be|de|es|it|lu|nl|pt|ie|at|pl|gb|dk|se|fi)) ?([0-9a-z](?:[0-9a-z. ]){6,13}[0-9a-z])\b")
_LABEL = re.compile(r"siren|siret|r\.?c\.?s|tva|identifi|immatric|vat|intracom")


@dataclass(slots=True)
class Identity:
    siren: Found | None = None
    vat: Found | None = None
    agree: bool = False


@dataclass(slots=True)
class _Number:
    """An identifier seen once: `siren` is the nine digits, `vat` the whole VAT number when it is one."""

    siren: str
    vat: str
    words: list[Word]
    page: Page
    cell: Cell
    score: float
    kind: str


def read_identity(pages: Sequence[Page], own: Collection[str] = ()) -> Identity:
    """The identifiers of the supplier; `own` are those of the company that receives, which are never its supplier's."""
    numbers = [item for page in pages for item in _numbers(page) if item.siren not in own or not item.siren]
    if not numbers:
        return Identity()
    totals: dict[str, float] = {}
    kinds: dict[str, set[str]] = {}
    for item in numbers:
        key = item.siren or item.vat
        kinds.setdefault(key, set()).add(item.kind)
        totals[key] = max(totals.get(key, -99), item.score) + (0.3 if key in totals else 0)
    for key, seen in kinds.items():
        totals[key] += 1.0 if "vat" in seen and len(seen) > 1 else 0
    best = max(totals, key=lambda key: totals[key])
    chosen = sorted((item for item in numbers if (item.siren or item.vat) == best), key=lambda item: -item.score)
    return _identity(best, chosen, totals, kinds[best])


def _identity(best: str, chosen: list[_Number], totals: dict[str, float], kinds: set[str]) -> Identity:
    rivals = [score for key, score in totals.items() if key != best]
    clear = not rivals or totals[best] - max(rivals) >= 1.5
    agree = "vat" in kinds and len(kinds) > 1
    evidence = AGREED if agree and clear else CHECKED if clear else LABELLED
    vat = next((item for item in chosen if item.vat), None)
    plain = next((item for item in chosen if item.kind != "vat"), None)
    siren_from = plain or (vat if best.isdigit() else None)
    return Identity(
        siren=_found(siren_from, siren_from.siren, evidence if plain else DERIVED) if siren_from else None,
        vat=_found(vat, vat.vat, evidence) if vat else None,
        agree=agree,
    )


def _found(item: _Number, value: str, evidence: str) -> Found:
    return Found(value, evidence, item.page.number, item.words, item.score)


def _numbers(page: Page) -> Iterator[_Number]:
    for cell in page.cells:
        alone = list(_in_cell(page, cell))
        yield from alone
        if (both := _with_next(page, cell)) is not None:
            seen = {(item.siren, item.vat) for item in alone}
            yield from (item for item in _in_cell(page, both) if (item.siren, item.vat) not in seen)


def _with_next(page: Page, cell: Cell) -> Cell | None:
    """The cell with the line under it, where a narrow column breaks a number at its spaces."""
    block = page.block_of[id(cell)].cells
    place = next(index for index, other in enumerate(block) if other is cell)
    below = block[place + 1 : place + 2]
    is_cut = _LABEL.search(cell.folded) and re.search(r"(?:\d|\bfr|:|[a-z]\.?) ?$", cell.folded)
    if not below or not is_cut or not re.match(r"(?:fr ?)?\d", below[0].folded):
        return None
    both = Cell([*cell.words, *below[0].words], page.number, cell.row, cell.place)
    page.block_of[id(both)] = page.block_of[id(cell)]
    return both


def _in_cell(page: Page, cell: Cell) -> Iterator[_Number]:
    taken: list[tuple[int, int]] = []
    for match in _VAT.finditer(cell.folded):
        taken.append(match.span())
        number = re.sub(r"[^0-9a-z]", "", match[0]).upper()
        if vat_number.is_valid(number):
            yield _seen(page, cell, match, number[4:], number, "vat")
        elif luhn.is_valid(number[4:]):
            # one wrong character of the key: the nine digits prove themselves
            yield _seen(page, cell, match, number[4:], vat_number.from_siren(number[4:]), "vat-mended", -1.0)
    for match in _FOREIGN.finditer(cell.folded):
        number = re.sub(r"[^0-9a-z]", "", match[0]).upper()
        is_named = re.search(r"tva|vat|mwst|ust-?id|btw|iva", cell.folded + _left(page, cell))
        if is_named and eu_vat.is_valid(number):
            taken.append(match.span())
            yield _seen(page, cell, match, "", number, "vat")
    yield from _plain(page, cell, taken)


def _plain(page: Page, cell: Cell, taken: list[tuple[int, int]]) -> Iterator[_Number]:
    for match in _DIGITS.finditer(cell.folded):
        if any(start < match.end() and match.start() < end for start, end in taken):
            continue
        digits = re.sub(r"\D", "", match[0])
        before = cell.folded[max(0, match.start() - 26) : match.start()] + (
            "" if match.start() > 3 else _left(page, cell)
        )
        named = bool(_LABEL.search(before)) or bool(re.search(r"\bb ?$|\ba ?$|\bd ?$", cell.folded[: match.start()]))
        if (
            len(digits) == 14
            and luhn.is_valid(digits[:9])
            and (luhn.is_valid(digits) or digits.startswith("356000000"))
        ):
            yield _seen(page, cell, match, digits[:9], "", "siret", 0.5 if named else -1.0)
        elif (
            len(digits) == 9
            and luhn.is_valid(digits)
            and (named or not re.search(r"tel|fax|mob|client|facture|compte|ref", before))
        ):
            yield _seen(page, cell, match, digits, "", "siren", 0.5 if named else -2.0)


def _left(page: Page, cell: Cell) -> str:
    left = page.left_of(cell)
    above = next(iter(page.above(cell, 2)), None)
    return f" {left[-1].folded if left else ''} {above.folded if above else ''} "


def _seen(page: Page, cell: Cell, match: re.Match[str], siren: str, vat: str, kind: str, bonus: float = 0.0) -> _Number:
    before = cell.folded[: match.start()]
    score = bonus + party_score(page, cell) - 0.2 * (page.number - 1)
    if re.search(r"client|votre|acheteur|preneur|destinataire", before[-40:] + _left(page, cell)):
        score -= 4
    return _Number(siren, vat, cell.span(*match.span()), page, cell, score, kind)


def party_score(page: Page, cell: Cell) -> float:
    """Above zero where the supplier speaks of itself, below where the buyer is addressed."""
    block = page.block_of[id(cell)]
    text = block.folded
    score = 0.0
    if SUPPLIER.search(cell.folded):
        score += 2.5
    elif SUPPLIER.search(text):
        score += 1.5
    if BUYER.search(text) or any(
        BUYER.search(over.folded) and len(over.folded) < 45 for over in _just_above(page, block)
    ):
        score -= 3.0
    relative = cell.y0 / page.height
    if relative > 0.85:
        score += 1.5
    elif relative < 0.4 and (block.x0 < 0.4 * 600 or block.y0 < 0.08 * page.height):
        score += 0.7
    return score


def _just_above(page: Page, block: Block) -> list[Cell]:
    first = block.cells[0]
    return list(page.above(first, 2.0))[:2]
