"""What a careful person could tell of a line from the two renderings alone: it is determined, or it is not.

Determined: the text names what is paid; or the payer can be known (its name whole, or an account that paid before) and
what it pays is the only invoice, or the only set, of that amount among what it owes. All else is ambiguous, and only
leaving or proposing it is right; money that pays no invoice is never to be matched.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations

from tests.bench.bank_lines.events import Event
from tests.bench.bank_lines.noise import upper_without_accents
from tests.bench.bank_lines.rendering import BankRow
from tests.bench.bank_lines.world import World

DETERMINED, AMBIGUOUS, NOTHING = "determined", "ambiguous", "nothing"
MOST = 14


def class_of(
    world: World, event: Event, row: BankRow, owed: Mapping[int, int], accounts: Mapping[str, set[int]]
) -> str:
    """`owed`: by invoice, cents that are really still due; `accounts`: customers each account has really paid for."""
    if event.kind in {"unrelated", "service"} or event.buyer is None:
        return NOTHING if event.kind == "unrelated" else AMBIGUOUS
    if event.kind in {"twice", "returned"}:
        return DETERMINED if event.style in {"rf", "number", "free"} else AMBIGUOUS
    if event.style in {"rf", "number", "free"}:
        return DETERMINED
    known = accounts.get(row.iban) == {event.buyer.key} or _plain(row.counterparty) == _plain(event.buyer.name)
    if not known:
        return AMBIGUOUS
    if event.style == "near" and len(event.pays) == 1:
        return DETERMINED
    if event.kind in {"part", "short", "over", "netted"}:
        return AMBIGUOUS
    open_now = {bill.key: owed[bill.key] for bill in world.by_buyer[event.buyer.key] if bill.day <= event.day}
    open_now = {key: cents for key, cents in open_now.items() if cents > 0}
    return DETERMINED if _is_only(event, open_now) else AMBIGUOUS


def _plain(name: str) -> str:
    return upper_without_accents(name).upper()


def _is_only(event: Event, owed: Mapping[int, int]) -> bool:
    wanted, paid = sum(event.pays.values()), set(event.pays)
    if not paid <= set(owed) or len(owed) > MOST:
        return len(owed) > MOST and len(paid) == 1 and list(owed.values()).count(wanted) == 1 and paid <= set(owed)
    ways = 0
    for count in range(1, len(owed) + 1):
        ways += sum(1 for keys in combinations(owed, count) if sum(owed[key] for key in keys) == wanted)
        if ways > 1:
            return False
    return ways == 1
