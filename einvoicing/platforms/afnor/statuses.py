"""The words of XP Z12-013 for acknowledgements and flow types, and what they mean here."""

from __future__ import annotations

from einvoicing import lifecycle
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
    codes = message.reason_codes
    return (
        RemoteStatus(
            number=message.invoice_number,
            code=message.status_code[:3],
            raw=message.status_code,
            at=message.status_at or message.created_at,
            reason_code=codes[0] if codes else "",
            reason=_reasons(message.details),
        ),
    )


def _reasons(details: tuple[cdar.StatusDetail, ...]) -> str:
    """All that the details say, each in its own words and notes (MDT-114, MDT-126), else by its code's sentence.

    '' when one code alone tells it: its sentence is then translated for who reads it.
    """
    texts = [" – ".join(dict.fromkeys(filter(None, (detail.reason, *detail.notes)))) for detail in details]
    if len(details) == 1:
        return texts[0]
    told = (text or lifecycle.reason(detail.reason_code) for text, detail in zip(texts, details, strict=True))
    return " ; ".join(dict.fromkeys(filter(None, told)))


def is_duplicate(details: tuple[AckDetail, ...]) -> bool:
    """Refused for being there already, and for nothing else."""
    reasons = {detail.reason_code for detail in details if detail.level != "Warning"}
    return reasons == {ALREADY_EXISTING}
