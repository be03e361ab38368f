"""The invoices that the words of a line name: in full, or nearly (zeros lost, glued after a stroke)."""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Sequence
from dataclasses import dataclass, field

from payments.matching.folding import WORD, fold
from payments.matching.index import Debts, Index, figures_of, without_zeros
from payments.matching.items import Evidence, Line, OpenItem, in_order

MOST_WORDS = 10  # "RF69 FAC2 0260 0001" or "F A C 2026 00001": how many words one reference may be cut into
INVOICE_WORD = re.compile(r"F|FA|FACT?S?|FACTURES?|INV|INVOICE|N|NO|NUM|NUMERO|REF")
ENDS = r"(?![A-Z0-9])(?![-_.][0-9])"  # not within a longer number
NEARLY = re.compile(
    r"(?<![A-Z0-9])(?:(?<![0-9][-_.])(?P<letters>[A-Z]+)[^A-Z0-9]{0,2}|(?<![A-Z0-9][-_.]))"
    r"(?P<before>[0-9]{1,6})[^A-Z0-9]{1,2}(?P<serial>[0-9]+)" + ENDS
)
SERIAL_ONLY = re.compile(rf"(?<![A-Z0-9])(?:{INVOICE_WORD.pattern})[^A-Z0-9]{{0,3}}(?P<serial>[0-9]+){ENDS}(?!/[0-9])")


@dataclass
class Named:
    """What the words of the line name."""

    items: dict[Hashable, OpenItem] = field(default_factory=dict)
    evidence: list[Evidence] = field(default_factory=list)
    rivals: dict[Hashable, OpenItem] = field(default_factory=dict)

    def add(self, kind: str, candidates: Sequence[OpenItem]) -> None:
        new = [item for item in candidates if item.id not in self.items]
        # one text for two invoices names neither of them: both are rivals, for a person to choose from
        if len(candidates) > 1:
            self.rivals.update((item.id, item) for item in candidates)
        elif new:
            self.items[new[0].id] = new[0]
            self.evidence.append(Evidence(kind, new[0].rf_reference if kind == "rf" else new[0].number))


def find_named(line: Line, index: Index) -> Named:
    """All references and numbers that stand whole in the texts of the line."""
    named = Named()
    for text in (line.structured_reference, *line.texts):
        folded = fold(text)
        words = list(WORD.finditer(folded))
        position = 0
        while position < len(words):
            position = read_reference(folded, words, position, index, named)
    return named


def read_reference(text: str, words: Sequence[re.Match[str]], position: int, index: Index, named: Named) -> int:
    """Adds the longest reference or number that starts at this word; answers the next word to look at."""
    # the longest first: FAC-2026-0001-2 must not be found as FAC-2026-0001
    for count in range(min(MOST_WORDS, len(words) - position), 0, -1):
        group = words[position : position + count]
        key = "".join(word.group() for word in group)
        if key in index.by_reference:
            named.add("rf", index.by_reference[key])
            return position + count
        if key in index.by_number and stands_alone(text, group):
            named.add("number", index.by_number[key])
            return position + count
    return position + 1


def stands_alone(text: str, group: Sequence[re.Match[str]]) -> bool:
    """False inside a longer number: FAC-2026-00001-2, or 2026-00001 within FAC-2026-00001."""
    before, after = text[: group[0].start()], text[group[-1].end() :]
    if re.match(r"[-_./][0-9]", after):
        return False
    glued = re.search(r"([A-Z0-9])[-_./]$", before)
    return glued is None or not (glued.group(1).isdigit() or group[0].group()[0].isdigit())


def nearly_named(line: Line, index: Index, own: Debts, barred: Collection[Hashable]) -> list[OpenItem]:
    """The open invoices that the words seem to name, the oldest first: FAC-2026-12 or 26/FAC-2026-00012.

    Figures alone are often a date: without the letters of the series they count for the exact amount, or among the
    payer's `own` invoices; the last figure alone (« facture 12 ») only there.
    """
    found: dict[Hashable, OpenItem] = {}
    for text in (line.structured_reference, *line.texts):
        folded = fold(text)
        for written in NEARLY.finditer(folded):
            letters, before, serial = (
                written["letters"],
                without_zeros(written["before"]),
                without_zeros(written["serial"]),
            )
            for item in index.by_serial.get((before, serial), ()):
                is_likely = item.id in own.ids or item.balance == line.amount
                if letters == _series(item) or (is_likely and (not letters or INVOICE_WORD.fullmatch(letters))):
                    found[item.id] = item
        for written in SERIAL_ONLY.finditer(folded):
            serial = without_zeros(written["serial"])
            found |= {item.id: item for item in own.items if figures_of(item.number)[-1:] == [serial]}
    usable = [item for item in found.values() if item.id not in barred and item.currency == line.currency]
    return sorted(usable, key=in_order)


def _series(item: OpenItem) -> str:
    letters = re.match("[A-Z]+", fold(item.number))
    return letters.group() if letters else " "
