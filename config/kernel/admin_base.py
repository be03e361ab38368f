"""How superusers see company rows: across companies, frozen ones read-only, actions through the services."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, cast

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.kernel.actor import Actor
from config.kernel.admin_audit import AuditedAdmin
from config.kernel.errors import DomainError, RemoteError
from config.kernel.forms import TextField
from config.kernel.kept import FileRefused, check_kept
from config.kernel.middleware import say
from config.kernel.models import User
from config.kernel.outbound import refusal
from config.kernel.scope import company_scope


def refuse_hidden(url: str) -> None:
    """Raise ValidationError for an address that is not public."""
    if refused := refusal(url, loopback=True):
        raise ValidationError(gettext(refused))


class CompanyAdmin(AuditedAdmin):
    """A company row of any company. Related choices are found by search, never listed whole."""

    list_per_page = 50
    # count(*) of a million rows at each page, for a figure that nobody reads
    show_full_result_count = False

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        """Texts are cleaned, and refused where no document could print them; addresses are judged: as on the pages."""
        if type(db_field) in {models.CharField, models.TextField} and not db_field.choices:
            options["form_class"] = TextField
        if isinstance(db_field, models.URLField):
            options |= {"validators": [refuse_hidden], "assume_scheme": "https"}
        return super().formfield_for_dbfield(db_field, request, **options)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = self.model.everywhere.all()
        ordering = self.get_ordering(request)
        return rows.order_by(*ordering) if ordering else rows


class KeptFileShown:
    """A kept file is told by its name and its state: the link that Django would make leads nowhere."""

    model: type[models.Model]

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> list[str]:
        shown: list[str] = list(super().get_exclude(request, obj) or [])  # type: ignore[misc]  # mixed into admins
        return [*shown, "file"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        shown: list[str] = list(super().get_readonly_fields(request, obj))  # type: ignore[misc]  # mixed into admins
        has_file = any(field.name == "file" for field in self.model._meta.fields)
        return [*shown, "kept_file"] if has_file else shown

    @admin.display(description=_("fichier conservé"))
    def kept_file(self, row: Any) -> str:
        try:
            check_kept(row)
        except FileRefused as error:
            return say(error)
        return f"{row.file.name} ✓"


class FactAdmin(KeptFileShown, CompanyAdmin):
    """Facts: to be read, never added, changed or deleted here."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class FactInline(KeptFileShown, admin.TabularInline):
    """Rows that belong to a fact."""

    extra = 0
    can_delete = False
    show_change_link = False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = cast(Any, self.model).everywhere.all()
        return rows

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


Service = Callable[[Any, Actor, Any], object]


def for_each(
    model_admin: admin.ModelAdmin, request: HttpRequest, rows: Iterable[models.Model], service: Service
) -> None:
    """Call the service for each row in its company's scope, and tell what was done and what was refused."""
    actor, done = Actor.user(cast(User, request.user)), 0
    for row in rows:
        try:
            with company_scope(cast(Any, row).company_id):
                service(row, actor, timezone.now())
            done += 1
        except DomainError as error:
            model_admin.message_user(request, f"{row} : {say(error)}", messages.ERROR)
        except RemoteError as error:
            model_admin.message_user(request, f"{row} : {error.message}", messages.ERROR)
    if done:
        model_admin.message_user(request, f"{done} ✓", messages.SUCCESS)
