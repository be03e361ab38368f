"""Where a partner wants to be told what happens, and what became of each message."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.examples import received, sent
from config.kernel.api.fields import Body, Id, Moment, Page, Switch
from config.kernel.api.json import loads
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, repeatable
from config.kernel.api.statuses import accepted, created, no_content
from config.kernel.api.versions import conditional, versioned
from config.kernel.api.view import ApiView, Call
from config.kernel.facts import PARTNER_EVENTS
from config.kernel.models import DeliveryStatus, WebhookAttempt, WebhookDelivery, WebhookEndpoint
from config.kernel.outbound import LONGEST
from config.kernel.webhooks import endpoints
from config.kernel.webhooks.names import EVERYTHING, PING

EVENT_NAMES = [EVERYTHING, *sorted(PARTNER_EVENTS)]
STATUSES = [value.lower() for value in DeliveryStatus.values]


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


class DeliveryQuery(Page):
    status = serializers.ChoiceField(STATUSES, required=False)
    event = serializers.ChoiceField([*EVENT_NAMES[1:], PING], required=False)


class DeliveryShape(serializers.Serializer):
    id = Id()
    webhook_id = Id(source="endpoint_id")
    message_id = serializers.CharField(source="event.message_id", help_text="`webhook-id` of the message.")
    event = serializers.CharField(source="event.name")
    occurred_at = Moment(source="event.occurred_at")
    status = serializers.SerializerMethodField()
    attempts = serializers.IntegerField(help_text="Since it was queued, or replayed.")
    next_attempt_at = serializers.SerializerMethodField()
    delivered_at = Moment(allow_null=True)

    @extend_schema_field(serializers.ChoiceField(STATUSES))
    def get_status(self, row: WebhookDelivery) -> str:
        return row.status.lower()

    @extend_schema_field({"type": ["string", "null"], "format": "date-time"})
    def get_next_attempt_at(self, row: WebhookDelivery) -> Any:
        return row.next_attempt_at if row.status == DeliveryStatus.PENDING else None


class AttemptShape(serializers.Serializer):
    at = Moment()
    http_status = serializers.IntegerField(allow_null=True, help_text="Null when there was no answer.")
    milliseconds = serializers.IntegerField()
    error = serializers.SerializerMethodField(help_text="Why it failed; empty when it was delivered.")
    answer = serializers.CharField(help_text="The first 500 characters of what your server answered.")

    def get_error(self, row: WebhookAttempt) -> str:
        return gettext(row.error) if row.error else ""


class FullDeliveryShape(DeliveryShape):
    body = serializers.SerializerMethodField(help_text="The message, as it is sent.")
    tries = AttemptShape(many=True)

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_body(self, row: WebhookDelivery) -> Any:
        return loads(row.event.body.encode())


class DeliveryList(WebhookView):
    @operation(query=DeliveryQuery, answer=DeliveryShape, many=True)
    @documented(id="webhook_delivery_list")
    def get(self, request: Call, **path: Any) -> HttpResponseBase:
        """What was sent to a webhook, and what waits; the latest events first."""
        filters = request.query
        rows = WebhookDelivery.objects.filter(endpoint=self.find(**path)).select_related("event")
        if "status" in filters:
            rows = rows.filter(status=filters["status"].upper())
        if "event" in filters:
            rows = rows.filter(event__name=filters["event"])
        return lists.page(self, rows, by="sequence", name="deliveries")


class DeliveryView(ApiView):
    area = "settings"

    def find(self, **path: Any) -> WebhookDelivery:
        tries = Prefetch("tries", WebhookAttempt.objects.order_by("-at"))
        rows = WebhookDelivery.objects.select_related("event", "endpoint").prefetch_related(tries)
        delivery: WebhookDelivery = get_object_or_404(rows, pk=path["id"])
        return delivery


class DeliveryItem(DeliveryView):
    @operation(answer=FullDeliveryShape)
    @versioned
    @documented(id="webhook_delivery_retrieve")
    def get(self, request: Call, **path: Any) -> WebhookDelivery:
        """A delivery with its message and every try, the latest first."""
        return self.find(**path)


class DeliveryReplay(DeliveryView):
    @operation(action="settings.edit", answer=FullDeliveryShape)
    @accepted
    @repeatable(OPTIONAL)
    @documented(id="webhook_delivery_replay")
    def post(self, request: Call, **path: Any) -> WebhookDelivery:
        """Send the same message again, under the same `webhook-id`. 409 while it waits, or the webhook is disabled."""
        endpoints.replay_delivery(delivery=self.find(**path), actor=request.caller.actor, at=request.at)
        return self.find(**path)


class WebhookTest(WebhookView):
    @operation(action="settings.edit", answer=DeliveryShape)
    @accepted
    @repeatable(OPTIONAL)
    @documented(id="webhook_test")
    def post(self, request: Call, **path: Any) -> WebhookDelivery:
        """Send a `ping` to this webhook alone, whatever events it asks for. 409 when it is disabled."""
        return endpoints.send_test(endpoint=self.find(**path), actor=request.caller.actor, at=request.at)


def _with(endpoint: WebhookEndpoint, secret: str) -> WebhookEndpoint:
    endpoint.secret = secret  # type: ignore[attr-defined]  # for the one answer that shows it
    return endpoint
