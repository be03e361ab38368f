"""One status of one invoice, with who says it to whom and why: plain, frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

BETWEEN_PLATFORMS = "urn.cpro.gouv.fr:1p0:CDV:invoice"  # MDT-3
TO_CONCENTRATOR = "urn.cpro.gouv.fr:1p0:CDV:einvoicingF2"  # MDT-3 when the public concentrator alone receives


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusParty:
    """A sender, issuer or recipient of the message."""

    role: str  # MDT-21, MDT-40, MDT-59: WK platform, SE seller, BY buyer, DFH public concentrator
    identifier: str = ""  # MDT-19, MDT-38, MDT-57
    scheme: str = ""  # 0002 SIREN, 0238 platform number
    name: str = ""  # MDT-20, MDT-39, MDT-58
    electronic_address: str = ""  # MDT-73
    electronic_scheme: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Characteristic:
    """MDG-43, a datum of the status: an amount received, a wrong value and the expected one."""

    type_code: str  # MDT-207: MEN received (with VAT), MPA paid, DIV wrong value, DVA expected value…
    term: str = ""  # MDT-206, the BT- number it speaks of
    changed: bool | None = None  # MDT-209
    name: str = ""  # MDT-211
    location: str = ""  # MDT-213
    value: str = ""  # MDT-214
    amount: Decimal | None = None  # MDT-215
    currency: str = ""  # MDT-216
    value_date: date | None = None  # MDT-219
    percent: Decimal | None = None  # MDT-224


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusDetail:
    """MDG-37, why the status was given and what is expected."""

    sequence: int  # MDT-124-2
    reason_code: str = ""  # MDT-113
    reason: str = ""  # MDT-114
    action_code: str = ""  # MDT-121
    action: str = ""  # MDT-122
    notes: tuple[str, ...] = ()  # MDT-126
    characteristics: tuple[Characteristic, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusMessage:
    """One status of one invoice, with who says it to whom."""

    message_id: str  # MDT-4
    name: str = ""  # MDT-5
    business_process: str = "REGULATED"  # MDT-2
    guideline: str = BETWEEN_PLATFORMS  # MDT-3
    created_at: datetime  # MDT-8
    sender: StatusParty = StatusParty(role="WK")
    issuer: StatusParty
    recipients: tuple[StatusParty, ...]
    phase: str  # MDT-77: 305 transmission, 23 treatment
    status_at: datetime | None  # MDT-78
    invoice_number: str  # MDT-87
    untdid_status: str = ""  # MDT-88
    invoice_type: str = ""  # MDT-91
    invoice_received_at: datetime | None = None  # MDT-95
    reference_type: str = ""  # MDT-97
    invoice_date: date | None = None  # MDT-100
    status_code: str  # MDT-105
    status_label: str = ""  # MDT-106
    seller_siren: str = ""  # MDT-129
    details: tuple[StatusDetail, ...] = ()

    @property
    def reason_codes(self) -> tuple[str, ...]:
        return tuple(detail.reason_code for detail in self.details if detail.reason_code)
