"""The column of balances of a table: whether it follows from the movements, and where it begins and ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from config.kernel.money import ZERO


@dataclass(frozen=True, slots=True)
class Step:
    """One movement and the balance written beside it, None where the cell is blank."""

    place: int
    moved: Decimal
    after: Decimal | None


@dataclass(frozen=True, slots=True)
class Ends:
    """`is_newest_first` when the table runs backwards in time."""

    opening: Decimal
    closing: Decimal
    is_newest_first: bool = False


class BrokenBalances(Exception):
    """The balance written at `place` is not the one before it and the movement."""

    def __init__(self, place: int, written: Decimal, reached: Decimal) -> None:
        super().__init__(place)
        self.place, self.written, self.reached = place, written, reached


def ends_of(steps: Sequence[Step]) -> Ends | None:
    """None when the column tells nothing: blank, or one balance repeated beside every movement.

    Raises BrokenBalances when no order of the movements gives these balances.
    """
    written = {step.after for step in steps if step.after is not None}
    if not written or (len(written) == 1 and sum(1 for step in steps if step.moved) > 1):
        return None
    try:
        return _walk(steps)
    except BrokenBalances as broken:
        try:
            found = _walk(steps[::-1])
            return Ends(found.opening, found.closing, is_newest_first=True)
        except BrokenBalances:
            unordered = _any_order(steps)
            if unordered is None:
                raise broken from None
            return unordered


def _walk(steps: Sequence[Step]) -> Ends:
    """The ends when the balances follow each other in this order. Raises BrokenBalances."""
    opening: Decimal | None = None
    balance = ZERO  # what has moved, until a first balance is written
    for step in steps:
        balance += step.moved
        if step.after is None:
            continue
        if opening is None:
            opening = step.after - balance
            balance = step.after
        elif step.after != balance:
            raise BrokenBalances(step.place, step.after, balance)
    return Ends(opening or ZERO, balance)


def _any_order(steps: Sequence[Step]) -> Ends | None:
    """The ends when some order of the movements gives every balance: banks sort a day's movements as they like."""
    known = [step for step in steps if step.after is not None]
    if len(known) < len(steps):
        return None
    before = Counter(step.after - step.moved for step in known if step.after is not None)
    after = Counter(step.after for step in known if step.after is not None)
    first, last = list((before - after).elements()), list((after - before).elements())
    if len(first) != 1 or len(last) != 1:
        return None
    return Ends(first[0], last[0], is_newest_first=known[0].after == last[0])
