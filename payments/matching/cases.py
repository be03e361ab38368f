"""One line before the judge: what it says, who pays it, what he owes; and the verdict as it is written."""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Iterable, Sequence
from datetime import timedelta
from functools import lru_cache
from math import log10

from payments.matching.folding import HAS_DIGIT, fold
from payments.matching.index import Index
from payments.matching.items import AUTO, INVOICE, PROPOSED, Evidence, Line, Loser, OpenItem, Verdict, in_order
from payments.matching.near import NOTHING_NEAR, Nearly, find_near
from payments.matching.numbers import Named, find_named
from payments.matching.payers import Payer, is_payer

MOST_LOSERS = 12
REPEATED = timedelta(days=21)  # the same amount of the same customer within these may be the same money
AT_ONCE = timedelta(days=3)  # instalments are of one amount too, but not so soon after each other
NO_PAYMENT = re.compile(
    r"\b(ACOMPTE|ARRHES|AVOIR|CAUTION|DEPOT DE GARANTIE|DON|LOYER|PRET|PROVISION|REMB|REMBOURSEMENT|SALAIRE"
    r"|TROP PERCU)\b"
)
SERVICES = re.compile(
    r"\b(ADYEN|ALMA|AMAZON PAY|CHECKOUT|GOCARDLESS|KLARNA|MOLLIE|MONETICO|PAYPAL|PAYPLUG|SQUARE|STRIPE|SUMUP|SYSTEMPAY"
    r"|WORLDLINE|ZETTLE)\b"
)
# how many times likelier (log10) where the line does pay these invoices; from confirmed history they would be measured
WEIGHTS = {
    "order": 9.0, "expected": 9.0, "slip": 4.0, "refund": 5.0, "returned": 5.0,
    "supplier": 5.0, "purchase": 4.5, "iban": 5.0, "came_back": 5.0,
    "rf": 9.0, "number": 6.0, "near": 3.0, "amount": 4.5, "sum": 4.5, "whole": 4.5, "learned": 5.0, "same": 4.0,
    "payer": 3.0, "credit": 3.0, "cut": 3.0, "fee": 2.5, "discount": 3.0, "rounding": 4.0, "missing": 1.0,
    "excess": 0.5, "settled": -6.0, "barred": -6.0, "currency": -6.0, "known": -3.0, "repeat": -3.0,
    "other_payer": -3.0, "unknown": -2.0, "alike": -2.0, "touched": -1.0, "instalment": -1.0, "word": -1.0,
    "rivals": -1.5, "customers": -1.0,
}  # fmt: skip


@lru_cache(maxsize=10_000)
def service_of(counterparty: str) -> str:
    """The payment service that pays under this name, if it is one."""
    found = SERVICES.search(fold(counterparty))
    return found.group() if found else ""


class Case:
    def __init__(self, line: Line, index: Index, barred: Collection[Hashable] = ()) -> None:
        self.line, self.index, self.barred = line, index, barred
        self.doubts: list[Evidence] = []
        self.named: Named = find_named(line, index)
        self.payer: Payer = index.payer_of(line)
        self._own: list[OpenItem] | None = None
        self._nearly: Nearly | None = None
        self._is_from: dict[Hashable, bool] = {}

    @property
    def own(self) -> list[OpenItem]:
        """What the payer may pay with this line, the oldest first."""
        if self._own is None:
            self._own = self.debts_of(self.payer.customers)
        return self._own

    def debts_of(self, customers: Iterable[Hashable]) -> list[OpenItem]:
        return self.index.debts_of(customers, self.line, self.barred)

    def misread(self) -> None:
        """The one number in full is a mistake: it is read again as one that is nearly written."""
        self.barred = {*self.barred, *self.named.items}
        self.named = Named(unread=[fold(text) for text in (self.line.structured_reference, *self.line.texts) if text])
        self._nearly = None
        self.doubts.clear()

    @property
    def nearly(self) -> Nearly:
        """What the rest of the texts nearly names, of the payer or of the customers that are named in full."""
        if self._nearly is None:
            self._nearly = self._read_nearly()
        return self._nearly

    def _read_nearly(self) -> Nearly:
        if not any(map(HAS_DIGIT, self.named.unread)):
            return NOTHING_NEAR
        customers = dict.fromkeys((*(item.customer_id for item in self.named.items.values()), *self.payer.customers))
        return find_near(self.named.unread, self.line, self.index, self.debts_of(customers), self.barred)

    @property
    def service(self) -> str:
        """The payment service whose payout this is, if it is one."""
        return service_of(self.line.counterparty)

    def is_from(self, customer: Hashable) -> bool:
        """The account was taught for this customer, or the name is its own."""
        if customer in self.payer.customers:
            return True
        known = self._is_from.get(customer)
        if known is None:
            taught = self.index.learned.get(self.line.iban)
            known = bool(taught and customer in taught) or is_payer(
                self.line.counterparty, self.index.names.names.get(customer, "")
            )
            self._is_from[customer] = known
        return known

    def payer_evidence(self) -> Evidence:
        if not self.payer.is_learned:
            return Evidence("same" if self.payer.is_same else "payer", self.line.counterparty)
        return Evidence("learned", self.index.names.names.get(self.payer.customers[0], self.line.counterparty))

    def doubt_unsaid(self, customers: Collection[Hashable]) -> None:
        """What speaks against a payment that names no invoice of its own: other references, words, the same twice."""
        self.doubts += [Evidence("unknown", text) for text in self.nearly.unknown]
        for text in self.named.unread:
            found = NO_PAYMENT.search(text)
            if found:
                self.doubts.append(Evidence("word", found.group()))
        self.doubt_repeated(customers)

    def doubt_repeated(self, customers: Collection[Hashable], within: timedelta = REPEATED) -> None:
        day = self.line.booked_on
        if day is None:
            return
        for customer in customers:
            for before in self.index.received.get((customer, self.line.currency, self.line.amount), ()):
                if abs(before - day) <= within:
                    self.doubts.append(Evidence("repeat", f"{before:%d/%m/%Y}"))
                    return


def write(
    case: Case,
    rule: str,
    items: Sequence[OpenItem],
    evidence: Iterable[Evidence],
    *,
    is_proven: bool = False,
    rivals: Iterable[OpenItem] = (),
    why: str = "",
    **more: object,
) -> Verdict:
    """The verdict that pays `items` whole, unless `allocations` says how much of each; automatic where it is proven
    and nothing is in doubt. `why`: what the rivals lost by, where it is not their day, their amount or a part paid.
    """
    pieces = (*evidence, *dict.fromkeys(case.doubts)) if case.doubts else tuple(evidence)
    others = _others(items, rivals) if rivals else []
    if "allocations" not in more:
        more["allocations"] = tuple((item.id, item.balance) for item in items)
    if "customer_id" not in more and items and (len(items) == 1 or len({item.customer_id for item in items}) == 1):
        more["customer_id"] = items[0].customer_id
    return Verdict(
        kind=AUTO if is_proven and not case.doubts else PROPOSED,
        rule=rule,
        evidence=pieces,
        rivals=tuple([item.id for item in others if item.kind == INVOICE]),
        losers=tuple([Loser(item.id, item.number, why or _why(case, item, items)) for item in others]),
        probability=probability(tuple([piece.kind for piece in pieces]), len(others), len(case.index.items)),
        **more,  # type: ignore[arg-type]
    )


def _others(items: Sequence[OpenItem], rivals: Iterable[OpenItem]) -> list[OpenItem]:
    chosen = {item.id for item in items}
    return list({item.id: item for item in rivals if item.id not in chosen}.values())[:MOST_LOSERS]


def _why(case: Case, loser: OpenItem, chosen: Sequence[OpenItem]) -> str:
    if loser.id in case.barred:
        return "barred"
    if chosen and not case.is_from(loser.customer_id) and case.is_from(chosen[0].customer_id):
        return "payer"
    if loser.balance != case.line.amount and any(item.balance == case.line.amount for item in chosen):
        return "amount"
    if loser.is_touched and not any(item.is_touched for item in chosen):
        return "touched"
    return "later" if chosen and in_order(loser) > in_order(chosen[0]) else "amount"


@lru_cache(maxsize=10_000)
def probability(evidence: tuple[str, ...], rivals: int, known: int) -> float:
    """That these invoices are meant, of so many known: weights of evidence (Fellegi and Sunter), not yet of history."""
    score = sum(WEIGHTS.get(kind, 0.0) for kind in evidence) - log10(known + 1) - log10(rivals + 1)
    return round(1 / (1 + 10 ** -max(-9.0, min(9.0, score))), 6)
