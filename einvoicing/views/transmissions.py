"""Transmissions: what was given to platforms, each try, each status, and what a person has to mend."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib import messages
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from config.kernel.access import MemberRequest, actor_of, member, role_of
from config.kernel.filters import ListFilter
from config.kernel.forms import TextField
from config.kernel.htmx import is_part, toast
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.lists.totals import summary_of
from config.kernel.middleware import translated
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of
from einvoicing.columns import TRANSMISSIONS
from einvoicing.forms import AnswerForm, RecycleForm, answer_form
from einvoicing.models import ANSWERS, Attempt, PlatformAccount, Transmission, TransmissionStatus
from einvoicing.panels import status_label, statuses, tone_of
from einvoicing.problems.broken_rules import for_role, kept_rule
from einvoicing.problems.transmissions import problem_of
from einvoicing.problems.waiting import ProblemKind, find_problems
from einvoicing.services.compliance import state_of
from einvoicing.services.polling import Reading, read_now
from einvoicing.services.public_bodies import ChorusProAway, services_of
from einvoicing.services.routing import CHORUS_PRO, is_mirror
from einvoicing.services.transmissions import dismiss_transmission, retry_transmission
from einvoicing.services.transmissions.answering import reply_of
from einvoicing.views.bulk import never_transmitted, progress
from einvoicing.views.compliance import STATES
from einvoicing.views.tabs import tabs

TO_MEND = "to_mend"
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


SORTS: dict[str, Any] = {"date": "created_at", "number": "invoice__number"}


class TransmissionFilter(ListFilter):
    """`?q=&status=&from=&to=`: the period is that of queuing."""

    day = "created_at__date"
    texts = ("invoice__number", "invoice__buyer_name")
    status = forms.CharField(required=False, max_length=30)

    def narrow(self, rows: QuerySet[Transmission]) -> QuerySet[Transmission]:
        rows, status = super().narrow(rows), self.value("status")
        if status in TransmissionStatus.values:
            return rows.filter(status=status)
        if status == TO_MEND:
            return find_problems(rows)
        return find_problems(rows).filter(problem_kind=status) if status in ProblemKind.values else rows

    def controls(self) -> list[dict[str, Any]]:
        """« À corriger », and each kind of it, come before the states."""
        to_mend = _("À corriger")
        kinds = [(TO_MEND, to_mend), *((kind.value, f"{to_mend} : {kind.label}") for kind in ProblemKind)]
        states = {"name": "status", "label": _("État"), "kind": "select", "value": self.value("status") or ""}
        return [{**states, "choices": [*kinds, *TransmissionStatus.choices]}, *super().controls()]


class RetryForm(forms.Form):
    reason = TextField(
        label=gettext_lazy("Ce qui a été corrigé"),
        max_length=200,
        error_messages={"required": gettext_lazy("Dites ce qui a changé : le journal le garde.")},
    )


class DismissForm(forms.Form):
    why = TextField(
        label=gettext_lazy("Pourquoi rien de plus n’est à faire"),
        max_length=200,
        error_messages={"required": gettext_lazy("Dites pourquoi : le journal le garde.")},
    )


@require_GET
@member("einvoicing")
def transmission_list(request: HttpRequest) -> HttpResponse:
    return _show_list(request)


@require_POST
@member("bank.reconcile")
def platforms_read(request: HttpRequest) -> HttpResponse:
    """« Interroger maintenant »: each platform is read whatever the pause, then the list comes back as filtered."""
    company = cast(MemberRequest, request).membership.company
    readings = read_now(company=company, actor=actor_of(request), at=timezone.now())
    sentences = [_outcome(reading) for reading in readings] or [_("Aucune plateforme n’est en service.")]
    is_good = all(not reading.problem for reading in readings)
    if is_part(request):
        return toast(_show_list(request), " ".join(sentences), tone="good" if is_good else "warn")
    for sentence in sentences:
        messages.add_message(request, messages.SUCCESS if is_good else messages.WARNING, sentence)
    return redirect(f"{reverse('einvoicing:transmission-list')}?{request.GET.urlencode()}".rstrip("?"))


def _outcome(reading: Reading) -> str:
    """What a platform gave, or why it gave nothing or not all."""
    name, count = reading.account.name, reading.applied
    news = ngettext("%(name)s : %(count)s nouveauté.", "%(name)s : %(count)s nouveautés.", count)
    found = news % {"name": name, "count": count} if count else _("%(name)s : rien de nouveau.") % {"name": name}
    if not reading.problem:
        return found
    problem = translated(reading.problem)
    return f"{found} {problem}" if count else _("%(name)s : %(problem)s") % {"name": name, "problem": problem}


def _show_list(request: HttpRequest) -> HttpResponse:
    filters = TransmissionFilter(request.GET)
    found = filters.narrow(Transmission.objects.select_related("invoice", "account"))
    listed = open_list(request, TRANSMISSIONS, found, sorts=SORTS, default="-date")
    if not isinstance(listed, ShownList):
        return listed
    accounts = list(PlatformAccount.objects.order_by("name"))
    has_carrier = any(account.is_enabled and not is_mirror(account) for account in accounts)
    context = {
        "tabs": tabs("einvoicing:transmission-list"),
        "page": listed.page,
        "rows": [{"row": row, "words": status_label(row), "tone": tone_of(row)} for row in listed.page],
        "listed": listed,
        "q": filters.value("q") or "",
        "filters": filters.controls(),
        "filtered": filters.is_used,
        "summary": summary_of(found),
        "accounts": [
            {"row": account, "words": STATES[state][0], "tone": STATES[state][1]}
            for account, state in ((account, state_of(account, at=timezone.now())) for account in accounts)
        ],
        "may_ask": any(account.is_enabled and not account.is_offline for account in accounts),
        "counts": _counts(),
        "progress": progress(),
        "unsent": never_transmitted().count() if has_carrier else 0,
        "may_send": cast(MemberRequest, request).membership.may("einvoicing.send"),
    }
    return render(request, "einvoicing/transmission/list.html", context)


def _counts() -> dict[str, int]:
    """How many wait, how many ask somebody to act, how many are there: two queries."""
    waiting = [TransmissionStatus.PENDING, TransmissionStatus.SENDING, TransmissionStatus.UNKNOWN]
    counts: dict[str, int] = Transmission.objects.aggregate(
        waiting=Count("pk", filter=Q(status__in=waiting)),
        there=Count("pk", filter=Q(status__in=[TransmissionStatus.DEPOSITED, TransmissionStatus.ACCEPTED])),
    )
    return {**counts, "broken": find_problems(Transmission.objects.all()).count()}


@require_GET
@member("einvoicing")
def transmission_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return show_transmission(request, load_transmission(pk))


@require_POST
@member("einvoicing.send")
@sent_once
def transmission_retry(request: HttpRequest, pk: int) -> HttpResponse:
    """Back to the queue, once a person has said what changed."""
    transmission, form = load_transmission(pk), RetryForm(request.POST)
    if not form.is_valid():
        return show_transmission(request, transmission, retry=form)
    retry_transmission(
        transmission=transmission, reason=form.cleaned_data["reason"], actor=actor_of(request), at=timezone.now()
    )
    messages.success(request, _("Transmission remise en file."))
    return redirect(transmission)


@require_POST
@member("einvoicing.send")
def transmission_dismiss(request: HttpRequest, pk: int) -> HttpResponse:
    """A stopped status or answer asks nothing more, a person says why."""
    transmission, form = load_transmission(pk), DismissForm(request.POST)
    if not form.is_valid():
        return show_transmission(request, transmission, dismissal=form)
    dismiss_transmission(
        transmission=transmission, reason=form.cleaned_data["why"], actor=actor_of(request), at=timezone.now()
    )
    messages.success(request, _("Classée sans suite."))
    return redirect(transmission)


def load_transmission(pk: int) -> Transmission:
    return cast(Transmission, get_object_or_404(Transmission.objects.select_related("invoice", "account"), pk=pk))


def show_transmission(
    request: HttpRequest,
    transmission: Transmission,
    *,
    retry: RetryForm | None = None,
    answer: AnswerForm | None = None,
    dismissal: DismissForm | None = None,
) -> HttpResponse:
    """The page of a transmission, with a form that was refused in its place."""
    tries = [_try(attempt) for attempt in transmission.tries.order_by("-number")]
    may, role = _may(request, "einvoicing.send"), role_of(request)
    problem = problem_of(transmission)
    form = answer or (answer_form(problem.request) if problem and problem.request else None)
    context = {
        "transmission": transmission,
        "problem": problem,
        "steps": [(step, not step.needs or _may(request, step.needs)) for step in problem.steps] if problem else [],
        "answer_form": form if may else None,
        "reply": reply_of(transmission) if transmission.kind in ANSWERS else None,
        "enclosures": list(transmission.enclosures.all()) if transmission.kind in ANSWERS else [],
        **_services(request, transmission, form),
        "words": status_label(transmission),
        "tone": tone_of(transmission),
        "tries": tries,
        "broken_rules": for_role(
            (kept_rule(violation, transmission.invoice) for violation in transmission.violations), role
        ),
        "statuses": statuses(list(transmission.lifecycle.all())),
        "form": retry or RetryForm(),
        "may_retry": may and transmission.can_retry,
        "dismissal": dismissal or DismissForm(),
        "may_dismiss": may and transmission.can_dismiss,
        "timeline": timeline_of(transmission, role),
    }
    return render(
        request, "einvoicing/transmission/detail.html", context, status=422 if retry or answer or dismissal else 200
    )


def _may(request: HttpRequest, action: str) -> bool:
    return cast(MemberRequest, request).membership.may(action)


def _services(request: HttpRequest, transmission: Transmission, form: AnswerForm | None) -> dict[str, Any]:
    """The buyer's services, when the person asked to see them: Chorus Pro may be slow, or away."""
    if not isinstance(form, RecycleForm):
        return {}
    if "services" not in request.GET:
        return {"offers_services": True}
    account, siret = transmission.account, str(transmission.invoice.buyer.get("siret") or "")
    if account.kind != CHORUS_PRO or not siret:
        return {"services": []}
    try:
        return {"services": services_of(account=account, siret=siret, at=timezone.now())}
    except ChorusProAway as error:
        return {"services_problem": error.params["problem"], "offers_services": True}


def _try(attempt: Attempt) -> dict[str, Any]:
    label, tone = OUTCOMES.get(attempt.outcome, (attempt.outcome, "neutral"))
    return {"row": attempt, "words": label, "tone": tone}
