"""Money that leaves: our own refunds, and payments that are returned (R-transactions)."""

from __future__ import annotations

from decimal import Decimal

from config.kernel.money import ZERO
from payments.matching.cases import Case, write
from payments.matching.expected import bears, is_told
from payments.matching.folding import squeeze
from payments.matching.items import (
    NONE,
    PAYMENT,
    REFUND,
    Difference,
    Evidence,
    OpenItem,
    Verdict,
    amount_text,
)  # fmt: skip
from payments.matching.suppliers import is_return, judge_own_payment, judge_supplier

HIGHEST_FEE = Decimal(30)  # that a bank takes with a debit that comes back, in one line


def judge_debit(case: Case) -> Verdict:
    line = case.line
    told = is_return(line)
    return (
        judge_own_payment(case)
        or _taken_back(case, is_return=told)
        or (_returned(case) if told else None)
        or judge_supplier(case, _refund(case))
        or Verdict(kind=NONE, rule="debit", evidence=(Evidence("debit", amount_text(-line.amount)),))
    )


def _refund(case: Case) -> Verdict | None:
    """Our refund: by its end-to-end id, or number, and amount; by the amount and the payee it is only proposed."""
    line = case.line
    equal = case.index.waiting(REFUND, line.currency, -line.amount)
    ours = [item for item in equal if is_told(case, item)]
    is_proven = len(ours) == 1
    equal = ours or equal
    payees = [item for item in equal if case.is_from(item.customer_id)] or equal
    if not payees:
        return None
    item = payees[0]
    evidence = [Evidence("refund", item.number), Evidence("amount", amount_text(-line.amount))]
    return write(
        case,
        "refund",
        [],
        evidence,
        is_proven=is_proven,
        rivals=payees[1:],
        refunds=((item.id, item.balance),),
        customer_id=item.customer_id,
    )


def _taken_back(case: Case, *, is_return: bool) -> Verdict | None:
    """A direct debit of ours that comes back: by its end-to-end id, alone or with the bank's fee; by its mandate and
    amount where the bank says that it is a return.
    """
    taken, currency = -case.line.amount, case.line.currency
    waiting = [
        item
        for item in case.index.given
        if item.currency == currency and (PAYMENT, item.id) not in case.index.explained
    ]
    own = [item for item in waiting if ZERO <= taken - item.balance <= HIGHEST_FEE and bears(case, item.given_ids[:1])]
    if not own and is_return:
        own = [item for item in waiting if item.balance == taken and bears(case, item.given_ids[1:])]
    if not own:
        return None
    item = own[-1]  # the latest
    fee = taken - item.balance
    evidence = [Evidence("returned", item.number), Evidence("amount", amount_text(item.balance))]
    evidence += [Evidence("fee", amount_text(fee))] if fee else []
    return write(
        case,
        "returned",
        [],
        evidence,
        is_proven=len(own) == 1,
        rivals=own[:-1],
        why="later",
        returned=((item.id, item.balance),),
        difference=Difference(fee, "BANK_FEE") if fee else None,
        customer_id=item.customer_id,
    )


def _returned(case: Case) -> Verdict | None:
    """The payment that is given back: by its end-to-end id, by the invoice's number, or the payer's of that amount."""
    line = case.line
    known = [
        item
        for item in case.index.by_end_to_end.get(line.end_to_end_id, ())
        if item.kind == PAYMENT and (PAYMENT, item.id) not in case.index.explained
    ]
    by_id = [item for item in known if item.balance == -line.amount and item.currency == line.currency]
    found = by_id or _named_payments(case) or _payments_of_payer(case)
    if not found:
        return None
    item = found[-1]  # the latest
    evidence = [Evidence("returned", item.number), Evidence("amount", amount_text(-line.amount))]
    return write(
        case,
        "returned",
        [],
        evidence,
        is_proven=len(by_id) == 1,
        rivals=found[:-1],
        why="later",
        returned=((item.id, item.balance),),
        customer_id=item.customer_id,
    )


def _named_payments(case: Case) -> list[OpenItem]:
    """Of the customers of the invoices that the return names, or whose own number it does."""
    texts = [squeeze(text) for text in case.line.texts]
    customers = {item.customer_id for item in case.named.items.values()}
    same = case.index.waiting(PAYMENT, case.line.currency, -case.line.amount)
    told = [item for item in same if any(squeeze(item.number) in text for text in texts)]
    return told or [item for item in same if item.customer_id in customers]


def _payments_of_payer(case: Case) -> list[OpenItem]:
    same = case.index.waiting(PAYMENT, case.line.currency, -case.line.amount)
    return [item for item in same if case.is_from(item.customer_id)]
