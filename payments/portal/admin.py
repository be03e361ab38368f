"""Customers' pages and payments by card for superusers: facts, read and never changed."""

from __future__ import annotations

from django.contrib import admin

from config.kernel.admin_base import FactAdmin
from payments.models import Checkout, CustomerLink, CustomerNotice, Payout, PortalSettings, ProviderAccount


@admin.register(ProviderAccount)
class ProviderAccountAdmin(FactAdmin):
    """What opens it is written on its page and shown nowhere."""

    list_display = ["__str__", "company", "is_enabled", "ledger_account", "read_at", "last_error"]
    list_select_related = ["company"]
    exclude = ["secret_cipher"]
    ordering = ["company"]


@admin.register(Checkout)
class CheckoutAdmin(FactAdmin):
    list_display = ["created_at", "company", "invoice", "reference", "amount", "status", "payment", "alert"]
    list_select_related = ["company", "invoice", "payment"]
    list_filter = ["status", "company"]
    ordering = ["-created_at"]


@admin.register(Payout)
class PayoutAdmin(FactAdmin):
    list_display = ["arrives_on", "company", "bank_reference", "amount", "currency", "read_at"]
    list_select_related = ["company"]
    ordering = ["-arrives_on"]


@admin.register(CustomerLink)
class CustomerLinkAdmin(FactAdmin):
    list_display = ["made_at", "company", "customer", "invoice", "recipient", "expires_at", "opened_at", "revoked_at"]
    list_select_related = ["company", "customer", "invoice"]
    ordering = ["-made_at"]


@admin.register(CustomerNotice)
class CustomerNoticeAdmin(FactAdmin):
    list_display = ["at", "company", "invoice", "kind", "text", "handled_at"]
    list_select_related = ["company", "invoice"]
    list_filter = ["kind", "company"]
    ordering = ["-at"]


@admin.register(PortalSettings)
class PortalSettingsAdmin(FactAdmin):
    list_display = ["company", "is_open", "link_days", "pause_days"]
    list_select_related = ["company"]
    ordering = ["company"]
