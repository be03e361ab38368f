"""Many people at once: threads that start together, each on a database connection of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

from config.kernel.roles import Role, allows

T = TypeVar("T")

# a small form in `make test`, whole in `make trust`
SCALE = float(os.environ.get("TRUST_SCALE", "0.02"))
WHOLE = SCALE >= 1


def a_share(rows: Sequence[T], of: int) -> list[T]:
    """One row in `of`, the same each day: what passed yesterday passes today. All of them in the whole test."""
    return list(rows) if WHOLE else list(rows[::of])


def who_knocks(needed: str) -> list[Role]:
    """The roles that ask for what `needed` names: all who must be refused; of those let in the owner and one more.
    All of them in the whole test.
    """
    let_in = [role for role in Role if role is not Role.OWNER and allows(role, needed)]
    return [role for role in Role if role not in let_in] + a_share(let_in, len(let_in) or 1)


def scaled(rounds: int) -> int:
    """This share of the `rounds` of the whole test, at least one."""
    return max(1, round(rounds * SCALE))


def a_fifth(examples: int) -> int:
    """Of examples drawn at random; all of them in the whole test."""
    return examples if WHOLE else examples // 5


def at_once(people: int, work: Callable[[int], T]) -> list[T]:
    """What `work(place)` answers to each of the people, who all start at the same moment. Raises the first failure."""
    together = threading.Barrier(people, timeout=30)

    def person(place: int) -> T:
        try:
            connection.ensure_connection()
            together.wait()
            return work(place)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=people) as pool:
        return list(pool.map(person, range(people)))
