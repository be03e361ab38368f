"""What superusers do in the admin is written like the same act elsewhere: who, to what, and each column old → new.

One base for every page that changes something. Rows of no company (groups, faults of the sandbox) have no chain: what
changed of them stands in Django's own log.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.contrib.admin.widgets import AutocompleteSelect
from django.db import models, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.models import Company, CompanyRow, User
from config.kernel.scope import company_scope

Changes = dict[str, list[Any]]
CREATED, CHANGED, DELETED = range(3)


class CarefulSelect(AutocompleteSelect):
    """Django's own fails on an id that is no number."""

    def optgroups(self, name: str, value: Sequence[str], attr: dict[str, Any] | None = None) -> Any:
        return super().optgroups(name, [key for key in value if str(key).isascii() and str(key).isdigit()], attr)


class FoundBySearch:
    """Related rows are found by a search that takes whatever is sent."""

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **options: Any) -> Any:
        page = cast(admin.ModelAdmin, self)
        if db_field.name in page.get_autocomplete_fields(request):
            options.setdefault("widget", CarefulSelect(db_field, page.admin_site, using=options.get("using")))
        return super().formfield_for_foreignkey(db_field, request, **options)  # type: ignore[misc]  # mixed into admins


class AuditedAdmin(FoundBySearch, admin.ModelAdmin):
    """Saving writes the edited columns alone, and an event of each company concerned."""

    # of a row created, changed, deleted
    tags: ClassVar[tuple[str, str, str]]

    def audit_subjects(self, row: Any) -> Sequence[Company | CompanyRow]:
        """The rows whose timelines show it, each in its company."""
        return [row] if isinstance(row, Company | CompanyRow) else []

    def audit_data(self, row: Any) -> dict[str, Any]:
        """What the event's sentence needs."""
        return {"name": str(row)}

    def record(self, request: HttpRequest, row: Any, act: int, changes: Changes, *, before: Any = None) -> None:
        """Write the event of `row` in its companies, and in those it was `before` in."""
        actor = Actor.user(cast(User, request.user))
        versions = (row,) if before is None else (row, before)
        for subject in dict.fromkeys(chain.from_iterable(map(self.audit_subjects, versions))):
            with company_scope(subject.company_id):
                data = {**self.audit_data(row), "changes": audit.masked(changes)}
                audit.record(self.tags[act], subject=subject, actor=actor, at=timezone.now(), data=data)

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Only the edited columns: the page may be older than what others have committed since."""
        meta = obj._meta
        columns = {field.name: field.attname for field in meta.concrete_fields if field.name in form.changed_data}
        before: Any = None
        if not change:
            obj.save(force_insert=True)
        elif columns:
            before = type(obj)._base_manager.select_for_update(no_key=True).get(pk=obj.pk)
            obj.save(update_fields=list(columns))
        changes = {name: [_recorded(before, column), _recorded(obj, column)] for name, column in columns.items()}
        for name in {field.name for field in meta.many_to_many} & set(form.changed_data):
            changes[name] = [_names(form.initial.get(name)), _names(form.cleaned_data.get(name))]
        form.audited = audit.masked(changes)
        if changes or not change:
            self.record(request, obj, CHANGED if change else CREATED, changes, before=before)

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """The rows of a part of the page, each as its own page would save it."""
        formset.save(commit=False)
        page = cast(AuditedAdmin, self.admin_site.get_model_admin(formset.model))
        for row in formset.deleted_objects:
            page.delete_model(request, row)
        saved = {id(row) for row in formset.new_objects}
        for part in formset.forms:
            if id(part.instance) in saved or any(part.instance is row for row, _names in formset.changed_objects):
                page.save_model(request, part.instance, part, id(part.instance) not in saved)
        formset.save_m2m()

    def construct_change_message(
        self, request: HttpRequest, form: Any, formsets: Any, add: bool = False
    ) -> list[dict[str, Any]]:
        message: list[dict[str, Any]] = super().construct_change_message(request, form, formsets, add)
        for part in message:
            if "changed" in part and "name" not in part["changed"]:
                part["changed"]["values"] = getattr(form, "audited", {})
        return message

    @transaction.atomic
    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        self.record(request, obj, DELETED, {})
        super().delete_model(request, obj)

    @transaction.atomic
    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.record(request, row, DELETED, {})
        super().delete_queryset(request, queryset)


def _recorded(row: models.Model | None, column: str) -> Any:
    value = getattr(row, column) if row is not None else None
    return value if value is None or isinstance(value, str | int | bool | list) else str(value)


def _names(rows: Any) -> list[str]:
    return sorted(str(row) for row in rows or [])
