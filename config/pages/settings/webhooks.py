"""« Webhooks »: the partner systems to which events are sent, and how each is doing."""

from __future__ import annotations

from collections.abc import Sequence
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
from config.kernel.editing import RecordForm, as_read
from config.kernel.errors import DomainError
from config.kernel.folding import holds
from config.kernel.form_errors import add_domain_error
from config.kernel.models import DeliveryStatus, WebhookDelivery, WebhookEndpoint
from config.kernel.outbound import LONGEST
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of
from config.kernel.webhooks import endpoints
from config.kernel.webhooks.names import EVERYTHING, choices, label_of
from config.pages.settings.company import settings_page
from config.pages.settings.webhook_deliveries import TONES

TAB = "webhook-settings"


class WebhookForm(RecordForm):
    """Where to, and which events: a group of boxes for each class of object."""

    url = forms.CharField(
        label=gettext_lazy("Adresse"),
        max_length=LONGEST,
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
        help_text=gettext_lazy("Publique, en https. Le système partenaire répond 2xx en moins de 15 secondes."),
    )
    description = forms.CharField(
        label=gettext_lazy("Partenaire"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Qui est prévenu à cette adresse, pour vous y retrouver."),
    )
    everything = forms.BooleanField(
        label=gettext_lazy("Tous les événements, y compris ceux qui viendront"), required=False
    )

    def __init__(self, *args: Any, endpoint: WebhookEndpoint | None = None, **kwargs: Any) -> None:
        chosen = endpoint.events if endpoint else []
        initial: dict[str, Any] = {"everything": EVERYTHING in chosen}
        if endpoint:
            initial |= {"url": endpoint.url, "description": endpoint.description}
        groups = {f"events_{name}": group for name, group in choices().items()}
        for name, (_label, events) in groups.items():
            initial[name] = [event for event, _label in events if event in chosen]
        super().__init__(*args, **{**kwargs, "initial": initial})
        for name, (label, events) in groups.items():
            self.fields[name] = forms.MultipleChoiceField(
                label=label, choices=events, required=False, widget=forms.CheckboxSelectMultiple
            )

    def groups(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name.startswith("events_")]

    def values(self) -> dict[str, Any]:
        """What the service takes."""
        typed = self.cleaned_data
        named = [event for name, events in typed.items() if name.startswith("events_") for event in events]
        events = [EVERYTHING] if typed["everything"] else named
        return {"url": typed["url"], "description": typed["description"], "events": events}


def state_of(endpoint: WebhookEndpoint) -> tuple[str, str]:
    """How an endpoint is doing: words and tone."""
    if not endpoint.is_active:
        return _("Désactivée"), "bad" if endpoint.disabled_reason else "neutral"
    if endpoint.failing_since:
        return _("En échec"), "warn"
    return _("En service"), "good"


def events_of(endpoint: WebhookEndpoint) -> list[str]:
    if EVERYTHING in endpoint.events:
        return [_("Tous les événements")]
    return [str(label_of(name)) for name in endpoint.events]


def _find(pk: int) -> WebhookEndpoint:
    return cast(WebhookEndpoint, get_object_or_404(WebhookEndpoint.objects, pk=pk))


@require_GET
@member("settings.edit")
def webhook_list(request: HttpRequest) -> HttpResponse:
    rows = [
        {"endpoint": row, "state": state_of(row), "events": events_of(row), "more": len(row.events) - 1}
        for row in WebhookEndpoint.objects.order_by("-created_at", "-pk")
    ]
    return settings_page(request, "settings/webhooks.html", TAB, forms.Form(), rows=rows)


@require_http_methods(["GET", "POST"])
@member("settings.edit")
def webhook_new(request: HttpRequest) -> HttpResponse:
    """A new endpoint; its secret is on the page that answers, and nowhere after."""
    form = WebhookForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            endpoint, secret = endpoints.create_endpoint(
                company=cast(MemberRequest, request).membership.company,
                actor=actor_of(request),
                at=timezone.now(),
                **form.values(),
            )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            return _show_secret(request, endpoint, secret)
    return settings_page(request, "settings/webhooks_form.html", TAB, form)


@require_http_methods(["GET", "POST"])
@member("settings.edit")
def webhook_edit(request: HttpRequest, pk: int) -> HttpResponse:
    endpoint = _find(pk)
    form = WebhookForm(request.POST if request.method == "POST" else None, endpoint=endpoint)
    if request.method == "POST" and form.is_valid():
        try:
            with as_read(form, endpoint, lambda row: WebhookForm(endpoint=row)):
                endpoints.change_endpoint(
                    endpoint=endpoint,
                    is_active=endpoint.is_active,
                    actor=actor_of(request),
                    at=timezone.now(),
                    **form.values(),
                )
        except DomainError as error:
            add_domain_error(form, error)
        else:
            messages.success(request, _("Destination enregistrée."))
            return redirect("webhook-detail", pk=pk)
    return settings_page(request, "settings/webhooks_form.html", TAB, form, endpoint=endpoint)


@require_GET
@member("settings.edit")
def webhook_detail(request: HttpRequest, pk: int) -> HttpResponse:
    """How an endpoint is doing, and its deliveries, the latest events first."""
    endpoint = _find(pk)
    status = request.GET.get("status", "")
    found = WebhookDelivery.objects.filter(endpoint=endpoint).select_related("event")
    if status in DeliveryStatus.values:
        found = found.filter(status=status)
    text = request.GET.get("q", "").strip()[:100]
    if text:
        found = found.filter(holds(text, "event__name", "event__body"))
    page = listing.page(found, sorts={"event": "sequence"}, default="-event", query=request.GET, size=25)
    context = {
        "endpoint": endpoint,
        "state": state_of(endpoint),
        "events": events_of(endpoint),
        "page": page,
        "rows": [{"delivery": row, "event": label_of(row.event.name), "tone": TONES[row.status]} for row in page],
        "filters": [
            {"name": "status", "label": _("État"), "kind": "select", "value": status, "choices": DeliveryStatus.choices}
        ],
        "q": text,
        "filtered": bool(status or text),
        "both_until": endpoint.previous_secret_until if _has_two_secrets(endpoint) else None,
        "menu": _menu(endpoint),
        "timeline": timeline_of(endpoint, role_of(request)),
    }
    return render(request, "settings/webhooks_detail.html", context)


def _has_two_secrets(endpoint: WebhookEndpoint) -> bool:
    return endpoint.previous_secret_until is not None and timezone.now() < endpoint.previous_secret_until


def _menu(endpoint: WebhookEndpoint) -> list[dict[str, Any]]:
    here = [endpoint.pk]
    rotate = {"label": _("Changer le secret"), "url": reverse("webhook-rotate", args=here), "icon": "lock"}
    disable = {"label": _("Désactiver"), "url": reverse("webhook-disable", args=here), "icon": "close", "post": True}
    return [rotate, disable] if endpoint.is_active else [rotate]


def _confirm(request: HttpRequest, endpoint: WebhookEndpoint, *, facts: Sequence[Any] = (), **act: Any) -> HttpResponse:
    back, facts = reverse("webhook-detail", args=[endpoint.pk]), [(_("Destination"), endpoint.url), *facts]
    return confirm(request, Confirmation(back=back, back_label=endpoint.url, facts=facts, **act))


@require_http_methods(["GET", "POST"])
@member("settings.edit")
def webhook_rotate(request: HttpRequest, pk: int) -> HttpResponse:
    endpoint = _find(pk)
    if request.method == "GET":
        effect = _("Un nouveau secret est donné, une seule fois. L’ancien sert encore 24 heures, puis plus jamais.")
        return _confirm(request, endpoint, title=_("Changer le secret"), effect=effect, icon="lock")
    secret = endpoints.rotate_secret(endpoint=endpoint, actor=actor_of(request), at=timezone.now())
    return _show_secret(request, endpoint, secret, both=True)


def _show_secret(request: HttpRequest, endpoint: WebhookEndpoint, secret: str, *, both: bool = False) -> HttpResponse:
    """The one page with the secret in clear. It answers the POST itself: the secret is kept nowhere in between."""
    context = {"endpoint": endpoint, "secret": secret, "both": both}
    return settings_page(request, "settings/webhooks_secret.html", TAB, forms.Form(), **context)


@require_POST
@member("settings.edit")
@sent_once
def webhook_test(request: HttpRequest, pk: int) -> HttpResponse:
    """« Envoyer un essai »: a `ping`, whose delivery shows what came of it."""
    delivery = endpoints.send_test(endpoint=_find(pk), actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Essai mis en file : il part dans quelques secondes."))
    return redirect("webhook-delivery", pk=delivery.pk)


@require_http_methods(["GET", "POST"])
@member("settings.edit")
def webhook_enable(request: HttpRequest, pk: int) -> HttpResponse:
    if request.method == "GET":
        endpoint = _find(pk)
        waiting = WebhookDelivery.objects.filter(endpoint=endpoint, status=DeliveryStatus.PENDING).count()
        facts = [(_("Messages en attente"), typography.number(waiting))]
        effect = _("Ce qui attendait part aussitôt. Un message parti ne se reprend pas.")
        return _confirm(request, endpoint, title=_("Réactiver"), effect=effect, facts=facts)
    endpoints.enable_endpoint(endpoint=_find(pk), actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Destination réactivée : ce qui attendait part maintenant."))
    return redirect("webhook-detail", pk=pk)


@require_POST
@member("settings.edit")
def webhook_disable(request: HttpRequest, pk: int) -> HttpResponse:
    endpoints.disable_endpoint(endpoint=_find(pk), reason="", actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Destination désactivée : plus rien ne lui est envoyé."))
    return redirect("webhook-detail", pk=pk)


@require_http_methods(["GET", "POST"])
@member("settings.edit")
@sent_once
def webhook_delete(request: HttpRequest, pk: int) -> HttpResponse:
    if request.method == "GET":
        effect = _(
            "Son secret, ce qui lui a été envoyé et ce qui attend encore disparaissent pour de bon. Pour seulement "
            "cesser les envois, désactivez-la."
        )
        return _confirm(
            request, _find(pk), title=_("Supprimer définitivement"), effect=effect, icon="trash", danger=True
        )
    endpoints.delete_endpoint(endpoint=_find(pk), actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Destination supprimée."))
    return redirect(TAB)
