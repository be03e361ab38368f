"""Invoices less what stands to the customer's credit, paid by one transfer."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import combinations

from config.kernel.money import ZERO
from payments.matching.cases import Case, write
from payments.matching.folding import fold, squeeze
from payments.matching.items import Evidence, OpenItem, Verdict, amount_text
from payments.matching.tolerance import difference_of

MOST_CREDITS = 6  # 63 sums
MOST_STANDING = 50  # of a customer with more, a person says which are meant


def net_of_credits(
    case: Case, payable: Sequence[OpenItem], evidence: Sequence[Evidence], *, is_named: bool
) -> Verdict | None:
    """These invoices, when what is missing is what stands to their one customer's credit, whole; or with a small rest.

    Automatic where the invoices are named in full by their customer, and only these credits make up the difference.
    """
    customers = {item.customer_id for item in payable}
    if len(customers) != 1:
        return None
    [customer] = customers
    standing = [item for item in case.index.credits.get(customer, ()) if item.currency == case.line.currency]
    if not standing or len(standing) > MOST_STANDING:
        return None
    owed = sum((item.balance for item in payable), ZERO)
    chosen, is_unique = _making_up(owed - case.line.amount, standing, case)
    if not chosen:
        return _with_a_rest(case, payable, evidence, standing, owed)
    used = tuple((item.id, item.balance) for item in chosen)
    more = [*evidence, Evidence("credit", ", ".join(item.number for item in chosen))]
    more.append(Evidence("amount", amount_text(case.line.amount)))
    is_proven = is_named and is_unique and case.is_from(customer) and difference_of(owed, case.line.amount) is None
    if is_proven:
        case.doubt_repeated([customer])
    return write(case, "net_of_credit", payable, more, is_proven=is_proven, credits=used)


def _making_up(missing: Decimal, standing: Sequence[OpenItem], case: Case) -> tuple[list[OpenItem], bool]:
    """The credits that make it up, those named in the texts first; and whether they alone do."""
    if not 0 < missing <= sum((item.balance for item in standing), ZERO):
        return [], False
    words = [squeeze(fold(text)) for text in case.named.unread]
    told = [item for item in standing if any(squeeze(item.number) in text for text in words)]
    if told and sum((item.balance for item in told), ZERO) == missing:
        return told, True
    found = [
        chosen
        for count in range(1, min(len(standing), MOST_CREDITS) + 1)
        for chosen in combinations(standing[:MOST_CREDITS], count)
        if sum((item.balance for item in chosen), ZERO) == missing
    ]
    return (list(found[0]), len(found) == 1) if found else ([], False)


def _with_a_rest(
    case: Case, payable: Sequence[OpenItem], evidence: Sequence[Evidence], standing: Sequence[OpenItem], owed: Decimal
) -> Verdict | None:
    """All credits deducted, and a little more: a fee or a discount besides."""
    total = sum((item.balance for item in standing), ZERO)
    difference = difference_of(owed - total, case.line.amount) if standing and owed > total else None
    if difference is None or difference.amount <= 0 or difference_of(owed, case.line.amount):
        return None
    left, allocations = case.line.amount + total, []
    for item in payable:
        part = min(left, item.balance)
        left -= part
        if part > 0:
            allocations.append((item.id, part))
    more = [*evidence, Evidence("credit", ", ".join(item.number for item in standing))]
    more.append(Evidence("missing", amount_text(difference.amount)))
    used = tuple((item.id, item.balance) for item in standing)
    return write(
        case,
        "net_of_credit",
        payable,
        more,
        allocations=tuple(allocations),
        credits=used,
        difference=difference,
    )
