"""Many lines, day after day: within a day the order does not count, and no invoice is given away twice.

What names its invoices goes first. Two lines that name the same invoice: either may pay, and the other is then known as
a second payment. Two that only owe it to their payer and amount: one of them, where the bank wrote the same line twice;
none, where they are not the same.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from payments.matching.index import Index
from payments.matching.items import (
    AUTO,
    DEBIT_ORDER,
    NONE,
    PAYMENT,
    PROPOSED,
    PURCHASE,
    REFUND,
    SENT,
    SUPPLIER,
    Evidence,
    Line,
    Verdict,
)  # fmt: skip
from payments.matching.verdicts import match

EXPLICIT = frozenset(
    {
        "order",
        "reference",
        "number",
        "net_of_credit",
        "partial",
        "cut_list",
        "refund",
        "returned",
        "expected",
        "supplier",
        "came_back",
    }
)


def match_days(
    lines: Sequence[Line],
    index: Index,
    *,
    barred: Mapping[int, Collection[Hashable]] | None = None,
    failed: dict[int, Exception] | None = None,
) -> list[Verdict]:
    """A verdict for each line, in the order given; what is automatic is settled in the index for the lines after it.

    `barred`: by the place of the line, the invoices a person has taken off it. Where judging a line is a defect, it
    goes into `failed` by its place, and nothing is said of that line; raised where no `failed` is given.
    """
    days: dict[date, list[int]] = defaultdict(list)
    for place, line in enumerate(lines):
        days[line.booked_on or date.max].append(place)
    verdicts: dict[int, Verdict] = {}
    for _day, places in sorted(days.items()):
        day = Day(lines, index, barred or {}, verdicts, failed)
        places.sort(key=lambda place: written(lines[place]))
        day.judge(places)
        rest = day.settle(EXPLICIT, places)
        day.judge([place for place in rest if day.has_changed(place)])
        day.share(rest)
        rest = day.settle(None, rest)
        day.judge([place for place in rest if day.has_changed(place)])
        day.keep_back(rest)
    return [verdicts[place] for place in range(len(lines))]


def written(line: Line) -> tuple[object, ...]:
    """A line as the bank wrote it: two that are equal are told apart by nothing."""
    references = (line.end_to_end_id, line.structured_reference, line.mandate_reference, line.batch_reference)
    return line.amount, references, line.texts, line.counterparty, line.iban


class Day:
    def __init__(
        self,
        lines: Sequence[Line],
        index: Index,
        barred: Mapping[int, Collection[Hashable]],
        verdicts: dict[int, Verdict],
        failed: dict[int, Exception] | None,
    ) -> None:
        self.lines, self.index, self.barred, self.verdicts, self.failed = lines, index, barred, verdicts, failed
        self.changed: set[Hashable] = set()  # customers of whom something was settled
        self.has_shown = False  # a slip, a refund, a payment that was expected or came back

    def judge(self, places: Sequence[int]) -> None:
        for place in places:
            self.verdicts[place] = self.match(place)

    def match(self, place: int) -> Verdict:
        try:
            return match(self.lines[place], self.index, barred=self.barred.get(place, ()))
        except Exception as error:
            if self.failed is None:
                raise
            self.failed[place] = error
            return Verdict(kind=NONE, rule="")

    def has_changed(self, place: int) -> bool:
        """Something was settled of those whom the verdict, or the payer, is about."""
        if self.failed and place in self.failed:
            return False
        verdict = self.verdicts[place]
        if self.has_shown and verdict.explains:
            return True
        if not self.changed:
            return False
        if not self.changed.isdisjoint(self.index.payer_of(self.lines[place]).customers):
            return True
        items = self.index.items
        keys = [*verdict.rivals, *[key for key, _amount in verdict.allocations]]
        return not self.changed.isdisjoint([items[key].customer_id for key in keys if key in items])

    def settle(self, rules: Collection[str] | None, places: Sequence[int]) -> list[int]:
        """Settles the automatic verdicts of these rules, each as long as nothing it is about was settled; the rest."""
        rest = []
        for place in places:
            verdict = self.verdicts[place]
            if verdict.kind == AUTO and (rules is None or verdict.rule in rules):
                if self.has_changed(place):
                    verdict = self.verdicts[place] = self.match(place)
                if verdict.kind == AUTO and (rules is None or verdict.rule in rules):
                    self.apply(self.lines[place], verdict)
                    continue
            rest.append(place)
        return rest

    def share(self, places: Sequence[int]) -> None:
        """Lines of the day that differ and would each have the same invoice by payer and amount: none has it."""
        claims: dict[Hashable, list[int]] = defaultdict(list)
        for place in places:
            verdict = self.verdicts[place]
            if verdict.kind == AUTO and verdict.rule not in EXPLICIT:
                for key, _amount in verdict.allocations:
                    claims[key].append(place)
        for claimants in claims.values():
            if len({written(self.lines[place]) for place in claimants}) > 1:
                for place in claimants:
                    self.verdicts[place] = doubted(self.verdicts[place], self.lines[place])

    def keep_back(self, places: Sequence[int]) -> None:
        """What would only now be automatic waits for the next run: within a day, order must not count."""
        for place in places:
            if self.verdicts[place].kind == AUTO:
                self.verdicts[place] = self.verdicts[place]._replace(kind=PROPOSED)

    def apply(self, line: Line, verdict: Verdict) -> None:
        settle_verdict(line, verdict, self.index)
        self.changed |= {self.index.items[key].customer_id for key, _amount in verdict.allocations}
        self.has_shown |= verdict.explains


def doubted(verdict: Verdict, line: Line) -> Verdict:
    day = f"{line.booked_on:%d/%m/%Y}" if line.booked_on else ""
    return verdict._replace(kind=PROPOSED, evidence=(*verdict.evidence, Evidence("repeat", day)))


def shown_by(verdict: Verdict) -> tuple[tuple[str, tuple[tuple[Hashable, Decimal], ...]], ...]:
    """What a verdict explains besides invoices, by kind."""
    return (
        (DEBIT_ORDER, verdict.found), (REFUND, verdict.refunds), (PAYMENT, verdict.returned),
        (SUPPLIER, verdict.suppliers), (PURCHASE, verdict.purchases), (SENT, verdict.came_back),
    )  # fmt: skip


def settle_verdict(line: Line, verdict: Verdict, index: Index) -> None:
    """What the verdict pays is paid, and its payment is known."""
    for key, amount in verdict.allocations:
        index.settle(key, amount)
    if verdict.explains:
        for kind, shown in shown_by(verdict):
            index.explained.update((kind, key) for key, _amount in shown)
    if verdict.customer_id is None:
        return
    for credit, amount in verdict.credits:
        index.use_credit(verdict.customer_id, credit, amount)
    if line.amount > 0 and line.booked_on and not verdict.found:
        index.receive(verdict.customer_id, line.currency, line.amount, line.booked_on)
