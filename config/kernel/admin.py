"""Companies, people and the audit trail, for superusers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken

from config.kernel import admin_imports, admin_lists, admin_partners, admin_people  # noqa: F401 - register their pages
from config.kernel.admin_audit import CHANGED, AuditedAdmin, FoundBySearch
from config.kernel.admin_base import FactAdmin
from config.kernel.admin_people import MembersFormSet, MembershipForm, OwnersStay, PersonForm
from config.kernel.errors import DomainError, Invalid
from config.kernel.models import (
    AccountMail,
    AuditChain,
    AuditEvent,
    BulkRow,
    BulkRun,
    Company,
    DamagedFile,
    ExchangeRate,
    Heartbeat,
    Installation,
    Job,
    KnownPlace,
    Logo,
    LoopFailure,
    Membership,
    ProofProgress,
    Restoration,
    SafekeepingRun,
    SignInTries,
    User,
)
from config.kernel.people.mails import written
from config.kernel.roles import Role
from config.kernel.services import clean_company

# tokens are secrets: nothing to show, and a spent one must not be made good again
admin.site.unregister([Group, OutstandingToken, BlacklistedToken, Authenticator, EmailAddress, UserSession])


@admin.register(Group)
class RightsAdmin(AuditedAdmin, GroupAdmin):
    """Groups belong to no company."""


@admin.register(User)
class PersonAdmin(OwnersStay, AuditedAdmin, UserAdmin):
    """What changes of a person is told to each of the person's companies."""

    form = PersonForm

    tags = ("kernel.person.created", "kernel.person.changed", "kernel.person.deleted")
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

    def audit_subjects(self, row: User) -> list[Company]:
        return list(Company.objects.filter(memberships__user=row).order_by("pk"))

    def audit_data(self, row: User) -> dict[str, Any]:
        return {"name": row.email}

    def owners_gone(self, rows: Sequence[User]) -> list[Membership]:
        return list(Membership.objects.filter(user__in=rows, role=Role.OWNER))

    @transaction.atomic
    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:
        return super().user_change_password(request, id, form_url)

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> list[dict[str, Any]]:
        if isinstance(form, self.change_password_form):  # the one page that saves by itself
            self.record(request, form.user, CHANGED, {"password": ["", ""]})
        return super().construct_change_message(request, form, formsets, add)


@admin.register(Authenticator)
class AuthenticatorAdmin(AuditedAdmin):
    """Who lost the telephone is let in again by deleting what was on it: nothing of it is shown."""

    tags = ("", "", "kernel.person.factor_removed")
    list_display = ["user", "type", "created_at", "last_used_at"]
    list_select_related = ["user"]
    fields = ["user", "type", "created_at", "last_used_at"]
    readonly_fields = ["user", "type", "created_at", "last_used_at"]
    search_fields = ["user__email"]

    def audit_subjects(self, row: Authenticator) -> list[Company]:
        return list(Company.objects.filter(memberships__user_id=row.user_id).order_by("pk"))

    def audit_data(self, row: Authenticator) -> dict[str, Any]:
        return {"name": row.user.email, "factor": row.type}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class MembershipInline(FoundBySearch, admin.TabularInline):
    model = Membership
    formset = MembersFormSet
    extra = 1
    autocomplete_fields = ["user"]


class CompanyForm(forms.ModelForm):
    """The same checks as on the page: the admin is no back door."""

    uid = forms.CharField(label=_("IDE"), required=False, max_length=20)

    def clean(self) -> dict[str, Any]:
        typed = dict(super().clean() or {})
        try:
            return clean_company(Company(**{name: typed[name] for name in typed if hasattr(Company, name)}), typed)
        except Invalid as error:
            for field, sentence in error.fields.items():
                self.add_error(field if field in self.fields else None, gettext(sentence))
            return typed


@admin.register(Company)
class CompanyAdmin(AuditedAdmin):
    form = CompanyForm
    tags = ("kernel.company.created", "kernel.company.changed", "")
    list_display = ["name", "siren", "uid", "city", "vat_regime"]
    search_fields = ["name", "siren", "uid"]
    exclude = ["logo"]
    inlines = [MembershipInline]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        # its documents are kept ten years
        return False


@admin.register(Membership)
class MembershipAdmin(OwnersStay, AuditedAdmin):
    form = MembershipForm
    tags = ("kernel.member.added", "kernel.member.changed", "kernel.member.removed")
    list_display = ["user", "company", "role"]
    list_filter = ["role"]
    autocomplete_fields = ["user", "company"]

    def audit_subjects(self, row: Membership) -> list[Company]:
        return [row.company]

    def audit_data(self, row: Membership) -> dict[str, Any]:
        return {"name": row.user.email, "role": row.role}

    def owners_gone(self, rows: Sequence[Membership]) -> list[Membership]:
        return [row for row in rows if row.role == Role.OWNER]


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


@admin.register(BulkRun)
class BulkRunAdmin(FactAdmin):
    list_display = ["requested_at", "company", "rows_of", "act", "requested_by", "total", "status"]
    list_select_related = ["company", "requested_by"]
    list_filter = ["status", "act"]
    ordering = ["-requested_at"]


@admin.register(BulkRow)
class BulkRowAdmin(FactAdmin):
    list_display = ["run_id", "position", "company", "label", "status", "sentence"]
    list_select_related = ["company"]
    list_filter = ["status"]
    ordering = ["-run_id", "position"]


@admin.register(Job)
class JobAdmin(FactAdmin):
    list_display = ["started_at", "company", "kind", "status", "finished_at", "problem"]
    list_select_related = ["company"]
    list_filter = ["status"]
    ordering = ["-started_at"]


@admin.register(Logo)
class LogoAdmin(FactAdmin):
    list_display = ["created_at", "company", "media_type", "size", "sha256"]
    list_select_related = ["company"]
    ordering = ["-created_at"]


@admin.register(DamagedFile)
class DamagedFileAdmin(FactAdmin):
    list_display = ["found_at", "company", "name", "problem", "record"]
    list_select_related = ["company"]
    ordering = ["-found_at"]


class FoundAdmin(AuditedAdmin):
    """What the product found by itself: to be read."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Installation)
class InstallationAdmin(FoundAdmin):
    list_display = ["fingerprint"]


@admin.register(Restoration)
class RestorationAdmin(FoundAdmin):
    list_display = ["noticed_at", "last_known_at", "compared_at", "released_at", "released_by"]


@admin.register(SafekeepingRun)
class SafekeepingRunAdmin(FoundAdmin):
    list_display = ["started_at", "kind", "finished_at", "problem"]
    list_filter = ["kind"]


@admin.register(ProofProgress)
class ProofProgressAdmin(FactAdmin):
    list_display = ["company", "length", "verified_at", "whole_at", "round_at", "round_count", "round_ended_at"]
    list_select_related = ["company"]


@admin.register(Heartbeat)
class HeartbeatAdmin(FoundAdmin):
    """Who of the background lives."""

    list_display = ("name", "seen_at", "moved_at", "busy", "started_at", "place")
    ordering = ("name",)


@admin.register(AccountMail)
class AccountMailAdmin(FoundAdmin):
    """Without a mail server this is where the link in a mail is read."""

    list_display = ["created_at", "to", "kind", "status", "last_error"]
    list_filter = ["status", "kind"]
    search_fields = ["to"]
    ordering = ["-created_at"]
    readonly_fields = ["text"]

    @admin.display(description=_("message"))
    def text(self, mail: AccountMail) -> str:
        try:
            return "\n\n".join(written(mail))
        except DomainError:
            return gettext("Le texte n’est plus gardé.")


@admin.register(SignInTries)
class SignInTriesAdmin(AuditedAdmin):
    """Who must wait before another try; deleting a row lets one try again at once."""

    list_display = ("__str__", "tries", "tried_at", "paused_until")
    readonly_fields = ("key", "tries", "tried_at", "paused_until")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(KnownPlace)
class KnownPlaceAdmin(AuditedAdmin):
    """Where somebody signed in before; deleting a row makes the place a strange one."""

    list_display = ("__str__", "seen_at")
    readonly_fields = ("key", "seen_at")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False


@admin.register(ExchangeRate)
class ExchangeRateAdmin(FactAdmin):
    list_display = ["company", "day", "base", "currency", "rate", "source", "is_typed"]
    list_select_related = ["company"]
    list_filter = ["currency", "company"]
    ordering = ["company", "-day", "currency"]
