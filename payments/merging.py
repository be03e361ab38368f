"""What of payments follows a customer into another record, and what holds a merge up."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import F
from django.utils.translation import gettext_noop as n

from customers.merging import register as register_merging
from customers.models import Customer
from payments.dunning.models import ReminderSettings, ReminderText
from payments.models import DirectDebit, Mandate, Payment
from payments.outgoing.suppliers.models import PaymentRunLine


def register() -> None:
    register_merging(blocks=in_flight, follows=_follow)


def in_flight(customer: Customer) -> Iterator[str]:
    """Money under way: a French sentence for each."""
    if Payment.objects.filter(customer=customer, reverses=None, reversed_at=None, amount__gt=F("allocated")).exists():
        yield n("un crédit n’est pas utilisé : affectez-le ou remboursez-le.")
    if DirectDebit.objects.filter(invoice__customer=customer, status__in=DirectDebit.PENDING).exists():
        yield n("un prélèvement est en cours : attendez la banque, ou annulez-le.")
    if PaymentRunLine.objects.filter(purchase__supplier=customer, ended_at=None).exists():
        yield n("un lot de règlements en cours le paie : menez-le à son terme.")


def _follow(kept: Customer, absorbed: Customer) -> dict[str, int]:
    """A signed mandate stays as it was signed, and serves the record that absorbs its own."""
    moved = {"mandates": Mandate.objects.filter(customer=absorbed, signed_on=None).update(customer=kept)}
    if not ReminderSettings.objects.filter(customer=kept).exists():
        moved["reminder_settings"] = ReminderSettings.objects.filter(customer=absorbed).update(customer=kept)
    for text in ReminderText.objects.filter(customer=absorbed):
        if not ReminderText.objects.filter(customer=kept, level=text.level, language=text.language).exists():
            moved["reminder_texts"] = moved.get("reminder_texts", 0) + ReminderText.objects.filter(pk=text.pk).update(
                customer=kept
            )
    return moved
