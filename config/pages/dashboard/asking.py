"""What a dashboard is asked for by its address: which companies, as of which day, over how many months, in what money.

Only companies of which the reader is a member in a role that reads finance; anything else is left out, never an error.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.http import QueryDict

from config.kernel.forms import FrenchDateField
from config.kernel.models import Company, Membership

ALL = "all"
MONTHS = (6, 12, 24)
EURO = "EUR"


@dataclass(frozen=True, slots=True)
class Asked:
    """`companies` are those whose figures are added; `readable` those one may choose from."""

    companies: Sequence[Company]
    readable: Sequence[Company]
    on: date
    today: date
    months: int = 12
    currency: str = EURO

    @property
    def is_consolidated(self) -> bool:
        return len(self.companies) > 1

    @property
    def company_key(self) -> str:
        return ALL if self.is_consolidated else str(self.companies[0].pk)

    @property
    def first_month(self) -> date:
        return month_before(self.on, self.months - 1)

    def query(self, **changes: Any) -> str:
        """The address's question, so that every link asks the same."""
        told = {
            "company": self.company_key,
            "on": self.on.isoformat(),
            "months": self.months,
            "currency": self.currency,
            **changes,
        }
        return urlencode({name: value for name, value in told.items() if value is not None})


class _Question(forms.Form):
    on = FrenchDateField(required=False)


def asked_of(query: QueryDict, memberships: Sequence[Membership], own: Membership, *, today: date) -> Asked:
    """`own` is the membership in the company one works in: its figures, unless the address says otherwise."""
    readable = [one.company for one in memberships if one.may_read("finance")]
    wanted = query.get("company", "")
    chosen = readable if wanted == ALL else [one for one in readable if str(one.pk) == wanted]
    question = _Question(query)
    question.is_valid()
    on = question.cleaned_data.get("on") or today
    months = query.get("months", "")
    currency = query.get("currency", EURO)
    return Asked(
        companies=chosen or [own.company],
        readable=readable,
        on=min(max(on, date(2000, 1, 1)), today),
        today=today,
        months=int(months) if months in map(str, MONTHS) else 12,
        currency=currency if re.fullmatch("[A-Z]{3}", currency) else EURO,
    )


def month_before(day: date, count: int) -> date:
    """The first day of the month `count` months before that of `day`; after it where negative."""
    place = day.year * 12 + day.month - 1 - count
    return date(place // 12, place % 12 + 1, 1)


def last_day(month: date) -> date:
    return month_before(month, -1) - timedelta(days=1)
