"""Open invoices by all that a bank line may name: reference, number, amount, payer; and what else it may be."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import lru_cache
from itertools import islice
from typing import Any

from config.kernel.money import ZERO
from payments.matching.folding import fold, squeeze
from payments.matching.items import CREDIT, INVOICE, OF_SUPPLIERS, PAYMENT, Line, OpenItem, in_order
from payments.matching.payers import Names, Payer, identify

SHORTEST_NUMBER, FEWEST_DIGITS = 6, 4  # a shorter number is found by chance in dates and amounts
DIGIT = re.compile("[0-9]").findall
LETTERS, FIGURES = re.compile("[A-Z]+").match, re.compile("[0-9]+").findall
STARTS = 4  # signs of a reference by which a word may begin one

Ids = dict[str, list[Hashable]]
Learned = Mapping[str, Mapping[Any, int]]


@lru_cache(maxsize=100_000)
def figures_of(number: str) -> tuple[str, ...]:
    """FAC-2026-00012 → 2026, 12."""
    return tuple([without_zeros(figure) for figure in FIGURES(number)])


def without_zeros(figure: str) -> str:
    return figure.lstrip("0") or "0"


def series_of(number: str) -> str:
    """FAC-2026-00012 → FAC."""
    letters = LETTERS(fold(number))
    return letters.group() if letters else ""


@dataclass
class Index:
    """What a run knows. `settle` keeps it true while lines are matched; nothing is looked at twice for that."""

    items: dict[Hashable, OpenItem]  # invoices, open or settled lately
    by_reference: Ids = field(default_factory=dict)
    by_number: Ids = field(default_factory=dict)
    starts: set[str] = field(default_factory=set)
    longest: int = 0  # of references and numbers, in signs
    shortest: int = 0  # of numbers
    series: frozenset[str] = frozenset()
    # in order, and quick to be taken out of: thousands owe the price of one subscription
    by_balance: dict[tuple[str, Decimal], dict[Hashable, None]] = field(default_factory=dict)
    debts: dict[Hashable, dict[Hashable, OpenItem]] = field(default_factory=dict)  # open, by customer and id, in order
    by_serial: dict[tuple[str, str], list[Hashable]] = field(default_factory=dict)
    by_end_to_end: dict[str, list[OpenItem]] = field(default_factory=dict)
    others: dict[tuple[str, str, Decimal], list[OpenItem]] = field(default_factory=dict)  # by kind, currency and amount
    credits: dict[Hashable, list[OpenItem]] = field(default_factory=dict)  # by customer
    given: list[OpenItem] = field(default_factory=list)  # payments that bear ids of ours
    received: dict[tuple[Hashable, str, Decimal], list[date]] = field(default_factory=dict)
    names: Names = field(default_factory=lambda: Names.build({}))
    learned: Learned = field(default_factory=dict)  # IBAN → customer → confirmed matches
    has_account: frozenset[Hashable] = frozenset()  # customers whose account is known
    explained: set[tuple[str, Hashable]] = field(default_factory=set)  # by kind: what a line of this run has shown
    _payers: dict[tuple[str, str], Payer] = field(default_factory=dict, repr=False)

    @classmethod
    def build(cls, items: Iterable[OpenItem], *, payers: Learned | None = None) -> Index:
        """`payers`: the IBAN of each payer that a confirmed match taught, the customers it paid for, how often."""
        invoices: list[OpenItem] = []
        others: list[OpenItem] = []
        for item in items:
            (invoices if item.kind == INVOICE else others).append(item)
        invoices.sort(key=in_order)
        index = cls({item.id: item for item in invoices}, learned=payers or {})
        index._add_invoices(invoices)
        index._add_others(others)
        index.names = Names.build(
            {
                item.customer_id: item.customer_name
                for item in (*invoices, *others)
                if item.customer_name and item.kind not in OF_SUPPLIERS
            }
        )
        index.has_account = frozenset(key for taught in index.learned.values() for key in taught)
        return index

    def _add_invoices(self, invoices: Sequence[OpenItem]) -> None:
        references, numbers = defaultdict(list), defaultdict(list)
        serials = defaultdict(list)
        balances: dict[tuple[str, Decimal], dict[Hashable, None]] = defaultdict(dict)
        debts: dict[Hashable, dict[Hashable, OpenItem]] = defaultdict(dict)
        series: set[str] = set()
        for item in invoices:
            if item.rf_reference:
                references[squeeze(item.rf_reference)].append(item.id)
            key = squeeze(item.number)
            if len(key) >= SHORTEST_NUMBER and len(DIGIT(key)) >= FEWEST_DIGITS:
                numbers[key].append(item.id)
                series.add(series_of(item.number))
            for identity in item.end_to_end_ids:
                self.by_end_to_end.setdefault(identity, []).append(item)
            owed = debts[item.customer_id]
            if item.balance > 0:
                balances[item.currency, item.balance][item.id] = None
                owed[item.id] = item
                figures = figures_of(item.number)
                if len(figures) > 1:
                    serials[figures[-2], figures[-1]].append(item.id)
        self.by_reference, self.by_number = dict(references), dict(numbers)
        self.by_balance, self.debts, self.by_serial = dict(balances), dict(debts), dict(serials)
        self.series = frozenset(series - {""})
        self.shortest = min(map(len, numbers), default=0)
        for keys in (references, numbers):
            heads = {key[:STARTS] for key in keys}
            self.starts.update(head[:length] for head in heads for length in range(1, STARTS + 1))
            self.longest = max(self.longest, max(map(len, keys), default=0))

    def _add_others(self, others: Iterable[OpenItem]) -> None:
        for item in sorted(others, key=in_order):
            for identity in item.end_to_end_ids:
                self.by_end_to_end.setdefault(identity, []).append(item)
            self.others.setdefault((item.kind, item.currency, item.balance), []).append(item)
            if item.kind == CREDIT:
                self.credits.setdefault(item.customer_id, []).append(item)
            elif item.kind == PAYMENT:
                if item.given_ids:
                    self.given.append(item)
                self.receive(item.customer_id, item.currency, item.balance, item.due_on)

    def payer_of(self, line: Line) -> Payer:
        key = line.iban, line.counterparty
        payer = self._payers.get(key)
        if payer is None:
            payer = self._payers[key] = identify(line.iban, line.counterparty, self.names, self.learned)
        return payer

    def debts_of(self, customers: Iterable[Hashable], line: Line, barred: Collection[Hashable]) -> list[OpenItem]:
        """What these customers may pay with the line, the oldest first: in its currency, issued by then, not barred."""
        currency, day = line.currency, line.booked_on
        asked = tuple(customers)
        found = [
            item
            for customer in asked
            if customer in self.debts
            for item in self.debts[customer].values()
            if item.currency == currency
            and (day is None or item.issued_on is None or item.issued_on <= day)
            and item.id not in barred
        ]
        return sorted(found, key=in_order) if len(asked) > 1 and len(found) > 1 else found

    def owing(self, currency: str, amount: Decimal, most: int) -> list[OpenItem]:
        """The open invoices that owe exactly this, the oldest first; of a common amount, no more than `most`."""
        items, keys = self.items, self.by_balance.get((currency, amount), ())
        return [items[key] for key in islice(keys, most)]

    def settle(self, invoice: Hashable, amount: Decimal) -> None:
        """So much of the invoice is paid: the next lines are judged on the rest."""
        item = self.items[invoice]
        rest = item._replace(balance=item.balance - amount, is_touched=True)
        self.items[invoice] = rest
        if item.balance > ZERO:
            del self.by_balance[item.currency, item.balance][invoice]
        if rest.balance > ZERO:
            self.debts[item.customer_id][invoice] = rest
            self.by_balance.setdefault((rest.currency, rest.balance), {})[invoice] = None
        else:
            self.debts[item.customer_id].pop(invoice, None)

    def use_credit(self, customer: Hashable, credit: Hashable, amount: Decimal) -> None:
        """So much of the customer's credit is spent."""
        rest = [
            item._replace(balance=item.balance - amount) if item.id == credit else item
            for item in self.credits[customer]
        ]
        self.credits[customer] = [item for item in rest if item.balance > 0]

    def waiting(self, kind: str, currency: str, amount: Decimal) -> list[OpenItem]:
        """The payments, orders or refunds of exactly this, that no line of the run has shown, the oldest first."""
        found = self.others.get((kind, currency, amount), ())
        return [item for item in found if (kind, item.id) not in self.explained]

    def receive(self, customer: Hashable, currency: str, amount: Decimal, day: date) -> None:
        """So much was received of the customer: the same again may be the same money twice."""
        self.received.setdefault((customer, currency, amount), []).append(day)
