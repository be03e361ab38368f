"""Open invoices, indexed by all that a bank line may name: reference, number, amount, payer."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from payments.matching.folding import squeeze
from payments.matching.items import INVOICE, OpenItem, in_order
from payments.matching.payers import is_payer, words_of

SHORTEST_NUMBER, FEWEST_DIGITS = 6, 4  # a shorter number is found by chance in dates and amounts


def figures_of(number: str) -> list[str]:
    """FAC-2026-00012 → 2026, 12."""
    return [without_zeros(figure) for figure in re.findall("[0-9]+", number)]


def without_zeros(figure: str) -> str:
    return figure.lstrip("0") or "0"


@dataclass(frozen=True)
class Payers:
    """Customers by the words of their names, without looking at each: a common word (SARL) costs no more."""

    by_word: Mapping[str, tuple[Hashable, ...]]
    by_rarest: Mapping[str, tuple[Hashable, ...]]
    names: Mapping[Hashable, str]

    @classmethod
    def build(cls, names: Mapping[Hashable, str]) -> Payers:
        words = {key: words_of(name) for key, name in names.items()}
        counts = Counter(word for found in words.values() for word in found)
        by_word: dict[str, list[Hashable]] = defaultdict(list)
        by_rarest: dict[str, list[Hashable]] = defaultdict(list)
        for key, found in words.items():
            for word in found:
                by_word[word].append(key)
            if found:
                by_rarest[min(found, key=lambda word: (counts[word], word))].append(key)
        return cls(
            {word: tuple(keys) for word, keys in by_word.items()},
            {word: tuple(keys) for word, keys in by_rarest.items()},
            names,
        )

    def of(self, counterparty: str) -> list[Hashable]:
        """The customers whose name contains the words of the counterparty's, or the other way round."""
        words = words_of(counterparty)
        if not words:
            return []
        # the customer's name within the payer's: its rarest word must be there; below, the other way round
        found = {key: None for word in sorted(words) for key in self.by_rarest.get(word, ())}
        rarest = min(words, key=lambda word: len(self.by_word.get(word, ())))
        found |= dict.fromkeys(self.by_word.get(rarest, ()))
        return [key for key in found if is_payer(counterparty, self.names[key])]


@dataclass(frozen=True)
class Debts:
    """What the customers that a payer may be owe in one currency, the oldest first."""

    items: tuple[OpenItem, ...]
    ids: frozenset[Hashable]
    by_customer: Mapping[Hashable, tuple[OpenItem, ...]]

    @classmethod
    def build(cls, items: Iterable[OpenItem]) -> Debts:
        found = tuple(sorted(items, key=in_order))
        customers: dict[Hashable, list[OpenItem]] = defaultdict(list)
        for item in found:
            customers[item.customer_id].append(item)
        ids = frozenset(item.id for item in found)
        return cls(found, ids, {key: tuple(items) for key, items in customers.items()})


@dataclass(frozen=True)
class Index:
    by_reference: Mapping[str, tuple[OpenItem, ...]]
    by_number: Mapping[str, tuple[OpenItem, ...]]
    by_balance: Mapping[tuple[str, Decimal], tuple[OpenItem, ...]]
    by_customer: Mapping[Hashable, tuple[OpenItem, ...]]  # what each owes
    by_serial: Mapping[tuple[str, str], tuple[OpenItem, ...]]  # the last two figures of a number, without zeros
    payers: Payers
    learned: Mapping[str, Mapping[Hashable, int]] = field(default_factory=dict)  # IBAN → customer → confirmed matches
    # many lines of one payer with many debts: gathered and sorted once
    _debts: dict[tuple[str, str], Debts] = field(default_factory=dict, compare=False, repr=False)

    def debts_of(self, counterparty: str, currency: str, *, barred: Collection[Hashable] = ()) -> Debts:
        """What a payer of that name may owe, without the invoices barred from its line."""
        debts = self._debts.get((counterparty, currency))
        if debts is None:
            items = (item for key in self.payers.of(counterparty) for item in self.by_customer[key])
            debts = Debts.build(item for item in items if item.currency == currency)
            self._debts[counterparty, currency] = debts
        if debts.ids.isdisjoint(barred):
            return debts
        return Debts.build(item for item in debts.items if item.id not in barred)

    @classmethod
    def build(cls, items: Iterable[OpenItem], *, payers: Mapping[str, Mapping[Hashable, int]] | None = None) -> Index:
        """`payers`: the IBAN of each payer that a confirmed match taught, the customers it paid for, how often."""
        references: dict[str, list[OpenItem]] = defaultdict(list)
        numbers: dict[str, list[OpenItem]] = defaultdict(list)
        balances: dict[tuple[str, Decimal], list[OpenItem]] = defaultdict(list)
        customers: dict[Hashable, list[OpenItem]] = defaultdict(list)
        serials: dict[tuple[str, str], list[OpenItem]] = defaultdict(list)
        for item in sorted((item for item in items if item.kind == INVOICE), key=in_order):
            if item.rf_reference:
                references[squeeze(item.rf_reference)].append(item)
            key = squeeze(item.number)
            if len(key) >= SHORTEST_NUMBER and sum(map(str.isdigit, key)) >= FEWEST_DIGITS:
                numbers[key].append(item)
            if item.balance > 0:
                balances[item.currency, item.balance].append(item)
                customers[item.customer_id].append(item)
                figures = figures_of(item.number)
                if len(figures) > 1:
                    serials[figures[-2], figures[-1]].append(item)
        return cls(
            {key: tuple(found) for key, found in references.items()},
            {key: tuple(found) for key, found in numbers.items()},
            {key: tuple(found) for key, found in balances.items()},
            {key: tuple(found) for key, found in customers.items()},
            {key: tuple(found) for key, found in serials.items()},
            Payers.build({found[0].customer_id: found[0].customer_name for found in customers.values()}),
            payers or {},
        )
