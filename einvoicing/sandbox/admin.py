"""The simulated platform seen by a superuser: its flows are read, its failures are ordered."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.http import HttpRequest

from config.kernel.admin_audit import AuditedAdmin
from einvoicing.sandbox.models import SandboxFault, SandboxFlow, SandboxRecord


@admin.register(SandboxFlow)
class SandboxFlowAdmin(AuditedAdmin):
    list_display = ("flow_id", "direction", "flow_type", "invoice_number", "status_code", "ack_status", "updated_at")
    list_filter = ("direction", "ack_status", "status_code", "behaviour")
    search_fields = ("=flow_id", "=invoice_number", "=tracking_id", "=client_id")
    exclude = ("data",)
    ordering: ClassVar = ("-updated_at", "-id")
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: SandboxFlow | None = None) -> bool:
        return False


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
