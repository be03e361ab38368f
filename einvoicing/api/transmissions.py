"""What was carried to platforms: each try, what went wrong with the action that ends it, and back to the queue."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from billing.api.invoices.filters import INVOICE
from billing.api.invoices.reading import InvoiceView
from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.expand import expandable
from config.kernel.api.fields import Body, Day, Id, Moment, Page, Reference, Word
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.view import ApiView, Call
from einvoicing import lifecycle
from einvoicing.models import ErrorClass, PlatformAccount, Transmission, TransmissionKind, TransmissionStatus
from einvoicing.platforms.registry import PLATFORMS
from einvoicing.problems.transmissions import problem_of
from einvoicing.services.compliance import WAITING
from einvoicing.services.routing import accounts_for
from einvoicing.services.transmissions import NoPlatform, queue_transmission, retry_transmission
from einvoicing.validation.report import FATAL, WARNING

KINDS = tuple(sorted(PLATFORMS))
TRANSMISSION_STATUSES = tuple(str(value).lower() for value in TransmissionStatus.values)
TRANSMISSION_KINDS = tuple(str(value).lower() for value in TransmissionKind.values)
TRY_KINDS = ("deposit", "lookup")
SEVERITIES = (FATAL, WARNING)


class TransmissionQuery(Page):
    status = Word(TransmissionStatus, required=False)
    platform = serializers.ChoiceField(KINDS, required=False)
    error_class = Word(ErrorClass, required=False)
    invoice_id = Id(required=False)
    from_date = Day(required=False, help_text="By created_at, in Paris.")
    to_date = Day(required=False)


class TransmissionRow(serializers.Serializer):
    """One thing carried to one platform: an invoice, a status we declare, an answer, or a receipt."""

    id = Id()
    invoice_id = Id()
    invoice_number = serializers.CharField(source="invoice.number")
    kind = Word(TransmissionKind)
    platform_id = Id(source="account_id")
    platform = serializers.ChoiceField(KINDS, source="account.kind")
    platform_name = serializers.CharField(source="account.name")
    status = Word(TransmissionStatus, help_text="pending, sending and unknown go on by themselves.")
    lifecycle_code = serializers.CharField(help_text="The platform's latest status, 200 to 228; '' before the first.")
    lifecycle_label = serializers.SerializerMethodField()
    copy_state = serializers.SerializerMethodField(
        help_text="A mirror's own word for its copy (draft, finalized, signed, refused, paid); deleted; '' elsewhere."
    )
    unknown_status = serializers.CharField(help_text="The platform's latest word where it means nothing here; else ''.")
    attempts = serializers.IntegerField(help_text="Since it was queued or retried.")
    next_attempt_at = serializers.SerializerMethodField(help_text="null when nothing more is tried by itself.")
    error_class = serializers.SerializerMethodField(help_text="What kind of trouble; null without.")
    last_error = serializers.CharField()
    tracking_id = serializers.CharField(help_text="Ours, given to the platform.")
    remote_id = serializers.CharField(help_text="The platform's own identifier.")
    document_sha256 = serializers.CharField(help_text="Of the very file that was sent.")
    created_at = Moment()
    deposited_at = Moment(allow_null=True)

    def get_lifecycle_label(self, row: Transmission) -> str:
        return _(lifecycle.label(row.lifecycle_code)) if row.lifecycle_code else ""

    def get_copy_state(self, row: Transmission) -> str:
        return str(row.copy_facts.get("state", ""))

    @extend_schema_field(Moment(allow_null=True))
    def get_next_attempt_at(self, row: Transmission) -> Any:
        return Moment().to_representation(row.next_attempt_at) if row.status in WAITING else None

    @extend_schema_field(Word(ErrorClass, allow_null=True))
    def get_error_class(self, row: Transmission) -> str | None:
        return row.error_class.lower() or None


class TryShape(serializers.Serializer):
    """One try. `lookup` asks the platform whether an earlier try of unknown outcome arrived."""

    number = serializers.IntegerField()
    kind = serializers.SerializerMethodField()
    outcome = serializers.CharField(help_text="'' while it is under way.")
    detail = serializers.CharField()
    started_at = Moment()
    finished_at = Moment(allow_null=True)

    @extend_schema_field(serializers.ChoiceField(TRY_KINDS))
    def get_kind(self, row: Any) -> str:
        return str(row.kind).lower()


class BrokenRule(serializers.Serializer):
    rule = serializers.CharField()
    severity = serializers.ChoiceField(SEVERITIES)
    text = serializers.CharField()
    term = serializers.CharField()
    location = serializers.CharField()


class ErrorShape(serializers.Serializer):
    """What is wrong, and what ends it."""

    title = serializers.CharField()
    action = serializers.CharField(help_text="What somebody has to do.")
    reason = serializers.CharField(help_text="The platform's own words.")
    violations = BrokenRule(many=True)


class TransmissionShape(TransmissionRow):
    """The whole transmission."""

    tries = serializers.SerializerMethodField()
    error = serializers.SerializerMethodField(help_text="null when nobody has to act.")

    @extend_schema_field(TryShape(many=True))
    def get_tries(self, row: Transmission) -> list[dict[str, Any]]:
        return list(TryShape(row.tries.order_by("number"), many=True).data)

    @extend_schema_field(ErrorShape(allow_null=True))
    def get_error(self, row: Transmission) -> dict[str, Any] | None:
        problem = problem_of(row)
        if problem is None or problem.is_over:
            return None
        broken = [
            {"rule": violation["rule"], "severity": violation["severity"], "text": _(violation["text"])}
            | {name: violation.get(name, "") for name in ("term", "location")}
            for violation in row.violations
        ]
        error = {"title": problem.title, "action": problem.to_do, "reason": problem.reason, "violations": broken}
        return dict(ErrorShape(error).data)


class RetryBody(Body):
    reason = serializers.CharField(max_length=200, help_text="What was mended: kept in the audit trail.")


class QueueBody(Body):
    platform_id = Reference(
        PlatformAccount, required=False, help_text="By default the platform that takes the invoice to its buyer."
    )


def transmissions() -> QuerySet[Transmission]:
    rows: QuerySet[Transmission] = Transmission.objects.select_related("invoice", "account")
    return rows


class TransmissionView(ApiView):
    area = "einvoicing"

    def find(self, id: int) -> Transmission:
        """Raises Http404."""
        return get_object_or_404(transmissions(), pk=id)


class TransmissionList(TransmissionView):
    @operation(query=TransmissionQuery, answer=TransmissionRow, many=True)
    @expandable(invoice=INVOICE)
    @documented(id="transmission_list")
    def get(self, request: Call) -> HttpResponseBase:
        """What was given to platforms, the latest first. Filters combine."""
        columns = {
            "status": "status",
            "platform": "account__kind",
            "error_class": "error_class",
            "invoice_id": "invoice_id",
            "from_date": "created_at__date__gte",
            "to_date": "created_at__date__lte",
        }
        criteria = {column: request.query[name] for name, column in columns.items() if name in request.query}
        rows = transmissions().filter(**criteria)
        return lists.page(self, rows, by="created_at", name="transmissions")


class TransmissionItem(TransmissionView):
    @operation(answer=TransmissionShape)
    @expandable(invoice=INVOICE)
    @documented(id="transmission_retrieve")
    def get(self, request: Call, id: int) -> Transmission:
        """A transmission with each of its tries and, where somebody has to act, what to do."""
        return self.find(id)


class TransmissionRetry(TransmissionView):
    @operation(action="einvoicing.send", body=RetryBody, answer=TransmissionShape)
    @repeatable(OPTIONAL)
    @documented(id="transmission_retry", examples=[sent({"reason": "Le secret de la plateforme a été renouvelé"})])
    def post(self, request: Call, id: int) -> Transmission:
        """Put a stopped transmission (`dead` or `invalid`, a status that was `rejected`) back into the queue, first.

        Its tries start anew. One whose outcome is unknown is looked up at the platform before anything is sent again.
        Any other state is refused (409 `transition_refused`): it goes on by itself, or is there already.
        """
        row = self.find(id)
        reason = request.values["reason"]
        retry_transmission(transmission=row, reason=reason, actor=request.caller.actor, at=request.at)
        return self.find(id)


class InvoiceTransmissions(InvoiceView):
    @operation(action="einvoicing.send", body=QueueBody, answer=TransmissionShape)
    @created(at="api:transmission")
    @repeatable(OPTIONAL)
    @documented(id="invoice_transmit")
    def post(self, request: Call, id: int) -> Transmission:
        """Queue an issued invoice to a platform, where issuing has not done so by itself.

        Refused when it is a draft (`not_issued`), to an individual (`not_for_platforms`), without a platform that
        takes it (`no_platform`), already given to it and not rejected (`already_transmitted`), or rejected as the very
        file that would leave (`rejected_unchanged`, Chorus Pro).
        """
        invoice, account = self.find(id), request.values.get("platform_id")
        if account is not None and account not in accounts_for(invoice):
            raise NoPlatform
        row = queue_transmission(invoice=invoice, account=account, actor=request.caller.actor, at=request.at)
        return transmissions().get(pk=row.pk)
