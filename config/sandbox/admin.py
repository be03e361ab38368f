"""The simulated services seen by a superuser: what they remember is read, their failures are ordered."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from config.kernel.admin_audit import AuditedAdmin
from config.sandbox.models import SandboxFault, SandboxRecord


@admin.register(SandboxRecord)
class SandboxRecordAdmin(AuditedAdmin):
    list_display = ("service", "kind", "key", "number", "client_id", "updated_at")
    list_filter = ("service", "kind")
    search_fields = ("=key", "=number")
    exclude = ("content",)
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: SandboxRecord | None = None) -> bool:
        return False


@admin.register(SandboxFault)
class SandboxFaultAdmin(AuditedAdmin):
    list_display = ("kind", "value", "operation", "client_id", "remaining", "created_at")
    list_filter = ("kind",)
