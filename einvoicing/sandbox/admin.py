"""The flows of the simulated platform, read by a superuser."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.http import HttpRequest

from config.kernel.admin_audit import AuditedAdmin
from einvoicing.sandbox.models import SandboxFlow


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
