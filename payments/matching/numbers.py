"""The invoices that the words of a line name in full."""

from __future__ import annotations

import re
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field

from payments.matching.folding import HAS_DIGIT, WORD, fold
from payments.matching.index import STARTS, Index
from payments.matching.items import Evidence, Line, OpenItem

MOST_WORDS = 10  # "RF69 FAC2 0260 0001" or "F A C 2026 00001": how many words one reference may be cut into


@dataclass(slots=True)
class Named:
    """What the words of the line name. `unread`: the texts without what was read."""

    items: dict[Hashable, OpenItem] = field(default_factory=dict)
    evidence: list[Evidence] = field(default_factory=list)
    rivals: dict[Hashable, OpenItem] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    is_checked: bool = True  # only by references that check themselves (ISO 11649)

    def add(self, kind: str, candidates: Sequence[OpenItem]) -> None:
        # one text for two invoices names neither of them: both are rivals, for a person to choose from
        if len(candidates) > 1:
            self.rivals.update((item.id, item) for item in candidates)
        elif candidates[0].id not in self.items:
            [item] = candidates
            self.items[item.id] = item
            self.is_checked = self.is_checked and kind == "rf"
            self.evidence.append(Evidence(kind, item.rf_reference if kind == "rf" else item.number))


def find_named(line: Line, index: Index) -> Named:
    """All references and numbers that stand whole in the texts of the line."""
    named = Named()
    for text in dict.fromkeys((line.structured_reference, *line.texts)):
        if text:
            named.unread.append(_read(fold(text), index, named))
    return named


def _read(text: str, index: Index, named: Named) -> str:
    """Adds what the text names; answers the rest of it, where a stroke stands for each number that was read."""
    if not HAS_DIGIT(text):
        return text
    words = [*WORD.finditer(text)]
    heads, starts = [word[0][:STARTS] for word in words], index.starts
    if starts.isdisjoint(heads):
        return text
    position, left, kept = 0, 0, []
    while position < len(words):
        is_start = heads[position] in starts
        count = _read_reference(text, words[position : position + MOST_WORDS], index, named) if is_start else 0
        if count:
            kept.append(text[left : words[position].start()])
            left = words[position + count - 1].end()
        position += count or 1
    return "|".join([*kept, text[left:]])


def _read_reference(text: str, words: Sequence[re.Match[str]], index: Index, named: Named) -> int:
    """Adds the longest reference or number that starts at the first word; answers of how many words it is, or 0."""
    key, read, kind, found = "", 0, "", []
    longest, starts = index.longest, index.starts
    for count, word in enumerate(words, start=1):
        key += word[0]
        if len(key) > longest or key[:STARTS] not in starts:
            break
        # a longer one takes the place of a shorter: FAC-2026-0001-2 must not be found as FAC-2026-0001
        if key in index.by_reference:
            read, kind, found = count, "rf", index.by_reference[key]
        elif key in index.by_number and _stands_alone(text, words[0].start(), word.end()):
            read, kind, found = count, "number", index.by_number[key]
    if read:
        named.add(kind, [index.items[one] for one in found])
    return read


def _stands_alone(text: str, start: int, end: int) -> bool:
    """False inside a longer number: FAC-2026-00001-2, or 2026-00001 within FAC-2026-00001."""
    if text[end : end + 1] in {"-", "_", ".", "/"} and text[end + 1 : end + 2].isdigit():
        return False
    if start < 2 or text[start - 1] not in "-_./" or not text[start - 2].isalnum():
        return True
    return not (text[start - 2].isdigit() or text[start].isdigit())
