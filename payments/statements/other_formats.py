"""Movements that came in another format before: CFONB, then CAMT, then OFX of the same days.

Banks write other words in each format, cut them at other lengths and order a day otherwise; day and amount stay, and so
does the balance before a movement where both formats tell it. Without balances a movement is known when its references
and texts agree, each known one once: two equal payments of a day are two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from config.kernel.money import ZERO
from payments.statements.base import StatementLine, normalise
from payments.statements.imported_line import ImportedLine

# what banks write around the payer's own words
NOISE = frozenset({
    "VIR", "VIREMENT", "VIRT", "SEPA", "INST", "INSTANTANE", "RECU", "EMIS", "DE", "DU", "LA", "LE", "LES", "POUR",
    "PAR", "FAVEUR", "PRLV", "PRELEVEMENT", "PLVT", "CARTE", "CB", "PAIEMENT", "ACHAT", "REMISE", "CHEQUE", "CHQ",
    "FRAIS", "COMMISSION", "REF", "MOTIF", "NOTPROVIDED", "EUR", "TRANSFER", "FROM", "PAYMENT",
})  # fmt: skip
SHORTEST = 4  # letters: shorter words are shared by chance
CERTAIN, LIKELY, POSSIBLE, CONTRARY = 3, 2, 1, 0


def agreement(line: StatementLine, row: ImportedLine) -> int:
    """How well the references and the texts of two movements of one day and amount agree."""
    ids = {_reference(line.end_to_end_id), _reference(row.end_to_end_id)} - {""}
    if len(ids) == 2:
        return CONTRARY
    if len(ids) == 1 and _reference(line.end_to_end_id) == _reference(row.end_to_end_id):
        return CERTAIN
    if line.bank_reference and line.bank_reference == row.bank_reference:
        return CERTAIN
    texts = f"{line.counterparty} {line.structured_reference} {line.remittance}", f"{row.counterparty} {row.remittance}"
    mine, theirs = _words(texts[0]), _words(texts[1])
    if not mine or not theirs:
        return POSSIBLE
    return LIKELY if any(_is_one_word(word, other) for word in mine for other in theirs) else CONTRARY


def _reference(text: str) -> str:
    plain = normalise(text).replace(" ", "")
    return "" if plain in {"NOTPROVIDED", "NONREF"} else plain


def _words(text: str) -> set[str]:
    return {word for word in normalise(text).split() if word not in NOISE and len(word) > 1}


def _is_one_word(one: str, other: str) -> bool:
    """Equal, or one of them cut."""
    return one == other or (min(len(one), len(other)) >= SHORTEST and (one.startswith(other) or other.startswith(one)))


class Search:
    """The lines of a file that no rule of one format recognised, and the movements of other formats that are left.

    lines: by their place in the file, each with the balance before it. days: those, each with the statement that
    brought it, that the file writes again. What is found goes into `found`: place → the movement, and whether by batch.
    """

    def __init__(
        self,
        lines: Mapping[int, tuple[StatementLine, Decimal | None]],
        rows: Iterable[ImportedLine],
        days: Collection[object],
    ) -> None:
        self.lines, self.days = dict(lines), days
        self.left: dict[int, ImportedLine] = {row.id: row for row in rows}
        self.found: dict[int, tuple[ImportedLine, bool]] = {}

    def run(self) -> dict[int, tuple[ImportedLine, bool]]:
        self._pair(self._stands_where, CONTRARY)
        self._pair(self._is_in_a_day_again, CONTRARY)
        self._pair(self._has_no_balance, POSSIBLE)
        self._batches()
        return self.found

    def _stands_where(self, place: int, row: ImportedLine) -> bool:
        return None is not self.lines[place][1] == row.balance_before

    def _is_in_a_day_again(self, _place: int, row: ImportedLine) -> bool:
        return (row.booked_on, row.statement_id) in self.days

    def _has_no_balance(self, place: int, row: ImportedLine) -> bool:
        return self.lines[place][1] is None or row.balance_before is None

    def _pair(self, may: Callable[[int, ImportedLine], bool], least: int) -> None:
        """Each line with the movement of its day and amount that agrees best, each of those once."""
        rows: dict[object, list[ImportedLine]] = defaultdict(list)
        for row in self.left.values():
            rows[row.booked_on, row.amount].append(row)
        # what is certain is taken first, lest a line without words takes it
        for wanted in range(CERTAIN, least - 1, -1):
            for place, (line, _balance) in list(self.lines.items()):
                equal = (row for row in rows.get((line.booked_on, line.amount), ()) if row.id in self.left)
                best = next((row for row in equal if may(place, row) and agreement(line, row) >= wanted), None)
                if best is not None:
                    self._take([place], [best], is_batch=False)

    def _batches(self) -> None:
        """What stands as one sum on one side and in detail on the other, under the bank's reference."""
        mine: dict[object, list[int]] = defaultdict(list)
        theirs: dict[object, list[ImportedLine]] = defaultdict(list)
        for place, (line, _balance) in self.lines.items():
            if line.bank_reference:
                mine[line.booked_on, line.bank_reference].append(place)
        for row in self.left.values():
            theirs[row.booked_on, row.bank_reference].append(row)
        for key, places in mine.items():
            known = theirs.get(key, [])
            is_one = 1 in (len(places), len(known)) and len(places) != len(known)
            total = sum((self.lines[place][0].amount for place in places), ZERO)
            if is_one and known and total == sum((row.amount for row in known), ZERO):
                self._take(places, known, is_batch=True)

    def _take(self, places: Iterable[int], rows: Sequence[ImportedLine], *, is_batch: bool) -> None:
        for place in places:
            del self.lines[place]
            self.found[place] = (rows[0], is_batch)
        for row in rows:
            del self.left[row.id]
