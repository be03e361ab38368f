"""The audit trail: what happened, who did it, and the chain that proves nothing was taken out."""

from __future__ import annotations

from django.db.models import Q, TextChoices
from django.http import HttpResponseBase
from rest_framework import serializers

from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.examples import received
from config.kernel.api.fields import Day, Moment, Page, Word
from config.kernel.api.operation import operation
from config.kernel.api.view import ApiView, Call
from config.kernel.models import AuditEvent


class ActorKind(TextChoices):
    """Who does things in the product, as `kernel.actor` says it."""

    USER = "USER"
    PARTNER = "PARTNER"
    CUSTOMER = "CUSTOMER"
    BEAT = "BEAT"
    PLATFORM = "PLATFORM"
    SYSTEM = "SYSTEM"


EXAMPLE = {
    "sequence": 41,
    "at": "2026-11-21T09:00:00.123456Z",
    "tag": "billing.invoice.issued",
    "actor_kind": "user",
    "actor_name": "Claire Verone",
    "subjects": ["billing.invoice:4503599627370497", "customers.customer:4503599627370498"],
    "data": {"number": "FAC-2026-00001", "total": "1200"},
    "request_id": "8d5fa1f8c1c44aa2b8b25e1b4f0f2a3d",
    "digest": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "content_hash": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    "previous_hash": "fd61a03af4f77d870fc21e05e7e80678095c92d808cfb3b5c279ee04c74aca13",
    "hash": "a4e624d686e03ed2767c0abd85c14426b0b1157d2ce81d27bb4fe4f6f01d688a",
}


class AuditShape(serializers.Serializer):
    """One thing that happened. `hash` is SHA-256 of `previous_hash|sequence|content_hash`: nothing can be taken out.

    `content_hash` covers the other fields; `digest` is of the frozen row itself, where the event froze one.
    """

    sequence = serializers.IntegerField(allow_null=True, help_text="The place in the company's chain, from 1.")
    at = Moment()
    tag = serializers.CharField(help_text="What happened: app.thing.fact.")
    actor_kind = Word(ActorKind)
    actor_name = serializers.CharField()
    subjects = serializers.ListField(child=serializers.CharField(), help_text="What it happened to: app.thing:id.")
    data = serializers.DictField(help_text="What changed; amounts and days as text.")
    request_id = serializers.CharField(help_text="The X-Request-Id of the call that did it.")
    digest = serializers.CharField()
    content_hash = serializers.CharField()
    previous_hash = serializers.CharField()
    hash = serializers.CharField()


class AuditQuery(Page):
    subject = serializers.RegexField(
        r"^[a-z_]+\.[a-z_]+:[0-9]{1,19}$", required=False, max_length=60, help_text="app.thing:id, as in `subjects`."
    )
    tag = serializers.RegexField(
        r"^[a-z_]+(\.[a-z_]+){0,3}$",
        required=False,
        max_length=60,
        help_text="A whole tag, or how it begins: billing.invoice.",
    )
    from_date = Day(required=False)
    to_date = Day(required=False)


class AuditList(ApiView):
    area = "audit"

    @operation(query=AuditQuery, answer=AuditShape, many=True)
    @documented(id="audit_list", examples=[received(EXAMPLE)])
    def get(self, request: Call) -> HttpResponseBase:
        """What happened in the company, newest first. For owners and accountants."""
        filters = request.query
        rows = AuditEvent.objects.all()
        if "subject" in filters:
            rows = rows.filter(subjects__contains=[filters["subject"]])
        if "tag" in filters:
            rows = rows.filter(Q(tag=filters["tag"]) | Q(tag__startswith=f"{filters['tag']}."))
        days = {"at__date__gte": filters.get("from_date"), "at__date__lte": filters.get("to_date")}
        rows = rows.filter(**{column: day for column, day in days.items() if day})
        return lists.page(self, rows, by="id", name="audit")
