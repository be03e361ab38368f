"""What became of each message to a partner, with every try; replays and tests."""

from __future__ import annotations

from typing import Any

from django.db.models import Prefetch
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.api.webhooks import EVENT_NAMES, WebhookView
from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.fields import Id, Moment, Page
from config.kernel.api.json import loads
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, repeatable
from config.kernel.api.statuses import accepted
from config.kernel.api.versions import versioned
from config.kernel.api.view import ApiView, Call
from config.kernel.models import DeliveryStatus, WebhookAttempt, WebhookDelivery
from config.kernel.webhooks import endpoints
from config.kernel.webhooks.names import PING

STATUSES = [value.lower() for value in DeliveryStatus.values]


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
