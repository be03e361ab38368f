"""How it is paid, what is taken off or added, VAT and totals: BG-16 to BG-23."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from einvoicing.document.value import Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(Value):
    """BG-17, a credit transfer account."""

    iban: str  # BT-84
    account_name: str = ""  # BT-85
    bic: str = ""  # BT-86


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(Value):
    """BG-16, with the terms (BT-20) that EN 16931 keeps beside it."""

    means_code: str = ""  # BT-81, UNTDID 4461: 30 or 58 transfer, 59 SEPA debit, 48 card, 10 cash, 20 cheque
    means_text: str = ""  # BT-82
    reference: str = ""  # BT-83
    iban: str = ""  # BT-84
    account_name: str = ""  # BT-85
    bic: str = ""  # BT-86
    other_accounts: tuple[Account, ...] = ()  # BG-17, the second account and the following ones
    card_number: str = ""  # BT-87, its last digits only
    card_holder: str = ""  # BT-88
    mandate: str = ""  # BT-89
    creditor_identifier: str = ""  # BT-90
    debited_iban: str = ""  # BT-91
    terms: str = ""  # BT-20


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowanceCharge(Value):
    """BG-20, BG-21 on the document, BG-27, BG-28 on a line. Its place says if it is taken off or added."""

    amount: Decimal  # BT-92, BT-99, BT-136, BT-141
    base: Decimal | None = None  # BT-93, BT-100, BT-137, BT-142
    percent: Decimal | None = None  # BT-94, BT-101, BT-138, BT-143
    reason: str = ""  # BT-97, BT-104, BT-139, BT-144
    reason_code: str = ""  # BT-98 (UNTDID 5189), BT-105 (UNTDID 7161), BT-140, BT-145
    vat_category: str = ""  # BT-95, BT-102, the document only
    vat_rate: Decimal | None = None  # BT-96, BT-103, the document only


@dataclass(frozen=True, slots=True, kw_only=True)
class VatSubtotal(Value):
    """BG-23, one per category and rate; rounded once, here and nowhere else."""

    category: str  # BT-118: S, Z, E, AE, K, G, O
    rate: Decimal | None  # BT-119, None only for O
    base: Decimal  # BT-116
    amount: Decimal  # BT-117
    exemption_code: str = ""  # BT-121, VATEX
    exemption_reason: str = ""  # BT-120


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals(Value):
    """BG-22."""

    lines: Decimal  # BT-106, BT-109 where MINIMUM does not give it
    allowances: Decimal = Decimal(0)  # BT-107
    charges: Decimal = Decimal(0)  # BT-108
    net: Decimal  # BT-109
    vat: Decimal  # BT-110
    vat_in_tax_currency: Decimal | None = None  # BT-111
    gross: Decimal  # BT-112
    prepaid: Decimal = Decimal(0)  # BT-113
    rounding: Decimal = Decimal(0)  # BT-114
    payable: Decimal  # BT-115
