"""Where a supplier writes a datum, learnt from what a person corrected, and read there on its next document.

An anchor is the words that stand before the value, at its left or over it, and roughly where; without such words it is
the place alone. Plain Python: who keeps the anchors is `einvoicing.reception.learning`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import hypot
from typing import Any

from einvoicing.reception.reading import confidence, gates
from einvoicing.reception.reading.extraction.found import ANCHORED
from einvoicing.reception.reading.layout import Cell, Page, box_of
from einvoicing.reception.reading.picking import AMOUNTS, Picked, cell_of, layout_of, values_in
from einvoicing.reception.reading.result import XML, Field, Reading
from einvoicing.reception.reading.texts import fold

INSIDE, LEFT, ABOVE, PLACE = "inside", "left", "above", "place"
NEAR = 0.035  # of the page: how far a value without a label may stand from where it stood
LONGEST_LABEL = 60
FARTHEST = 5.0  # under a heading, in heights of its letters


@dataclass(frozen=True, slots=True)
class Anchor:
    """`x`, `y`: where the value began, as shares of the page; `page` from 1, or from -1 for the last one."""

    field: str
    relation: str
    label: str
    x: float
    y: float
    page: int


def learn(pages: Sequence[Page], page: Page, picked: Picked, field: str) -> Anchor | None:
    """How to find the value again; None where its words are on no row of the page."""
    first = picked.words[0]
    cell = cell_of(page, first)
    if cell is None:
        return None
    relation, label = _named(page, cell, picked)
    at = page.number if page.number < len(pages) or page.number == 1 else page.number - len(pages) - 1
    return Anchor(field, relation, label, round(first.box[0], 4), round(first.box[1], 4), at)


def _named(page: Page, cell: Cell, picked: Picked) -> tuple[str, str]:
    """The relation, and the words by which the value is known, the nearest that hold letters and no digit."""
    place = next((index for index, word in enumerate(cell.words) if word is picked.words[0]), 0)
    inside = label_of(" ".join(word.text for word in cell.words[:place]))
    if inside:
        return INSIDE, inside
    lefts = page.left_of(cell)
    if lefts and (left := label_of(lefts[-1].text)):
        return LEFT, left
    for above in page.above(cell, FARTHEST):
        if over := label_of(above.text):
            return ABOVE, over
    return PLACE, ""


def label_of(text: str) -> str:
    """What stays of a label from one document to the next: its letters. '' for what holds a digit."""
    folded = fold(text)
    if any(character.isdigit() for character in folded) or len(folded) > LONGEST_LABEL:
        return ""
    return re.sub(r"[^a-z°]+", " ", folded).strip()


def apply(reading: Reading, anchors: Sequence[Anchor]) -> Reading:
    """The reading with what the anchors find. Amounts that then add up less well than before are left as they were."""
    if reading.source == XML or not anchors or not reading.pages:
        return reading
    pages = [layout_of(text) for text in reading.pages]
    found = {anchor.field: item for anchor in anchors if (item := _find(pages, anchor, reading.source))}
    changed = {name: item for name, item in found.items() if _says_more(item, reading.fields.get(name))}
    if not changed:
        return reading
    judged = _with(reading, changed)
    if _failing(judged) > _failing(reading):
        judged = _with(reading, {name: item for name, item in changed.items() if name not in AMOUNTS})
    return judged


def _says_more(item: Field, read: Field | None) -> bool:
    """Another value, or the same one that was read with less confidence."""
    return read is None or item.value != read.value or item.confidence > read.confidence


def _with(reading: Reading, changed: Mapping[str, Field]) -> Reading:
    fields = {**reading.fields, **changed}
    values: dict[str, Any] = {name: item.value for name, item in fields.items()}
    judged = {**reading.gates, **{name: holds for name, holds in gates.judge(values).items() if name in _JUDGED}}
    if judged[gates.VAT_ROWS] is None and values.get("vat"):
        judged[gates.VAT_ROWS] = False  # as in the cascade: a tax that no printed rate explains
    shares = {name: item.confidence for name, item in fields.items()}
    return replace(reading, fields=fields, gates=judged, confidence=confidence.of_whole(reading.source, shares, judged))


_JUDGED = (
    gates.COMPLETE, gates.SUMS, gates.VAT_ROWS, gates.SIREN, gates.VAT_NUMBER, gates.SIREN_MATCHES_VAT, gates.IBAN,
    gates.DATES,
)  # fmt: skip


def _failing(reading: Reading) -> int:
    sums = (gates.SUMS, gates.VAT_ROWS)
    return sum(reading.gates.get(name) is not True for name in sums)


def _find(pages: Sequence[Page], anchor: Anchor, source: str) -> Field | None:
    """The value nearest to where it stood, among those that its label names."""
    page = _page(pages, anchor.page)
    if page is None:
        return None
    options = [(_distance(page, anchor, words), value, words) for value, words in _options(page, anchor)]
    options = [option for option in options if anchor.relation != PLACE or option[0] <= NEAR]
    if not options:
        return None
    _far, value, words = min(options, key=lambda option: option[0])
    return Field(value, confidence.of_field(source, ANCHORED), page.number, box_of(words), ANCHORED)


def _page(pages: Sequence[Page], number: int) -> Page | None:
    if number < 0:
        return pages[number] if len(pages) >= -number else None
    return next((page for page in pages if page.number == number), None)


def _distance(page: Page, anchor: Anchor, words: Sequence[Any]) -> float:
    left, top = words[0].box[0], words[0].box[1]
    return hypot(left - anchor.x, (top - anchor.y) * page.height / 600)


def _options(page: Page, anchor: Anchor) -> Iterator[tuple[Any, list[Any]]]:
    for cell in page.cells:
        if anchor.relation == PLACE:
            yield from _values(cell, 0, anchor.field)
        elif anchor.relation == INSIDE:
            for place in range(1, len(cell.words)):
                if label_of(" ".join(word.text for word in cell.words[:place])) == anchor.label:
                    yield from _values(cell, place, anchor.field)
        elif label_of(cell.text) == anchor.label:
            nexts = page.right_of(cell, 1) if anchor.relation == LEFT else _first_below(page, cell)
            for other in nexts:
                yield from _values(other, 0, anchor.field)


def _first_below(page: Page, cell: Cell) -> list[Cell]:
    """The cell of the next row that stands most under this one: what is further down is of another line."""
    below = list(page.below(cell, FARTHEST))
    nearest = [other for other in below if other.row == below[0].row]
    return sorted(nearest, key=lambda other: -other.overlaps(cell))[:1]


def _values(cell: Cell, place: int, field: str) -> Iterator[tuple[Any, list[Any]]]:
    """The first value of the kind, from a word of the cell on."""
    words = cell.words[place:]
    text = " ".join(word.text for word in words)
    for value, start, end in values_in(text, field):
        at, found = 0, []
        for word in words:
            if at < end and at + len(word.text) > start:
                found.append(word)
            at += len(word.text) + 1
        yield value, found
        return
