"""Companies, people and the audit trail, for superusers."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.kernel import admin_partners  # noqa: F401 - registers its own pages
from config.kernel.admin_base import EditedColumns, FactAdmin
from config.kernel.models import (
    AuditChain,
    AuditEvent,
    Company,
    DamagedFile,
    LoopFailure,
    Membership,
    SignInTries,
    User,
)


@admin.register(User)
class PersonAdmin(EditedColumns, UserAdmin):
    ordering = ["email"]
    list_display = ["email", "first_name", "last_name", "is_partner", "is_staff", "is_active"]
    search_fields = ["email", "first_name", "last_name"]
    fieldsets = (
        (None, {"fields": ("email", "password")}),
        (_("Identité"), {"fields": ("first_name", "last_name", "is_partner")}),
        (_("Droits"), {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("email", "password1", "password2")}),)


class MembershipInline(admin.TabularInline):
    model = Membership
    extra = 1
    autocomplete_fields = ["user"]


@admin.register(Company)
class CompanyAdmin(EditedColumns, admin.ModelAdmin):
    list_display = ["name", "siren", "city", "vat_regime"]
    search_fields = ["name", "siren"]
    inlines = [MembershipInline]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # its documents are kept ten years
        return False


@admin.register(Membership)
class MembershipAdmin(EditedColumns, admin.ModelAdmin):
    list_display = ["user", "company", "role"]
    list_filter = ["role"]
    autocomplete_fields = ["user", "company"]


@admin.register(AuditEvent)
class AuditEventAdmin(FactAdmin):
    list_display = ["at", "company", "tag", "actor_name", "sequence"]
    list_select_related = ["company"]
    search_fields = ["tag", "actor_name"]
    list_filter = ["company"]
    ordering = ["-id"]


@admin.register(AuditChain)
class AuditChainAdmin(admin.ModelAdmin):
    list_display = ["company", "length", "head"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(LoopFailure)
class LoopFailureAdmin(FactAdmin):
    list_display = ["failing_since", "company", "loop", "name", "problem", "times"]
    list_select_related = ["company"]
    ordering = ["-failed_at"]


@admin.register(DamagedFile)
class DamagedFileAdmin(FactAdmin):
    list_display = ["found_at", "company", "name", "problem", "record"]
    list_select_related = ["company"]
    ordering = ["-found_at"]


@admin.register(SignInTries)
class SignInTriesAdmin(admin.ModelAdmin):
    """Who must wait before another try; deleting a row lets one try again at once."""

    list_display = ("__str__", "tries", "tried_at", "paused_until")
    readonly_fields = ("key", "tries", "tried_at", "paused_until")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False
