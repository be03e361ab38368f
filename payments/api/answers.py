"""What a partner is answered about a payment that was just written."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from billing.models import Invoice
from config.kernel.api.view import Call
from payments.api import rows
from payments.api.shapes import held
from payments.models import Payment
from payments.sentences import recorded
from payments.services.undoing import take_back_payment


def answer_for(payment: Payment, invoice: Invoice | None, *, message: str = "") -> dict[str, Any]:
    """{message, payment, invoice (else the first it pays)}, as read after the write."""
    fresh = rows.payment_of(payment.pk)
    invoice = invoice or next((paid for paid, _part in held(fresh)), None)
    return {
        "message": message or recorded(fresh),
        "payment": fresh,
        "invoice": rows.invoice_of(invoice.pk) if invoice else None,
    }


def reverse_for(request: Call, payment: Payment, reason: str) -> dict[str, Any]:
    """Take the payment back; returns what `ReversedPayment` writes."""
    reversal = take_back_payment(payment=payment, reason=reason, actor=request.caller.actor, at=request.at)
    message = _("Encaissement annulé par %(number)s.") % {"number": reversal.number}
    return {
        "message": message,
        "payment": rows.payment_of(payment.pk),
        "reversal": rows.payment_of(reversal.pk),
    }
