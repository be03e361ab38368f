"""The dashboard's pages: the figures, what is to come, and the documents behind a figure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET

from config.kernel import typography
from config.kernel.access import MemberRequest, member
from config.kernel.clock import local_day
from config.kernel.htmx import page_or_part
from config.kernel.scope import company_scope
from config.pages.dashboard import drawings
from config.pages.dashboard.alerts import alerts_ahead, alerts_of, debtor_url
from config.pages.dashboard.asking import ALL, MONTHS, Asked, asked_of
from config.pages.dashboard.charts import draw
from config.pages.dashboard.figures import Figures, figures_of
from config.pages.dashboard.forecast import forecast_of, is_quick
from config.pages.dashboard.lines import CREDIT, TITLES, Behind, behind_of, lines_of, total_of
from config.pages.dashboard.linking import ahead_url, lines_url, page_url
from config.pages.dashboard.movements import last_movements
from customers.models import Customer
from payments.dated_sums.reading import BUCKETS


def _asked(request: HttpRequest) -> Asked:
    mine = cast(MemberRequest, request)
    return asked_of(request.GET, mine.memberships, mine.membership, today=local_day(timezone.now()))


@require_GET
@member("finance")
def dashboard(request: HttpRequest) -> HttpResponse:
    """Figures, alerts, charts and last movements, of one company or of all those one may read."""
    asked = _asked(request)
    found = figures_of(asked)
    context = {
        "asked": asked,
        "choices": _choices(asked),
        "stats": _stats(found),
        "alerts": alerts_of(found),
        "months": [_month_row(found, place) for place in reversed(range(len(found.months)))],
        "buckets": _bucket_rows(found),
        "debtors": [
            {"one": one, "url": debtor_url(found, place), "share": _share(found, one.debtor.owed)}
            for place, one in enumerate(found.debtors)
        ],
        "charts": {
            "cash": draw(drawings.cash_chart(found)),
            "revenue": draw(drawings.revenue_chart(found)),
            "aging": draw(drawings.aging_chart(found)),
            "dso": draw(drawings.dso_chart(found)),
        },
        "companies": [
            {"company": company, "aged": found.by_company[company.pk], "url": page_url(asked, company=company.pk)}
            for company in asked.companies
        ],
        "movements": last_movements(asked, here=cast(MemberRequest, request).membership.company),
        "found": found,
        # what was to come on a past day is over
        "ahead_url": ahead_url(asked) if asked.on == asked.today else "",
    }
    if asked.on == asked.today and is_quick(asked):
        context |= _ahead(asked, found)
    return render(request, "dashboard/page.html", context)


@require_GET
@member("finance")
def dashboard_ahead(request: HttpRequest) -> HttpResponse:
    """What is to come, by itself: the page asks for it where it takes a while. Always from today."""
    asked = _asked(request)
    asked = replace(asked, on=asked.today)
    return page_or_part(request, "dashboard/ahead.html", "dashboard/_ahead.html", _ahead(asked, figures_of(asked)))


def _ahead(asked: Asked, found: Figures) -> dict[str, Any]:
    coming = forecast_of(asked, balance=found.bank_balance)
    return {
        "asked": asked,
        "back": page_url(asked),
        "ahead": coming,
        "ahead_chart": draw(drawings.forecast_chart(coming, asked.currency)),
        "ahead_alerts": alerts_ahead(asked, coming),
    }


def _choices(asked: Asked) -> dict[str, Any]:
    companies = [(str(company.pk), company.name) for company in asked.readable]
    return {
        "companies": [*companies, (ALL, _("Toutes mes sociétés"))] if len(companies) > 1 else [],
        "months": [(count, _("%(count)s mois") % {"count": count}) for count in MONTHS],
    }


def _stats(found: Figures) -> list[dict[str, Any]]:
    """The six figures that lead."""
    asked, aged, now = found.asked, found.aged, found.now
    balance = found.bank_balance
    unknown = sum(bank.amount is None for bank in found.banks)
    missing = ngettext("%(n)s compte sans solde connu", "%(n)s comptes sans solde connu", unknown) % {"n": unknown}
    growth = _growth(found)
    return [
        _stat(_("Trésorerie"), _money(found, balance), missing if unknown or balance is None else "", "neutral", ""),
        _stat(_("À encaisser"), _money(found, aged.owed), "", "neutral", lines_url(asked, "owed")),
        _stat(
            _("En retard"), _money(found, aged.late), _share(found, aged.late) if aged.late else _("rien en retard"),
            "bad" if aged.late else "good", lines_url(asked, "late"),
        ),
        _stat(_("Crédits non affectés"), _money(found, -aged.credit), "", "neutral", lines_url(asked, CREDIT)),
        _stat(_("Facturé HT ce mois"), _money(found, now.net), growth, "neutral", _net_url(found)),
        _stat(
            _("DSO"), _days(now.dso_count_back),
            _("dont %(days)s sans retard") % {"days": _days(found.best_possible_dso)}, "neutral", "#dso",
        ),
    ]  # fmt: skip


def _stat(label: str, value: str, note: str, tone: str, url: str) -> dict[str, Any]:
    return {"label": label, "value": value, "note": note, "tone": tone, "url": url}


def _net_url(found: Figures) -> str:
    return lines_url(found.asked, "net", month=found.now.first)


def _growth(found: Figures) -> str:
    before = found.now.net_before
    return _("%(amount)s un an plus tôt (mois entier)") % {"amount": _money(found, before)} if before else ""


def _money(found: Figures, amount: Any) -> str:
    return "–" if amount is None else typography.money(amount, found.asked.currency)


def _days(days: Any) -> str:
    return "–" if days is None else _("%(days)s j") % {"days": typography.number(days)}


def _share(found: Figures, amount: Any) -> str:
    return typography.percent(round(amount * 100 / found.aged.owed)) if found.aged.owed > 0 else ""


def _month_row(found: Figures, place: int) -> dict[str, Any]:
    month = found.months[place]
    urls = {
        figure: lines_url(found.asked, figure, month=month.first)
        for figure in ("received", "refunded", "paid_out", "net")
    }
    return {"month": month, "urls": urls}


def _bucket_rows(found: Figures) -> list[dict[str, Any]]:
    """The columns of the aged balance, credits in their own, negative."""
    amounts = [*((name, found.aged.buckets[name]) for name in BUCKETS), (CREDIT, -found.aged.credit)]
    return [{"title": TITLES[name], "amount": amount, "url": lines_url(found.asked, name)} for name, amount in amounts]


@require_GET
@member("finance")
def dashboard_lines(request: HttpRequest) -> HttpResponse:
    """The documents of a figure: of one company its documents, of several what each has."""
    asked = _asked(request)
    question = request.GET
    behind = behind_of(question.get("figure", ""), question.get("month", ""), question.get("customer", ""))
    if behind is None:
        raise Http404
    here = cast(MemberRequest, request).membership.company
    context: dict[str, Any] = {
        "asked": asked,
        "behind": behind,
        "title": TITLES[behind.figure],
        "back": page_url(asked),
        "here": here,
    }
    if asked.is_consolidated:
        return render(request, "dashboard/companies.html", {**context, **_by_company(behind, asked)})
    company = asked.companies[0]
    with company_scope(company):
        found = lines_of(behind, asked, after=question.get("after", ""))
        name = Customer.objects.filter(pk=behind.customer_id).values_list("name", flat=True).first()
    following = lines_url(asked, behind.figure, month=behind.month, customer=behind.customer_id, after=found.following)
    context |= {
        "lines": found,
        "company_shown": company,
        "is_here": company.pk == here.pk,
        "customer": name,
        "following": following if found.following else "",
    }
    return render(request, "dashboard/lines.html", context)


def _by_company(behind: Behind, asked: Asked) -> dict[str, Any]:
    rows = []
    for company in asked.companies:
        with company_scope(company):
            total, count = total_of(behind, asked)
        url = lines_url(asked, behind.figure, month=behind.month, company=company.pk)
        rows.append({"company": company, "total": total, "count": count, "url": url})
    return {"rows": rows, "total": sum(row["total"] for row in rows)}
