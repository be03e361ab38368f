"""People in the admin: the last owner of a company stays one there too.

Pages say it in words; whatever passes them is refused by PostgreSQL (migration 0011).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.forms import UserChangeForm
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext as _

from config.kernel.admin_base import FactAdmin
from config.kernel.models import Company, Invitation, Membership, User
from config.kernel.people.members import LastOwner
from config.kernel.roles import Role


def has_another_owner(company: Company, *, without: Sequence[Membership]) -> bool:
    """The company is locked until the transaction ends: nobody takes the others away meanwhile."""
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    owners = Membership.objects.filter(company=company, role=Role.OWNER, user__is_active=True)
    return owners.exclude(pk__in=[row.pk for row in without]).exists()


def check_still_owned(company: Company, stays: bool, *, without: Sequence[Membership] | None = None) -> None:
    """Raises ValidationError where an owner `stays` neither here nor, with `without`, among the others.

    A company that has none yet may stay so.
    """
    if stays or (without is not None and has_another_owner(company, without=without)):
        return
    if without is None and not has_another_owner(company, without=[]):
        return
    raise ValidationError(_(LastOwner.message) % {"company": company.name}, code=LastOwner.code)


class OwnersStay:
    """An admin's page that shows, instead of deleting, whose going would leave a company without an owner."""

    def owners_gone(self, rows: Sequence[Any]) -> list[Membership]:
        """The memberships of owners that go with the rows."""
        raise NotImplementedError

    def get_deleted_objects(self, objs: QuerySet[Any] | Sequence[Any], request: HttpRequest) -> Any:
        to_delete, counts, perms, protected = super().get_deleted_objects(objs, request)  # type: ignore[misc]  # mixed in
        gone = self.owners_gone(list(objs))
        for company in dict.fromkeys(row.company for row in gone):
            leaving = [row for row in gone if row.company_id == company.pk]
            if not has_another_owner(company, without=leaving):
                protected = [*protected, _(LastOwner.message) % {"company": company.name}]
        return to_delete, counts, perms, protected


class MembershipForm(forms.ModelForm):
    """The last owner of a company stays one."""

    def clean(self) -> dict[str, Any]:
        typed = dict(super().clean() or {})
        row = self.instance
        if row.pk and row.role == Role.OWNER and not self.errors:
            stays = typed["company"].pk == row.company_id and _is_owner(typed["role"], typed["user"])
            check_still_owned(row.company, stays, without=[row])
        return typed


def _is_owner(role: str | None, user: User | None) -> bool:
    return role == Role.OWNER and user is not None and user.is_active


class MembersFormSet(forms.BaseInlineFormSet):
    """The members as they would be together: one may go as another comes."""

    def clean(self) -> None:
        super().clean()
        if not self.instance._state.adding and not any(self.errors):
            gone = set(self.deleted_forms)
            kept = [form.cleaned_data for form in self.forms if form not in gone and form.cleaned_data]
            check_still_owned(self.instance, any(_is_owner(row.get("role"), row.get("user")) for row in kept))


class PersonForm(UserChangeForm):
    """The account of a company's last owner is not closed."""

    def clean(self) -> dict[str, Any]:
        typed = dict(super().clean() or {})
        if self.instance.pk and typed.get("is_active") is False:
            for row in self.instance.memberships.filter(role=Role.OWNER).order_by("company_id"):
                check_still_owned(row.company, False, without=[row])
        return typed


@admin.register(Invitation)
class InvitationAdmin(FactAdmin):
    list_display = ["invited_at", "company", "email", "role", "status", "expires_at", "invited_by"]
    list_select_related = ["company", "invited_by"]
    list_filter = ["status"]
    ordering = ["-invited_at"]
