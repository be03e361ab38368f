"""Lists from other software, for superusers: to be read. What is imported is decided on the company's pages."""

from __future__ import annotations

from django.contrib import admin

from config.kernel.admin_base import FactAdmin
from config.kernel.models import ImportLayout, ImportRow, ImportRun


@admin.register(ImportRun)
class ImportRunAdmin(FactAdmin):
    list_display = ["requested_at", "company", "kind", "name", "requested_by", "status", "last_error"]
    list_select_related = ["company", "requested_by"]
    list_filter = ["status", "kind"]
    ordering = ["-requested_at"]


@admin.register(ImportRow)
class ImportRowAdmin(FactAdmin):
    list_display = ["run_id", "line", "company", "label", "choice", "has_problems"]
    list_select_related = ["company"]
    list_filter = ["choice", "has_problems"]
    ordering = ["-run_id", "line"]


@admin.register(ImportLayout)
class ImportLayoutAdmin(FactAdmin):
    list_display = ["confirmed_at", "company", "heads"]
    list_select_related = ["company"]
    ordering = ["-confirmed_at"]
