"""Several amounts that make up another: the only way, or one of several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from math import gcd

from config.kernel.money import ZERO
from payments.matching.items import OpenItem

MOST_SEARCHED = 18  # 2 × 2⁹ sums
UNLIKELY = 1e-3  # of a sum found by chance alone


@dataclass(frozen=True)
class Sum:
    """`is_unique`: no other set of at least two makes it up; `is_telling`: nor would one be expected by chance."""

    items: tuple[OpenItem, ...]
    is_unique: bool
    is_telling: bool
    is_whole: bool = False  # all that is owed


def cents(amount: Decimal) -> int:
    return int(amount * 100)


def sum_of(amount: Decimal, items: Sequence[OpenItem]) -> Sum | None:
    """Two or more of `items` (the oldest first) that owe exactly `amount`, or None.

    All together before the oldest in a row, before any others. Of more than eighteen only those two are looked for.
    """
    if len(items) > MOST_SEARCHED:
        return _in_a_row(amount, items)
    wanted, owed = cents(amount), [cents(item.balance) for item in items]
    if len(items) < 2 or sum(owed) < wanted:
        return None
    ways = _ways(wanted, owed)
    if not ways:
        return None
    telling = is_telling(owed)
    if sum(owed) == wanted:
        return Sum(tuple(items), is_unique=len(ways) == 1, is_telling=telling, is_whole=True)
    for count, total in enumerate(accumulate(owed), start=1):
        if count > 1 and total == wanted:
            return Sum(tuple(items[:count]), is_unique=len(ways) == 1, is_telling=telling)
    chosen = tuple(item for place, item in enumerate(items) if ways[0] >> place & 1)
    return Sum(chosen, is_unique=len(ways) == 1, is_telling=telling)


def _in_a_row(amount: Decimal, items: Sequence[OpenItem]) -> Sum | None:
    """The oldest that owe exactly `amount` one after the other; no more of them are looked at than it takes."""
    reached, count = ZERO, 0
    while reached < amount and count < len(items):
        reached += items[count].balance
        count += 1
    if reached != amount or count < 2:
        return None
    telling = is_telling([cents(item.balance) for item in items])
    return Sum(tuple(items[:count]), is_unique=False, is_telling=telling, is_whole=count == len(items))


def is_telling(owed: Sequence[int]) -> bool:
    """Fewer than one hit in a thousand is expected by chance among the sums of these amounts.

    Amounts that are all whole tens of euros have fewer sums to choose from: what counts is their common part.
    """
    # whole numbers on the left: a customer with a thousand invoices has more sums than a float can hold
    return 2 ** len(owed) * gcd(*owed) < UNLIKELY * sum(owed)


def _ways(wanted: int, owed: Sequence[int]) -> list[int]:
    """The sets of two or more, as bits, that make up `wanted`: two at most, the fewest members first.

    Meet in the middle: the sums of one half are looked up for each sum of the other.
    """
    half = len(owed) // 2
    left, right = _sums(owed[:half]), _sums(owed[half:])
    found: list[int] = []
    for total, sets in right.items():
        for low in left.get(wanted - total, ()):
            found += [low | high << half for high in sets if (low | high << half).bit_count() > 1]
    return sorted(found, key=lambda bits: (bits.bit_count(), bits))[:2]


def _sums(owed: Sequence[int]) -> dict[int, list[int]]:
    """Each sum with the sets that make it up: three of a sum are enough to know that it is not the only one."""
    sums: dict[int, list[int]] = {0: [0]}
    for place, amount in enumerate(owed):
        for total, sets in [(total, tuple(sets)) for total, sets in sums.items()]:
            known = sums.setdefault(total + amount, [])
            known += [bits | 1 << place for bits in sets][: 3 - len(known)]
    return sums
