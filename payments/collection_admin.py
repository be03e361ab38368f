"""What is collected otherwise than by transfer, for superusers: slips, mandates, debits, orders, settings."""

from __future__ import annotations

from django.contrib import admin

from config.kernel.admin_base import FactAdmin, FactInline
from payments.models import (
    CollectionSettings,
    DebitOrder,
    DirectDebit,
    Mandate,
    Remittance,
    RemittanceLine,
)


class RemittanceLineInline(FactInline):
    model = RemittanceLine


@admin.register(Remittance)
class RemittanceAdmin(FactAdmin):
    list_display = ["number", "company", "method", "remitted_on", "bank_account", "cancelled_at"]
    list_select_related = ["company", "bank_account"]
    list_filter = ["method", "company"]
    search_fields = ["number"]
    inlines = [RemittanceLineInline]
    ordering = ["-remitted_on", "-id"]


@admin.register(Mandate)
class MandateAdmin(FactAdmin):
    list_display = ["reference", "company", "customer", "scheme", "signed_on", "revoked_at"]
    list_select_related = ["company", "customer"]
    list_filter = ["scheme", "company"]
    search_fields = ["reference", "debtor_name", "customer__name"]
    ordering = ["-created_at", "-id"]


@admin.register(DebitOrder)
class DebitOrderAdmin(FactAdmin):
    list_display = ["number", "company", "scheme", "debit_count", "total", "first_collected_on", "cancelled_at"]
    list_select_related = ["company"]
    search_fields = ["number"]
    ordering = ["-made_at", "-id"]


@admin.register(DirectDebit)
class DirectDebitAdmin(FactAdmin):
    list_display = ["end_to_end_id", "company", "invoice", "status", "amount", "collected_on", "return_code"]
    list_select_related = ["company", "invoice"]
    list_filter = ["status", "company"]
    search_fields = ["end_to_end_id", "invoice__number"]
    ordering = ["-collected_on", "-id"]


@admin.register(CollectionSettings)
class CollectionSettingsAdmin(FactAdmin):
    list_display = ["company", "creditor_identifier", "notice_days", "cash_limit"]
    list_select_related = ["company"]
    ordering = ["company"]


@admin.register(RemittanceLine)
class RemittanceLineAdmin(FactAdmin):
    list_display = ["id", "company", "__str__"]
    list_select_related = ["company"]
    ordering = ["-id"]
