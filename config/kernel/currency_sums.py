"""How many rows there are and what they come to, a currency beside the other: nothing adds them up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Min, QuerySet, Sum

from config.kernel import typography

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class CurrencySums:
    """`only` is the key of the only row, where there is one."""

    count: int
    only: Any
    totals: Mapping[str, Decimal]

    def __str__(self) -> str:
        return typography.sums(self.totals)


def by_currency(rows: QuerySet[Any], amount: Any, *, currency: Any = "currency", only: str = "pk") -> CurrencySums:
    """In one query."""
    return _together(_grouped(rows, amount, currency=currency, only=only))


def by_value_and_currency(rows: QuerySet[Any], value: str, amount: Any) -> dict[Any, CurrencySums]:
    """The same for each value of a column, in one query."""
    found: dict[Any, list[dict[str, Any]]] = {}
    for row in _grouped(rows, amount, value):
        found.setdefault(row[value], []).append(row)
    return {key: _together(of_it) for key, of_it in found.items()}


def _grouped(
    rows: QuerySet[Any], amount: Any, *columns: str, currency: Any = "currency", only: str = "pk"
) -> Sequence[dict[str, Any]]:
    grouped: Any = rows.order_by().values(*columns, in_currency=F(currency) if isinstance(currency, str) else currency)
    return list(grouped.annotate(rows=Count("pk"), first=Min(only), total=Sum(amount, default=ZERO)))


def _together(found: Sequence[dict[str, Any]]) -> CurrencySums:
    return CurrencySums(
        count=sum(row["rows"] for row in found),
        only=min((row["first"] for row in found), default=None),
        totals={row["in_currency"]: row["total"] for row in found},
    )
