"""What a word means where it stands: the value of a field that a person, or an earlier document, points at."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from stdnum import iban as stdnum_iban
from stdnum.eu import vat as eu_vat

from config.kernel.money import CENT
from einvoicing.reception.reading.amounts import amounts_in
from einvoicing.reception.reading.days import days_in
from einvoicing.reception.reading.layout import WIDTH, Cell, Page, Word
from einvoicing.reception.reading.result import PageText
from einvoicing.reception.reading.texts import fold

DAYS, AMOUNTS = ("date", "due_date"), ("net", "vat", "gross")
PICKED = ("number", *DAYS, "supplier_name", "supplier_siren", "supplier_vat", "iban", *AMOUNTS, "order_reference")
_DIGITS = re.compile(r"(?<!\d)\d(?:[ .]?\d){8}(?:[ .]?\d{5}|(?: ?\d){5})?(?!\d)")
_VAT = re.compile(r"\b[a-z]{2} ?[0-9a-z](?:[ .-]?[0-9a-z]){7,12}\b")
_EDGES = " :;,.#()[]–—-"


@dataclass(frozen=True, slots=True)
class Picked:
    """A value, and the words of it from the first to the last."""

    value: Any
    words: tuple[Word, ...]


Span = tuple[Any, int, int]  # value, and where it begins and ends in the text


def layout_of(text: PageText) -> Page:
    """The page that its words make, in the same order."""
    words = [
        Word(word, box[0] * WIDTH, box[1] * text.height, box[2] * WIDTH, box[3] * text.height, box)
        for word, box in text.words
    ]
    return Page(text.number, text.height, words)


def cell_of(page: Page, word: Word) -> Cell | None:
    return next((cell for cell in page.cells if any(each is word for each in cell.words)), None)


def value_at(page: Page, first: Word, last: Word, name: str) -> Picked | None:
    """What the field says where these words stand; None where they are nothing of its kind.

    A single word stands for the whole value around it: a day, an amount, an account, the line of a name. A number is
    the words themselves.
    """
    cell = cell_of(page, first)
    if cell is None:
        return None
    chosen = _between(page, first, last)
    if name in ("number", "order_reference"):
        return _text(chosen)
    if name == "supplier_name":
        return _text(chosen if first is not last else cell.words)
    row = [word for other in page.rows[cell.row].cells for word in other.words]
    for words in (cell.words, row):
        for value, start, end in values_in(_joined(words), name):
            found = _span(words, start, end)
            if any(word is one for word in found for one in chosen):
                return Picked(value, tuple(found))
    return None


def values_in(text: str, name: str) -> Iterator[Span]:
    """Every value of the field's kind in a text, in the order of their places."""
    yield from _READERS[name](text)


def _days(text: str) -> Iterator[Span]:
    yield from ((day.value, day.start, day.end) for day in days_in(fold(text)))


def _amounts(text: str) -> Iterator[Span]:
    yield from ((abs(one.value).quantize(CENT), one.start, one.end) for one in amounts_in(fold(text)))


def _sirens(text: str) -> Iterator[Span]:
    for match in _DIGITS.finditer(text):
        yield re.sub(r"\D", "", match[0])[:9], match.start(), match.end()


def _vats(text: str) -> Iterator[Span]:
    for match in _VAT.finditer(fold(text)):
        number = re.sub(r"[^0-9A-Z]", "", match[0].upper())
        if eu_vat.is_valid(number):
            yield number, match.start(), match.end()


def _ibans(text: str) -> Iterator[Span]:
    places = [at for at, character in enumerate(text) if character.isalnum()]
    joined = "".join(text[at] for at in places).upper()
    for start in range(len(joined) - 14):
        if not (joined[start : start + 2].isalpha() and joined[start + 2 : start + 4].isdigit()):
            continue
        for length in range(34, 14, -1):
            number = joined[start : start + length]
            if len(number) == length and stdnum_iban.is_valid(number):
                yield number, places[start], places[start + length - 1] + 1
                break


def _numbers(text: str) -> Iterator[Span]:
    """The words that hold a digit, after what names them; a day or an amount is no number."""
    folded = fold(text)
    taken = [(day.start, day.end) for day in days_in(folded)]
    taken += [(one.start, one.end) for one in amounts_in(folded)]
    for match in re.finditer(r"(?<![^\s:#°º])[^\s:#°º]*\d[^\s]*", text):
        if any(start < match.end() and match.start() < end for start, end in taken):
            continue
        if number := match[0].strip(_EDGES):
            yield number, match.start(), match.end()


def _names(text: str) -> Iterator[Span]:
    if len(name := text.strip(_EDGES)) >= 3:
        yield name, 0, len(text)


_READERS: dict[str, Callable[[str], Iterator[Span]]] = {
    **dict.fromkeys(DAYS, _days),
    **dict.fromkeys(AMOUNTS, _amounts),
    "supplier_siren": _sirens,
    "supplier_vat": _vats,
    "iban": _ibans,
    "number": _numbers,
    "order_reference": _numbers,
    "supplier_name": _names,
}


def _text(words: Sequence[Word]) -> Picked | None:
    text = " ".join(word.text for word in words).strip(_EDGES)
    return Picked(text, tuple(words)) if text else None


def _between(page: Page, first: Word, last: Word) -> list[Word]:
    """The words from one to the other as they are read; the first alone when they are of two rows."""
    cell = cell_of(page, first)
    row = [word for other in page.rows[cell.row].cells for word in other.words] if cell else []
    ends = [place for place, word in enumerate(row) if word is first or word is last]
    return row[min(ends) : max(ends) + 1] if len(ends) == 2 else [first]


def _joined(words: Sequence[Word]) -> str:
    return " ".join(word.text for word in words)


def _span(words: Sequence[Word], start: int, end: int) -> list[Word]:
    found, at = [], 0
    for word in words:
        if at < end and at + len(word.text) > start:
            found.append(word)
        at += len(word.text) + 1
    return found


def places_of(pages: Sequence[Page], name: str, value: Any) -> list[tuple[Page, Picked]]:
    """Where a value that was typed stands on the pages."""
    found = []
    for page in pages:
        for cell in page.cells:
            text = _joined(cell.words)
            for read, start, end in values_in(text, name):
                if read == value:
                    found.append((page, Picked(read, tuple(_span(cell.words, start, end)))))
    return found
