"""The verdict on one bank line, from what names an invoice to what only resembles one.

The ladder: an end-to-end id of ours; references and numbers in full; numbers nearly written; what the payer owes; an
amount alone. Each rung says what it can prove, and what speaks against it.
"""

from __future__ import annotations

from collections.abc import Collection, Hashable
from decimal import Decimal

from config.kernel.money import ZERO
from payments.matching.cases import Case, write
from payments.matching.debits import judge_debit
from payments.matching.expected import judge_expected
from payments.matching.index import Index
from payments.matching.items import (
    AUTO,
    DEBIT_ORDER,
    INVOICE,
    NONE,
    PROPOSED,
    Difference,
    Evidence,
    Line,
    OpenItem,
    Verdict,
    amount_text,
)  # fmt: skip
from payments.matching.named import judge_named
from payments.matching.suppliers import judge_came_back
from payments.matching.unnamed import judge_unnamed


def match(line: Line, index: Index, *, barred: Collection[Hashable] = ()) -> Verdict:
    """The verdict for one line. `barred`: the invoices a person has already taken off this line."""
    case = Case(line, index, barred)
    if line.amount <= ZERO:
        return judge_debit(case)
    came_back = judge_came_back(case)
    if came_back:
        return came_back
    if line.instructed_amount and line.instructed_amount > 0:
        instructed = judge_instructed(line, index, barred)
        if instructed:
            return instructed
    ordered = judge_ordered(case) if line.end_to_end_id in index.by_end_to_end else None
    verdict = ordered or judge_expected(case) or judge_credit(case)
    # our own transfer that came back bears our numbers, and pays nothing
    return verdict._replace(kind=PROPOSED) if line.is_reversal and verdict.kind == AUTO else verdict


def judge_credit(case: Case) -> Verdict:
    named = case.named
    if named.items or named.rivals:
        found = judge_named(case)
        if found:
            return found
        case.misread()
    return judge_unnamed(case)


def judge_ordered(case: Case) -> Verdict | None:
    """An end-to-end id that we gave: a collection expected on the account, or an invoice's own payment link."""
    ours = case.index.by_end_to_end[case.line.end_to_end_id]
    orders = [
        item
        for item in ours
        if item.kind == DEBIT_ORDER
        and item.balance == case.line.amount
        and (item.kind, item.id) not in case.index.explained
    ]
    invoices = [case.index.items[item.id] for item in ours if item.kind == INVOICE]
    found: list[OpenItem] = orders or [item for item in invoices if item.balance == case.line.amount]
    if len(found) != 1 or found[0].currency != case.line.currency or found[0].id in case.barred:
        return None
    [item] = found
    evidence = [Evidence("order", case.line.end_to_end_id), Evidence("amount", amount_text(case.line.amount))]
    if orders:
        found_now = ((item.id, item.balance),)
        customer = item.customer_id
        return write(case, "order", [], evidence, is_proven=True, found=found_now, customer_id=customer)
    return write(case, "order", [item], evidence, is_proven=True)


def judge_instructed(line: Line, index: Index, barred: Collection[Hashable]) -> Verdict | None:
    """What the payer ordered, before change and charges, pays invoices exactly: proposed with what the bank kept."""
    amount, currency = line.instructed_amount, line.instructed_currency or line.currency
    if amount is None or (amount == line.amount and currency == line.currency):
        return None
    ordered = line._replace(amount=amount, currency=currency, instructed_amount=None)
    verdict = judge_credit(Case(ordered, index, barred))
    if verdict.kind == NONE or verdict.excess or not verdict.allocations or verdict.difference:
        return None
    evidence = (*verdict.evidence, Evidence("instructed", f"{amount_text(amount)} {currency}"))
    if currency != line.currency:
        return verdict._replace(kind=PROPOSED, evidence=evidence, currency=currency)
    return _less_charges(verdict._replace(kind=PROPOSED, evidence=evidence), amount - line.amount)


def _less_charges(verdict: Verdict, charges: Decimal) -> Verdict | None:
    """The charges are taken off the last invoice, to be written off."""
    *first, (last, amount) = verdict.allocations
    if not 0 < charges < amount:
        return None
    difference = Difference(charges, "BANK_FEE")
    return verdict._replace(allocations=(*first, (last, amount - charges)), difference=difference)
