"""How many rows there are and what they come to, a currency beside the other: nothing adds them up."""

from __future__ import annotations

from collections.abc import Mapping
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


def by_currency(rows: QuerySet[Any], amount: Any, *, currency: str = "currency", only: str = "pk") -> CurrencySums:
    """In one query."""
    grouped = rows.order_by().values(in_currency=F(currency))
    found: list[dict[str, Any]] = list(
        grouped.annotate(rows=Count("pk"), first=Min(only), total=Sum(amount, default=ZERO))
    )
    return CurrencySums(
        count=sum(row["rows"] for row in found),
        only=min((row["first"] for row in found), default=None),
        totals={row["in_currency"]: row["total"] for row in found},
    )
