"""Lines that name no invoice in full: numbers nearly written, then what the payer owes, then an amount alone."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from payments.matching.cases import Case, write
from payments.matching.items import NONE, Evidence, Loser, OpenItem, Verdict, amount_text
from payments.matching.named import propose_inexact, total_of
from payments.matching.netting import net_of_credits
from payments.matching.sums import MOST_SEARCHED, Sum, sum_of
from payments.matching.tolerance import difference_of

MOST_RIVALS, MOST_OWN = 5, 12
INSTALMENTS = (Decimal(2), Decimal(3), Decimal(4))
ROUND = Decimal(50)  # such amounts are paid for all sorts of things


def judge_unnamed(case: Case) -> Verdict:
    if case.nearly.found:
        return judge_near(case)
    found = judge_payer(case) if case.own and not case.service else None
    return found or judge_amount(case)


def judge_near(case: Case) -> Verdict:
    """Numbers that are nearly written: those of the payer if there are, the exact amount before another.

    Automatic for the payer's own whole invoices, each by one text that reads but one way, and the exact amount; by a
    text that does not read so, only where the amount alone would do.
    """
    own_ids = {item.id for item in case.own}
    near = [item for item in case.nearly.items if item.id in own_ids] or case.nearly.items
    exact = [item for item in near if item.balance == case.line.amount]
    if not exact and not own_ids.intersection(case.nearly.found):
        # of others and of another amount, where the payer owes this very amount: they are read by mistake
        equal = [item for item in case.own if item.balance == case.line.amount]
        if equal:
            case.doubts.append(Evidence("rivals", ", ".join(item.number for item in near[:MOST_RIVALS])))
            return judge_equal(case, sorted(equal, key=lambda item: item.is_touched))
    first = (exact or near)[0]
    payable = [item for item in near if item.customer_id == first.customer_id]
    if exact and case.nearly.unclear:
        payable = exact[:1]
    rivals = [item for item in near if item not in payable]
    evidence = [Evidence("near", item.number) for item in payable]
    if case.is_from(first.customer_id):
        evidence.append(case.payer_evidence())
    if total_of(payable) != case.line.amount:
        more = _completed(case, payable)
        return more or propose_inexact(case, payable, evidence, rivals)
    evidence.append(Evidence("amount", amount_text(case.line.amount)))
    if not rivals:
        rivals = [item for item in case.own if item.balance == case.line.amount]
    is_proven = case.is_from(first.customer_id) and _is_clear(case, payable)
    case.doubt_unsaid(case.payer.customers)
    return write(case, "near_number", payable, evidence, is_proven=is_proven, rivals=rivals)


def _is_clear(case: Case, payable: Sequence[OpenItem]) -> bool:
    if any(item.is_touched for item in payable):
        return False
    if case.nearly.unclear.isdisjoint(case.nearly.found):
        return len(payable) == len(case.nearly.found) and (case.payer.is_certain or case.payer.is_same)
    equal = [item for item in case.own if item.balance == case.line.amount]
    return case.payer.is_certain and len(payable) == len(equal) == 1


def _completed(case: Case, near: Sequence[OpenItem]) -> Verdict | None:
    """The payer's only sum, where all that is nearly named is in it."""
    chosen = {item.id for item in near}
    for found in _sums(case):
        if chosen <= {item.id for item in found.items}:
            return _write_sum(case, found, [Evidence("near", item.number) for item in near])
    return None


def judge_payer(case: Case) -> Verdict | None:
    """What the payer owes: one invoice of that amount, a sum of several, less his credit, or nearly one."""
    equal = [item for item in case.own if item.balance == case.line.amount]
    if equal:
        return judge_equal(case, sorted(equal, key=lambda item: item.is_touched))
    for found in _sums(case):
        return _write_sum(case, found, [])
    evidence = [case.payer_evidence()]
    for customer in case.payer.customers:
        if customer not in case.index.credits:
            continue
        debts = case.debts_of([customer])
        alone = [[item] for item in debts] if len(debts) <= MOST_SEARCHED else []
        for payable in alone if len(debts) < 2 else (debts, *alone):
            if total_of(payable) > case.line.amount:
                netted = net_of_credits(case, payable, evidence, is_named=False)
                if netted:
                    return netted
    return _nearly_equal(case, evidence)


def _nearly_equal(case: Case, evidence: Sequence[Evidence]) -> Verdict | None:
    close = [item for item in case.own if difference_of(item.balance, case.line.amount)]
    if not close:
        return None
    close.sort(key=lambda item: abs(item.balance - case.line.amount))
    return propose_inexact(case, close[:1], evidence, close[1:])


def judge_equal(case: Case, equal: Sequence[OpenItem]) -> Verdict:
    """The payer's invoices of that amount: the only one, whole, is paid if nothing speaks against it."""
    item = equal[0]
    evidence = [Evidence("amount", amount_text(case.line.amount)), case.payer_evidence()]
    if len(equal) > 1:
        evidence.append(Evidence("rivals", ", ".join(other.number for other in equal[1 : MOST_RIVALS + 1])))
        return write(case, "payer_and_amount", [item], evidence, rivals=equal[1:])
    is_known = case.payer.is_certain or _is_named_beyond_doubt(case, item)
    case.doubt_unsaid(case.payer.customers)
    if item.is_touched:
        case.doubts.append(Evidence("touched", item.number))
    if is_known:
        _doubt_alternatives(case, item)
    return write(case, "payer_and_amount", [item], evidence, is_proven=is_known)


def _is_named_beyond_doubt(case: Case, item: OpenItem) -> bool:
    """The name is exactly that of one customer alone, whose account is not known, and nobody else owes that amount."""
    if not case.payer.is_same or (case.line.iban and item.customer_id in case.index.has_account):
        return False
    amount = case.line.amount
    if amount % ROUND == 0 or len(case.index.owing(item.currency, amount, most=2)) > 1:
        return False
    return (item.customer_id, item.currency, amount) not in case.index.received


def _doubt_alternatives(case: Case, item: OpenItem) -> None:
    """The same money could be a part of another invoice, in equal parts, or two others."""
    others = [other for other in case.own if other.id != item.id]
    multiples = {item.balance * share for share in INSTALMENTS}
    parts = [other for other in others if other.balance in multiples]
    if parts:
        case.doubts.append(Evidence("instalment", parts[0].number))
    found = sum_of(item.balance, [other for other in others if other.balance < item.balance])
    if found:
        case.doubts.append(Evidence("rivals", ", ".join(other.number for other in found.items)))


def _sums(case: Case) -> list[Sum]:
    customers = case.payer.customers if len(case.payer.customers) > 1 else ()
    debts = [case.debts_of([customer]) for customer in customers] if customers else [case.own]
    found = [sum_of(case.line.amount, items) for items in debts]
    return [one for one in found if one]


def _write_sum(case: Case, found: Sum, evidence: Sequence[Evidence]) -> Verdict:
    numbers = ", ".join(item.number for item in found.items)
    more = [*evidence, Evidence("whole" if found.is_whole else "sum", numbers), case.payer_evidence()]
    case.doubt_unsaid(case.payer.customers)
    case.doubts += [Evidence("touched", item.number) for item in found.items if item.is_touched][:1]
    is_proven = found.is_unique and (found.is_whole or found.is_telling) and case.payer.is_certain
    rule = "payer_whole_balance" if found.is_whole else "payer_and_sum"
    return write(case, rule, found.items, more, is_proven=is_proven, rivals=case.own, why="amount")


def judge_amount(case: Case) -> Verdict:
    """Nothing is named and the payer's own do not fit: an amount he paid before, or the only invoice of that amount."""
    twice = _paid_before(case)
    if twice:
        return twice
    owing = case.index.owing(case.line.currency, case.line.amount, most=len(case.barred) + 2)
    equal = [item for item in owing if item.id not in case.barred]
    evidence = [Evidence("amount", amount_text(case.line.amount))]
    if len(equal) == 1:
        case.doubt_unsaid(())
        return write(case, "amount", equal, evidence)
    if case.own:
        # nothing adds up: a person chooses among what this payer owes
        offered = case.own[:MOST_OWN]
        return Verdict(
            kind=NONE,
            rule="payer",
            evidence=(case.payer_evidence(),),
            rivals=tuple(item.id for item in offered),
            losers=tuple(Loser(item.id, item.number, "amount") for item in offered),
        )
    return Verdict(kind=NONE, rule="no_evidence")


def _paid_before(case: Case) -> Verdict | None:
    """The payer's own account, and an amount received from it a few days ago: to his credit, for a person to say."""
    if not case.payer.is_certain or case.service:
        return None
    case.doubt_repeated(case.payer.customers)
    if not case.doubts:
        return None
    return write(
        case,
        "paid_twice",
        [],
        [case.payer_evidence()],
        excess=case.line.amount,
        customer_id=case.payer.customers[0],
    )
