"""A SWIFT message cut into its fields and statements, whatever envelope it came in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from payments.statements.base import MOST_LINES, too_many

TAG = re.compile(r"^[ \t]*:(\d{2}[A-Z]?|NS):", re.MULTILINE)
BROKEN_TAG = re.compile(r"^:\n(?=(?:\d{2}[A-Z]?|NS):)", re.MULTILINE)
ENVELOPE = re.compile(r"\{[1235]:[^{}]*(?:\{[^{}]*\}[^{}]*)*\}|\{4:|-\}")
END = re.compile(r"^-\s*$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Field:
    """One field of the message: its tag, its text, and the line where it begins."""

    tag: str
    text: str
    place: int


@dataclass(slots=True)
class Block:
    """The fields of one statement."""

    fields: list[Field] = field(default_factory=list)

    def first(self, *tags: str) -> Field | None:
        return next((one for one in self.fields if one.tag in tags), None)

    def text(self, *tags: str) -> str:
        found = self.first(*tags)
        return found.text if found is not None else ""

    @property
    def place(self) -> int:
        return self.fields[0].place


def blocks(text: str) -> list[Block]:
    """The statements: each begins with a 20, or a 25 after another one's balance. Raises InvalidStatement."""
    found: list[Block] = []
    for one in fields(text):
        ends = not found or (one.tag == "20" and found[-1].first("20", "25", "61") is not None)
        if ends or one.tag == "END":
            if one.tag != "END":
                found.append(Block([one]))
            elif found and found[-1].first("25"):
                found.append(Block())
            continue
        found[-1].fields.append(one)
    found = [block for block in found if block.fields]
    if sum(len(block.fields) for block in found) > 6 * MOST_LINES:
        raise too_many()
    return found


def fields(text: str) -> Iterator[Field]:
    """The fields of the messages, whatever envelope they came in; END where a message ends."""
    whole = BROKEN_TAG.sub(":", text)
    whole = ENVELOPE.sub(lambda match: "\n-\n" if match[0] == "-}" else "", whole) if "{4:" in whole else whole
    marks = sorted([*TAG.finditer(whole), *END.finditer(whole)], key=lambda match: match.start())
    place, counted = 1, 0
    for count, mark in enumerate(marks):
        place += whole.count("\n", counted, mark.start())
        counted = mark.start()
        end = marks[count + 1].start() if count + 1 < len(marks) else len(whole)
        if mark.re is END:
            yield Field("END", "", place)
        else:
            yield Field(mark[1], whole[mark.end() : end].strip(), place)
