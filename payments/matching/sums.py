"""Several open invoices of one customer that make up an amount together."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate, combinations, islice

from payments.matching.items import OpenItem

MOST_SEARCHED, MOST_TOGETHER = 20, 4  # 6 195 sums at most for one line


def sum_of(amount: Decimal, items: Sequence[OpenItem]) -> list[OpenItem]:
    """Two invoices or more, of `items` (the oldest first), that owe exactly `amount`; none when there are none.

    The oldest ones in a row first, then the fewest of the oldest twenty.
    """
    for count, total in enumerate(accumulate(item.balance for item in items), start=1):
        if count > 1 and total == amount:
            return list(items[:count])
        if total > amount:
            break
    # bounded: the number of sums grows with the fourth power of the invoices
    smaller = list(islice((item for item in items if item.balance < amount), MOST_SEARCHED))
    for count in range(2, MOST_TOGETHER + 1):
        for chosen in combinations(smaller, count):
            if sum(item.balance for item in chosen) == amount:
                return list(chosen)
    return []
