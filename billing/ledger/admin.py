"""What frames the journal, for superusers: read only."""

from __future__ import annotations

from django.contrib import admin

from billing.models import (
    ClosedName,
    Closing,
    FiscalYear,
    LedgerAccount,
    LedgerJournal,
    LetteredLine,
    Lettering,
    ManualEntry,
    SalesAccountRule,
    VatReturn,
    VatSchedule,
)
from config.kernel.admin_base import FactAdmin, FactInline


@admin.register(LedgerAccount)
class LedgerAccountAdmin(FactAdmin):
    list_display = ["code", "name", "company", "is_open"]
    list_select_related = ["company"]
    list_filter = ["company"]
    search_fields = ["code", "name"]
    ordering = ["code"]


@admin.register(LedgerJournal)
class LedgerJournalAdmin(FactAdmin):
    list_display = ["code", "name", "company"]
    list_select_related = ["company"]
    list_filter = ["company"]
    ordering = ["code"]


@admin.register(SalesAccountRule)
class SalesAccountRuleAdmin(FactAdmin):
    list_display = ["account", "product", "group", "nature", "company"]
    list_select_related = ["company", "product"]
    list_filter = ["company"]
    ordering = ["account"]


@admin.register(ManualEntry)
class ManualEntryAdmin(FactAdmin):
    list_display = ["piece", "journal", "day", "label", "kind", "company", "reversed_at"]
    list_select_related = ["company"]
    list_filter = ["kind", "company"]
    search_fields = ["piece", "label"]
    ordering = ["-written_at"]


@admin.register(FiscalYear)
class FiscalYearAdmin(FactAdmin):
    list_display = ["starts_on", "ends_on", "company", "closed_at"]
    list_select_related = ["company"]
    list_filter = ["company"]
    ordering = ["-starts_on"]


@admin.register(VatReturn)
class VatReturnAdmin(FactAdmin):
    list_display = ["starts_on", "ends_on", "company", "to_pay", "carried", "refund", "filed_at"]
    list_select_related = ["company"]
    list_filter = ["company"]
    ordering = ["-ends_on"]


@admin.register(Closing)
class ClosingAdmin(FactAdmin):
    list_display = ["through", "kind", "company", "at"]
    list_select_related = ["company"]
    list_filter = ["kind", "company"]
    ordering = ["-at"]


class LetteredLineInline(FactInline):
    model = LetteredLine


@admin.register(Lettering)
class LetteringAdmin(FactAdmin):
    list_display = ["letter", "account", "customer", "company", "lettered_on", "undone_at"]
    list_select_related = ["company", "customer"]
    list_filter = ["origin", "company"]
    search_fields = ["letter", "account"]
    inlines = [LetteredLineInline]
    ordering = ["-at"]


@admin.register(LetteredLine)
class LetteredLineAdmin(FactAdmin):
    list_display = ["lettering", "line", "company", "is_live"]
    list_select_related = ["company", "lettering", "line"]
    list_filter = ["company"]
    ordering = ["-id"]


@admin.register(ClosedName)
class ClosedNameAdmin(FactAdmin):
    list_display = ["year", "kind", "code", "name", "company"]
    list_select_related = ["company", "year"]
    list_filter = ["kind", "company"]
    ordering = ["-year_id", "kind", "code"]


@admin.register(VatSchedule)
class VatScheduleAdmin(FactAdmin):
    list_display = ["company", "rhythm", "starts_on"]
    list_select_related = ["company"]
    ordering = ["company_id"]
