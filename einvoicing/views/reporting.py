"""« E-reporting »: the periods, what is due, the draft of the running one, and each row down to its documents."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods

from config.kernel import typography
from config.kernel.access import MemberRequest, actor_of, member, role_of
from config.kernel.clock import local_day
from config.kernel.confirming import Confirmation, confirm
from config.kernel.errors import DomainError
from config.kernel.middleware import translated
from config.kernel.models import Company
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of
from einvoicing.formats import ereporting
from einvoicing.reporting import overview
from einvoicing.reporting.building import Draft
from einvoicing.reporting.choosing import choice_at, choices_of
from einvoicing.reporting.models import Channel, PeriodKind, Regime, Report, ReportStatus
from einvoicing.reporting.overview import PeriodStanding
from einvoicing.reporting.periods import KINDS, UnknownPeriod
from einvoicing.reporting.preparing import prepare_report, retry_report
from einvoicing.reporting.reading import keep_standing
from einvoicing.reporting.rows import DAILY_PAYMENTS, DAILY_SALES, UNIT_PAYMENTS, UNIT_SALES
from einvoicing.reporting.shapes import FLUXES
from einvoicing.views.tabs import tabs

FLUX_NAMES: dict[str, Any] = {
    UNIT_SALES: gettext_lazy("10.1 · Factures internationales, une par une"),
    DAILY_SALES: gettext_lazy("10.3 · Ventes aux particuliers, par jour"),
    UNIT_PAYMENTS: gettext_lazy("10.2 · Encaissements de factures internationales"),
    DAILY_PAYMENTS: gettext_lazy("10.4 · Encaissements des particuliers, par jour"),
}
CATEGORIES: dict[str, Any] = {
    "TLB1": gettext_lazy("Livraisons de biens"),
    "TPS1": gettext_lazy("Prestations de services"),
    "TNT1": gettext_lazy("Non soumises à la TVA en France"),
    "TMA1": gettext_lazy("Régime de la marge"),
}
REPORT_TONES = {
    ReportStatus.ACCEPTED: "good",
    ReportStatus.DEPOSITED: "info",
    ReportStatus.SENDING: "info",
    ReportStatus.UNKNOWN: "warn",
    ReportStatus.REPLACED: "neutral",
    ReportStatus.PENDING: "neutral",
}


def _company(request: HttpRequest) -> Company:
    return cast(MemberRequest, request).membership.company


@require_GET
@member("einvoicing")
def reporting_list(request: HttpRequest) -> HttpResponse:
    company, now = _company(request), timezone.now()
    today = local_day(now)
    choices = choices_of(company)
    first = min(choices[0].since.year, today.year)
    year = _year(request.GET.get("year", ""), first, today.year)
    found = overview.standings(company, at=now, since=date(year, 1, 1), until=date(year, 12, 31))
    choice = choice_at(company, today)
    context = {
        "tabs": tabs("einvoicing:reporting"),
        "todo": [one for one in found if one.asks_somebody],
        "periods": found,
        "years": [{"year": one, "active": one == year} for one in range(today.year, first - 1, -1)],
        "choice": choice,
        "regime": Regime(choice.regime).label,
        "channel": Channel(choice.channel).label,
        "begins": choices[0].since if choices[0].since > today and not company.is_swiss else None,
        "kinds": {kind: PeriodKind(kind).label for kind in KINDS},
    }
    return render(request, "einvoicing/reporting/list.html", context)


def _year(text: str, first: int, last: int) -> int:
    year = int(text) if text.isdigit() and len(text) == 4 else last
    return min(max(year, first), last)


def _read(request: HttpRequest, kind: str, code: str) -> tuple[PeriodStanding, Draft]:
    """The period that the address names, read now. Raises Http404."""
    if kind.upper() not in KINDS:
        raise Http404
    try:
        return overview.standing_of(_company(request), kind=kind.upper(), code=code, at=timezone.now())
    except UnknownPeriod as error:
        raise Http404(str(error)) from error


@dataclass(frozen=True, slots=True)
class Shown:
    """A row of the report as the page shows it."""

    title: str
    note: str
    row: Any


@require_GET
@member("einvoicing")
def report_period(request: HttpRequest, kind: str, code: str) -> HttpResponse:
    standing, draft = _read(request, kind, code)
    fluxes = [
        {"name": FLUX_NAMES[flux], "flux": flux, "rows": [_shown(row) for row in draft.rows if row.flux == flux]}
        for flux in FLUXES[draft.period.carries_payments]
    ]
    reports = [
        {"report": report, "tone": REPORT_TONES.get(ReportStatus(report.status), "bad")}
        for report in reversed(standing.reports)
    ]
    row = standing.row
    context = {
        "standing": standing,
        "draft": draft,
        "title": _title(standing),
        "fluxes": [flux for flux in fluxes if flux["rows"]],
        "totals": standing.amounts,
        "reports": reports,
        "stopped": standing.last if standing.state == overview.REFUSED else None,
        "differences": row.differences if row else [],
        "action": _action(standing),
        "back": reverse("einvoicing:reporting"),
        "timeline": timeline_of(row, role_of(request)) if row else [],
        "channel": Channel(standing.choice.channel).label,
        "regime": Regime(standing.choice.regime).label,
        "carries_payments": draft.period.carries_payments,
    }
    return render(request, "einvoicing/reporting/period.html", context)


def _shown(row: Any) -> Shown:
    if row.flux in {UNIT_SALES, UNIT_PAYMENTS}:
        title = row.label
    elif row.flux == DAILY_SALES:
        title = str(CATEGORIES[row.label])
    else:
        title = str(CATEGORIES["TPS1"])
    rate = "" if row.rate is None else typography.percent(row.rate)
    return Shown(title, rate, row)


def _title(standing: PeriodStanding) -> str:
    period = standing.period
    return _("%(kind)s du %(start)s au %(end)s") % {
        "kind": PeriodKind(period.kind).label,
        "start": typography.day(period.start),
        "end": typography.day(period.end),
    }


def _action(standing: PeriodStanding) -> str:
    """What the button says, '' where there is nothing to send."""
    if standing.state == overview.TO_CORRECT:
        return _("Rectifier…")
    if standing.state in {overview.READY, overview.LATE}:
        return _("Transmettre…")
    if standing.state == overview.REFUSED:
        return _("Refaire et transmettre…")
    return ""


@require_GET
@member("einvoicing")
def report_draft(request: HttpRequest, kind: str, code: str) -> HttpResponse:
    """The file as it would leave now."""
    _standing, draft = _read(request, kind, code)
    return _xml(ereporting.render(draft.content), f"{draft.content.report_id}.xml")


@require_GET
@member("einvoicing")
def report_file(request: HttpRequest, pk: int) -> HttpResponse:
    """The file as it left, byte for byte."""
    report = get_object_or_404(Report.objects.select_related("period"), pk=pk)
    name = f"{report.period.kind}-{report.period.code}-{report.turn}.xml"
    return _xml(bytes(report.content), name)


def _xml(data: bytes, name: str) -> HttpResponse:
    response = HttpResponse(data, content_type="application/xml")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_http_methods(["GET", "POST"])
@member("einvoicing.send")
@sent_once
def report_send(request: HttpRequest, kind: str, code: str) -> HttpResponse:
    standing, draft = _read(request, kind, code)
    address = reverse("einvoicing:report-period", args=[kind, code])
    if request.method == "POST":
        now = timezone.now()
        try:
            row = keep_standing(draft, standing.choice, at=now)
            prepare_report(period=row, actor=actor_of(request), at=now)
        except DomainError as error:
            messages.error(request, translated(error.sentence))
        else:
            messages.success(request, _("La déclaration part dans la minute ; la réponse de la plateforme suit ici."))
        return redirect(address)
    facts = [(str(_("Période")), _title(standing))]
    facts += [
        (
            str(FLUX_NAMES[flux]),
            _("%(net)s, TVA %(vat)s") % {"net": typography.money(net), "vat": typography.money(vat)},
        )
        if not draft.period.carries_payments
        else (str(FLUX_NAMES[flux]), typography.money(net))
        for flux, net, vat in standing.amounts
    ]
    corrects = standing.accepted is not None
    return confirm(
        request,
        Confirmation(
            title=_("Rectifier la période") if corrects else _("Transmettre la déclaration"),
            effect=_(
                "La plateforme la transmet à l’administration. Ce qui est accepté se rectifie, et ne se retire pas."
            ),
            warning=_("La période entière est déclarée de nouveau et remplace la précédente.") if corrects else "",
            facts=facts,
            back=address,
            back_label=_("Période"),
        ),
    )


@require_http_methods(["GET", "POST"])
@member("einvoicing.send")
@sent_once
def report_retry(request: HttpRequest, pk: int) -> HttpResponse:
    report = get_object_or_404(Report.objects.select_related("period", "account"), pk=pk)
    address = report.period.get_absolute_url()
    if request.method == "POST":
        try:
            retry_report(report=report, actor=actor_of(request), at=timezone.now())
        except DomainError as error:
            messages.error(request, translated(error.sentence))
        return redirect(address)
    return confirm(
        request,
        Confirmation(
            title=_("Renvoyer le même fichier"),
            effect=_("Le fichier déjà établi repart tel quel vers %(platform)s.") % {"platform": report.account.name},
            facts=[(str(_("Dernière difficulté")), translated(report.last_error))],
            back=address,
            back_label=_("Période"),
        ),
    )
