"""A value that was found, with the words that say it and what it rests on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from einvoicing.reception.reading.layout import Cell, Page, Word

CHECKED = "checked"  # a key or a sum proves it
LABELLED = "labelled"  # it stands beside its name
AGREED = "agreed"  # said twice, in two ways
DERIVED = "derived"  # computed from what was found
ANCHORED = "anchored"  # where a person has shown it on an earlier document of the supplier
GUESSED = "guessed"  # the likeliest of several
ABSENT = "absent"


@dataclass(slots=True)
class Found:
    value: Any
    evidence: str
    page: int | None = None
    words: list[Word] = field(default_factory=list)
    score: float = 0.0


@dataclass(slots=True)
class Place:
    """Some text beside a label: `start` is where it begins in the folded text of the cell."""

    cell: Cell
    start: int
    distance: int  # 0 after the label in its cell, 1 at its right, 2 below


def places_beside(
    page: Page, cell: Cell, match: re.Match[str], *, right: int = 2, below: float = 3.2
) -> Iterator[Place]:
    """Where a value may stand for a label that ends at the end of the match."""
    yield Place(cell, match.end(), 0)
    for other in page.right_of(cell, right):
        yield Place(other, 0, 1)
    for other in page.below(cell, below):
        yield Place(other, 0, 2)
