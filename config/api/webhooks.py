"""Where a partner wants to be told what happens (what became of each message: deliveries.py)."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext
from rest_framework import serializers

from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.examples import received, sent
from config.kernel.api.fields import Body, Id, Moment, Page, Switch
from config.kernel.api.operation import operation
from config.kernel.api.statuses import created, no_content
from config.kernel.api.versions import conditional, versioned
from config.kernel.api.view import ApiView, Call
from config.kernel.facts import PARTNER_EVENTS
from config.kernel.models import WebhookEndpoint
from config.kernel.outbound import LONGEST
from config.kernel.webhooks import endpoints
from config.kernel.webhooks.names import EVERYTHING

EVENT_NAMES = [EVERYTHING, *sorted(PARTNER_EVENTS)]


class EventShape(serializers.Serializer):
    name = serializers.CharField(help_text="What `events` of a webhook and `type` of a message say.")
    object = serializers.CharField(help_text="The class of object the message is about.")
    description = serializers.CharField()


class EventList(ApiView):
    area = "settings"

    @operation(answer=EventShape, many=True)
    @documented(id="event_list")
    def get(self, request: Call) -> list[dict[str, Any]]:
        """The events a webhook may ask for.

        `invoice.*` are about invoices and credit notes. A webhook with the event `*` hears everything, also what
        later versions add.
        """
        return [
            {"name": name, "object": fact.about.name, "description": str(fact.partner_label)}
            for name, fact in PARTNER_EVENTS.items()
            if fact.about
        ]


class WebhookBody(Body):
    stated = ("id", "failing_since", "disabled_at", "disabled_reason", "created_at")

    url = serializers.CharField(
        max_length=LONGEST, help_text="Public, https. Redirects are failures; answer 2xx within 15 seconds."
    )
    description = serializers.CharField(max_length=200, allow_blank=True, default="")
    events = serializers.ListField(
        child=serializers.ChoiceField(EVENT_NAMES), min_length=1, max_length=100, help_text="`*` is every event."
    )
    active = Switch(
        default=True, help_text="An inactive webhook hears nothing new; what waited goes when it is active again."
    )


class WebhookChange(WebhookBody):
    """What changes. A field left out stays as it is."""

    url = serializers.CharField(max_length=LONGEST, required=False)
    description = serializers.CharField(max_length=200, allow_blank=True, required=False)
    events = serializers.ListField(
        child=serializers.ChoiceField(EVENT_NAMES), min_length=1, max_length=100, required=False
    )
    active = Switch(required=False)


class WebhookShape(serializers.Serializer):
    id = Id()
    url = serializers.CharField()
    description = serializers.CharField()
    events = serializers.ListField(child=serializers.CharField())
    active = serializers.BooleanField(source="is_active")
    failing_since = Moment(allow_null=True, help_text="Nothing has succeeded since then.")
    disabled_at = Moment(allow_null=True)
    disabled_reason = serializers.SerializerMethodField()
    created_at = Moment()

    def get_disabled_reason(self, row: WebhookEndpoint) -> str:
        return gettext(row.disabled_reason) if row.disabled_reason else ""


class NewWebhookShape(WebhookShape):
    secret = serializers.CharField(help_text="`whsec_…`, shown this once.")


class SecretShape(serializers.Serializer):
    secret = serializers.CharField(help_text="`whsec_…`, shown this once.")


BODY = {"url": "https://erp.example/hooks", "description": "ERP", "events": ["invoice.paid", "payment.recorded"]}
SHOWN = {
    "id": 4503599627370497, **BODY, "active": True, "failing_since": None, "disabled_at": None, "disabled_reason": "",
    "created_at": "2026-11-21T09:00:00Z",
}  # fmt: skip
SECRET = {"secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="}


class WebhookView(ApiView):
    area = "settings"

    def find(self, **path: Any) -> WebhookEndpoint:
        endpoint: WebhookEndpoint = get_object_or_404(WebhookEndpoint.objects, pk=path["id"])
        return endpoint


class WebhookList(WebhookView):
    @operation(query=Page, answer=WebhookShape, many=True)
    @documented(id="webhook_list")
    def get(self, request: Call) -> HttpResponseBase:
        """The company's webhooks, newest first."""
        rows = WebhookEndpoint.objects.all()
        return lists.page(self, rows, by="created_at", name="webhooks")

    @operation(action="settings.edit", body=WebhookBody, answer=NewWebhookShape)
    @created(at="api:webhook")
    @documented(id="webhook_create", examples=[sent(BODY), received({**SHOWN, **SECRET}, status=201)])
    def post(self, request: Call) -> WebhookEndpoint:
        """Be told what happens: an address and the events wanted.

        At most 20 per company. Messages are signed as Standard Webhooks says (`webhook-id`, `webhook-timestamp`,
        `webhook-signature`), with the secret of this answer, which is never shown again. A message comes at least once:
        recognise repeats by `webhook-id`. Messages about one object come in order. What is not answered 2xx within 15
        seconds comes again after 1 min, 5 min, 30 min, 2 h, then every 24 h. After three days of nothing but failures
        the webhook is disabled, and keeps what waits; 410 disables it at once. The answer is not kept, so there is no
        Idempotency-Key: the same `url` a second time is refused.
        """
        values = request.values
        who, at = request.caller.actor, request.at
        endpoint, secret = endpoints.create_endpoint(
            company=request.caller.company,
            url=values["url"],
            events=values["events"],
            description=values["description"],
            actor=who,
            at=at,
        )
        if not values["active"]:
            endpoints.disable_endpoint(endpoint=endpoint, reason="", actor=who, at=at)
        return _with(endpoint, secret)


class WebhookItem(WebhookView):
    @operation(answer=WebhookShape)
    @versioned
    @documented(id="webhook_retrieve", examples=[received(SHOWN)])
    def get(self, request: Call, **path: Any) -> WebhookEndpoint:
        """A webhook, without its secret."""
        return self.find(**path)

    @operation(action="settings.edit", body=WebhookChange, answer=WebhookShape)
    @conditional
    @documented(id="webhook_update", examples=[sent({**BODY, "active": True}), received(SHOWN)])
    def put(self, request: Call, **path: Any) -> WebhookEndpoint:
        """Change where messages go, which, and whether they go.

        A field left out stays as it is. `active: true` on a disabled webhook sends what waited, in order.
        """
        row = self.find(**path)
        values = request.values
        return endpoints.change_endpoint(
            endpoint=row,
            url=values.get("url", row.url),
            events=values.get("events", row.events),
            is_active=values.get("active", row.is_active),
            description=values.get("description", row.description),
            actor=request.caller.actor,
            at=request.at,
        )

    @operation(action="settings.edit")
    @no_content
    @conditional
    @documented(id="webhook_delete")
    def delete(self, request: Call, **path: Any) -> None:
        """Delete a webhook, with what was sent to it and what waited."""
        endpoints.delete_endpoint(endpoint=self.find(**path), actor=request.caller.actor, at=request.at)


class WebhookSecret(WebhookView):
    @operation(action="settings.edit", answer=SecretShape)
    @documented(id="webhook_rotate_secret", examples=[received(SECRET)])
    def post(self, request: Call, **path: Any) -> dict[str, str]:
        """A new secret.

        For 24 hours messages bear two signatures, of the new secret and of the one before, separated by a space. Not
        repeatable by key, since the answer is not kept.
        """
        return {
            "secret": endpoints.rotate_secret(endpoint=self.find(**path), actor=request.caller.actor, at=request.at)
        }


def _with(endpoint: WebhookEndpoint, secret: str) -> WebhookEndpoint:
    endpoint.secret = secret  # type: ignore[attr-defined]  # for the one answer that shows it
    return endpoint
