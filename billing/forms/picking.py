"""A document's head where the customer is chosen by typing."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.kernel.editing import RecordForm
from config.kernel.middleware import say
from customers.models import Customer, CustomerQuerySet
from customers.services import CustomerArchived


class CustomerPickedForm(RecordForm):
    """The customer: its id, or its exact name without JavaScript. `shown` is whom the page shows as chosen.

    A form that picks a supplier in the same way says so in its own words.
    """

    picked_label = _("Client")
    several = _("Plusieurs clients portent ce nom. Choisissez dans la liste.")
    choose = _("Choisissez un client dans la liste.")
    unknown = _("Aucun client ne s’appelle ainsi.")

    customer = forms.CharField(label=_("Client"), required=False, widget=forms.HiddenInput)
    shown: Customer | None = None

    def pickable(self) -> CustomerQuerySet:
        return Customer.objects.customers()

    def clean_customer(self) -> Customer:
        typed = (self.data.get("customer_text") or "").strip()
        wanted = self.cleaned_data["customer"] or self.data.get("customer_choice") or ""
        named = self.pickable().select_related("terms").filter(_named(wanted, typed))
        # the record keeps its own customer, archived meanwhile
        found = list(named.filter(Q(archived_at=None) | Q(pk=self.shown.pk if self.shown else None))[:2])
        if len(found) == 1:
            self.shown = found[0]
            return found[0]
        if found:
            raise ValidationError(self.several)
        if archived := named.first():
            raise ValidationError(say(CustomerArchived(archived)))
        raise ValidationError(self.unknown if typed else self.choose)

    @property
    def customer_id(self) -> str:
        return (self.data.get("customer") or "") if self.is_bound else str(self.shown.pk) if self.shown else ""

    @property
    def customer_text(self) -> str:
        return (self.data.get("customer_text") or "") if self.is_bound else self.shown.name if self.shown else ""


def customer_chosen(wanted: Any) -> Customer | None:
    """The active customer that `?customer=` names, when it names one."""
    text = str(wanted or "")
    return Customer.objects.active().customers().filter(_named(text, "")).first()


def third_party_chosen(wanted: Any) -> Customer | None:
    """The same of any third party: who bills us, or may do so from now on."""
    return Customer.objects.active().filter(_named(str(wanted or ""), "")).first()


def _named(wanted: str, typed: str) -> Q:
    if wanted.isascii() and wanted.isdigit() and len(wanted) < 20:
        return Q(pk=int(wanted))
    return Q(name__folded=typed) if typed else Q(pk__in=[])
