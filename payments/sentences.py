"""What happened to a payment, said to people and partners."""

from __future__ import annotations

from django.utils.translation import gettext as _

from config.kernel import typography
from payments.models import Payment


def recorded(payment: Payment) -> str:
    """What happened in a sentence, with what is left as credit."""
    if not payment.unallocated:
        return _("Encaissement %(number)s enregistré.") % {"number": payment.number}
    rest = typography.money(payment.unallocated, payment.currency)
    sentence = _("Encaissement %(number)s enregistré. %(rest)s restent au crédit du client.")
    return sentence % {"number": payment.number, "rest": rest}
