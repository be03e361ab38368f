"""What a supplier document says, in plain values: what reading hands over and what a purchase is recorded from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class LineContent:
    """One line (BG-25), or where a document's lines are not read, one per rate of its breakdown."""

    description: str
    net: Decimal  # BT-131
    vat_rate: Decimal
    vat_category: str = "S"
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    is_service: bool | None = None  # None: not said
    starts_on: date | None = None  # BT-134
    ends_on: date | None = None  # BT-135


@dataclass(frozen=True, slots=True, kw_only=True)
class VatContent:
    """One row of the VAT breakdown (BG-23), as written."""

    rate: Decimal
    base: Decimal
    amount: Decimal
    category: str = "S"


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseContent:
    """A supplier invoice as its document says it; amounts in `currency`, positive in a credit note too."""

    number: str  # BT-1
    issue_date: date  # BT-2
    total_net: Decimal
    total_vat: Decimal
    total_gross: Decimal
    lines: tuple[LineContent, ...]
    vat_rows: tuple[VatContent, ...]
    kind: str = "380"  # BT-3: 380, 381, 384, 386
    supplier_name: str = ""  # BT-27
    due_date: date | None = None  # BT-9; None: by the supplier's terms
    supply_date: date | None = None  # BT-72, or the end of BT-74
    currency: str = "EUR"
    vat_on_debits: bool = False
    deposited: Decimal = ZERO  # BT-113
    iban: str = ""  # BT-84
    bic: str = ""
    payment_reference: str = ""  # BT-83
    order_reference: str = ""  # BT-13
    corrects_number: str = ""  # BT-25
