"""The words of XP Z12-013 for acknowledgements and flow types, and what they mean here."""

from __future__ import annotations

from einvoicing.formats import cdar
from einvoicing.platforms.base import AckDetail, AckStatus, RemoteStatus

ACK_STATUSES: dict[str, AckStatus] = {
    "Pending": AckStatus.PENDING,
    "Ok": AckStatus.OK,
    "Error": AckStatus.ERROR,
}

# the flows that carry the life of our invoices, and of those we received (CDAR documents)
LIFECYCLE_TYPES = ("CustomerInvoiceLC", "SupplierInvoiceLC", "StateCustomerInvoiceLC", "StateSupplierInvoiceLC")

ALREADY_EXISTING = "AlreadyExistingFlow"


def ack_status(word: str) -> AckStatus:
    return ACK_STATUSES.get(word, AckStatus.UNKNOWN)


def read(data: bytes) -> tuple[RemoteStatus, ...]:
    """The one status a CDAR message tells. Raises Invalid."""
    message = cdar.parse(data)
    detail = message.details[0] if message.details else None
    return (
        RemoteStatus(
            number=message.invoice_number,
            code=message.status_code[:3],
            raw=message.status_code,
            at=message.status_at or message.created_at,
            reason_code=detail.reason_code if detail else "",
            reason=detail.reason if detail else "",
        ),
    )


def is_duplicate(details: tuple[AckDetail, ...]) -> bool:
    """Refused for being there already, and for nothing else."""
    reasons = {detail.reason_code for detail in details if detail.level != "Warning"}
    return reasons == {ALREADY_EXISTING}
