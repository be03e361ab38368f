"""The lists of receipts, bank lines, refunds and payments to suppliers as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils.translation import gettext_lazy as _

from config.kernel.exports import Column, Row
from config.kernel.list_files import ListFile
from payments.models import BankLine, Payment, Refund, SupplierPayment

_AMOUNT = (Column("currency", _("Devise")), Column("amount", _("Montant"), "money"))


def _payments(payments: Sequence[Payment]) -> Iterator[Row]:
    for payment in payments:
        yield {
            "number": payment.number,
            "customer": payment.customer.name,
            "paid": payment.paid_on,
            "method": payment.get_method_display(),
            "reference": payment.reference,
            "reversed": payment.reversed_at,
            "reverses": payment.reverses.number if payment.reverses else "",
            "currency": payment.currency,
            "amount": payment.amount,
            "allocated": payment.allocated,
            "left": payment.amount - payment.allocated,
        }


PAYMENTS = ListFile(
    "payments",
    _("Encaissements"),
    (
        Column("number", _("Numéro")),
        Column("customer", _("Client")),
        Column("paid", _("Date"), "date"),
        Column("method", _("Moyen")),
        Column("reference", _("Référence")),
        Column("reversed", _("Annulé le"), "date"),
        Column("reverses", _("Annule")),
        *_AMOUNT,
        Column("allocated", _("Affecté"), "money"),
        Column("left", _("Non affecté"), "money"),
    ),
    _payments,
)


def _lines(lines: Sequence[BankLine]) -> Iterator[Row]:
    for line in lines:
        yield {
            "account": line.account.name,
            "booked": line.booked_on,
            "value": line.value_on,
            "counterparty": line.counterparty,
            "remittance": line.remittance,
            "reference": line.structured_reference,
            "state": line.get_status_display(),
            "currency": line.currency,
            "amount": line.amount,
        }


# without IBANs: whoever may not reconcile sees but their ends
BANK_LINES = ListFile(
    "bank_lines",
    _("Banque"),
    (
        Column("account", _("Compte")),
        Column("booked", _("Date d’opération"), "date"),
        Column("value", _("Date de valeur"), "date"),
        Column("counterparty", _("Contrepartie")),
        Column("remittance", _("Libellé")),
        Column("reference", _("Référence")),
        Column("state", _("État")),
        *_AMOUNT,
    ),
    _lines,
)


def _refunds(refunds: Sequence[Refund]) -> Iterator[Row]:
    for refund in refunds:
        yield {
            "number": refund.number,
            "party": refund.customer.name,
            "made": refund.made_on,
            "method": refund.get_method_display(),
            "cancelled": refund.cancelled_at,
            "currency": refund.currency,
            "amount": refund.amount,
        }


def _supplier_payments(payments: Sequence[SupplierPayment]) -> Iterator[Row]:
    for payment in payments:
        yield {
            "number": payment.number,
            "party": payment.supplier.name,
            "made": payment.made_on,
            "method": payment.get_method_display(),
            "cancelled": payment.cancelled_at,
            "currency": payment.currency,
            "amount": payment.amount,
        }


def _given(party: object) -> tuple[Column, ...]:
    return (
        Column("number", _("Numéro")),
        Column("party", party),
        Column("made", _("Date"), "date"),
        Column("method", _("Moyen")),
        Column("cancelled", _("Annulé le"), "date"),
        *_AMOUNT,
    )


REFUNDS = ListFile("refunds", _("Remboursements"), _given(_("Client")), _refunds)
SUPPLIER_PAYMENTS = ListFile("supplier_payments", _("Règlements"), _given(_("Fournisseur")), _supplier_payments)
