"""Payments and the bank for superusers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.kernel.admin_base import CompanyAdmin, FactAdmin, FactInline, for_each
from config.kernel.errors import Invalid
from config.kernel.identifiers import bic, iban
from payments import collection_admin  # noqa: F401 - registers its own
from payments.models import (
    AccountName,
    Allocation,
    BankAccount,
    BankLine,
    BankRule,
    BankStatement,
    BarredPair,
    ColumnMapping,
    CreditUsed,
    CustomerBalance,
    DatedSum,
    Feed,
    LateInterestRate,
    Match,
    MatchPart,
    Payment,
    PendingLettering,
    PendingSum,
    Reminder,
    ReminderHold,
    ReminderSettings,
    ReminderText,
    StatementUpload,
)
from payments.outgoing import admin as outgoing_admin  # noqa: F401 - registers its own
from payments.portal import admin as portal_admin  # noqa: F401 - registers its own
from payments.services.accounts import checked_ledger_account
from payments.services.feeds.reading import read_feed
from payments.services.undoing import take_back_payment, undo_match


class AllocationInline(FactInline):
    model = Allocation


@admin.register(Payment)
class PaymentAdmin(FactAdmin):
    list_display = ["number", "company", "customer", "paid_on", "amount", "allocated", "method", "reversed_at"]
    list_select_related = ["company", "customer"]
    list_filter = ["method", "company"]
    search_fields = ["number", "reference", "customer__name"]
    inlines = [AllocationInline]
    actions = ["reverse"]
    ordering = ["-paid_on", "-id"]

    @admin.action(description=_("Annuler par une écriture inverse"))
    def reverse(self, request: HttpRequest, rows: QuerySet[Payment]) -> None:
        reason = "Administration"
        for_each(
            self,
            request,
            rows,
            lambda row, actor, at: take_back_payment(payment=row, reason=reason, actor=actor, at=at),
        )


class BankAccountForm(forms.ModelForm):
    """The same checks as on the page: the admin is no back door."""

    def clean_iban(self) -> str:
        return _checked(iban.validate, self.cleaned_data["iban"])

    def clean_bic(self) -> str:
        return _checked(bic.validate, self.cleaned_data["bic"]) if self.cleaned_data["bic"] else ""

    def clean_ledger_account(self) -> str:
        return _checked(checked_ledger_account, self.cleaned_data["ledger_account"])


def _checked(check: Callable[[str], str], typed: str) -> str:
    try:
        return check(typed)
    except Invalid as error:
        raise ValidationError(gettext(error.sentence)) from error


@admin.register(BankAccount)
class BankAccountAdmin(CompanyAdmin):
    form = BankAccountForm
    tags = ("payments.bank.account_added", "payments.bank.account_changed", "payments.bank.account_removed")
    list_display = ["name", "company", "iban", "currency", "ledger_account", "imported_at"]
    list_select_related = ["company"]
    search_fields = ["name", "iban"]
    autocomplete_fields = ["company"]
    readonly_fields = ["imported_at"]


@admin.register(Feed)
class FeedAdmin(CompanyAdmin):
    """What opens it is written in the back office and shown nowhere."""

    tags = ("payments.feed.connected", "payments.feed.changed", "payments.feed.removed")
    list_display = ["__str__", "company", "is_enabled", "read_at", "last_error"]
    list_select_related = ["company"]
    autocomplete_fields = ["company"]
    readonly_fields = [
        "kind",
        "base_url",
        "client_id",
        "certificate",
        "read_at",
        "failing_since",
        "last_error",
        "created_at",
    ]
    exclude = ["key_cipher", "grant_cipher", "token_cipher", "token_until", "cursor"]
    actions = ["read"]

    def audit_data(self, row: Feed) -> dict[str, Any]:
        return {"service": str(row)}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    @admin.action(description=_("Lire le flux maintenant"))
    def read(self, request: HttpRequest, rows: QuerySet[Feed]) -> None:
        for_each(self, request, rows, lambda row, actor, at: read_feed(feed=row, actor=actor, at=at))


@admin.register(BankRule)
class BankRuleAdmin(FactAdmin):
    """Made and changed on their page, where each is checked."""

    list_display = ["position", "name", "company", "ledger_account", "is_automatic", "archived_at"]
    list_select_related = ["company"]
    ordering = ["company", "position"]


@admin.register(BankStatement)
class BankStatementAdmin(FactAdmin):
    list_display = ["reference", "account", "opened_on", "closed_on", "opening", "closing", "line_count"]
    list_select_related = ["account"]
    ordering = ["-imported_at"]


@admin.register(BankLine)
class BankLineAdmin(FactAdmin):
    list_display = ["booked_on", "account", "amount", "counterparty", "remittance", "status"]
    list_select_related = ["account"]
    list_filter = ["status", "company"]
    search_fields = ["counterparty", "remittance"]
    ordering = ["-booked_on", "-id"]


class MatchPartInline(FactInline):
    model = MatchPart


@admin.register(Match)
class MatchAdmin(FactAdmin):
    list_display = ["at", "line", "rule", "is_automatic", "undone_at"]
    list_select_related = ["line"]
    list_filter = ["rule", "is_automatic"]
    inlines = [MatchPartInline]
    actions = ["undo"]
    ordering = ["-at"]

    @admin.action(description=_("Défaire"))
    def undo(self, request: HttpRequest, rows: QuerySet[Match]) -> None:
        reason = "Administration"
        for_each(self, request, rows, lambda row, actor, at: undo_match(match=row, reason=reason, actor=actor, at=at))


@admin.register(Reminder)
class ReminderAdmin(FactAdmin):
    list_display = ["created_at", "company", "invoice", "level", "status", "balance"]
    list_select_related = ["company", "invoice"]
    list_filter = ["level", "status", "company"]
    ordering = ["-created_at"]


@admin.register(LateInterestRate)
class LateInterestRateAdmin(FactAdmin):
    list_display = ["company", "year", "half", "ecb", "legal", "source"]
    list_select_related = ["company"]
    ordering = ["company", "-year", "-half"]


@admin.register(StatementUpload)
class StatementUploadAdmin(FactAdmin):
    list_display = ["name", "company", "state", "size", "uploaded_at", "expires_at", "problem"]
    list_select_related = ["company"]
    list_filter = ["state", "company"]
    exclude = ["content"]
    ordering = ["-uploaded_at"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[StatementUpload]:
        rows: QuerySet[StatementUpload] = super().get_queryset(request).defer("content")
        return rows


@admin.register(ColumnMapping)
class ColumnMappingAdmin(FactAdmin):
    list_display = ["header", "company", "account", "confirmed_at"]
    list_select_related = ["company", "account"]
    ordering = ["-confirmed_at"]


@admin.register(AccountName)
class AccountNameAdmin(FactAdmin):
    list_display = ["name", "company", "account"]
    list_select_related = ["company", "account"]
    ordering = ["name"]


@admin.register(Allocation, BarredPair, CreditUsed, MatchPart)
class PartAdmin(FactAdmin):
    """Parts of the above, readable on their own too."""

    list_display = ["id", "company", "__str__"]
    list_select_related = ["company"]
    ordering = ["-id"]


@admin.register(ReminderHold)
class ReminderHoldAdmin(FactAdmin):
    list_display = ["until", "company", "invoice", "kind", "amount", "ended_at"]
    list_select_related = ["company", "invoice"]
    list_filter = ["kind", "company"]
    ordering = ["-until"]


@admin.register(ReminderSettings)
class ReminderSettingsAdmin(FactAdmin):
    list_display = ["__str__", "company", "never", "is_grouped", "with_statement", "language"]
    list_select_related = ["company", "customer"]
    list_filter = ["company"]
    ordering = ["company", "customer"]


@admin.register(ReminderText)
class ReminderTextAdmin(FactAdmin):
    list_display = ["level", "language", "company", "customer", "subject_line"]
    list_select_related = ["company", "customer"]
    list_filter = ["company", "level", "language"]
    ordering = ["company", "level"]


@admin.register(DatedSum, PendingSum)
class DatedSumAdmin(FactAdmin):
    list_display = ["day", "company", "measure", "currency", "due_date", "amount"]
    list_select_related = ["company"]
    list_filter = ["measure", "company"]
    ordering = ["-day"]


@admin.register(PendingLettering)
class PendingLetteringAdmin(FactAdmin):
    list_display = ["document", "company"]
    list_select_related = ["company"]
    list_filter = ["company"]


@admin.register(CustomerBalance)
class CustomerBalanceAdmin(FactAdmin):
    list_display = ["customer", "company", "currency", "amount"]
    list_select_related = ["company", "customer"]
    list_filter = ["company"]
    ordering = ["-amount"]
