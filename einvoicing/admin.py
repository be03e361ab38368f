"""E-invoicing for superusers."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from billing.admin import InvoiceAdmin
from billing.models import Invoice
from config.kernel.admin_base import AuditedAdmin, CompanyAdmin, FactAdmin, FactInline, for_each
from einvoicing.models import (
    ApplicationCalls,
    Attempt,
    Enclosure,
    LifecycleEvent,
    PlatformAccount,
    ReceivedDocument,
    ReceptionSource,
    RemoteDocument,
    Report,
    ReportingChoice,
    ReportPeriod,
    SupplierAnchor,
    SupplierAnswer,
    SupplierStatus,
    Transmission,
)
from einvoicing.reporting.preparing import retry_report
from einvoicing.services.polling import poll_account
from einvoicing.services.sending import issue_checked
from einvoicing.services.transmissions import retry_transmission

admin.site.unregister(Invoice)


@admin.register(Invoice)
class JudgedInvoiceAdmin(InvoiceAdmin):
    """Drafts are issued as on their page: the official rules judge them first."""

    actions = ["issue"]

    @admin.action(description=_("Émettre les brouillons choisis"))
    def issue(self, request: HttpRequest, rows: QuerySet[Invoice]) -> None:
        for_each(self, request, rows, lambda row, actor, at: issue_checked(invoice=row, actor=actor, at=at))


@admin.register(PlatformAccount)
class PlatformAccountAdmin(CompanyAdmin):
    """The secret is written in the back office and shown nowhere."""

    tags = ("einvoicing.account.created", "einvoicing.account.changed", "einvoicing.account.removed")
    list_display = ["name", "company", "kind", "is_enabled", "polled_at", "last_error"]
    list_select_related = ["company"]
    autocomplete_fields = ["company"]
    readonly_fields = ["polled_at", "last_error"]
    actions = ["poll"]

    def audit_data(self, row: PlatformAccount) -> dict[str, Any]:
        return {"platform": row.name}

    @admin.action(description=_("Lire la plateforme maintenant"))
    def poll(self, request: HttpRequest, rows: QuerySet[PlatformAccount]) -> None:
        for_each(self, request, rows, lambda row, actor, at: poll_account(account=row, at=at, skips_pause=True))


@admin.register(ApplicationCalls)
class ApplicationCallsAdmin(AuditedAdmin):
    """What is counted of each application: to be read. Deleting a row ends its pause and counts from zero."""

    list_display = ("client_id", "environment", "minute", "calls_in_minute", "day", "calls_in_day", "resumes_at")
    ordering = ("environment", "client_id")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class AttemptInline(FactInline):
    model = Attempt


class LifecycleInline(FactInline):
    model = LifecycleEvent


class EnclosureInline(FactInline):
    model = Enclosure


@admin.register(Transmission)
class TransmissionAdmin(FactAdmin):
    list_display = ["created_at", "company", "invoice", "account", "status", "lifecycle_code", "attempts"]
    list_select_related = ["company", "invoice", "account"]
    list_filter = ["status", "company"]
    search_fields = ["invoice__number", "remote_id", "tracking_id"]
    inlines = [AttemptInline, LifecycleInline, EnclosureInline]
    actions = ["retry"]
    ordering = ["-created_at"]

    @admin.action(description=_("Renvoyer"))
    def retry(self, request: HttpRequest, rows: QuerySet[Transmission]) -> None:
        for_each(
            self,
            request,
            rows.select_related("invoice"),
            lambda row, actor, at: retry_transmission(transmission=row, reason="Administration", actor=actor, at=at),
        )


@admin.register(Enclosure)
class EnclosureAdmin(FactAdmin):
    list_display = ["transmission", "name", "media_type", "size", "sha256"]
    list_select_related = ["transmission__invoice", "transmission__account"]
    ordering = ["-transmission__created_at", "position"]


@admin.register(RemoteDocument)
class RemoteDocumentAdmin(FactAdmin):
    list_display = ["received_at", "account", "flow_type", "remote_id", "applied_at", "problem"]
    list_select_related = ["account"]
    exclude = ["content"]
    ordering = ["-received_at"]


@admin.register(LifecycleEvent)
class LifecycleEventAdmin(FactAdmin):
    list_display = ["occurred_at", "company", "invoice", "code", "reason_code", "reason"]
    list_select_related = ["company", "invoice"]
    list_filter = ["code", "company"]
    ordering = ["-occurred_at"]


@admin.register(Attempt)
class AttemptAdmin(FactAdmin):
    list_display = ["started_at", "transmission", "number", "kind", "outcome"]
    list_select_related = ["transmission__invoice", "transmission__account"]
    ordering = ["-started_at"]


@admin.register(Report)
class ReportAdmin(FactAdmin):
    list_display = ["made_at", "company", "period", "turn", "type_code", "status", "attempts"]
    list_select_related = ["company", "period"]
    list_filter = ["status", "company"]
    search_fields = ["remote_id", "tracking_id"]
    exclude = ["content"]
    actions = ["retry"]
    ordering = ["-made_at"]

    @admin.action(description=_("Renvoyer"))
    def retry(self, request: HttpRequest, rows: QuerySet[Report]) -> None:
        for_each(
            self,
            request,
            rows.select_related("period", "account"),
            lambda row, actor, at: retry_report(report=row, actor=actor, at=at),
        )


@admin.register(ReportPeriod)
class ReportPeriodAdmin(FactAdmin):
    list_display = ["start", "company", "kind", "code", "channel", "due_on", "is_empty", "status"]
    list_select_related = ["company"]
    list_filter = ["kind", "channel", "status", "company"]
    ordering = ["-start", "kind"]


@admin.register(ReportingChoice)
class ReportingChoiceAdmin(FactAdmin):
    list_display = ["since", "company", "regime", "channel", "sends_automatically"]
    list_select_related = ["company"]
    ordering = ["-since"]


@admin.register(ReceivedDocument)
class ReceivedDocumentAdmin(FactAdmin):
    list_display = ["received_at", "company", "channel", "name", "status", "supplier_name", "number", "problem"]
    list_select_related = ["company"]
    list_filter = ["status", "channel", "company"]
    search_fields = ["=number", "=remote_id", "=sha256"]
    exclude = ["reading"]
    ordering = ["-received_at"]


@admin.register(ReceptionSource)
class ReceptionSourceAdmin(FactAdmin):
    list_display = ["company", "channel", "account", "is_enabled", "polled_at", "compared_at", "last_error"]
    list_select_related = ["company", "account"]
    exclude = ["password_cipher"]
    ordering = ["company", "channel"]


@admin.register(SupplierAnchor)
class SupplierAnchorAdmin(FactAdmin):
    list_display = ["learnt_at", "company", "supplier", "field", "label", "relation"]
    list_select_related = ["company", "supplier"]
    ordering = ["-learnt_at"]


@admin.register(SupplierStatus)
class SupplierStatusAdmin(FactAdmin):
    list_display = ["occurred_at", "company", "number", "seller", "code", "reason_code", "reason"]
    list_select_related = ["company"]
    list_filter = ["code", "company"]
    ordering = ["-occurred_at"]


@admin.register(SupplierAnswer)
class SupplierAnswerAdmin(FactAdmin):
    list_display = ["created_at", "company", "document", "code", "reason_code", "amount", "status", "last_error"]
    list_select_related = ["company", "document"]
    list_filter = ["status", "code", "company"]
    ordering = ["-created_at"]
