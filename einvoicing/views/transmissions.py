"""Transmissions: what was carried to platforms, each try, each status, and what a person has to mend."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from config.kernel import listing
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.states import can_move
from config.kernel.timeline import timeline_of
from einvoicing.mending import problem_stored, what_to_do
from einvoicing.models import Attempt, PlatformAccount, Transmission, TransmissionStatus
from einvoicing.panels import statuses, tone_of, words_of
from einvoicing.services.routing import is_mirror
from einvoicing.services.transmissions import retry_transmission
from einvoicing.views.bulk import never_transmitted, progress
from einvoicing.views.tabs import tabs

OUTCOMES: dict[str, tuple[Any, str]] = {
    "": (gettext_lazy("Sans réponse pour l’instant"), "warn"),
    "deposited": (gettext_lazy("Reçue par la plateforme"), "good"),
    "duplicate": (gettext_lazy("La plateforme l’avait déjà"), "good"),
    "found": (gettext_lazy("Retrouvée sur la plateforme"), "good"),
    "absent": (gettext_lazy("Absente de la plateforme : à déposer"), "info"),
    "unknown": (gettext_lazy("Issue inconnue"), "warn"),
    "failed": (gettext_lazy("Échec, nouvel essai prévu"), "warn"),
    "refused": (gettext_lazy("Échec définitif"), "bad"),
    "invalid": (gettext_lazy("Document non conforme"), "bad"),
}


class RetryForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Ce qui a été corrigé"), max_length=200,
        error_messages={"required": gettext_lazy("Dites ce qui a changé : le journal le garde.")},
    )  # fmt: skip


@require_GET
@member()
def transmission_list(request: HttpRequest) -> HttpResponse:
    status = request.GET.get("status", "")
    text = request.GET.get("q", "").strip()[:100]
    found = Transmission.objects.select_related("invoice", "account")
    if status in TransmissionStatus.values:
        found = found.filter(status=status)
    if text:
        found = found.filter(Q(invoice__number__icontains=text) | Q(invoice__buyer_name__icontains=text))
    page = listing.page(
        found, sorts={"date": "created_at", "number": "invoice__number"}, default="-date", query=request.GET
    )
    accounts = list(PlatformAccount.objects.order_by("name"))
    has_carrier = any(one.is_enabled and not is_mirror(one) for one in accounts)
    choices = {"name": "status", "label": _("État"), "kind": "select", "value": status}
    context = {
        "tabs": tabs("einvoicing:transmission-list"),
        "page": page,
        "rows": [{"row": row, "words": words_of(row), "tone": tone_of(row)} for row in page],
        "q": text,
        "filters": [{**choices, "choices": TransmissionStatus.choices}],
        "filtered": bool(status or text),
        "accounts": accounts,
        "counts": _counts(),
        "progress": progress(),
        "unsent": never_transmitted().count() if has_carrier else 0,
        "may_send": cast(MemberRequest, request).membership.may("einvoicing.send"),
    }
    return render(request, "einvoicing/transmission/list.html", context)


def _counts() -> dict[str, int]:
    """How many wait, how many have to be looked at, how many are there: one query."""
    waiting = [TransmissionStatus.PENDING, TransmissionStatus.SENDING, TransmissionStatus.UNKNOWN]
    broken = [TransmissionStatus.REJECTED, TransmissionStatus.INVALID, TransmissionStatus.DEAD]
    counts: dict[str, int] = Transmission.objects.aggregate(
        waiting=Count("pk", filter=Q(status__in=waiting)),
        broken=Count("pk", filter=Q(status__in=broken)),
        there=Count("pk", filter=Q(status__in=[TransmissionStatus.DEPOSITED, TransmissionStatus.ACCEPTED])),
    )
    return counts


@require_GET
@member()
def transmission_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _detail(request, _load(pk), RetryForm())


@require_POST
@member("einvoicing.send")
def transmission_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Back to the queue, once a person has said what changed."""
    transmission, form = _load(pk), RetryForm(request.POST)
    if not form.is_valid():
        return _detail(request, transmission, form)
    retry_transmission(
        transmission=transmission, reason=form.cleaned_data["reason"], actor=actor_of(request), at=timezone.now()
    )
    messages.success(request, _("Transmission remise en file."))
    return redirect(transmission)


def _load(pk: int) -> Transmission:
    return cast(Transmission, get_object_or_404(Transmission.objects.select_related("invoice", "account"), pk=pk))


def _detail(request: HttpRequest, transmission: Transmission, form: RetryForm) -> HttpResponse:
    tries = [_try(one) for one in transmission.tries.order_by("-number")]
    stopped = transmission.status in {TransmissionStatus.INVALID, TransmissionStatus.DEAD}
    may = cast(MemberRequest, request).membership.may("einvoicing.send")
    context = {
        "transmission": transmission,
        "words": words_of(transmission),
        "tone": tone_of(transmission),
        "tries": tries,
        "problems": [problem_stored(one, transmission.invoice) for one in transmission.violations],
        "statuses": statuses(list(transmission.lifecycle.all())),
        "form": form,
        "to_do": what_to_do(transmission),
        "may_retry": may and stopped and can_move(transmission, TransmissionStatus.PENDING),
        "timeline": timeline_of(transmission),
    }
    return render(request, "einvoicing/transmission/detail.html", context, status=422 if form.errors else 200)


def _try(attempt: Attempt) -> dict[str, Any]:
    words, tone = OUTCOMES.get(attempt.outcome, (attempt.outcome, "neutral"))
    return {"row": attempt, "words": words, "tone": tone}
