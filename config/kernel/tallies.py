"""What waits in each of many companies, counted for all of them at once: one query a kind, however many companies.

Apps declare theirs in their `tallies.py`, as their `todo.py` says the same of one company.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, QuerySet
from django.urls import reverse

from config.kernel.roles import ACTIONS, READERS
from config.kernel.scope import across_companies
from config.kernel.todo import Today, counted

Counter = Callable[[Today, Collection[int]], Mapping[int, int]]


@dataclass(frozen=True, slots=True)
class Tally:
    """`label`: of all such rows; `sentence(n)`: of so many of one company, at `page` filtered by `query`."""

    name: str
    needs: str
    label: Any
    sentence: Callable[[int], str]
    tone: str
    page: str
    query: str
    count: Counter

    def sentence_of(self, count: int) -> str:
        return counted(self.sentence(count), count)

    @property
    def url(self) -> str:
        return reverse(self.page) + (f"?{self.query}" if self.query else "")


TALLIES: dict[str, Tally] = {}


def tally(
    name: str, *, needs: str, label: Any, sentence: Callable[[int], str], tone: str, page: str, query: str = ""
) -> Callable[[Counter], Counter]:
    """Declare a function that counts, by company, what whoever has what it `needs` must do."""
    if name in TALLIES or needs not in ACTIONS.keys() | READERS.keys():
        raise ValueError(f"declared twice, or for no role: {name}, {needs}")

    def declared(count: Counter) -> Counter:
        TALLIES[name] = Tally(name, needs, label, sentence, tone, page, query, count)
        return count

    return declared


def by_company(rows: QuerySet[Any], company_ids: Collection[int]) -> dict[int, int]:
    """How many of the rows each company has. One query."""
    found = rows.filter(company_id__in=company_ids).order_by().values("company_id").annotate(waiting=Count("pk"))
    return {row["company_id"]: row["waiting"] for row in found}


def counted_in(tally: Tally, today: Today, company_ids: Collection[int]) -> dict[int, int]:
    """What waits in each of these companies, which the caller may read; those where nothing does are left out."""
    if not company_ids:
        return {}
    # the person's own companies side by side, each named in the query
    with across_companies():
        return {company: count for company, count in tally.count(today, company_ids).items() if count}
