"""Write-offs, refunds, payment orders and supplier payments for superusers: facts, read and never changed."""

from __future__ import annotations

from django.contrib import admin

from config.kernel.admin_base import FactAdmin, FactInline
from payments.models import (
    PayingSettings,
    PaymentOrder,
    PaymentRun,
    PaymentRunLine,
    Refund,
    RefundShare,
    SupplierPayment,
    SupplierShare,
    WriteOff,
    WriteOffLimit,
)


class RefundShareInline(FactInline):
    model = RefundShare


@admin.register(Refund)
class RefundAdmin(FactAdmin):
    list_display = ["number", "company", "customer", "kind", "made_on", "amount", "method", "cancelled_at"]
    list_select_related = ["company", "customer"]
    list_filter = ["kind", "method", "company"]
    search_fields = ["number", "customer__name"]
    inlines = [RefundShareInline]
    ordering = ["-made_on", "-id"]


@admin.register(RefundShare)
class RefundShareAdmin(FactAdmin):
    list_display = ["refund", "payment", "company", "amount", "at"]
    list_select_related = ["company", "refund", "payment"]
    search_fields = ["refund__number", "payment__number"]
    ordering = ["-at", "-id"]


@admin.register(PaymentOrder)
class PaymentOrderAdmin(FactAdmin):
    list_display = ["number", "company", "bank_account", "executes_on", "count", "total", "sha256"]
    list_select_related = ["company", "bank_account"]
    search_fields = ["number"]
    ordering = ["-made_at", "-id"]


@admin.register(WriteOff)
class WriteOffAdmin(FactAdmin):
    list_display = ["at", "company", "invoice", "payment", "reason", "amount", "vat_amount", "account"]
    list_select_related = ["company", "invoice", "payment"]
    list_filter = ["reason", "company"]
    search_fields = ["invoice__number", "payment__number", "note"]
    ordering = ["-at", "-id"]


@admin.register(WriteOffLimit)
class WriteOffLimitAdmin(FactAdmin):
    """The owner changes them in the settings of the company."""

    list_display = ["company", "role", "reason", "most"]
    list_select_related = ["company"]
    list_filter = ["role", "company"]
    ordering = ["company", "role", "reason"]


class SupplierShareInline(FactInline):
    model = SupplierShare


@admin.register(SupplierPayment)
class SupplierPaymentAdmin(FactAdmin):
    list_display = ["number", "company", "supplier", "kind", "made_on", "amount", "method", "cancelled_at"]
    list_select_related = ["company", "supplier"]
    list_filter = ["kind", "method", "company"]
    search_fields = ["number", "supplier__name"]
    inlines = [SupplierShareInline]
    ordering = ["-made_on", "-id"]


@admin.register(SupplierShare)
class SupplierShareAdmin(FactAdmin):
    list_display = ["payment", "purchase", "company", "amount", "discount", "at"]
    list_select_related = ["company", "payment", "purchase"]
    search_fields = ["payment__number", "purchase__number"]
    ordering = ["-at", "-id"]


class PaymentRunLineInline(FactInline):
    model = PaymentRunLine


@admin.register(PaymentRun)
class PaymentRunAdmin(FactAdmin):
    list_display = ["number", "company", "bank_account", "executes_on", "status", "total", "order"]
    list_select_related = ["company", "bank_account", "order"]
    list_filter = ["status", "company"]
    search_fields = ["number"]
    inlines = [PaymentRunLineInline]
    ordering = ["-created_at", "-id"]


@admin.register(PaymentRunLine)
class PaymentRunLineAdmin(FactAdmin):
    list_display = ["run", "purchase", "company", "amount", "discount", "iban", "ended_at"]
    list_select_related = ["company", "run", "purchase"]
    search_fields = ["run__number", "purchase__number"]
    ordering = ["-id"]


@admin.register(PayingSettings)
class PayingSettingsAdmin(FactAdmin):
    """The owner changes them on the page of runs."""

    list_display = ["company", "confirm_above", "horizon_days", "discount_rate", "one_transfer_per_supplier"]
    list_select_related = ["company"]
    ordering = ["company"]
