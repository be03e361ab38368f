"""Customers for superusers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.kernel.admin_base import CompanyAdmin, FactInline, for_each
from config.kernel.errors import Invalid
from customers.forms import motives
from customers.models import Address, Contact, Customer, Individual, Organisation, PaymentTerms
from customers.services import archive_customer, clean_identity, restore_customer


class AddressInline(FactInline):
    model = Address


class ContactInline(FactInline):
    model = Contact


class CustomerForm(forms.ModelForm):
    """The same checks as everywhere: the admin is no back door."""

    exemption_code = forms.ChoiceField(label=_("motif d’exonération (VATEX)"), required=False, choices=motives)

    def clean(self) -> dict[str, Any]:
        typed = dict(super().clean() or {})
        try:
            return clean_identity({**typed, "kind": typed.get("kind") or self.instance.kind})
        except Invalid as error:
            for field, sentence in error.fields.items():
                self.add_error(field if field in self.fields else None, sentence)
            return typed


@admin.register(Customer)
class CustomerAdmin(CompanyAdmin):
    tags = ("customers.customer.created", "customers.customer.changed", "")
    form = CustomerForm
    list_display = ["name", "company", "kind", "siren", "is_public_body", "archived_at"]
    list_select_related = ["company"]
    list_filter = ["kind", "is_public_body", "company"]
    search_fields = ["name", "siren", "siret", "email"]
    autocomplete_fields = ["company", "terms"]
    inlines = [AddressInline, ContactInline]
    actions = ["archive", "restore"]
    ordering = ["name"]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return getattr(obj, "erased_at", None) is None and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.action(description=_("Archiver"))
    def archive(self, request: HttpRequest, rows: QuerySet[Customer]) -> None:
        for_each(self, request, rows, lambda row, actor, at: archive_customer(customer=row, actor=actor, at=at))

    @admin.action(description=_("Rétablir"))
    def restore(self, request: HttpRequest, rows: QuerySet[Customer]) -> None:
        for_each(self, request, rows, lambda row, actor, at: restore_customer(customer=row, actor=actor, at=at))


@admin.register(Organisation, Individual)
class KindAdmin(CustomerAdmin):
    """The two proxies, each with its own list."""

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        kind = "ORGANISATION" if self.model is Organisation else "INDIVIDUAL"
        return super().get_queryset(request).filter(kind=kind)


@admin.register(PaymentTerms)
class PaymentTermsAdmin(CompanyAdmin):
    tags = ("customers.terms.created", "customers.terms.changed", "customers.terms.deleted")
    list_display = ["name", "company", "days", "end_of_month"]
    search_fields = ["name"]
    autocomplete_fields = ["company"]


@admin.register(Address)
class AddressAdmin(CompanyAdmin):
    tags = ("customers.customer.changed",) * 3
    list_display = ["customer", "kind", "line", "postcode", "city"]
    list_select_related = ["customer"]
    search_fields = ["line", "city"]
    autocomplete_fields = ["company", "customer"]

    def audit_subjects(self, row: Address) -> list[Customer]:
        return [row.customer]

    def audit_data(self, row: Address) -> dict[str, Any]:
        return {"name": row.customer.name, "address": row.kind}


@admin.register(Contact)
class ContactAdmin(CompanyAdmin):
    tags = ("customers.contact.added", "customers.contact.changed", "customers.contact.removed")
    list_display = ["name", "customer", "email", "gets_invoices", "gets_reminders"]
    list_select_related = ["customer"]
    search_fields = ["name", "email"]
    autocomplete_fields = ["company", "customer"]

    def audit_subjects(self, row: Contact) -> list[Customer]:
        return [row.customer]

    def audit_data(self, row: Contact) -> dict[str, Any]:
        return {"name": row.name}
