"""How many months that are over stand open in the books of each company. One query for all of them."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from django.db.models import DateField, Max, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce, Greatest

from billing.models import Closing, ClosingKind, JournalEntry
from config.kernel.models import Company

NEVER = Value(date.min, output_field=DateField())


def open_months(company_ids: Collection[int], *, before: date) -> dict[int, int]:
    """Months from that of the first entry which no closing covers, up to the day `before`, the first of a month."""
    own = {"company": OuterRef("pk")}
    hard = Closing.objects.filter(**own, kind=ClosingKind.HARD).order_by().values("company").annotate(at=Max("through"))
    soft = Closing.objects.filter(**own, kind=ClosingKind.SOFT).order_by("-at", "-id")
    after = JournalEntry.objects.filter(**own, day__gt=OuterRef("closed")).order_by("day")
    rows = Company.objects.filter(pk__in=company_ids).annotate(
        closed=Greatest(_or_never(hard.values("at")), _or_never(soft.values("through")[:1])),
        first=Subquery(after.values("day")[:1]),
    )
    found = rows.filter(first__lt=before).values_list("pk", "first")
    return {company: (before.year - first.year) * 12 + before.month - first.month for company, first in found}


def _or_never(days: QuerySet[Any]) -> Coalesce:
    return Coalesce(Subquery(days), NEVER)
