"""The words of XP Z12-013 for acknowledgements and flow types, and what they mean here."""

from __future__ import annotations

from einvoicing import lifecycle
from einvoicing.formats import cdar
from einvoicing.platforms.answers import AckDetail, AckStatus, RemoteStatus

ACK_STATUSES: dict[str, AckStatus] = {
    "Pending": AckStatus.PENDING,
    "Ok": AckStatus.OK,
    "Error": AckStatus.ERROR,
}

# the flows that carry the life of our invoices, and of those we received (CDAR documents)
LIFECYCLE_TYPES = ("CustomerInvoiceLC", "SupplierInvoiceLC", "StateCustomerInvoiceLC", "StateSupplierInvoiceLC")
# what suppliers sent us
SUPPLIER_TYPES = ("SupplierInvoice", "StateSupplierInvoice")
# flux 10: what a platform makes of the invoices that it carries
REPORT_TYPES = (
    "AggregatedCustomerTransactionReport",
    "UnitaryCustomerTransactionReport",
    "AggregatedCustomerPaymentReport",
    "UnitaryCustomerPaymentReport",
    "UnitarySupplierTransactionReport",
    "MultiFlowReport",
)

LENGTH_OF_CODE = 3  # MDT-105
ALREADY_EXISTING = "AlreadyExistingFlow"


def ack_status(word: str) -> AckStatus:
    return ACK_STATUSES.get(word, AckStatus.UNKNOWN)


def read(data: bytes) -> tuple[RemoteStatus, ...]:
    """The one status a CDAR message declares. Raises Invalid."""
    message = cdar.parse(data)
    codes = message.reason_codes
    return (
        RemoteStatus(
            number=message.invoice_number,
            code=message.status_code if len(message.status_code) == LENGTH_OF_CODE else "",
            raw=message.status_code,
            at=message.status_at or message.created_at,
            reason_code=codes[0] if codes else "",
            reason=_reasons(message.details),
            seller=message.seller_siren[:9],  # a SIRET begins with the SIREN
        ),
    )


def _reasons(details: tuple[cdar.StatusDetail, ...]) -> str:
    """All that the details say: each its reason (MDT-114), or the sentence of its code, then its notes (MDT-126).

    '' when one code alone tells it: its sentence is then translated for who reads it.
    """
    if len(details) == 1 and not details[0].reason and not any(details[0].notes):
        return ""
    reasons = (
        " – ".join(dict.fromkeys(filter(None, (detail.reason or lifecycle.reason(detail.reason_code), *detail.notes))))
        for detail in details
    )
    return " ; ".join(dict.fromkeys(filter(None, reasons)))


def is_duplicate(details: tuple[AckDetail, ...]) -> bool:
    """Refused for being there already, and for nothing else."""
    reasons = {detail.reason_code for detail in details if detail.level != "Warning"}
    return reasons == {ALREADY_EXISTING}
