"""Billing for superusers: issued documents are read-only, facts are facts."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from billing.ledger import admin as books  # noqa: F401 - registers what frames the journal
from billing.models import (
    Bounce,
    DepositDeduction,
    Email,
    EmailAttachment,
    Invoice,
    InvoiceDocument,
    InvoiceLine,
    JournalEntry,
    JournalLine,
    NumberPattern,
    NumberSequence,
    OrderLine,
    Product,
    RebateAgreement,
    RebateNote,
    RebateProduct,
    RebateTier,
    SalesOrder,
    StockMovement,
    VatSubtotal,
)
from billing.purchases import admin as purchases  # noqa: F401 - registers the tables of buying
from billing.services.emails import resend_email
from billing.services.orders import cancel_order, confirm_order, ship_order
from billing.services.products import archive_product
from config.kernel.admin_base import CompanyAdmin, FactAdmin, FactInline, for_each


@admin.register(RebateAgreement)
class RebateAgreementAdmin(FactAdmin):
    list_display = ["name", "company", "customer", "starts_on", "ends_on", "amount", "credited_at"]
    list_select_related = ["company", "customer"]
    ordering = ["-ends_on"]


@admin.register(RebateTier)
class RebateTierAdmin(FactAdmin):
    list_display = ["agreement", "company", "above", "rate"]
    list_select_related = ["company", "agreement"]
    ordering = ["agreement", "above"]


@admin.register(RebateProduct)
class RebateProductAdmin(FactAdmin):
    list_display = ["agreement", "company", "product"]
    list_select_related = ["company", "agreement", "product"]
    ordering = ["agreement", "id"]


@admin.register(RebateNote)
class RebateNoteAdmin(FactAdmin):
    list_display = ["agreement", "company", "note"]
    list_select_related = ["company", "agreement", "note"]
    ordering = ["agreement", "id"]


@admin.register(Product)
class ProductAdmin(CompanyAdmin):
    tags = ("billing.product.created", "billing.product.changed", "")
    list_display = ["reference", "name", "company", "unit_price", "vat_rate", "on_hand"]
    list_select_related = ["company"]
    search_fields = ["reference", "name"]
    autocomplete_fields = ["company"]
    readonly_fields = ["on_hand"]
    actions = ["archive"]
    ordering = ["name"]

    def audit_data(self, row: Product) -> dict[str, Any]:
        return {"reference": row.reference, "unit_price": row.unit_price}

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description=_("Archiver"))
    def archive(self, request: HttpRequest, rows: QuerySet[Product]) -> None:
        for_each(self, request, rows, lambda row, actor, at: archive_product(product=row, actor=actor, at=at))


@admin.register(StockMovement)
class StockMovementAdmin(FactAdmin):
    list_display = ["at", "product", "quantity", "reason", "order"]
    list_select_related = ["product", "order"]
    ordering = ["-at"]


class OrderLineInline(FactInline):
    model = OrderLine


@admin.register(SalesOrder)
class SalesOrderAdmin(FactAdmin):
    """Orders are written in the back office, where lines are priced; here they move on."""

    list_display = ["number", "company", "customer", "status", "order_date", "total_gross"]
    list_select_related = ["company", "customer"]
    list_filter = ["status", "company"]
    search_fields = ["number", "customer__name"]
    inlines = [OrderLineInline]
    actions = ["confirm", "ship", "cancel"]
    ordering = ["-order_date", "-id"]

    @admin.action(description=_("Confirmer"))
    def confirm(self, request: HttpRequest, rows: QuerySet[SalesOrder]) -> None:
        for_each(self, request, rows, lambda row, actor, at: confirm_order(order=row, actor=actor, at=at))

    @admin.action(description=_("Expédier"))
    def ship(self, request: HttpRequest, rows: QuerySet[SalesOrder]) -> None:
        for_each(self, request, rows, lambda row, actor, at: ship_order(order=row, actor=actor, at=at))

    @admin.action(description=_("Annuler"))
    def cancel(self, request: HttpRequest, rows: QuerySet[SalesOrder]) -> None:
        for_each(self, request, rows, lambda row, actor, at: cancel_order(order=row, actor=actor, at=at))


class InvoiceLineInline(FactInline):
    model = InvoiceLine


class VatSubtotalInline(FactInline):
    model = VatSubtotal


class DepositDeductionInline(FactInline):
    model = DepositDeduction
    fk_name = "invoice"


class InvoiceDocumentInline(FactInline):
    model = InvoiceDocument


@admin.register(Invoice)
class InvoiceAdmin(FactAdmin):
    list_display = ["__str__", "company", "kind", "buyer_name", "status", "issue_date", "due_date", "total_gross"]
    list_select_related = ["company"]
    list_filter = ["status", "kind", "company"]
    search_fields = ["number", "buyer_name"]
    inlines = [InvoiceLineInline, VatSubtotalInline, DepositDeductionInline, InvoiceDocumentInline]
    ordering = ["-created_at", "-id"]


class JournalLineInline(FactInline):
    model = JournalLine


@admin.register(JournalEntry)
class JournalEntryAdmin(FactAdmin):
    list_display = ["number", "company", "day", "label", "piece"]
    list_select_related = ["company"]
    list_filter = ["journal", "company"]
    search_fields = ["number", "label", "piece"]
    inlines = [JournalLineInline]
    ordering = ["-day", "-number"]


@admin.register(Email)
class EmailAdmin(FactAdmin):
    list_display = ["created_at", "company", "recipient", "subject_line", "status", "attempts"]
    list_select_related = ["company"]
    list_filter = ["status", "kind", "company"]
    search_fields = ["recipient", "subject_line"]
    actions = ["resend"]
    ordering = ["-created_at"]

    @admin.action(description=_("Renvoyer"))
    def resend(self, request: HttpRequest, rows: QuerySet[Email]) -> None:
        for_each(self, request, rows, lambda row, actor, at: resend_email(email=row, actor=actor, at=at))


@admin.register(Bounce)
class BounceAdmin(FactAdmin):
    list_display = ["at", "company", "address", "status_code", "is_permanent", "source", "cleared_at"]
    list_select_related = ["company"]
    list_filter = ["is_permanent", "source", "company"]
    search_fields = ["address"]
    ordering = ["-at"]


@admin.register(EmailAttachment)
class EmailAttachmentAdmin(FactAdmin):
    list_display = ["created_at", "company", "email", "name", "size"]
    list_select_related = ["company", "email"]
    list_filter = ["company"]
    ordering = ["-created_at"]


@admin.register(NumberPattern)
class NumberPatternAdmin(FactAdmin):
    list_display = ["company", "kind", "pattern", "first", "changed_at"]
    list_select_related = ["company"]


@admin.register(NumberSequence)
class NumberSequenceAdmin(FactAdmin):
    list_display = ["company", "series", "year", "last", "last_day"]
    list_select_related = ["company"]
    list_filter = ["series", "company"]
    ordering = ["company", "series", "-year"]


@admin.register(DepositDeduction, InvoiceDocument, InvoiceLine, VatSubtotal, OrderLine, JournalLine)
class PartAdmin(FactAdmin):
    """Parts of documents, readable on their own too."""

    list_display = ["id", "company", "__str__"]
    list_select_related = ["company"]
    ordering = ["-id"]
