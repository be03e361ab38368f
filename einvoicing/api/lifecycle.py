"""The life of an invoice as platforms tell it, and as we tell them: codes 200 to 228, with the digest of each proof."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from billing.api.invoices.reading import InvoiceView
from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.fields import Id, Moment, Page
from config.kernel.api.operation import operation
from config.kernel.api.view import Call
from einvoicing import lifecycle
from einvoicing.models import LifecycleEvent

RECEIVED, DECLARED = "received", "declared"
DIRECTIONS = (RECEIVED, DECLARED)


class LifecycleShape(serializers.Serializer):
    """One status. The platforms' facts come in any order and are never changed."""

    id = Id()
    code = serializers.CharField(help_text="MDT-105 of XP Z12-012; ??? for a word without a code, kept in `reason`.")
    label = serializers.SerializerMethodField()
    direction = serializers.SerializerMethodField(help_text="received from the platform, or declared by us.")
    reason_code = serializers.CharField()
    reason = serializers.CharField()
    final = serializers.SerializerMethodField(help_text="No status may follow it.")
    needs_action = serializers.SerializerMethodField()
    sha256 = serializers.SerializerMethodField(help_text="Of the very message received or sent.")
    platform = serializers.SerializerMethodField(help_text="The name of the platform's account.")
    transmission_id = Id(allow_null=True)
    occurred_at = Moment()
    received_at = Moment()

    def get_label(self, row: LifecycleEvent) -> str:
        return _(lifecycle.label(row.code))

    @extend_schema_field(serializers.ChoiceField(DIRECTIONS))
    def get_direction(self, row: LifecycleEvent) -> str:
        return RECEIVED if row.document_id else DECLARED

    def get_final(self, row: LifecycleEvent) -> bool:
        return row.code in lifecycle.STATUSES and lifecycle.STATUSES[row.code].final

    def get_needs_action(self, row: LifecycleEvent) -> bool:
        return lifecycle.is_bad(row.code)

    def get_sha256(self, row: LifecycleEvent) -> str:
        proof: Any = row.document or row.transmission
        return str(getattr(proof, "sha256", "") or getattr(proof, "document_sha256", ""))

    def get_platform(self, row: LifecycleEvent) -> str:
        proof: Any = row.document or row.transmission
        return proof.account.name if proof else ""


class InvoiceLifecycle(InvoiceView):
    @operation(query=Page, answer=LifecycleShape, many=True)
    @documented(id="invoice_lifecycle")
    def get(self, request: Call, id: int) -> HttpResponseBase:
        """The statuses of an invoice, both ways, the oldest first."""
        rows = LifecycleEvent.objects.filter(invoice=self.find(id)).select_related(
            "document__account", "transmission__account"
        )
        rows = rows.defer("document__content", "transmission__content")
        return lists.page(self, rows, by="occurred_at", descending=False, name="lifecycle")
