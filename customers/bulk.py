"""What can be done with many customers at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.kernel.actor import Actor
from config.kernel.bulk.acts import BulkAct, BulkList, declare_acts, declare_list
from customers.forms import CustomerFilter
from customers.models import Customer, PaymentTerms
from customers.services import archive_customer, change_terms


class TermsForm(forms.Form):
    terms: forms.ModelChoiceField = forms.ModelChoiceField(
        label=_("Conditions de règlement"), queryset=None, empty_label=None
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["terms"].queryset = PaymentTerms.objects.order_by("days", "name")  # type: ignore[attr-defined]  # of a choice field

    def values(self) -> dict[str, Any]:
        return {"terms": self.cleaned_data["terms"].pk}


def _living(customers: QuerySet[Any], _on: date) -> QuerySet[Any]:
    return customers.filter(archived_at=None)


def _archive(customer: Customer, _options: Mapping[str, Any], actor: Actor, at: datetime) -> str:
    archive_customer(customer=customer, actor=actor, at=at)
    return gettext("Archivé")


def _change_terms(customer: Customer, options: Mapping[str, Any], actor: Actor, at: datetime) -> str:
    terms = PaymentTerms.objects.get(pk=options["terms"])
    change_terms(customer=customer, terms=terms, actor=actor, at=at)
    return gettext("Règlement : %(terms)s") % {"terms": terms.name}


declare_list(
    BulkList(
        name="customers",
        label=_("Clients"),
        field="customer",
        area="customers",
        page="customers:customer-list",
        model=Customer,
        found=lambda query, _on: CustomerFilter(query).narrow(Customer.objects.customers()),
        order=("name", "id"),
    )
)
declare_acts(
    "customers",
    BulkAct(
        name="terms",
        label=_("Changer les conditions de règlement"),
        icon="calendar",
        needs="customers.edit",
        effect=_("Leurs prochaines factures suivront ces conditions ; celles qui sont émises ne changent pas."),
        takes=_living,
        work=_change_terms,
        form=TermsForm,
    ),
    BulkAct(
        name="archive",
        label=_("Archiver"),
        icon="archive",
        needs="customers.edit",
        effect=_("Ils quittent les listes et les recherches. Chacun peut être rétabli depuis sa fiche."),
        takes=_living,
        work=_archive,
    ),
)
