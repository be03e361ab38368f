"""Words put back into what a reader sees: cells of a row, rows of a page, blocks of cells that stand together.

Coordinates are those of a page 600 wide, from the upper left corner, whatever the picture was; a word also keeps its
place on the page as it came (`box`), since a scan is straightened before its rows are found.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from statistics import median

from einvoicing.reception.reading.result import Box
from einvoicing.reception.reading.texts import fold

WIDTH = 600.0
CELL_GAP = 0.62  # between two cells of a row, in heights of a letter


@dataclass(frozen=True, slots=True)
class Word:
    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    box: Box
    score: float = 1.0  # the engine's own, which is no probability

    @property
    def height(self) -> float:
        return self.y1 - self.y0

    @property
    def middle(self) -> float:
        return (self.y0 + self.y1) / 2


@dataclass(eq=False)
class Cell:
    """Words of one row that stand close: a label, a value, or a sentence."""

    words: list[Word]
    page: int
    row: int = 0
    place: int = 0  # among the cells of the row

    @cached_property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)

    @cached_property
    def folded(self) -> str:
        return fold(self.text)

    @cached_property
    def _starts(self) -> list[int]:
        starts, at = [], 0
        for word in self.words:
            starts.append(at)
            at += len(word.text) + 1
        return starts

    @cached_property
    def x0(self) -> float:
        return min(word.x0 for word in self.words)

    @cached_property
    def x1(self) -> float:
        return max(word.x1 for word in self.words)

    @cached_property
    def y0(self) -> float:
        return min(word.y0 for word in self.words)

    @cached_property
    def y1(self) -> float:
        return max(word.y1 for word in self.words)

    @cached_property
    def height(self) -> float:
        return median(word.height for word in self.words)

    def span(self, start: int, end: int) -> list[Word]:
        """The words between two offsets of `text`."""
        return [
            word for word, at in zip(self.words, self._starts, strict=True) if at < end and at + len(word.text) > start
        ]

    def overlaps(self, other: Cell) -> float:
        """The share of the narrower cell that stands above or below the other."""
        common = min(self.x1, other.x1) - max(self.x0, other.x0)
        return common / max(min(self.x1 - self.x0, other.x1 - other.x0), 1.0)


@dataclass(eq=False)
class Row:
    cells: list[Cell]

    @cached_property
    def folded(self) -> str:
        return "  ".join(cell.folded for cell in self.cells)

    @cached_property
    def y0(self) -> float:
        return min(cell.y0 for cell in self.cells)

    @cached_property
    def y1(self) -> float:
        return max(cell.y1 for cell in self.cells)


@dataclass(eq=False)
class Block:
    """Cells under each other: an address, a paragraph, a small list."""

    cells: list[Cell]

    @cached_property
    def folded(self) -> str:
        return "\n".join(cell.folded for cell in self.cells)

    @property
    def page(self) -> int:
        return self.cells[0].page

    @cached_property
    def x0(self) -> float:
        return min(cell.x0 for cell in self.cells)

    @cached_property
    def y0(self) -> float:
        return min(cell.y0 for cell in self.cells)

    @cached_property
    def y1(self) -> float:
        return max(cell.y1 for cell in self.cells)


@dataclass(eq=False)
class Page:
    number: int
    height: float
    words: list[Word]
    rows: list[Row] = field(init=False)

    def __post_init__(self) -> None:
        self.rows = [
            Row([Cell(words, self.number, index, place) for place, words in enumerate(_split(row))])
            for index, row in enumerate(_rows(self.words))
        ]

    @cached_property
    def cells(self) -> list[Cell]:
        return [cell for row in self.rows for cell in row.cells]

    @cached_property
    def blocks(self) -> list[Block]:
        return _blocks(self)

    @cached_property
    def block_of(self) -> dict[int, Block]:
        return {id(cell): block for block in self.blocks for cell in block.cells}

    def right_of(self, cell: Cell, most: int = 3) -> list[Cell]:
        return self.rows[cell.row].cells[cell.place + 1 : cell.place + 1 + most]

    def left_of(self, cell: Cell) -> list[Cell]:
        return self.rows[cell.row].cells[: cell.place]

    def below(self, cell: Cell, within: float = 3.2) -> Iterator[Cell]:
        """Cells under this one, nearest first, no further than so many heights of its letters."""
        yield from self._vertical(cell, self.rows[cell.row + 1 :], within)

    def above(self, cell: Cell, within: float = 60.0) -> Iterator[Cell]:
        """Cells over this one, nearest first."""
        yield from self._vertical(cell, reversed(self.rows[: cell.row]), within)

    def _vertical(self, cell: Cell, rows: Sequence[Row] | Iterator[Row], within: float) -> Iterator[Cell]:
        for row in rows:
            gap = max(row.y0 - cell.y1, cell.y0 - row.y1)
            if gap > within * cell.height:
                return
            for other in row.cells:
                # a title is large: what follows it is measured by its own letters
                if other.overlaps(cell) > 0.15 and gap <= within * 1.3 * other.height:
                    yield other


def _rows(words: Sequence[Word]) -> list[list[Word]]:
    """Words that a reader's eye follows from left to right: each is chained to the nearest one at its left."""
    chains: list[list[Word]] = []
    for word in sorted(words, key=lambda item: item.x0):
        best, least = None, 0.5
        for chain in chains:
            last = chain[-1]
            off = abs(word.middle - last.middle) / max(min(word.height, last.height), 0.1)
            # a long way off, what remains of a slope counts: the nearest word of the chain decides
            if off < least and word.x0 > last.x0:
                best, least = chain, off
        if best is None:
            chains.append([word])
        else:
            best.append(word)
    return sorted(_merged(chains), key=lambda chain: median(word.middle for word in chain))


def _merged(chains: list[list[Word]]) -> list[list[Word]]:
    return [chain for chain in chains if chain]


def _split(row: Sequence[Word]) -> Iterator[list[Word]]:
    cell = [row[0]]
    for last, word in pairwise(row):
        height = min(last.height, word.height)
        gap = word.x0 - last.x1
        if _is_cut_number(last, word, gap):
            cell.append(word)
            continue
        # the separators of a footer hold a sentence together, a colon opens a value
        if gap > CELL_GAP * height * (1.6 if last.text in _JOINTS or word.text in _JOINTS else 1.0):
            yield cell
            cell = []
        cell.append(word)
    yield cell


def _is_cut_number(last: Word, word: Word, gap: float) -> bool:
    """`19` and `474,42` of one amount, which an engine has set apart."""
    return gap < 1.0 * word.height and bool(_THOUSANDS.fullmatch(last.text)) and bool(_HUNDREDS.match(word.text))


_THOUSANDS, _HUNDREDS = re.compile(r"-?[1-9]\d{0,2}(?:[ .]\d{3})*"), re.compile(r"\d{3}[.,]\d{2}(?!\d)")
_JOINTS = {":", "-", "–", "—", "•", "|", "·", "€", "%"}
_AMOUNT_ONLY = re.compile(r"[\d\s.,%€()-]+")


def _blocks(page: Page) -> list[Block]:
    """Cells are put under the cell above when they begin, or centre, at the same place and follow closely."""
    blocks: list[list[Cell]] = []
    for cell in page.cells:
        for block in reversed(blocks):
            last = block[-1]
            if last.row == cell.row or cell.y0 < last.y0:
                continue
            gap = cell.y0 - last.y1
            if gap > 0.85 * max(last.height, cell.height):
                continue
            if _aligned(last, cell):
                block.append(cell)
                break
        else:
            blocks.append([cell])
    return [Block(block) for block in blocks]


def _aligned(above: Cell, cell: Cell) -> bool:
    if above.overlaps(cell) < 0.3:
        return False
    em = max(above.height, cell.height)
    left = abs(above.x0 - cell.x0) < 1.5 * em
    right = abs(above.x1 - cell.x1) < 1.0 * em
    centred = abs((above.x0 + above.x1) - (cell.x0 + cell.x1)) / 2 < 1.5 * em
    return left or right or centred


def box_of(words: Sequence[Word]) -> Box | None:
    """The smallest rectangle around the words, on the page as it came."""
    if not words:
        return None
    return (
        round(min(word.box[0] for word in words), 4),
        round(min(word.box[1] for word in words), 4),
        round(max(word.box[2] for word in words), 4),
        round(max(word.box[3] for word in words), 4),
    )
