"""What goes with the invoice: notes, the invoices before it, attachments. BG-1, BG-3, BG-24."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from einvoicing.document.value import Value


@dataclass(frozen=True, slots=True)
class Note(Value):
    """BG-1. French law wants PMT, PMD and AAB once each (BR-FR-05); BAR carries the processing rule."""

    subject_code: str  # BT-21
    text: str  # BT-22


@dataclass(frozen=True, slots=True)
class Reference(Value):
    """BG-3, a preceding invoice. Credit notes and corrected invoices must give its date (BR-FR-CO-04/05)."""

    number: str  # BT-25
    date: date | None = None  # BT-26


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment(Value):
    """BG-24. French qualifiers of BT-123 (LISIBLE, RIB, BON_LIVRAISON…) are listed by BR-FR-17/18."""

    reference: str  # BT-122
    description: str = ""  # BT-123
    url: str = ""  # BT-124
    content: bytes = b""  # BT-125
    mime: str = ""  # BT-125-1
    filename: str = ""  # BT-125-2
