"""The systems that may call a company, and what became of each of their messages."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from config.api.webhook_receivers import (
    AbbyReceiver,
    AfnorReceiver,
    EmailReceiver,
    HostedCheckoutReceiver,
    InvoiceNinjaReceiver,
    RevolutReceiver,
)
from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.examples import received, sent
from config.kernel.api.fields import Body, Id, Moment, Page, Switch
from config.kernel.api.json import loads
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, repeatable
from config.kernel.api.statuses import accepted, created
from config.kernel.api.versions import conditional, versioned
from config.kernel.api.view import ApiView, Call
from config.kernel.inbound import applying, sources
from config.kernel.models import ReceivedStatus, ReceivedWebhook, WebhookSource

RECEIVERS = (
    AbbyReceiver,
    AfnorReceiver,
    RevolutReceiver,
    InvoiceNinjaReceiver,
    EmailReceiver,
    HostedCheckoutReceiver,
)
SOURCES = [receiver.source for receiver in RECEIVERS]
STATUSES = [value.lower() for value in ReceivedStatus.values]


# -- who may call --------------------------------------------------------------------------------------------------


class SourceBody(Body):
    source = serializers.ChoiceField(SOURCES)
    secret = serializers.CharField(
        max_length=sources.LONGEST_SECRET,
        allow_blank=True,
        default="",
        trim_whitespace=True,
        help_text="What the system signs with, 16 to 200 characters. Never shown. Until it is given, nothing signed is "
        "believed.",
    )


class SourceChange(Body):
    """What changes. A field left out stays as it is."""

    stated = ("id", "source", "url", "has_secret", "created_at")

    secret = serializers.CharField(max_length=sources.LONGEST_SECRET, allow_blank=True, required=False)
    active = Switch(required=False)


class SourceShape(serializers.Serializer):
    id = Id()
    source = serializers.ChoiceField(SOURCES)
    url = serializers.SerializerMethodField(help_text="What to type into the remote system. Keep it to yourself.")
    active = serializers.BooleanField(source="is_active")
    has_secret = serializers.SerializerMethodField()
    created_at = Moment()

    def get_url(self, row: WebhookSource) -> str:
        return sources.address_of(row)

    def get_has_secret(self, row: WebhookSource) -> bool:
        return bool(row.secret_cipher)


class SourceView(ApiView):
    area = "settings"

    def find(self, **path: Any) -> WebhookSource:
        row: WebhookSource = get_object_or_404(WebhookSource.objects, pk=path["id"])
        return row


SOURCE = {"source": "abby", "secret": "a secret of sixteen signs"}
SHOWN = {
    "id": 4503599627370497, "source": "abby",
    "url": "https://factures.verone.example/api/webhooks/abby/0Ec2TnKq3iJc9c0mTj7w0cQ1G2bVbq7y8iDkYyq1m4A",
    "active": True, "has_secret": True, "created_at": "2026-11-21T09:00:00Z",
}  # fmt: skip


class SourceList(SourceView):
    @operation(query=Page, answer=SourceShape, many=True)
    @documented(id="webhook_source_list")
    def get(self, request: Call) -> HttpResponseBase:
        """The systems that may call the company, newest first."""
        rows = WebhookSource.objects.all()
        return lists.page(self, rows, by="created_at", name="sources")

    @operation(action="settings.edit", body=SourceBody, answer=SourceShape)
    @created(at="api:webhook-source")
    @repeatable(OPTIONAL)
    @documented(id="webhook_source_create", examples=[sent(SOURCE), received(SHOWN, status=201)])
    def post(self, request: Call) -> WebhookSource:
        """Let a system call: its address is made here, its secret is the one it signs with. At most 20 per company."""
        values = request.values
        return sources.create_source(
            company=request.caller.company,
            source=values["source"],
            secret=values["secret"],
            actor=request.caller.actor,
            at=request.at,
        )


class SourceItem(SourceView):
    @operation(answer=SourceShape)
    @versioned
    @documented(id="webhook_source_retrieve", examples=[received(SHOWN)])
    def get(self, request: Call, **path: Any) -> WebhookSource:
        """A system that may call."""
        return self.find(**path)

    @operation(action="settings.edit", body=SourceChange, answer=SourceShape)
    @conditional
    @documented(id="webhook_source_update", examples=[sent({"secret": "another secret of theirs"}), received(SHOWN)])
    def put(self, request: Call, **path: Any) -> WebhookSource:
        """Another secret, or on and off. The secret before stays good until the next change."""
        values = request.values
        return sources.change_source(
            source=self.find(**path),
            secret=values.get("secret", ""),
            is_active=values.get("active"),
            actor=request.caller.actor,
            at=request.at,
        )


# -- their messages -----------------------------------------------------------------------------------------------


class ReceivedQuery(Page):
    status = serializers.ChoiceField(STATUSES, required=False)
    source = serializers.ChoiceField(SOURCES, required=False)


class ReceivedShape(serializers.Serializer):
    id = Id()
    source = serializers.ChoiceField(SOURCES, source="origin.source")
    source_id = Id(source="origin_id")
    event_id = serializers.CharField()
    event = serializers.CharField(source="name")
    received_at = Moment()
    status = serializers.SerializerMethodField()
    attempts = serializers.IntegerField(help_text="Since it came, or was replayed.")
    next_attempt_at = serializers.SerializerMethodField()
    applied_at = Moment(allow_null=True)
    problem = serializers.SerializerMethodField(help_text="Why it was not applied, or what a person should do now.")

    @extend_schema_field(serializers.ChoiceField(STATUSES))
    def get_status(self, row: ReceivedWebhook) -> str:
        return row.status.lower()

    @extend_schema_field({"type": ["string", "null"], "format": "date-time"})
    def get_next_attempt_at(self, row: ReceivedWebhook) -> Any:
        return row.next_attempt_at if row.status == ReceivedStatus.RECEIVED else None

    def get_problem(self, row: ReceivedWebhook) -> str:
        return gettext(row.problem) if row.problem else ""


class FullReceivedShape(ReceivedShape):
    sha256 = serializers.CharField()
    body = serializers.SerializerMethodField(help_text="The message, as it came.")

    @extend_schema_field(OpenApiTypes.OBJECT)
    def get_body(self, row: ReceivedWebhook) -> Any:
        return loads(bytes(row.body))


class ReceivedView(ApiView):
    area = "settings"

    def find(self, **path: Any) -> ReceivedWebhook:
        rows = ReceivedWebhook.objects.select_related("origin")
        row: ReceivedWebhook = get_object_or_404(rows, pk=path["id"])
        return row


class ReceivedList(ReceivedView):
    @operation(query=ReceivedQuery, answer=ReceivedShape, many=True)
    @documented(id="received_webhook_list")
    def get(self, request: Call) -> HttpResponseBase:
        """The messages received, the latest first."""
        filters = request.query
        rows = ReceivedWebhook.objects.select_related("origin").defer("body")
        if "status" in filters:
            rows = rows.filter(status=filters["status"].upper())
        if "source" in filters:
            rows = rows.filter(origin__source=filters["source"])
        return lists.page(self, rows, by="received_at", name="received-webhooks")


class ReceivedItem(ReceivedView):
    @operation(answer=FullReceivedShape)
    @versioned
    @documented(id="received_webhook_retrieve")
    def get(self, request: Call, **path: Any) -> ReceivedWebhook:
        """A message with its body, as it came."""
        return self.find(**path)


class ReceivedReplay(ReceivedView):
    @operation(action="settings.edit", answer=FullReceivedShape)
    @accepted
    @repeatable(OPTIONAL)
    @documented(id="received_webhook_replay")
    def post(self, request: Call, **path: Any) -> ReceivedWebhook:
        """Apply again a message that was given up (`failed`), with new attempts. 409 in any other state."""
        applying.replay(message=self.find(**path), actor=request.caller.actor, at=request.at)
        return self.find(**path)
