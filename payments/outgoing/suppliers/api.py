"""Supplier payments over REST: recorded, read, taken back; runs are read, for people prepare and confirm them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from billing.purchases.models import PurchaseInvoice
from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.fields import Body, Day, Id, Moment, Money, Page, Reference, Word
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import REQUIRED, repeatable
from config.kernel.api.statuses import created
from config.kernel.api.view import ApiView, Call
from config.kernel.clock import local_day
from payments.api.bodies import ReasonBody
from payments.api.fields import METHODS, named_as
from payments.models import BankAccount, Method, PaymentRun, RunStatus, SupplierPayment, SupplierPaymentKind
from payments.outgoing.suppliers.entries import Due
from payments.outgoing.suppliers.recording import pay_supplier
from payments.outgoing.suppliers.taking_back import cancel_supplier_payment

TWICE = "Chaque facture une seule fois."


class SupplierShareShape(serializers.Serializer):
    """What a payment settles of a purchase; of a credit note, what it nets of it."""

    purchase_id = Id()
    purchase_number = serializers.CharField(source="purchase.number", help_text="The supplier's own number.")
    amount = Money()
    discount = Money(help_text="Of it, without money.")


class SupplierPaymentShape(serializers.Serializer):
    """Money given to a supplier, or a transfer that came back (`kind` return)."""

    id = Id()
    number = serializers.CharField(help_text="Our own number, without gaps.")
    kind = Word(SupplierPaymentKind)
    supplier_id = Id()
    supplier_name = serializers.CharField(source="supplier.name")
    amount = Money()
    currency = serializers.CharField()
    payment_method = Word(METHODS, source="method")
    iban = serializers.CharField(help_text="'' where it is not known.")
    payment_date = serializers.DateField(source="made_on")
    reference = serializers.CharField()
    end_to_end_id = serializers.CharField(help_text="What the bank's line names.")
    run_id = Id(allow_null=True, help_text="The payment run that ordered it.")
    returns_id = Id(allow_null=True, help_text="Of a return: the payment that came back.")
    purchases = serializers.SerializerMethodField()
    paid_at = Moment(source="announced_at", allow_null=True, help_text="When it was known that the money has left.")
    cancelled_at = Moment(allow_null=True)

    @extend_schema_field(SupplierShareShape(many=True))
    def get_purchases(self, payment: SupplierPayment) -> list[dict[str, Any]]:
        """What it settled, or settles no more."""
        own = [share for share in payment.shares.all() if (share.amount < 0) == payment.is_return]
        return list(SupplierShareShape(own, many=True).data)


class DueBody(Body):
    purchase_id = Reference(PurchaseInvoice)
    amount = Money(required=False, help_text="All that is left of it when absent.")
    discount = Money(required=False, help_text="Of the amount, without money (escompte).")


class SupplierPaymentBody(Body):
    purchases = DueBody(many=True, max_length=200, help_text="Of one supplier; credit notes lessen the payment.")
    payment_method = Word(METHODS, required=False, default="transfer")
    payment_date = Day(required=False, help_text="Today when absent; never in the future.")
    bank_account_id = Reference(BankAccount, required=False)
    iban = serializers.CharField(max_length=42, required=False, allow_blank=True, default="")
    reference = serializers.CharField(max_length=140, required=False, allow_blank=True, default="")

    def validate_purchases(self, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Each once. Raises ValidationError."""
        if len({row["purchase_id"].pk for row in rows}) < len(rows):
            raise serializers.ValidationError(_(TWICE))
        return rows


class SupplierPaymentFilter(Page):
    supplier_id = Id(required=False)
    purchase_id = Id(required=False)
    kind = Word(SupplierPaymentKind, required=False)


def supplier_payments() -> Any:
    return SupplierPayment.objects.select_related("supplier").prefetch_related("shares__purchase")


class SupplierPaymentList(ApiView):
    area = "purchases"

    @operation(query=SupplierPaymentFilter, answer=SupplierPaymentShape, many=True)
    @documented(id="supplier_payment_list")
    def get(self, request: Call) -> HttpResponseBase:
        """Payments to suppliers and returned ones, the latest first; cancelled ones too."""
        found, filters = supplier_payments(), request.query
        if "supplier_id" in filters:
            found = found.filter(supplier_id=filters["supplier_id"])
        if "purchase_id" in filters:
            found = found.filter(shares__purchase_id=filters["purchase_id"]).distinct()
        if "kind" in filters:
            found = found.filter(kind=filters["kind"])
        return lists.page(self, found, by="made_on", name="supplier-payments")

    @operation(action="purchases.pay", body=SupplierPaymentBody, answer=SupplierPaymentShape)
    @created(at="api:supplier-payment")
    @repeatable(REQUIRED)
    @documented(
        id="supplier_payment_create",
        examples=[sent({"purchases": [{"purchase_id": 1, "amount": 120.00}], "payment_method": "transfer"})],
    )
    def post(self, request: Call) -> SupplierPayment:
        """Record what was paid to a supplier, for one purchase or several.

        Never more than is left of each (409 `purchase_paid_twice`). It orders nothing from the bank: payment runs do,
        which people prepare and confirm on their page.
        """
        values = request.values
        dues = [
            Due(row["purchase_id"], row.get("amount", row["purchase_id"].balance), row.get("discount", Decimal(0)))
            for row in values["purchases"]
        ]
        in_cash = values["payment_method"] == Method.CASH
        with named_as():
            return pay_supplier(
                dues=dues,
                method=values["payment_method"],
                made_on=values.get("payment_date") or local_day(request.at),
                bank_account=None if in_cash else values.get("bank_account_id"),
                iban=values["iban"],
                reference=values["reference"],
                actor=request.caller.actor,
                at=request.at,
            )


class SupplierPaymentItem(ApiView):
    area = "purchases"

    def find(self, **path: Any) -> SupplierPayment:
        payment: SupplierPayment = get_object_or_404(supplier_payments(), pk=path["id"])
        return payment

    @operation(answer=SupplierPaymentShape)
    @documented(id="supplier_payment_retrieve")
    def get(self, request: Call, id: int) -> SupplierPayment:
        """A supplier payment with what it settles."""
        return self.find(id=id)


class SupplierPaymentCancel(ApiView):
    area = "purchases"

    def find(self, **path: Any) -> SupplierPayment:
        payment: SupplierPayment = get_object_or_404(supplier_payments(), pk=path["id"])
        return payment

    @operation(action="purchases.pay", body=ReasonBody, answer=SupplierPaymentShape)
    @repeatable(REQUIRED)
    @documented(id="supplier_payment_cancel", examples=[sent({"reason": "Chèque détruit"})])
    def post(self, request: Call, id: int) -> SupplierPayment:
        """Cancel a payment: the opposite is booked, its purchases are to be paid again.

        One that a bank line shows is not cancelled (409 `supplier_payment_matched`).
        """
        reason = request.values["reason"]
        return cancel_supplier_payment(
            payment=self.find(id=id), reason=reason, actor=request.caller.actor, at=request.at
        )


class PaymentRunLineShape(serializers.Serializer):
    """So much of a purchase in a run."""

    purchase_id = Id()
    amount = Money()
    discount = Money()
    iban = serializers.CharField()


class PaymentRunShape(serializers.Serializer):
    """What people prepared to pay on a day from one account."""

    id = Id()
    number = serializers.CharField()
    status = Word(RunStatus)
    bank_account_id = Id()
    execution_date = serializers.DateField(source="executes_on")
    total = Money()
    order_number = serializers.CharField(source="order.number", default=None, allow_null=True)
    sha256 = serializers.CharField(source="order.sha256", default=None, allow_null=True, help_text="Of the file.")
    lines = serializers.SerializerMethodField()

    @extend_schema_field(PaymentRunLineShape(many=True))
    def get_lines(self, run: PaymentRun) -> list[dict[str, Any]]:
        """Those that were not taken off it."""
        rows = [line for line in run.lines.all() if line.removed_at is None]
        return list(PaymentRunLineShape(rows, many=True).data)


class PaymentRunFilter(Page):
    status = Word(RunStatus, required=False)


def payment_runs() -> Any:
    return PaymentRun.objects.select_related("order").prefetch_related("lines")


class PaymentRunList(ApiView):
    area = "purchases"

    @operation(query=PaymentRunFilter, answer=PaymentRunShape, many=True)
    @documented(id="payment_run_list")
    def get(self, request: Call) -> HttpResponseBase:
        """Payment runs, the latest first."""
        found, filters = payment_runs(), request.query
        if "status" in filters:
            found = found.filter(status=filters["status"])
        return lists.page(self, found, by="created_at", name="payment-runs")


class PaymentRunItem(ApiView):
    area = "purchases"

    def find(self, **path: Any) -> PaymentRun:
        run: PaymentRun = get_object_or_404(payment_runs(), pk=path["id"])
        return run

    @operation(answer=PaymentRunShape)
    @documented(id="payment_run_retrieve")
    def get(self, request: Call, id: int) -> PaymentRun:
        """A payment run with its lines."""
        return self.find(id=id)
