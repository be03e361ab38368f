"""Payments and bank lines as the search finds them: by number, name, reference, IBAN, amount."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db.models import Q, QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from config.kernel import typography
from config.kernel.folding import holds
from config.kernel.search import Hit, SearchSection, SearchTerms, declare
from payments.models import BankLine, Payment


def _find_payments(terms: SearchTerms) -> QuerySet[Payment]:
    named = holds(terms.text, "number", "reference", "customer__name") | terms.is_amount("amount")
    return Payment.objects.select_related("customer").filter(named).order_by("-paid_on", "-id")


def _payment_hits(rows: Sequence[Payment], _on: date) -> list[Hit]:
    return [
        Hit(
            row.number,
            row.customer.name,
            row.get_absolute_url(),
            typography.day(row.paid_on),
            amount=typography.money(row.amount, row.currency),
        )
        for row in rows
    ]


def _find_bank_lines(terms: SearchTerms) -> QuerySet[BankLine]:
    named = holds(terms.text, "counterparty", "remittance") | terms.is_amount("amount")
    if terms.iban:
        named |= Q(counterparty_iban__startswith=terms.iban)
    return BankLine.objects.filter(named).order_by("-booked_on", "-id")


def _bank_line_hits(rows: Sequence[BankLine], _on: date) -> list[Hit]:
    return [
        Hit(
            row.counterparty or row.remittance[:60] or gettext("Mouvement bancaire"),
            typography.day(row.booked_on),
            row.get_absolute_url(),
            row.get_status_display(),
            amount=typography.money(row.amount, row.currency),
        )
        for row in rows
    ]


declare(
    SearchSection(
        area="payments",
        label=_("Encaissements"),
        kind=_("Encaissement"),
        icon="coins",
        list_page="payments:payment-list",
        find=_find_payments,
        hits=_payment_hits,
        numbered=Payment,
    ),
    SearchSection(
        area="bank",
        label=_("Banque"),
        kind=_("Mouvement"),
        icon="bank",
        list_page="payments:bankline-list",
        find=_find_bank_lines,
        hits=_bank_line_hits,
    ),
)
