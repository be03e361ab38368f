"""Payments over REST: what seed 003 prints, and the corrections of accounting (nothing recorded is ever erased)."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

from django.db.models import QuerySet
from django.http import HttpResponseBase
from django.urls import reverse
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.response import Response

from billing.models import Invoice
from config.kernel import typography
from config.kernel.api import lists
from config.kernel.api.examples import received, sent
from config.kernel.api.fields import Moment, Money, Word
from config.kernel.api.operation import OPTIONAL, REQUIRED, ApiView, Call, operation
from config.kernel.clock import local_day
from config.kernel.errors import Invalid
from customers.api.customers import CUSTOMER
from payments.api import rows
from payments.api.bodies import MarkPaidBody, PaymentBody, PaymentChange, PaymentFilter, StatsQuery
from payments.api.fields import METHODS, named_as
from payments.api.shapes import ChangedPayment, PaymentAnswer, PaymentShape, ReversedPayment, held
from payments.models import Payment
from payments.services import reports
from payments.services.payments import Share, change_payment_text, record_payment
from payments.services.receiving import lock_held, pay_invoice, receive_oldest_first, replace_payment
from payments.services.reconciliation import take_back_payment

ANOTHER_INVOICE = (
    "Un encaissement ne change pas de facture ainsi : retirez-le de l’une (DELETE …/allocations/{invoice_id}), "
    "puis affectez-le à l’autre (POST …/allocations)."
)
BY_API = "Supprimé par API"


def answer_for(
    view: ApiView, payment: Payment, invoice: Invoice | None, *, status: int, message: str = ""
) -> HttpResponseBase:
    """{message, payment, invoice (else the first it pays)}, as read after the write, with the payment's address."""
    fresh = rows.payment_of(payment.pk)
    invoice = invoice or next((one for one, _part in held(fresh)), None)
    told = {
        "message": message or recorded(fresh),
        "payment": fresh,
        "invoice": rows.invoice_of(invoice.pk) if invoice else None,
    }
    data = PaymentAnswer(told, context=view.context(view.request)).data
    return Response(data, status=status, headers={"Location": reverse("api:payment", args=[payment.pk])})


def recorded(payment: Payment) -> str:
    """What happened in a sentence, with what is left as credit."""
    if not payment.unallocated:
        return _("Encaissement %(number)s enregistré.") % {"number": payment.number}
    rest = typography.money(payment.unallocated, payment.currency)
    words = _("Encaissement %(number)s enregistré. %(rest)s restent au crédit du client.")
    return words % {"number": payment.number, "rest": rest}


SEED_PAYMENT = {
    "invoice_id": 1, "payment_date": "2024-10-15", "amount": 600.00, "payment_method": "card",
    "reference": "CARD-789", "transaction_id": "TXN-456789", "notes": "Paiement partiel",
}  # fmt: skip


class PaymentList(ApiView):
    area = "payments"

    @operation(query=PaymentFilter, answer=PaymentShape, many=True, expand={"customer": CUSTOMER}, id="payment_list")
    def get(self, request: Call) -> HttpResponseBase:
        """Payments, the latest first.

        Filters combine. What was deleted (taken back) is not shown unless `status` asks for it.
        """
        asked = request.query
        found = narrowed(rows.payments(), asked)
        if asked["status"] == "recorded":
            found = found.filter(reverses=None, reversed_at=None)
        elif asked["status"] == "reversed":
            found = found.exclude(reversed_at=None)
        context = self.context(request)
        return lists.page(request, found, PaymentShape, by="paid_on", context=context, name="payments")

    @operation(
        action="payments.record", body=PaymentBody, answer=PaymentAnswer, status=201, key=REQUIRED,
        id="payment_create", examples=[sent(SEED_PAYMENT)],
    )  # fmt: skip
    def post(self, request: Call) -> HttpResponseBase:
        """Record money received.

        With `invoice_id` the invoice takes what it still asks for; what is beyond its balance is kept as the
        customer's credit, never lost and never allocated (`payment.unallocated`, told in `message`). An invoice that
        asks for nothing refuses it (409 `nothing_outstanding`): send `customer_id` to keep the money as credit.
        With `customer_id`, `allocations` say what it pays, none beyond a balance (409 `over_allocated`); the rest is
        credit, or with `oldest_first` pays the customer's other invoices in the order of their due dates.
        """
        said = request.values
        invoice: Invoice | None = said.get("invoice_id")
        common = {
            "method": said["payment_method"],
            "paid_on": said.get("payment_date") or local_day(request.at),
            "reference": said["reference"],
            "notes": said["notes"],
            "transaction_id": said["transaction_id"],
            "actor": request.caller.actor,
            "at": request.at,
        }
        with named_as():
            if invoice is not None:
                payment = pay_invoice(invoice=invoice, amount=said["amount"], **common)
            else:
                shares = [Share(one["invoice_id"], one["amount"]) for one in said.get("allocations", [])]
                receive = receive_oldest_first if said["oldest_first"] else record_payment
                payment = receive(customer=said["customer_id"], amount=said["amount"], shares=shares, **common)
        return answer_for(self, payment, invoice, status=201)


def narrowed(found: QuerySet[Payment], asked: dict[str, Any]) -> QuerySet[Payment]:
    columns = {
        "customer_id": "customer_id", "from_date": "paid_on__gte", "to_date": "paid_on__lte",
        "payment_method": "method", "currency": "currency",
    }  # fmt: skip
    found = found.filter(**{column: asked[name] for name, column in columns.items() if name in asked})
    return rows.paying(found, asked["invoice_id"]) if "invoice_id" in asked else found


class PaymentItem(ApiView):
    area = "payments"

    def find(self, **kwargs: Any) -> Payment:
        payment = rows.payment_of(kwargs["id"])
        if self.request.method in {"PUT", "DELETE"}:
            lock_held(payment)  # invoices before the payment, as everywhere
        return payment

    @operation(answer=PaymentShape, etag=True, expand={"customer": CUSTOMER}, id="payment_retrieve")
    def get(self, request: Call, id: int) -> Payment:
        """A payment with what it pays."""
        return self.find(id=id)

    @operation(
        action="payments.record", body=PaymentChange, answer=ChangedPayment, key=OPTIONAL, match=True,
        id="payment_update", examples=[sent({"reference": "VIR-123456", "notes": "Reçu en agence"})],
    )  # fmt: skip
    def put(self, request: Call, id: int) -> Payment:
        """Change a payment.

        Reference, notes and transaction_id change freely. Another amount, date or method is a correction: the payment
        is reversed and a new one recorded, which pays the same invoices; the answer is the new one, and `replaces`
        names the old. A payment that comes from the bank keeps the bank's figures (409 `payment_from_bank`).
        """
        payment, said = self.find(id=id), request.values
        paid: list[int | None] = [invoice.pk for invoice, _part in held(payment)]
        if "invoice_id" in said and said["invoice_id"] not in (paid or [None]):
            raise Invalid(fields={"invoice_id": ANOTHER_INVOICE})
        words = {name: said.get(name, getattr(payment, name)) for name in ("reference", "notes", "transaction_id")}
        figures = {
            "amount": said.get("amount", payment.amount),
            "paid_on": said.get("payment_date", payment.paid_on),
            "method": said.get("payment_method", payment.method),
        }
        by: dict[str, Any] = {"actor": request.caller.actor, "at": request.at}
        if all(getattr(payment, name) == value for name, value in figures.items()):
            change_payment_text(payment=payment, **words, **by)
            return rows.payment_of(id)
        with named_as():
            new = replace_payment(payment=payment, **figures, **words, **by)
        shown = rows.payment_of(new.pk)
        shown.replaces = id  # type: ignore[attr-defined]  # told once, in this answer
        return shown

    @operation(action="payments.record", answer=ReversedPayment, key=OPTIONAL, match=True, id="payment_delete")
    def delete(self, request: Call, id: int) -> dict[str, Any]:
        """Take a payment back.

        Nothing is erased: an opposite payment is recorded, the invoices owe again what it had paid, and their
        statuses follow. A bank line it was reconciled with is open again. Twice is refused (409 `already_reversed`).
        """
        return reverse_for(request, self.find(id=id), BY_API)


def reverse_for(request: Call, payment: Payment, reason: str) -> dict[str, Any]:
    """Take the payment back, and what the answer says of it."""
    reversal = take_back_payment(payment=payment, reason=reason, actor=request.caller.actor, at=request.at)
    message = _("Encaissement annulé par %(number)s.") % {"number": reversal.number}
    return {
        "message": message,
        "payment": rows.payment_of(payment.pk),
        "reversal": rows.payment_of(reversal.pk),
    }


class PeriodShape(serializers.Serializer):
    period = Moment(help_text="The first instant of the period, in UTC.")
    payment_method = Word(METHODS)
    payment_count = serializers.IntegerField()
    total_amount = Money()

    def to_representation(self, instance: dict[str, Any]) -> Any:
        first = datetime.combine(instance["period"], time.min, UTC)
        return super().to_representation({**instance, "period": first, "payment_method": instance["method"]})


class TotalShape(serializers.Serializer):
    total_payments = serializers.IntegerField()
    total_amount = Money()
    average_payment = Money()
    invoices_paid = serializers.IntegerField(help_text="How many invoices these payments pay, wholly or in part.")


class StatsShape(serializers.Serializer):
    by_period = PeriodShape(many=True)
    total = TotalShape()


SEED_STATS = {
    "by_period": [
        {
            "period": "2024-10-01T00:00:00Z", "payment_method": "transfer", "payment_count": 15,
            "total_amount": 45000.00,
        }
    ],
    "total": {
        "total_payments": 150, "total_amount": 450000.00, "average_payment": 3000.00, "invoices_paid": 125,
    },
}  # fmt: skip


class PaymentStats(ApiView):
    area = "payments"

    @operation(query=StatsQuery, answer=StatsShape, id="payment_stats", examples=[received(SEED_STATS)])
    def get(self, request: Call) -> dict[str, Any]:
        """What was received, by period and method.

        Payments taken back do not count. At most the latest 1,000 rows of `by_period`; `total` is of everything asked
        for. One currency at a time; weeks begin on Monday.
        """
        found = narrowed(reports.live_payments(), request.query)
        return {
            "by_period": reports.received_by_period(found, request.query["period"]),
            "total": reports.received_in_all(found),
        }


class MarkPaid(ApiView):
    area = "payments"

    def find(self, **path: Any) -> Invoice:
        return rows.invoice_of(path["id"])

    @operation(
        action="payments.record", body=MarkPaidBody, answer=PaymentAnswer, key=REQUIRED, id="invoice_mark_paid",
        examples=[
            sent(
                {
                    "payment_method": "transfer", "payment_reference": "VIR-123456", "payment_date": "2024-10-15",
                    "amount": 1200.00,
                }
            )
        ],
    )  # fmt: skip
    def post(self, request: Call, id: int) -> HttpResponseBase:
        """Record the payment of an invoice: its whole balance unless `amount` says less.

        Less than the balance leaves the invoice `sent` or `overdue`. More is kept as the customer's credit. An invoice
        that asks for nothing, or a draft, is refused (409 `nothing_outstanding`).
        """
        return mark_paid(self, request, self.find(id=id))


def mark_paid(view: ApiView, request: Call, invoice: Invoice) -> HttpResponseBase:
    """Record what a `MarkPaidBody` says, and the answer that tells it."""
    said = request.values
    with named_as():
        payment = pay_invoice(
            invoice=invoice,
            amount=said.get("amount"),
            method=said["payment_method"],
            paid_on=said.get("payment_date") or local_day(request.at),
            reference=said["payment_reference"],
            actor=request.caller.actor,
            at=request.at,
        )
    return answer_for(view, payment, invoice, status=200)
