"""« Webhooks reçus »: the systems that may call here, their messages, and applying again what was given up."""

from __future__ import annotations

import json
from typing import Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.kernel import listing, typography
from config.kernel.access import MemberRequest, actor_of, member, role_of
from config.kernel.confirming import Confirmation, confirm
from config.kernel.errors import DomainError
from config.kernel.folding import holds
from config.kernel.form_errors import add_domain_error
from config.kernel.inbound import applying, senders, sources
from config.kernel.inbound.senders import SENDERS
from config.kernel.middleware import translated
from config.kernel.models import ReceivedStatus, ReceivedWebhook, WebhookSource
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of
from config.pages.settings.company import settings_page

TAB = "inbound-settings"
TONES = {
    ReceivedStatus.RECEIVED: "info",
    ReceivedStatus.APPLIED: "good",
    ReceivedStatus.IGNORED: "neutral",
    ReceivedStatus.FAILED: "bad",
}


class SecretForm(forms.Form):
    """What the remote system signs with: typed, never shown."""

    secret = forms.CharField(
        label=gettext_lazy("Secret de signature"),
        max_length=sources.LONGEST_SECRET,
        required=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=gettext_lazy("Donné par le système appelant. Enregistré chiffré, il ne sera plus jamais affiché."),
    )


class SourceForm(SecretForm):
    source = forms.ChoiceField(label=gettext_lazy("Système"), choices=senders.choices)

    field_order = ("source", "secret")


def state_of(source: WebhookSource) -> tuple[str, str]:
    """Whether a source is listened to: words and tone."""
    if not source.is_active:
        return _("Désactivé"), "neutral"
    if not source.secret_cipher and SENDERS[source.source].signs:
        return _("Secret à saisir"), "warn"
    return _("En service"), "good"


def _find(pk: int) -> WebhookSource:
    return cast(WebhookSource, get_object_or_404(WebhookSource.objects, pk=pk))


@require_GET
@member("settings.edit")
def inbound_list(request: HttpRequest) -> HttpResponse:
    """Who may call, and the messages received, the latest first."""
    status, source = request.GET.get("status", ""), request.GET.get("source", "")
    found = ReceivedWebhook.objects.select_related("origin").defer("body")
    if status in ReceivedStatus.values:
        found = found.filter(status=status)
    if source in SENDERS:
        found = found.filter(origin__source=source)
    text = request.GET.get("q", "").strip()[:100]
    if text:
        found = found.filter(holds(text, "name", "event_id", "problem"))
    page = listing.page(found, sorts={"at": "received_at"}, default="-at", query=request.GET, size=25)
    filters = [
        {"name": "status", "label": _("État"), "kind": "select", "value": status, "choices": ReceivedStatus.choices},
        {"name": "source", "label": _("Système"), "kind": "select", "value": source, "choices": senders.choices()},
    ]
    every = WebhookSource.objects.order_by("-created_at", "-pk")
    rows = [{"message": message, "tone": TONES[message.status]} for message in page]
    return settings_page(
        request,
        "settings/inbound.html",
        TAB,
        forms.Form(),
        page=page,
        rows=rows,
        filters=filters,
        q=text,
        filtered=bool(status or source or text),
        sources=[{"source": row, "state": state_of(row)} for row in every],
    )


@require_http_methods(["GET", "POST"])
@member("settings.edit")
def inbound_new(request: HttpRequest) -> HttpResponse:
    """A new caller: its page then shows the address to give it."""
    form = SourceForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            row = sources.create_source(
                company=cast(MemberRequest, request).membership.company,
                actor=actor_of(request),
                at=timezone.now(),
                **form.cleaned_data,
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            return redirect("inbound-source", pk=row.pk)
    return settings_page(request, "settings/inbound_new.html", TAB, form)


@require_http_methods(["GET", "POST"])
@member("settings.edit")
def inbound_source(request: HttpRequest, pk: int) -> HttpResponse:
    """The address to copy, another secret, on or off."""
    row = _find(pk)
    form = SecretForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            sources.change_source(source=row, actor=actor_of(request), at=timezone.now(), **form.cleaned_data)
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Système appelant enregistré."))
            return redirect("inbound-source", pk=pk)
    return settings_page(
        request,
        "settings/inbound_source.html",
        TAB,
        form,
        source=row,
        state=state_of(row),
        address=sources.address_of(row),
        timeline=timeline_of(row, role_of(request)),
    )


@require_POST
@member("settings.edit")
def inbound_switch(request: HttpRequest, pk: int) -> HttpResponse:
    """On when it was off, off when it was on: the form says which it asks for."""
    wanted = request.POST.get("active") == "on"
    sources.change_source(source=_find(pk), is_active=wanted, actor=actor_of(request), at=timezone.now())
    messages.success(
        request, _("Système appelant réactivé.") if wanted else _("Système appelant désactivé : il n’est plus écouté.")
    )
    return redirect("inbound-source", pk=pk)


def _find_message(pk: int) -> ReceivedWebhook:
    return cast(ReceivedWebhook, get_object_or_404(ReceivedWebhook.objects.select_related("origin"), pk=pk))


@require_GET
@member("settings.edit")
def inbound_message(request: HttpRequest, pk: int) -> HttpResponse:
    """One message, as it came, and what became of it."""
    row = _find_message(pk)
    context: dict[str, Any] = {
        "message": row,
        "tone": TONES[ReceivedStatus(row.status)],
        "body": _readable(bytes(row.body)),
        "may_replay": row.status == ReceivedStatus.FAILED,
    }
    return render(request, "settings/inbound_message.html", context)


def _readable(body: bytes) -> str:
    """The message with a line for each field; as it came when it is nested too deep for that."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")


@require_http_methods(["GET", "POST"])
@member("settings.edit")
@sent_once
def inbound_replay(request: HttpRequest, pk: int) -> HttpResponse:
    message = _find_message(pk)
    if request.method == "GET":
        facts = [
            (_("Système"), str(message.origin)),
            (_("Reçu le"), typography.moment(message.received_at)),
            (_("Difficulté"), translated(message.problem)),
        ]
        effect = _("Le message est appliqué de nouveau, comme s’il arrivait. Ce qu’il change ne se reprend pas d’ici.")
        return confirm(
            request,
            Confirmation(
                title=_("Rejouer"),
                effect=effect,
                facts=facts,
                icon="refresh",
                back=reverse("inbound-message", args=[pk]),
                back_label=message,
            ),
        )
    applying.replay(message=message, actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Message remis en file : il est appliqué dans quelques secondes."))
    return redirect("inbound-message", pk=pk)
