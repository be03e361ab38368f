"""Payments over REST: recorded, changed and taken back as accounting corrects (nothing recorded is ever erased)."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponseBase

from billing.models import Invoice
from config.kernel.api import lists
from config.kernel.api.documented import documented
from config.kernel.api.examples import sent
from config.kernel.api.expand import expandable
from config.kernel.api.operation import operation
from config.kernel.api.repeatable import OPTIONAL, REQUIRED, repeatable
from config.kernel.api.statuses import created, located
from config.kernel.api.versions import conditional, versioned
from config.kernel.api.view import ApiView, Call
from config.kernel.clock import local_day
from config.kernel.errors import Invalid
from customers.api.customers import CUSTOMER
from payments.api import rows
from payments.api.answers import answer_for, reverse_for
from payments.api.bodies import MarkPaidBody, PaymentBody, PaymentChange, PaymentFilter, values_of_mark_paid
from payments.api.fields import named_as
from payments.api.shapes import Change, ChangedPayment, PaymentAnswer, PaymentShape, ReversedPayment, held
from payments.models import Payment
from payments.services.allocations import Share
from payments.services.payments import change_payment_text, record_payment
from payments.services.receiving import lock_held, pay_invoice, receive_oldest_first, replace_payment

ANOTHER_INVOICE = (
    "Un encaissement ne change pas de facture ainsi : retirez-le de l’une (DELETE …/allocations/{invoice_id}), "
    "puis affectez-le à l’autre (POST …/allocations)."
)
BY_API = "Supprimé par API"


SEED_PAYMENT = {
    "invoice_id": 1, "payment_date": "2024-10-15", "amount": 600.00, "payment_method": "card",
    "reference": "CARD-789", "transaction_id": "TXN-456789", "notes": "Paiement partiel",
}  # fmt: skip


class PaymentList(ApiView):
    area = "payments"

    @operation(query=PaymentFilter, answer=PaymentShape, many=True)
    @expandable(customer=CUSTOMER)
    @documented(id="payment_list")
    def get(self, request: Call) -> HttpResponseBase:
        """Payments, the latest first.

        Filters combine. What was deleted (taken back) is not shown unless `status` asks for it.
        """
        filters = request.query
        found = rows.narrowed(rows.payments(), filters)
        if filters["status"] == "recorded":
            found = found.filter(reverses=None, reversed_at=None)
        elif filters["status"] == "reversed":
            found = found.exclude(reversed_at=None)
        return lists.page(self, found, by="paid_on", name="payments")

    @operation(action="payments.record", body=PaymentBody, answer=PaymentAnswer)
    @created(at="api:payment", of="payment")
    @repeatable(REQUIRED)
    @documented(id="payment_create", examples=[sent(SEED_PAYMENT)])
    def post(self, request: Call) -> dict[str, Any]:
        """Record money received.

        With `invoice_id` the invoice takes what it still asks for; what is beyond its balance is kept as the
        customer's credit, never lost and never allocated (`payment.unallocated`, told in `message`). An invoice that
        asks for nothing refuses it (409 `nothing_outstanding`): send `customer_id` to keep the money as credit.
        With `customer_id`, `allocations` say what it pays, none beyond a balance (409 `over_allocated`); the rest is
        credit, or with `oldest_first` pays the customer's other invoices in the order of their due dates.
        """
        values = request.values
        invoice: Invoice | None = values.get("invoice_id")
        common = {
            "method": values["payment_method"],
            "paid_on": values.get("payment_date") or local_day(request.at),
            "reference": values["reference"],
            "notes": values["notes"],
            "transaction_id": values["transaction_id"],
            "actor": request.caller.actor,
            "at": request.at,
        }
        with named_as():
            if invoice is not None:
                payment = pay_invoice(invoice=invoice, amount=values["amount"], **common)
            else:
                shares = [Share(share["invoice_id"], share["amount"]) for share in values.get("allocations", [])]
                receive = receive_oldest_first if values["oldest_first"] else record_payment
                payment = receive(customer=values["customer_id"], amount=values["amount"], shares=shares, **common)
        return answer_for(payment, invoice)


class PaymentItem(ApiView):
    area = "payments"

    def find(self, **kwargs: Any) -> Payment:
        payment = rows.payment_of(kwargs["id"])
        if self.request.method in {"PUT", "DELETE"}:
            lock_held(payment)  # invoices before the payment, as everywhere
        return payment

    @operation(answer=PaymentShape)
    @versioned
    @expandable(customer=CUSTOMER)
    @documented(id="payment_retrieve")
    def get(self, request: Call, id: int) -> Payment:
        """A payment with what it pays."""
        return self.find(id=id)

    @operation(action="payments.record", body=PaymentChange, answer=ChangedPayment)
    @repeatable(OPTIONAL)
    @conditional
    @documented(id="payment_update", examples=[sent({"reference": "VIR-123456", "notes": "Reçu en agence"})])
    def put(self, request: Call, id: int) -> Change:
        """Change a payment.

        Reference, notes and transaction_id change freely. Another amount, date or method is a correction: the payment
        is reversed and a new one recorded, which pays the same invoices; the answer is the new one, and `replaces`
        names the old. A payment that comes from the bank keeps the bank's figures (409 `payment_from_bank`).
        """
        payment, values = self.find(id=id), request.values
        paid: list[int | None] = [invoice.pk for invoice, _part in held(payment)]
        if "invoice_id" in values and values["invoice_id"] not in (paid or [None]):
            raise Invalid(fields={"invoice_id": ANOTHER_INVOICE})
        texts = {name: values.get(name, getattr(payment, name)) for name in ("reference", "notes", "transaction_id")}
        figures = {
            "amount": values.get("amount", payment.amount),
            "paid_on": values.get("payment_date", payment.paid_on),
            "method": values.get("payment_method", payment.method),
        }
        by: dict[str, Any] = {"actor": request.caller.actor, "at": request.at}
        if all(getattr(payment, name) == value for name, value in figures.items()):
            change_payment_text(payment=payment, **texts, **by)
            return Change(rows.payment_of(id))
        with named_as():
            new = replace_payment(payment=payment, **figures, **texts, **by)
        return Change(rows.payment_of(new.pk), replaces=id)

    @operation(action="payments.record", answer=ReversedPayment)
    @repeatable(OPTIONAL)
    @conditional
    @documented(id="payment_delete")
    def delete(self, request: Call, id: int) -> dict[str, Any]:
        """Take a payment back.

        Nothing is erased: an opposite payment is recorded, the invoices owe again what it had paid, and their
        statuses follow. A bank line it was reconciled with is open again. Twice is refused (409 `already_reversed`).
        """
        return reverse_for(request, self.find(id=id), BY_API)


class MarkPaid(ApiView):
    area = "payments"

    def find(self, **path: Any) -> Invoice:
        return rows.invoice_of(path["id"])

    @operation(action="payments.record", body=MarkPaidBody, answer=PaymentAnswer)
    @located(at="api:payment", of="payment")
    @repeatable(REQUIRED)
    @documented(
        id="invoice_mark_paid",
        examples=[
            sent(
                {
                    "payment_method": "transfer",
                    "payment_reference": "VIR-123456",
                    "payment_date": "2024-10-15",
                    "amount": 1200.00,
                }
            )
        ],
    )
    def post(self, request: Call, id: int) -> dict[str, Any]:
        """Record the payment of an invoice: its whole balance unless `amount` says less.

        Less than the balance leaves the invoice `sent` or `overdue`. More is kept as the customer's credit. An invoice
        that asks for nothing, or a draft, is refused (409 `nothing_outstanding`).
        """
        invoice = self.find(id=id)
        with named_as():
            payment = pay_invoice(invoice=invoice, **values_of_mark_paid(request))
        return answer_for(payment, invoice)
