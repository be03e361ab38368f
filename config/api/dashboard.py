"""The dashboard's figures for the API: the same as the page's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from config.api.dashboard_shapes import ALL
from config.kernel.api.caller import Caller
from config.kernel.models import Membership
from config.pages.dashboard.alerts import alerts_ahead, alerts_of
from config.pages.dashboard.asking import Asked
from config.pages.dashboard.figures import Figures, Month, figures_of
from config.pages.dashboard.forecast import Forecast, Range, forecast_of


def figures_for(caller: Caller, query: Mapping[str, Any], *, today: date) -> dict[str, Any]:
    asked = _asked(caller, query, today)
    found = figures_of(asked)
    ahead = _ahead(asked, found) if query["forecast"] else None
    alerts = [*alerts_of(found), *(alerts_ahead(asked, ahead) if ahead else ())]
    return {
        "on": asked.on,
        "currency": asked.currency,
        "company_ids": [company.pk for company in asked.companies],
        "bank_balance": found.bank_balance,
        "owed": found.aged.owed,
        "late": found.aged.late,
        "unallocated_credit": found.aged.credit,
        "aging": found.aged.buckets,
        "dso": {
            "count_back": found.now.dso_count_back,
            "simple": found.now.dso,
            "best_possible": found.best_possible_dso,
        },
        "monthly": [_month(month) for month in found.months],
        "largest_debtors": [
            {
                "company_id": one.company.pk,
                "customer_id": one.debtor.customer_id,
                "customer_name": one.debtor.name,
                "owed": one.debtor.owed,
            }
            for one in found.debtors
        ],
        "other_currencies": [{"currency": currency, "owed": owed} for currency, owed in found.others.items()],
        "alerts": [alert.sentence for alert in alerts],
        "cash_forecast": _forecast(ahead) if ahead else None,
    }


def _asked(caller: Caller, query: Mapping[str, Any], today: date) -> Asked:
    companies = [caller.company]
    if query["companies"] == ALL and caller.user is not None:
        rows = Membership.objects.filter(user=caller.user).select_related("company").order_by("id")
        companies = [row.company for row in rows if row.may_read("finance")]
    on = min(query.get("on") or today, today)
    return Asked(companies, companies, on, today, query["months"], query["currency"])


def _ahead(asked: Asked, found: Figures) -> Forecast:
    """Always from today."""
    now = found if asked.on == asked.today else figures_of(replace(asked, on=asked.today))
    return forecast_of(asked, balance=now.bank_balance)


def _month(month: Month) -> dict[str, Any]:
    return {
        "month": f"{month.first:%Y-%m}",
        "received": month.received,
        "refunded": month.refunded,
        "paid_to_suppliers": month.paid_out,
        "net": month.net,
        "net_year_before": month.net_before,
        "owed": month.owed,
        "dso_simple": month.dso,
        "dso_count_back": month.dso_count_back,
    }


def _forecast(ahead: Forecast) -> dict[str, Any]:
    return {
        "basis": "delays" if ahead.is_known else "due_dates",
        "learnt_from": ahead.learnt_from,
        "disputed": ahead.disputed,
        "disputed_purchases": ahead.disputed_purchases,
        "unmatched_money": ahead.already_in,
        "weeks": [
            {
                "from_date": week.first,
                "to_date": week.last,
                "inflow": _range(week.inflow),
                "outflow": week.outflow,
                "vat": week.vat,
                "balance": _range(week.balance) if week.balance else None,
            }
            for week in ahead.weeks
        ],
        "vat_to_come": [
            {
                "company_id": company.pk,
                "from_date": vat.since,
                "collected": vat.due,
                "deductible": vat.deductible,
                "credit": vat.credit,
                "due": vat.amount,
                "due_on": vat.due_on,
            }
            for company, vat in ahead.vat
        ],
    }


def _range(found: Range) -> dict[str, Any]:
    return {"p10": found.low, "p50": found.middle, "p90": found.high}
