"""What happened to a payment, and why a bank line is matched, said to people and partners as they read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.utils.translation import gettext as _

from config.kernel import typography
from payments.matching import Verdict, explain
from payments.models import Payment


def recorded(payment: Payment) -> str:
    """What happened in a sentence, with what is left as credit."""
    if not payment.unallocated:
        return _("Encaissement %(number)s enregistré.") % {"number": payment.number}
    rest = typography.money(payment.unallocated, payment.currency)
    sentence = _("Encaissement %(number)s enregistré. %(rest)s restent au crédit du client.")
    return sentence % {"number": payment.number, "rest": rest}


def amount_as_read(text: str) -> str:
    """An amount of the evidence, which is kept in French, as the reader writes amounts."""
    return typography.number(Decimal(text.replace("\u202f", "").replace(",", ".")), 2)


def day_as_read(text: str) -> str:
    """A day of the evidence, which is kept in French, as the reader writes days."""
    return typography.day(date(*map(int, reversed(text.split("/"))))) if text else ""


def why_matched(verdict: Verdict) -> str:
    """What the evidence says of a bank line, in the reader's language."""
    return explain(verdict, _, amount_as_read, day_as_read)
