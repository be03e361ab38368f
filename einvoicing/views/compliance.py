"""The compliance dashboard: the day the law sets, what went well this month, what waits and what was refused."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET

from billing.models import DocumentKind, InvoiceDocument
from config.kernel import typography
from config.kernel.access import MemberRequest, member
from config.kernel.clock import local_day, start_of_day
from einvoicing import lifecycle
from einvoicing.models import ErrorClass, LifecycleEvent, PlatformAccount, Transmission, TransmissionKind
from einvoicing.panels import status_label, tone_of
from einvoicing.problems.waiting import find_problems
from einvoicing.services import compliance
from einvoicing.views.readiness import readiness_banner
from einvoicing.views.tabs import tabs

LATEST = 8
STATES: dict[str, tuple[Any, str]] = {
    "ok": (gettext_lazy("En service"), "good"),
    "failing": (gettext_lazy("Dernière lecture en échec"), "bad"),
    "suspended": (gettext_lazy("Suspendue après plusieurs échecs"), "bad"),
    "offline": (gettext_lazy("Hors ligne"), "warn"),
    "off": (gettext_lazy("Coupée"), "neutral"),
}
CLASSES: dict[str, Any] = {
    ErrorClass.AUTH: gettext_lazy("Identifiants refusés : à corriger dans les réglages"),
    ErrorClass.VALIDATION: gettext_lazy("Facture non conforme : à corriger"),
    ErrorClass.NETWORK: gettext_lazy("Plateforme injoignable : réessayée toute seule"),
    ErrorClass.FORMAT: gettext_lazy("Fichier refusé par la plateforme"),
}


@require_GET
@member("einvoicing")
def compliance_dashboard(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    since = month_start(local_day(now))
    rows = Transmission.objects.all()
    counts = compliance.counts(rows, since=since)
    company = cast(MemberRequest, request).membership.company
    latest = rows.filter(kind=TransmissionKind.INVOICE).select_related("invoice", "account")
    context = {
        "tabs": tabs("einvoicing:compliance"),
        "banner": readiness_banner(company, local_day(now)),
        "since": since,
        "stats": _stats(counts, find_problems(rows).count()),
        "latest": [
            {"row": row, "words": status_label(row), "tone": tone_of(row)}
            for row in latest.order_by("-created_at", "-id")[:LATEST]
        ],
        "accounts": [
            {"figures": figures, "words": STATES[figures.state][0], "tone": STATES[figures.state][1]}
            for figures in compliance.by_account(PlatformAccount.objects.all(), rows, since=since, at=now)
        ],
        "failures": [
            {"words": CLASSES.get(name, name), "count": count}
            for name, count in compliance.failures_by_class(rows, since=since)
        ],
        "refusals": [
            {"code": code, "label": _(lifecycle.label(code)), "reason": _refusal(reason), "count": count}
            for code, reason, count in compliance.refusals_by_reason(LifecycleEvent.objects.all(), since=since)
        ],
        "formats": [
            {"figures": figures, "name": DocumentKind(figures.kind).label}
            for figures in compliance.by_format(InvoiceDocument.objects.all(), since=since)
        ],
    }
    return render(request, "einvoicing/compliance/dashboard.html", context)


def _refusal(reason: str) -> str:
    return _(lifecycle.reason(reason)) if reason else ""


def _stats(counts: compliance.Counts, broken: int) -> list[dict[str, Any]]:
    action = _("action requise") if broken else ""
    retried = _("%(rate)s reprises") % {"rate": _percent(counts.retry_rate)} if counts.retried else ""
    return [
        _stat(_("Factures conformes"), _percent(counts.conformity), _("de celles du mois")),
        _stat(_("File d’attente"), typography.number(counts.waiting), status="PENDING"),
        _stat(_("Transmises ce mois"), typography.number(counts.there), retried),
        _stat(_("Refusées ou non conformes ce mois"), typography.number(counts.refused)),
        _stat(_("À corriger"), typography.number(broken), action, status="to_mend", tone="bad" if broken else ""),
    ]


def _stat(label: str, value: str, note: str = "", *, status: str = "", tone: str = "") -> dict[str, Any]:
    """One figure; with `status`, it leads to the transmissions in that state."""
    url = f"{reverse('einvoicing:transmission-list')}?status={status}" if status else ""
    return {"label": label, "value": value, "note": note, "tone": tone, "url": url}


def _percent(value: Any) -> str:
    return "—" if value is None else typography.percent(value)


def month_start(day: date) -> datetime:
    return start_of_day(day.replace(day=1))
