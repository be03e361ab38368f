"""The verdict on one bank line, from what names an invoice to what only resembles one."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Sequence
from decimal import Decimal

from config.kernel.money import ZERO
from payments.matching.index import Debts, Index
from payments.matching.items import AUTO, NONE, PROPOSED, Evidence, Line, OpenItem, Verdict, amount_text, in_order
from payments.matching.numbers import Named, find_named, nearly_named
from payments.matching.sums import sum_of

MOST_RIVALS, MOST_OWN = 5, 12


def match(line: Line, index: Index, *, barred: Collection[Hashable] = ()) -> Verdict:
    """The verdict for one line. `barred`: the invoices a person has already taken off this line."""
    if line.amount <= 0:
        return Verdict(kind=NONE, rule="debit", evidence=(Evidence("debit", amount_text(-line.amount)),))
    named = find_named(line, index)
    if named.items or named.rivals:
        return judge_named(line, named, barred)
    return judge_amount(line, index, barred)


def judge_named(line: Line, named: Named, barred: Collection[Hashable]) -> Verdict:
    """Invoices named in full: matched when they owe exactly the amount and nothing speaks against it."""
    doubts = [Evidence("barred", item.number) for item in named.items.values() if item.id in barred]
    doubts += [Evidence("settled", item.number) for item in named.items.values() if item.balance <= 0]
    doubts += [Evidence("currency", item.number) for item in named.items.values() if item.currency != line.currency]
    excluded = {evidence.value for evidence in doubts}
    payable = sorted(
        (item for item in named.items.values() if item.number not in excluded),
        key=in_order,
    )
    rivals = tuple(
        item
        for item in named.rivals.values()
        if item.id not in named.items and item.id not in barred and item.balance > 0
    )
    if rivals:
        doubts.append(Evidence("rivals", ", ".join(item.number for item in rivals)))
        payable = payable or [item for item in rivals if item.currency == line.currency][:1]
    evidence = (*named.evidence, *doubts)
    if not payable:
        rule = "already_settled" if any(doubt.kind == "settled" for doubt in doubts) else "unusable_reference"
        return Verdict(kind=NONE, rule=rule, evidence=evidence)
    chosen_ids = {item.id for item in payable}
    others = tuple(item.id for item in rivals if item.id not in chosen_ids)
    owed = sum((item.balance for item in payable), ZERO)
    if owed == line.amount:
        rule = "reference" if all(piece.kind == "rf" for piece in named.evidence) else "number"
        return Verdict(
            kind=PROPOSED if doubts else AUTO,
            rule=rule,
            allocations=tuple((item.id, item.balance) for item in payable),
            evidence=(*evidence, Evidence("amount", amount_text(line.amount))),
            rivals=others,
        )
    return propose_inexact(line, payable, owed, evidence, others)


def propose_inexact(
    line: Line,
    payable: Sequence[OpenItem],
    owed: Decimal,
    evidence: tuple[Evidence, ...],
    rivals: tuple[Hashable, ...],
) -> Verdict:
    """Named invoices and another amount: what is missing, or in excess, is for a person to accept."""
    exact = [item for item in payable if item.balance == line.amount]
    if exact:
        rest = tuple(item.id for item in payable if item.id != exact[0].id)
        return Verdict(
            kind=PROPOSED,
            rule="one_of_several",
            allocations=((exact[0].id, line.amount),),
            evidence=(*evidence, Evidence("amount", amount_text(line.amount))),
            rivals=(*rest, *rivals),
        )
    allocations, left = fill(line.amount, payable)
    if left > 0:
        more, rule = Evidence("excess", amount_text(left)), "overpayment"
    else:
        more, rule = Evidence("missing", amount_text(owed - line.amount)), "partial"
    return Verdict(
        kind=PROPOSED,
        rule=rule,
        allocations=allocations,
        evidence=(*evidence, more),
        rivals=rivals,
        excess=left,
    )


def fill(amount: Decimal, items: Sequence[OpenItem]) -> tuple[tuple[tuple[Hashable, Decimal], ...], Decimal]:
    """The oldest first, never above a balance; and what is left."""
    allocations = []
    left = amount
    for item in items:
        part = min(left, item.balance)
        if part > 0:
            allocations.append((item.id, part))
            left -= part
    return tuple(allocations), left


def judge_amount(line: Line, index: Index, barred: Collection[Hashable]) -> Verdict:
    """Nothing named in full: what is nearly named, the payer's own invoices, or the only one of that amount.

    All of it is proposed only.
    """
    own = index.debts_of(line.counterparty, line.currency, barred=barred)
    near = nearly_named(line, index, own, barred)
    if near:
        return judge_near(line, near, own)
    equal = [item for item in index.by_balance.get((line.currency, line.amount), ()) if item.id not in barred]
    equal.sort(key=lambda item: item.is_touched)  # stable: whole invoices first, then the oldest
    same_payer = [item for item in equal if item.id in own.ids]
    if same_payer:
        return propose_equal(line, same_payer, "payer_and_amount", (Evidence("payer", line.counterparty),))
    for items in own.by_customer.values():
        together = sum_of(line.amount, items)
        if together:
            numbers = ", ".join(item.number for item in together)
            return Verdict(
                kind=PROPOSED,
                rule="payer_and_sum",
                allocations=tuple((item.id, item.balance) for item in together),
                evidence=(Evidence("sum", numbers), Evidence("payer", line.counterparty)),
            )
    if len(equal) == 1:
        return propose_equal(line, equal, "amount", ())
    if own.items:
        # nothing adds up: a person chooses among what this payer owes
        return Verdict(
            kind=NONE,
            rule="payer",
            evidence=(Evidence("payer", line.counterparty),),
            rivals=tuple(item.id for item in own.items[:MOST_OWN]),
        )
    return Verdict(kind=NONE, rule="no_evidence")


def judge_near(line: Line, near: Sequence[OpenItem], own: Debts) -> Verdict:
    """Numbers that are nearly written: those of the payer if there are, the exact amount before another."""
    near = [item for item in near if item.id in own.ids] or near
    exact = [item for item in near if item.balance == line.amount]
    customer = (exact or near)[0].customer_id
    payable = [item for item in near if item.customer_id == customer]
    owed = sum((item.balance for item in payable), ZERO)
    evidence = tuple(Evidence("near", item.number) for item in payable)
    rivals = tuple(item.id for item in near if item.customer_id != customer)
    if owed == line.amount:
        return Verdict(
            kind=PROPOSED,
            rule="near_number",
            allocations=tuple((item.id, item.balance) for item in payable),
            evidence=(*evidence, Evidence("amount", amount_text(line.amount))),
            rivals=rivals,
        )
    return propose_inexact(line, payable, owed, evidence, rivals)


def propose_equal(line: Line, candidates: Sequence[OpenItem], rule: str, more: tuple[Evidence, ...]) -> Verdict:
    """The first of the invoices of that amount; the others are its rivals."""
    evidence = [Evidence("amount", amount_text(line.amount)), *more]
    others = candidates[1:]
    if others:
        evidence.append(Evidence("rivals", ", ".join(item.number for item in others[:MOST_RIVALS])))
    return Verdict(
        kind=PROPOSED,
        rule=rule,
        allocations=((candidates[0].id, line.amount),),
        evidence=tuple(evidence),
        rivals=tuple(item.id for item in others[:MOST_RIVALS]),
    )
