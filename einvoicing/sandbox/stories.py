"""What happens to an invoice after its deposit: the statuses each kind of buyer gives, and their CDAR messages.

Order of the transmission phase: XP Z12-014 annex B §1.2. Reasons: BR-FR-CDV-CL-09.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from config.kernel.clock import PARIS
from einvoicing import lifecycle
from einvoicing.formats import cdar
from einvoicing.sandbox import directory
from einvoicing.sandbox.reading import Heading


@dataclass(frozen=True, slots=True)
class Chapter:
    """One status, with its reason where it needs one."""

    code: str
    reason: str = ""
    action: str = ""


_ARRIVAL = (Chapter("200"), Chapter("201"), Chapter("202"), Chapter("203"))
BEHAVIOURS: dict[str, tuple[Chapter, ...]] = {
    "accepts": (*_ARRIVAL, Chapter("204"), Chapter("205")),
    "pays": (*_ARRIVAL, Chapter("204"), Chapter("205"), Chapter("211")),
    "disputes": (*_ARRIVAL, Chapter("204"), Chapter("207", "QTE_ERR", "CNP")),
    "refuses": (*_ARRIVAL, Chapter("204"), Chapter("210", "CMD_ERR", "NIN")),
    "rejects": (Chapter("200"), Chapter("201"), Chapter("213", "DEST_INC", "NIN")),
    "silent": _ARRIVAL,
    # the buyer has no active line in the directory: kept by the seller's platform, carried to nobody
    "unreachable": (Chapter("200", "NON_TRANSMISE", "NOA"),),
    # an individual is on no platform
    "private": (Chapter("200"),),
}
DEFAULT = "accepts"

# a mark in the buyer's name or the invoice's number chooses the story, so that a demonstration needs no switch
_MARKS = {
    "REFUS": "refuses",
    "REJET": "rejects",
    "LITIGE": "disputes",
    "SILENCE": "silent",
}


def behaviour_of(heading: Heading) -> str:
    """The story this invoice will have."""
    if not heading.buyer_siren:
        return "private"
    if directory.line_status(heading.buyer_siren) == "Disabled":
        return "unreachable"
    text = f"{heading.buyer_name} {heading.number}".upper()
    return next((behaviour for mark, behaviour in _MARKS.items() if mark in text), DEFAULT)


def message(heading: Heading, chapter: Chapter, *, received_at: datetime, at: datetime, serial: str) -> bytes:
    """The CDAR message telling the seller this status. `serial` makes its identifier unique."""
    status = lifecycle.STATUSES[chapter.code]
    stamp = at.astimezone(PARIS).strftime("%Y%m%d%H%M%S")
    details: tuple[cdar.StatusDetail, ...] = ()
    if chapter.reason:
        details = (
            cdar.StatusDetail(
                sequence=1,
                reason_code=chapter.reason,
                reason=lifecycle.reason(chapter.reason),
                action_code=chapter.action,
                action=lifecycle.ACTIONS.get(chapter.action, ""),
            ),
        )
    return cdar.render(
        cdar.StatusMessage(
            message_id=f"{heading.number}_{chapter.code}_{stamp}#{heading.type_code}_{serial}",
            name=f"{heading.number}_{chapter.code}",
            created_at=at,
            issuer=_issuer(heading, status.phase),
            recipients=(_seller(heading),),
            phase=status.phase,
            status_at=at,
            invoice_number=heading.number,
            untdid_status=status.untdid,
            invoice_type=heading.type_code,
            invoice_received_at=received_at,
            invoice_date=heading.issued_on,
            status_code=chapter.code,
            status_label=status.label,
            seller_siren=heading.seller_siren,
            details=details,
        )
    )


def _issuer(heading: Heading, phase: str) -> cdar.StatusParty:
    """Platforms stay anonymous; a person's status names who gives it (BR-FR-CDV: MDT-38 with phase 23 only)."""
    if phase == lifecycle.TRANSMISSION:
        return cdar.StatusParty(role="WK")
    return cdar.StatusParty(role="BY", identifier=heading.buyer_siren, scheme="0002", name=heading.buyer_name)


def _seller(heading: Heading) -> cdar.StatusParty:
    return cdar.StatusParty(
        role="SE",
        identifier=heading.seller_siren,
        scheme="0002",
        name=heading.seller_name,
        electronic_address=heading.seller_address or heading.seller_siren,
        electronic_scheme="0225",
    )
