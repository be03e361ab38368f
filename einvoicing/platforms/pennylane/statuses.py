"""Pennylane's words for the life of an e-invoice, and what they mean here.

Pennylane lists them for its event customer_invoice.e_invoicing_status_updated; a word that may be read in two ways,
or that is not in the list, has no code: it is kept and shown as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from config.kernel import remote_json
from config.kernel.errors import Invalid
from einvoicing.platforms.answers import AckDetail, Acknowledgement, AckStatus, RemoteStatus

# "approved" is left out: of an invoice sent, the recipient's platform took it; of one received, the buyer agrees.
# "partially_collected" too: it does not give the amount.
STATUSES: dict[str, str] = {
    "submitted": "200",
    "sent": "201",
    "accepted": "205",
    "in_dispute": "207",
    "disputed": "207",
    "refused": "210",
    "collected": "212",
    "rejected": "213",
}

# published for the statuses of invoices received; those of invoices sent are taken to be the same words
REASONS: dict[str, str] = {
    "incorrect_vat_rate": "TX_TVA_ERR",
    "incorrect_unit_prices": "PU_ERR",
    "incorrect_billed_quantity": "QTE_ERR",
    "incorrect_billed_item": "ART_ERR",
    "defective_delivered_item": "QUALITE_ERR",
    "delivery_issue": "LIVR_INCOMP",
    "incorrect_payment_terms": "MODPAI_ERR",
    "missing_legal_notice": "NON_CONFORME",
    "non_compliant_invoice": "NON_CONFORME",
    "missing_contractual_reference": "REF_CT_ABSENT",
    "recipient_error": "DEST_ERR",
    "contract_completed": "CONTRAT_TERM",
    "duplicate_invoice": "DOUBLE_FACT",
}

PENDING, VALID, INVALID = "pending", "valid", "invalid"  # schematron_validation_status


class NotPennylane(Invalid):
    """The bytes are not an invoice as Pennylane writes it."""

    code = "not_pennylane"
    message = "Le message de Pennylane est illisible."


def network_status(invoice: Mapping[str, Any]) -> tuple[str, str]:
    """The e-invoicing status and its reason; '' for an invoice that was not sent."""
    found = invoice.get("e_invoicing")
    if not isinstance(found, dict):
        return "", ""
    return str(found.get("status") or ""), str(found.get("reason") or "")


def schematron(invoice: Mapping[str, Any]) -> str:
    return str(invoice.get("schematron_validation_status") or "")


def read(data: bytes) -> tuple[RemoteStatus, ...]:
    """The one status of an invoice, none when it was not sent. Raises Invalid.

    Pennylane dates the invoice's last change, not its status: that is the time given.
    """
    try:
        invoice = remote_json.read(data)
    except ValueError as error:
        raise NotPennylane from error
    if not isinstance(invoice, dict):
        raise NotPennylane
    status, reason = network_status(invoice)
    if not status:
        return ()
    number, at = str(invoice.get("invoice_number") or ""), instant(invoice.get("updated_at"))
    if not number or at is None:
        raise NotPennylane
    return (RemoteStatus(number, STATUSES.get(status, ""), status, at, REASONS.get(reason, ""), reason),)


def instant(value: Any) -> datetime | None:
    """A date-time with its zone; None when it is not one."""
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return moment if moment is not None and moment.tzinfo else None


def acknowledgement(invoice: Mapping[str, Any]) -> Acknowledgement:
    """What Pennylane's own checks say: the schematron, which ends after the invoice was sent."""
    verdict, (status, reason) = schematron(invoice), network_status(invoice)
    at = instant(invoice.get("updated_at"))
    raw_status = " ".join(filter(None, (verdict, status)))
    if verdict == INVALID:
        detail = AckDetail("Error", "file", "schematron", reason or "Le document n’est pas conforme (schematron).")
        return Acknowledgement(AckStatus.ERROR, raw_status, (detail,), at)
    if verdict == PENDING or (not verdict and not status):
        return Acknowledgement(AckStatus.PENDING, raw_status, (), at)
    # without a verdict, as for a plain XML file, having been sent is all that is known
    return Acknowledgement(AckStatus.OK if verdict in {VALID, ""} else AckStatus.UNKNOWN, raw_status, (), at)
