"""What partners send about money."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers

from billing.models import Invoice
from config.kernel.api.fields import Body, Day, Id, Money, Page, Query, Reference, Switch, Word
from config.kernel.api.view import Call
from config.kernel.clock import local_day
from customers.models import Customer
from payments.api.fields import METHODS, Received
from payments.api.shapes import PaymentShape
from payments.services.reports import PERIODS

ONE_OF_BOTH = "Indiquez la facture payée (invoice_id), ou le client (customer_id)."
NOT_ITS_CUSTOMER = "Ce client n’est pas celui de la facture."
SHARES_WITH_CUSTOMER = "La répartition va avec customer_id : avec invoice_id, tout va à cette facture."
NOT_THE_INVOICES = "Ce n’est pas celui de la facture invoice_id."
TWICE = "Une facture figure deux fois dans la répartition."


def _text(longest: int, **options: Any) -> serializers.CharField:
    return serializers.CharField(max_length=longest, required=False, allow_blank=True, **options)


class ShareBody(Body):
    invoice_id = Reference(Invoice)
    amount = Received()
    invoice_number = serializers.CharField(required=False, help_text="Refused where it is not the invoice's.")
    invoice_total = Money(required=False, help_text="Refused where it is not the invoice's.")

    def validate(self, values: dict[str, Any]) -> dict[str, Any]:
        invoice = values["invoice_id"]
        actual = {"invoice_number": invoice.number, "invoice_total": invoice.total_gross}
        wrong = [name for name in actual if values.pop(name, actual[name]) != actual[name]]
        if wrong:
            raise serializers.ValidationError({name: [_(NOT_THE_INVOICES)] for name in wrong})
        return values


def shares_field(**options: Any) -> serializers.ListSerializer:
    field: serializers.ListSerializer = ShareBody(many=True, required=False, max_length=100, **options)
    return field


def check_shares(shares: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Each invoice once. Raises ValidationError."""
    if len({share["invoice_id"].pk for share in shares}) < len(shares):
        raise serializers.ValidationError(_(TWICE))
    return shares


class PaymentBody(Body):
    """Money received: for one invoice, or from a customer with what it pays."""

    invoice_id = Reference(Invoice, required=False)
    customer_id = Reference(Customer, required=False)
    payment_date = Day(required=False, help_text="Today when absent; never in the future.")
    amount = Received()
    payment_method = Word(METHODS)
    reference = _text(140, default="")
    transaction_id = _text(100, default="", help_text="What the payment service calls it.")
    notes = _text(5000, default="")
    allocations = shares_field(help_text="With customer_id: what it pays. The rest is the customer's credit.")

    oldest_first = Switch(
        default=False,
        help_text="With customer_id: what `allocations` leave pays the customer's other invoices, the oldest debt first"
        " (art. 1342-10 C. civ.).",
    )

    def validate_allocations(self, value: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return check_shares(value)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        invoice, customer = attrs.get("invoice_id"), attrs.get("customer_id")
        if invoice is None and customer is None:
            raise serializers.ValidationError({"invoice_id": _(ONE_OF_BOTH)})
        if invoice and customer and invoice.customer_id != customer.pk:
            raise serializers.ValidationError({"customer_id": _(NOT_ITS_CUSTOMER)})
        if invoice and attrs.get("allocations"):
            raise serializers.ValidationError({"allocations": _(SHARES_WITH_CUSTOMER)})
        if invoice and attrs["oldest_first"]:
            raise serializers.ValidationError({"oldest_first": _(SHARES_WITH_CUSTOMER)})
        return attrs


class PaymentChange(Body):
    """What is absent stays as it is."""

    shape = PaymentShape
    echoed = ("replaces",)  # stands in the answer to a change alone

    invoice_id = Id(required=False, allow_null=True, help_text="May be sent back; another one is refused.")
    payment_date = Day(required=False)
    amount = Received(required=False)
    payment_method = Word(METHODS, required=False)
    reference = _text(140)
    transaction_id = _text(100)
    notes = _text(5000)


class MarkPaidBody(Body):
    payment_method = Word(METHODS, required=False, default="transfer")
    payment_reference = _text(140, default="")
    payment_date = Day(required=False, help_text="Today when absent.")
    amount = Received(required=False, help_text="The whole balance when absent.")


def values_of_mark_paid(request: Call) -> dict[str, Any]:
    """What `pay_invoice` takes of a call with a `MarkPaidBody`."""
    values = request.values
    return {
        "amount": values.get("amount"),
        "method": values["payment_method"],
        "paid_on": values.get("payment_date") or local_day(request.at),
        "reference": values["payment_reference"],
        "actor": request.caller.actor,
        "at": request.at,
    }


class ReasonBody(Body):
    reason = _text(200, default="")


class PaymentFilter(Page):
    invoice_id = Id(required=False)
    customer_id = Id(required=False)
    from_date = Day(required=False)
    to_date = Day(required=False)
    payment_method = Word(METHODS, required=False)
    status = serializers.ChoiceField(
        ["recorded", "reversed", "all"],
        default="recorded",
        help_text="Payments that count, those taken back, or every row with the reversals.",
    )


class StatsQuery(Query):
    period = serializers.ChoiceField(PERIODS, default="month")
    from_date = Day(required=False)
    to_date = Day(required=False)
    currency = serializers.RegexField(r"^[A-Z]{3}$", default="EUR")
