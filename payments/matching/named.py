"""Lines that name invoices in full: the amount, the payer and what else is written must agree."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal

from config.kernel.money import ZERO
from payments.matching.cases import AT_ONCE, Case, write
from payments.matching.folding import squeeze
from payments.matching.items import NONE, Difference, Evidence, OpenItem, Verdict, amount_text, in_order
from payments.matching.near import is_near
from payments.matching.netting import net_of_credits
from payments.matching.sums import sum_of
from payments.matching.tolerance import difference_of, service_fee

MOST_ALIKE = 50  # invoices of one amount that are compared with a number before it is held for common
MOST_OF_ONE = Decimal("0.8")  # of an invoice that an instalment may be
LONG_TEXT = 100  # signs: banks cut a list of numbers at 140, or before


def total_of(items: Iterable[OpenItem]) -> Decimal:
    return sum([item.balance for item in items], ZERO)


def judge_named(case: Case) -> Verdict | None:
    """Invoices named in full: matched when they owe exactly the amount and nothing speaks against it; None where they
    are named by mistake.
    """
    named, currency = case.named.items.values(), case.line.currency
    payable = [
        item for item in named if item.balance > ZERO and item.currency == currency and item.id not in case.barred
    ]
    doubts = [] if len(payable) == len(named) else _exclusions(case)
    if len(payable) > 1:
        payable.sort(key=in_order)
    rivals = [
        item
        for item in case.named.rivals.values()
        if item.id not in case.named.items and item.id not in case.barred and item.balance > 0
    ]
    if rivals:
        doubts.append(Evidence("rivals", ", ".join(item.number for item in rivals)))
        payable = payable or [item for item in rivals if item.currency == currency][:1]
    case.doubts += doubts
    if _is_mistaken(case):
        return None
    if not payable:
        return judge_unpayable(case)
    _doubt_customers(case, payable)
    if total_of(payable) == case.line.amount:
        return judge_exact(case, payable, rivals)
    return judge_inexact(case, payable, rivals)


def _exclusions(case: Case) -> list[Evidence]:
    """Why invoices that are named cannot be paid by this line."""
    named = case.named.items.values()
    found = [Evidence("barred", item.number) for item in named if item.id in case.barred]
    found += [Evidence("settled", item.number) for item in named if item.balance <= ZERO]
    return found + [Evidence("currency", item.number) for item in named if item.currency != case.line.currency]


def _is_mistaken(case: Case) -> bool:
    """A plain number of another customer than the known payer, and another amount: a digit is wrong in it."""
    named = case.named
    if len(named.items) != 1 or named.rivals or named.is_checked:
        return False
    [item] = named.items.values()
    if item.balance == case.line.amount or case.is_from(item.customer_id):
        return False
    if not (case.payer.is_learned or case.payer.is_same):
        return False
    key = squeeze(item.number)
    near = [other for other in case.own if is_near(key, squeeze(other.number))]
    return any(other.balance == case.line.amount for other in near or case.own)


def judge_unpayable(case: Case) -> Verdict:
    """Only settled invoices are named: probably a second payment, the customer's credit and never the next invoice."""
    settled = [item for item in case.named.items.values() if item.balance <= 0 and item.id not in case.barred]
    customers = {item.customer_id for item in settled}
    if len(customers) != 1 or any(piece.kind == "currency" for piece in case.doubts):
        evidence = (*case.named.evidence, *case.doubts)
        return Verdict(kind=NONE, rule="already_settled" if settled else "unusable_reference", evidence=evidence)
    [customer] = customers
    return write(
        case,
        "already_settled",
        [],
        case.named.evidence,
        rivals=[item for item in case.debts_of([customer]) if item.balance == case.line.amount],
        why="settled",
        excess=case.line.amount,
        customer_id=customer,
    )


def _doubt_customers(case: Case, payable: Sequence[OpenItem]) -> None:
    customers = {item.customer_id: item.customer_name for item in payable}
    if len(customers) > 1:
        case.doubts.append(Evidence("customers", ", ".join(customers.values())))
    if case.named.is_checked or any(map(case.is_from, customers)):
        return
    if case.payer.is_learned or case.payer.is_same:
        names = case.index.names.names
        case.doubts.append(Evidence("other_payer", names.get(case.payer.customers[0], case.line.counterparty)))


def judge_exact(case: Case, payable: Sequence[OpenItem], rivals: Sequence[OpenItem]) -> Verdict:
    if not case.named.is_checked:
        _doubt_others(case, payable)
    evidence = [*case.named.evidence, Evidence("amount", amount_text(case.line.amount))]
    rule = "reference" if case.named.is_checked else "number"
    return write(case, rule, payable, evidence, is_proven=True, rivals=rivals)


def _doubt_others(case: Case, payable: Sequence[OpenItem]) -> None:
    """A plain number does not check itself: what else looks like one must not speak of another invoice, and, where the
    payer is not known as its customer, no number one digit away may owe the same.
    """
    if case.nearly.found:
        chosen = {item.id for item in payable}
        others = [item for item in case.nearly.items if item.id not in chosen]
        if others:
            case.doubts.append(Evidence("rivals", ", ".join(item.number for item in others[:5])))
    case.doubts += [Evidence("unknown", text) for text in case.nearly.unknown]
    if len(payable) > 1 or case.is_from(payable[0].customer_id):
        return
    [item] = payable
    owing = case.index.owing(item.currency, item.balance, most=MOST_ALIKE + 2)
    equal = [other for other in owing if other.id != item.id]
    key = squeeze(item.number)
    alike = [other for other in equal[:MOST_ALIKE] if is_near(key, squeeze(other.number))] or equal[MOST_ALIKE:][:1]
    if alike:
        case.doubts.append(Evidence("alike", alike[0].number))


def judge_inexact(case: Case, payable: Sequence[OpenItem], rivals: Sequence[OpenItem]) -> Verdict:
    """Named invoices and another amount: credits deducted, a cut list, one of them, a part, a small difference."""
    owed = total_of(payable)
    if owed > case.line.amount:
        found = net_of_credits(case, payable, case.named.evidence, is_named=True)
    else:
        found = complete_list(case, payable, case.line.amount - owed)
    if found:
        return found
    return propose_inexact(case, payable, case.named.evidence, rivals)


def complete_list(case: Case, payable: Sequence[OpenItem], left: Decimal) -> Verdict | None:
    """The other invoices of the customer that make up what is left: numbers nearly written, or cut off at the end."""
    customers = {item.customer_id for item in payable}
    if len(customers) > 1:
        return None
    chosen = {item.id for item in payable}
    near = [item for item in case.nearly.items if item.id not in chosen and item.customer_id in customers]
    if near and total_of(near) == left:
        evidence = [*case.named.evidence, *(Evidence("near", item.number) for item in near)]
        evidence.append(Evidence("amount", amount_text(case.line.amount)))
        is_proven = not any(item.is_touched for item in near) and case.nearly.unclear.isdisjoint(case.nearly.found)
        is_proven = is_proven and not _ends_within(case)
        return write(case, "number", [*payable, *near], evidence, is_proven=is_proven and not case.nearly.unknown)
    others = [item for item in case.debts_of(customers) if item.id not in chosen]
    more, is_telling = _making_up(left, others)
    if not more or case.nearly.unknown:
        return None
    evidence = [*case.named.evidence, Evidence("cut", ", ".join(item.number for item in more))]
    whole = is_telling and _is_cut(case) and not any(item.is_touched for item in more)
    return write(case, "cut_list", [*payable, *more], [*evidence, Evidence("amount", amount_text(case.line.amount))],
                 is_proven=whole, rivals=others)  # fmt: skip


def _is_cut(case: Case) -> bool:
    """The payer's own list of two numbers or more fills the text, or ends within a number."""
    if len(case.named.items) < 2 or not all(case.is_from(item.customer_id) for item in case.named.items.values()):
        return False
    return _ends_within(case) or any(len(text) >= LONG_TEXT for text in case.line.texts)


def _ends_within(case: Case) -> bool:
    """The text ends as a number of ours begins."""
    ends = [re.search(r"(?<![A-Z0-9])([A-Z]{1,8})[-_/. 0-9]*$", text) for text in case.named.unread]
    return case.nearly.is_cut or any(
        end and any(one.startswith(end.group(1)) for one in case.index.series) for end in ends
    )


def _making_up(left: Decimal, others: Sequence[OpenItem]) -> tuple[list[OpenItem], bool]:
    equal = [item for item in others if item.balance == left]
    if equal:
        return equal[:1], len(equal) == 1 and sum_of(left, others) is None
    found = sum_of(left, others)
    return (list(found.items), found.is_unique and (found.is_whole or found.is_telling)) if found else ([], False)


def propose_inexact(
    case: Case, payable: Sequence[OpenItem], evidence: Sequence[Evidence], rivals: Sequence[OpenItem]
) -> Verdict:
    """What is missing, or in excess, is for a person to accept; an instalment with its reference is not missing."""
    owed, amount = total_of(payable), case.line.amount
    exact = [item for item in payable if item.balance == amount]
    if exact and len(payable) > 1:
        more = [*evidence, Evidence("amount", amount_text(amount))]
        return write(case, "one_of_several", exact[:1], more, rivals=[*payable, *rivals])
    difference = difference_of(owed, amount) or (service_fee(owed, amount, len(payable)) if case.service else None)
    if difference:
        return _propose_difference(case, payable, evidence, rivals, difference)
    allocations, left = fill(amount, payable)
    if left > 0:
        more = [*evidence, Evidence("excess", amount_text(left))]
        return write(case, "overpayment", payable, more, rivals=rivals, allocations=allocations, excess=left)
    more = [*evidence, Evidence("missing", amount_text(owed - amount))]
    is_proven = len(payable) == 1 and _is_instalment(case, payable[0])
    return write(case, "partial", payable, more, is_proven=is_proven, rivals=rivals, allocations=allocations)


def _is_instalment(case: Case, item: OpenItem) -> bool:
    """Named in full, by its customer or by a reference that checks itself, and no other invoice of his fits as well."""
    if not case.named.items or case.service or not (case.is_from(item.customer_id) or case.named.is_checked):
        return False
    if case.nearly.found or case.nearly.unknown or _ends_within(case) or case.index.credits.get(item.customer_id):
        return False
    # nearly all of it is no part: something was deducted that is not told
    if not item.is_touched and case.line.amount > item.balance * MOST_OF_ONE:
        return False
    others = [other for other in case.debts_of([item.customer_id]) if other.id != item.id]
    case.doubt_repeated([item.customer_id], AT_ONCE)
    return all(other.balance != case.line.amount for other in others) and sum_of(case.line.amount, others) is None


def _propose_difference(
    case: Case,
    payable: Sequence[OpenItem],
    evidence: Sequence[Evidence],
    rivals: Sequence[OpenItem],
    difference: Difference,
) -> Verdict:
    kind = {"BANK_FEE": "fee", "DISCOUNT": "discount", "ROUNDING": "rounding"}[difference.reason]
    more = [*evidence, Evidence(kind, amount_text(abs(difference.amount)))]
    allocations, left = fill(case.line.amount, payable)
    rule = "partial" if difference.amount > 0 else "overpayment"
    return write(case, rule, payable, more, rivals=rivals, allocations=allocations, excess=left, difference=difference)


def fill(amount: Decimal, items: Sequence[OpenItem]) -> tuple[tuple[tuple[object, Decimal], ...], Decimal]:
    """The oldest first, never above a balance; and what is left."""
    allocations = []
    left = amount
    for item in items:
        part = min(left, item.balance)
        if part > 0:
            allocations.append((item.id, part))
            left -= part
    return tuple(allocations), left
