"""What waits for somebody today, and the first steps of a new company: each app declares its own in its `todo.py`.

All is asked of SQL as sums and counts: the number of queries does not depend on the number of rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, TypeVar

from django.urls import reverse

from config.kernel import typography
from config.kernel.clock import local_day
from config.kernel.roles import ACTIONS, READERS

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Todo:
    """One line of the home page: what waits, since when or for how much, and the one action ('' without a page)."""

    sentence: str
    detail: str
    icon: str
    tone: str
    action: str
    url: str


class Today:
    """The moment for which the page is made, and who reads it; what several of its parts need is read `once`."""

    def __init__(self, at: datetime, *, user_id: int | None = None, role: str = "") -> None:
        self.at = at
        self.user_id = user_id
        self.role = role
        self.date = local_day(at)
        self._read: dict[Callable[[date], Any], Any] = {}

    def once(self, read: Callable[[date], T]) -> T:
        if read not in self._read:
            self._read[read] = read(self.date)
        found: T = self._read[read]
        return found


Find = Callable[[Today], Iterator[Todo]]


@dataclass(frozen=True, slots=True)
class Watch:
    """What is looked for under one name, for the roles that have what it `needs`: an act, or an area they read."""

    name: str
    needs: str
    find: Find


WATCHES: dict[str, Watch] = {}


def watch(name: str, *, needs: str) -> Callable[[Find], Find]:
    """Declare a function that finds what waits."""
    if name in WATCHES or needs not in ACTIONS.keys() | READERS.keys():
        raise ValueError(f"declared twice, or for no role: {name}, {needs}")

    def declared(find: Find) -> Find:
        WATCHES[name] = Watch(name, needs, find)
        return find

    return declared


def counted(sentence: str, count: int) -> str:
    """The sentence with its `%(n)s`."""
    return sentence % {"n": typography.number(count)}


def one_or_list(count: int, pk: int | None, record: str, list_page: str, query: str = "") -> str:
    """The address of the record itself when there is only one, else of the list that shows them all."""
    if count == 1:
        return reverse(record, args=[pk])
    return reverse(list_page) + (f"?{query}" if query else "")


@dataclass(frozen=True, slots=True)
class FirstStep:
    """A step on the way to the first invoice, and the page where it is taken."""

    name: str
    sentence: Any
    detail: Any
    action: Any
    is_done: Callable[[], bool]

    @property
    def url(self) -> str:
        return reverse(self.name)


FIRST_STEPS: dict[str, FirstStep] = {}


def first_step(step: FirstStep) -> None:
    FIRST_STEPS[step.name] = step
