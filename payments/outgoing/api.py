"""Money back and differences over REST: a customer's credit refunded, what remains of an invoice written off."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from billing.models import Invoice
from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.fields import Body, Day, Id, Moment, Money, Page, Reference, Switch, Word
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import REQUIRED, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.view import ApiView, Call
from config.kernel.clock import local_day
from customers.models import Customer
from payments.api import rows
from payments.api.bodies import ReasonBody
from payments.api.fields import METHODS, Received
from payments.models import BankAccount, Payment, Refund, RefundKind, WriteOff, WriteOffReason
from payments.outgoing.refunding import cancel_refund, refund_customer
from payments.services.write_offs import take_back_write_off, write_off

REASON_WORDS = tuple(reason.lower() for reason in WriteOffReason.values)


class RefundShareShape(serializers.Serializer):
    """What a refund takes of a payment."""

    payment_id = Id()
    amount = Money()


class RefundShape(serializers.Serializer):
    """Money given back to a customer out of its credit, or a payment that bounced (`kind` return)."""

    id = Id()
    number = serializers.CharField(help_text="Our own number, without gaps.")
    kind = Word(RefundKind)
    customer_id = Id()
    customer_name = serializers.CharField(source="customer.name")
    amount = Money()
    currency = serializers.CharField()
    payment_method = Word(METHODS, source="method")
    iban = serializers.CharField(help_text="'' where it is not a transfer.")
    refund_date = serializers.DateField(source="made_on")
    reason = serializers.CharField()
    end_to_end_id = serializers.CharField(help_text="What the bank's line names.")
    order_id = Id(allow_null=True, help_text="The file of transfers that carries it.")
    payments = serializers.SerializerMethodField()
    cancelled_at = Moment(allow_null=True)

    @extend_schema_field(RefundShareShape(many=True))
    def get_payments(self, refund: Refund) -> list[dict[str, Any]]:
        """What was taken of each payment."""
        taken = [share for share in refund.shares.all() if share.amount > 0]
        return list(RefundShareShape(taken, many=True).data)


class WriteOffShape(serializers.Serializer):
    """So much of an invoice settled without money; negative where it is taken back."""

    id = Id()
    invoice_id = Id(allow_null=True)
    amount = Money()
    vat_amount = Money(help_text="Of it, VAT given back.")
    reason = Word(WriteOffReason)
    account = serializers.CharField(help_text="Of the PCG.")
    note = serializers.CharField()
    balance_due = Money(source="invoice.balance")
    at = Moment()


class RefundBody(Body):
    amount = Received()
    payment_method = Word(METHODS, required=False, default="transfer")
    iban = serializers.CharField(max_length=42, required=False, allow_blank=True, default="")
    refund_date = Day(required=False, help_text="Today when absent; never in the future.")
    reason = serializers.CharField(max_length=200)
    bank_account_id = Reference(BankAccount, required=False)
    payments = serializers.ListField(
        child=Reference(Payment), required=False, max_length=100, help_text="The oldest first when absent."
    )


class WriteOffBody(Body):
    amount = Received()
    reason = Word(WriteOffReason)
    with_vat = Switch(default=False, help_text="VAT given back: a discount the customer is told of, a proven loss.")
    note = serializers.CharField(max_length=300, required=False, allow_blank=True, default="")


class RefundFilter(Page):
    customer_id = Id(required=False)
    kind = Word(RefundKind, required=False)


def refunds() -> Any:
    return Refund.objects.select_related("customer").prefetch_related("shares")


class RefundList(ApiView):
    area = "payments"

    @operation(query=RefundFilter, answer=RefundShape, many=True)
    @documented(id="refund_list")
    def get(self, request: Call) -> HttpResponseBase:
        """Refunds and returned payments, the latest first; cancelled ones too."""
        found, filters = refunds(), request.query
        if "customer_id" in filters:
            found = found.filter(customer_id=filters["customer_id"])
        if "kind" in filters:
            found = found.filter(kind=filters["kind"])
        return lists.page(self, found, by="made_on", name="refunds")


class RefundItem(ApiView):
    area = "payments"

    def find(self, **path: Any) -> Refund:
        refund: Refund = get_object_or_404(refunds(), pk=path["id"])
        return refund

    @operation(answer=RefundShape)
    @documented(id="refund_retrieve")
    def get(self, request: Call, id: int) -> Refund:
        """A refund with what it took of payments."""
        return self.find(id=id)


class RefundCancel(ApiView):
    area = "payments"

    def find(self, **path: Any) -> Refund:
        refund: Refund = get_object_or_404(refunds(), pk=path["id"])
        return refund

    @operation(action="payments.refund", body=ReasonBody, answer=RefundShape)
    @repeatable(REQUIRED)
    @documented(id="refund_cancel", examples=[sent({"reason": "Refusé par la banque"})])
    def post(self, request: Call, id: int) -> Refund:
        """Cancel a refund: the opposite is booked, the credit is the customer's again (409 `refund_cancelled`)."""
        reason = request.values["reason"]
        return cancel_refund(refund=self.find(id=id), reason=reason, actor=request.caller.actor, at=request.at)


class CustomerRefunds(ApiView):
    area = "payments"

    def find(self, **path: Any) -> Customer:
        customer: Customer = get_object_or_404(Customer.objects, pk=path["id"])
        return customer

    @operation(action="payments.refund", body=RefundBody, answer=RefundShape)
    @created(at="api:refund")
    @repeatable(REQUIRED)
    @documented(
        id="customer_refund_create",
        examples=[sent({"amount": 30.00, "iban": "FR7630006000011234567890189", "reason": "Trop-perçu"})],
    )
    def post(self, request: Call, id: int) -> Refund:
        """Give credit of a customer back, whole or in part.

        Never more than the credit (409 `refund_beyond_credit`). A transfer needs the IBAN it goes to; the bank pays it
        from a file of transfers made on the page of refunds.
        """
        values = request.values
        return refund_customer(
            customer=self.find(id=id),
            amount=values["amount"],
            method=values["payment_method"],
            iban=values["iban"],
            made_on=values.get("refund_date") or local_day(request.at),
            reason=values["reason"],
            bank_account=values.get("bank_account_id"),
            payments=values.get("payments"),
            actor=request.caller.actor,
            at=request.at,
        )


class InvoiceWriteOffs(ApiView):
    area = "invoices"

    def find(self, **path: Any) -> Invoice:
        return rows.invoice_of(path["id"])

    @operation(action="invoices.write_off", body=WriteOffBody, answer=WriteOffShape)
    @created()
    @repeatable(REQUIRED)
    @documented(id="invoice_write_off", examples=[sent({"amount": 3.00, "reason": "bank_fee"})])
    def post(self, request: Call, id: int) -> WriteOff:
        """Settle what remains of an invoice without money, within the limits of the caller's role.

        Beyond them 409 `write_off_beyond_limit`; a machine's key has those of an accountant.
        """
        return write_off(invoice=self.find(id=id), actor=request.caller.actor, at=request.at, **dict(request.values))


class WriteOffTakeBack(ApiView):
    area = "invoices"

    def find(self, **path: Any) -> WriteOff:
        row: WriteOff = get_object_or_404(WriteOff.objects.exclude(invoice=None), pk=path["id"])
        return row

    @operation(action="invoices.write_off", body=ReasonBody, answer=WriteOffShape)
    @created()
    @repeatable(REQUIRED)
    @documented(id="write_off_take_back", examples=[sent({"reason": "Le client a payé"})])
    def post(self, request: Call, id: int) -> WriteOff:
        """Take a write-off back exactly: the invoice asks for it again (409 `write_off_taken_back` twice)."""
        reason = request.values["reason"]
        row = take_back_write_off(write_off=self.find(id=id), reason=reason, actor=request.caller.actor, at=request.at)
        # as it stands now, not as it was read before
        return WriteOff.objects.select_related("invoice").get(pk=row.pk)
