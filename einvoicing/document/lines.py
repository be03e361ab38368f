"""The lines: BG-25 to BG-32."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from einvoicing.document.amounts import AllowanceCharge
from einvoicing.document.value import Identifier, Value


@dataclass(frozen=True, slots=True)
class Period(Value):
    """BG-14 on the document, BG-26 on a line."""

    start: date | None = None  # BT-73, BT-134
    end: date | None = None  # BT-74, BT-135


@dataclass(frozen=True, slots=True)
class Classification(Value):
    """BT-158."""

    code: str
    scheme: str  # BT-158-1, UNTDID 7143
    version: str = ""  # BT-158-2


@dataclass(frozen=True, slots=True)
class Attribute(Value):
    """BG-32."""

    name: str  # BT-160
    value: str  # BT-161


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(Value):
    """BG-25."""

    id: str  # BT-126
    note: str = ""  # BT-127
    object_identifier: Identifier | None = None  # BT-128
    quantity: Decimal  # BT-129
    unit: str = "C62"  # BT-130, UN/ECE Rec 20: C62 unit, HUR hour, DAY day, KGM kilogram
    net: Decimal  # BT-131
    purchase_order_line: str = ""  # BT-132
    accounting_reference: str = ""  # BT-133
    period: Period | None = None  # BG-26
    allowances: tuple[AllowanceCharge, ...] = ()  # BG-27
    charges: tuple[AllowanceCharge, ...] = ()  # BG-28
    unit_price: Decimal  # BT-146, net of the price discount
    price_discount: Decimal | None = None  # BT-147
    gross_price: Decimal | None = None  # BT-148
    price_base_quantity: Decimal | None = None  # BT-149
    price_base_unit: str = ""  # BT-150
    vat_category: str  # BT-151
    vat_rate: Decimal | None  # BT-152, None only for O
    name: str  # BT-153
    description: str = ""  # BT-154
    seller_identifier: str = ""  # BT-155
    buyer_identifier: str = ""  # BT-156
    standard_identifier: Identifier | None = None  # BT-157
    classifications: tuple[Classification, ...] = ()  # BT-158
    origin_country: str = ""  # BT-159
    attributes: tuple[Attribute, ...] = ()  # BG-32
