"""Buying for superusers: what a supplier sent, how it is booked and to which account it is paid are read here only."""

from __future__ import annotations

from django.contrib import admin

from billing.purchases.models import (
    ApprovalRule,
    Delegation,
    OrderMatch,
    PrepaidShare,
    PurchaseApproval,
    PurchaseCredit,
    PurchaseDeposit,
    PurchaseInvoice,
    PurchaseLine,
    PurchaseOrder,
    PurchaseOrderLine,
    PurchaseSettings,
    PurchaseSettlement,
    PurchaseVat,
    Receipt,
    ReceiptLine,
    RuleApprover,
    SupplierIban,
    SupplierRule,
)
from config.kernel.admin_base import FactAdmin, FactInline


class PurchaseLineInline(FactInline):
    model = PurchaseLine


class PurchaseVatInline(FactInline):
    model = PurchaseVat


class PurchaseDepositInline(FactInline):
    model = PurchaseDeposit
    fk_name = "purchase"


@admin.register(PurchaseInvoice)
class PurchaseInvoiceAdmin(FactAdmin):
    """Purchases are corrected, approved and booked in the back office, where each step says what it does."""

    list_display = ["reference", "number", "company", "kind", "supplier", "status", "issue_date", "total_gross"]
    list_select_related = ["company", "supplier"]
    list_filter = ["status", "kind", "company"]
    search_fields = ["reference", "number", "supplier__name"]
    inlines = [PurchaseLineInline, PurchaseVatInline, PurchaseDepositInline]
    ordering = ["-received_on", "-id"]


@admin.register(SupplierIban)
class SupplierIbanAdmin(FactAdmin):
    """Who confirms an account is a person, on the supplier's record: nobody does here."""

    list_display = ["iban", "company", "supplier", "seen_at", "confirmed_at", "confirmed_by", "rejected_at"]
    list_select_related = ["company", "supplier", "confirmed_by"]
    list_filter = ["company"]
    search_fields = ["iban", "supplier__name"]
    ordering = ["-seen_at"]


@admin.register(SupplierRule)
class SupplierRuleAdmin(FactAdmin):
    list_display = ["supplier", "company", "account", "regime", "deductible_share", "may_validate_itself"]
    list_select_related = ["company", "supplier"]
    list_filter = ["company"]
    search_fields = ["supplier__name"]
    ordering = ["supplier__name"]


class RuleApproverInline(FactInline):
    model = RuleApprover


@admin.register(ApprovalRule)
class ApprovalRuleAdmin(FactAdmin):
    list_display = ["name", "company", "above", "supplier", "account", "separate_above", "ended_at"]
    list_select_related = ["company", "supplier"]
    list_filter = ["company"]
    inlines = [RuleApproverInline]
    ordering = ["company", "above", "id"]


@admin.register(Delegation)
class DelegationAdmin(FactAdmin):
    list_display = ["approver", "delegate", "company", "starts_on", "ends_on", "ended_at"]
    list_select_related = ["company", "approver", "delegate"]
    list_filter = ["company"]
    ordering = ["-starts_on", "-id"]


@admin.register(PrepaidShare)
class PrepaidShareAdmin(FactAdmin):
    list_display = ["due_on", "company", "line", "amount", "booked_on", "cancelled_at"]
    list_select_related = ["company", "line"]
    list_filter = ["company"]
    ordering = ["-due_on", "-id"]


class PurchaseOrderLineInline(FactInline):
    model = PurchaseOrderLine


@admin.register(PurchaseOrder)
class PurchaseOrderAdmin(FactAdmin):
    list_display = ["number", "company", "supplier", "status", "order_date", "total_net"]
    list_select_related = ["company", "supplier"]
    list_filter = ["status", "company"]
    search_fields = ["number", "supplier__name"]
    inlines = [PurchaseOrderLineInline]
    ordering = ["-order_date", "-id"]


class ReceiptLineInline(FactInline):
    model = ReceiptLine


@admin.register(Receipt)
class ReceiptAdmin(FactAdmin):
    list_display = ["order", "company", "received_on", "delivery_note", "received_by"]
    list_select_related = ["company", "order", "received_by"]
    list_filter = ["company"]
    inlines = [ReceiptLineInline]
    ordering = ["-received_on", "-id"]


@admin.register(
    OrderMatch,
    PurchaseApproval,
    PurchaseCredit,
    PurchaseDeposit,
    PurchaseLine,
    PurchaseOrderLine,
    PurchaseSettings,
    PurchaseSettlement,
    PurchaseVat,
    ReceiptLine,
    RuleApprover,
)
class PurchasePartAdmin(FactAdmin):
    """Parts of purchases, readable on their own too."""

    list_display = ["id", "company", "__str__"]
    list_select_related = ["company"]
    ordering = ["-id"]
