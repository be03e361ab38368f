"""The lists of receipts, bank lines, refunds and payments to suppliers as files."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from config.kernel.lists.declared import DeclaredList, Field, list_of

_AMOUNT = (Field("currency", _("Devise"), "currency"), Field("amount", _("Montant"), "amount", "money"))


PAYMENTS = list_of(
    "payments",
    _("Encaissements"),
    Field("number", _("Numéro"), "number"),
    Field("customer", _("Client"), "customer.name"),
    Field("paid", _("Date"), "paid_on", "date"),
    Field("method", _("Moyen"), "get_method_display"),
    Field("reference", _("Référence"), "reference"),
    Field("reversed", _("Annulé le"), "reversed_at", "date"),
    Field("reverses", _("Annule"), lambda payment: payment.reverses.number if payment.reverses else ""),
    *_AMOUNT,
    Field("allocated", _("Affecté"), "allocated", "money"),
    Field("left", _("Non affecté"), lambda payment: payment.amount - payment.allocated, "money"),
    drawn=("number", "customer", "paid", "method", "reference", "amount", "left"),
)

# without IBANs: whoever may not reconcile sees but their ends
BANK_LINES = list_of(
    "bank_lines",
    _("Banque"),
    Field("account", _("Compte"), "account.name"),
    Field("booked", _("Date d’opération"), "booked_on", "date"),
    Field("value", _("Date de valeur"), "value_on", "date"),
    Field("counterparty", _("Contrepartie"), "counterparty"),
    Field("remittance", _("Libellé"), "remittance"),
    Field("reference", _("Référence"), "structured_reference"),
    Field("state", _("État"), "get_status_display"),
    *_AMOUNT,
    drawn=("booked", "counterparty", "remittance", "state", "amount"),
)


def _given(name: str, label: object, party: Field, why: Field, *, drawn: tuple[str, ...]) -> DeclaredList:
    return list_of(
        name,
        label,
        Field("number", _("Numéro"), "number"),
        party,
        Field("made", _("Date"), "made_on", "date"),
        Field("method", _("Moyen"), "get_method_display"),
        why,
        Field("cancelled", _("Annulé le"), "cancelled_at", "date"),
        *_AMOUNT,
        drawn=drawn,
    )


REFUNDS = _given(
    "refunds",
    _("Remboursements"),
    Field("party", _("Client"), "customer.name"),
    Field("reason", _("Motif"), "reason"),
    drawn=("number", "party", "made", "", "reason", "amount"),
)
SUPPLIER_PAYMENTS = _given(
    "supplier_payments",
    _("Règlements"),
    Field("party", _("Fournisseur"), "supplier.name"),
    Field("reference", _("Référence"), "reference"),
    drawn=("number", "party", "made", "", "method", "amount"),
)
