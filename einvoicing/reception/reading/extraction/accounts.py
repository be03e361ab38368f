"""The IBAN to pay to: its key proves it, whatever spaces and mistaken letters the print holds."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from stdnum import iban as stdnum_iban

from einvoicing.reception.reading.extraction.found import AGREED, CHECKED, Found
from einvoicing.reception.reading.layout import Page, Word

_START = re.compile(r"(?:fr|mc|be|lu|de|es|it|pt|nl|ch|gb|ie|at|pl)\d{2}")
_LENGTHS = {
    "FR": 27, "MC": 27, "BE": 16, "LU": 20, "DE": 22, "ES": 24, "IT": 27, "PT": 25, "NL": 18, "CH": 21, "GB": 22,
    "IE": 22, "AT": 20, "PL": 28,
}  # fmt: skip
_AS_DIGITS = str.maketrans("OoQDIlSBZG", "0000115826")
_DEBTOR = re.compile(r"prelev|debit|votre compte|votre iban|compte client|compte debite|mandat")


def read_iban(pages: Sequence[Page]) -> Found | None:
    """The first account that is not the buyer's own."""
    found = [item for page in pages for item in _accounts(page)]
    if not found:
        return None
    best = max(found, key=lambda item: item.score)
    others = {item.value for item in found if item.score >= best.score}
    best.evidence = CHECKED if len(others) == 1 else AGREED
    return best


def _accounts(page: Page) -> Iterator[Found]:
    for folded, words in _sequences(page):
        text, owners = "", []
        for word in words:
            clean = "".join(character for character in word.text if character.isalnum())
            text += clean
            owners += [word] * len(clean)
        yield from _in_row(page, folded, text, owners)


def _sequences(page: Page) -> Iterator[tuple[str, list[Word]]]:
    """Rows; then cells with the one below, where a long number goes on."""
    for row in page.rows:
        yield row.folded, [word for cell in row.cells for word in cell.words]
    for cell in page.cells:
        if _START.search(cell.folded.replace(" ", "")):
            block = page.block_of[id(cell)].cells
            place = next(index for index, other in enumerate(block) if other is cell)
            yield cell.folded, [word for other in block[place : place + 4] for word in other.words]


def _in_row(page: Page, folded: str, text: str, owners: list[Word]) -> Iterator[Found]:
    for start in range(len(text) - 14):
        length = _LENGTHS.get(text[start : start + 2].upper().replace("0", "O"), 0)
        if not length or len(text) < start + length:
            continue
        number = _valid(text[start : start + length])
        if number:
            context = folded + " " + _above(page, owners[start])
            score = 2.0 - (1.5 if _DEBTOR.search(context) else 0) + (0.5 if "iban" in context else 0)
            words = list(dict.fromkeys(owners[start : start + length]))
            yield Found(number, CHECKED, page.number, words, score - 0.01 * page.number)


def _above(page: Page, word: Word) -> str:
    near = [row.folded for row in page.rows if 0 <= word.y0 - row.y0 < 4 * word.height]
    return " ".join(near[-3:])


def _valid(raw: str) -> str | None:
    """The account number, with letters read in place of digits put right; a French one has letters at its end only."""
    country = raw[:2].upper().replace("0", "O")
    candidates = [raw.upper()]
    digits = raw[2:].translate(_AS_DIGITS)
    candidates.append(country + digits.upper())
    if country in ("FR", "MC"):
        candidates.append(
            country + raw[2:14].translate(_AS_DIGITS) + raw[14:25].upper() + raw[25:].translate(_AS_DIGITS)
        )
    return next((candidate for candidate in candidates if stdnum_iban.is_valid(candidate)), None)
