"""The semantic model of an electronic invoice: EN 16931-1, its terms named by their BT- and BG- numbers.

Plain, frozen values that every syntax (CII, UBL, Factur-X) is rendered from and parsed into. No rendering
and no computation here: totals come from `billing.totals`, and this model only carries them. An absent text
is '', an absent number, date or group is None. Amounts are Decimal; a float is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

EN16931 = "urn:cen.eu:en16931:2017"  # BT-24 of the profile every French document uses by default
# BT-3 whose amounts give money back: the UNTDID 1001 codes that EN 16931 has UBL write in a CreditNote
CREDIT_NOTES = frozenset("81 83 261 262 296 308 381 396 420 458 502 503 532".split())  # noqa: SIM905 – reads better than thirteen quotes
CORRECTIONS = frozenset({"384", "471", "472", "473"})  # BT-3 that replace exactly one earlier invoice


class _Value:
    """Base of the model: refuses binary floats and numbers that are not finite, wherever they are put."""

    __slots__: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in type(self).__slots__:
            value = getattr(self, name)
            if isinstance(value, float):
                raise TypeError(f"{type(self).__name__}.{name} must be a Decimal, not a float")
            if isinstance(value, Decimal) and not value.is_finite():
                raise ValueError(f"{type(self).__name__}.{name} is not a finite number")


@dataclass(frozen=True, slots=True)
class Identifier(_Value):
    """An identifier and the scheme it is drawn from (ISO 6523, EAS, UNTDID 1153), which may be absent."""

    value: str
    scheme: str = ""


@dataclass(frozen=True, slots=True)
class Note(_Value):
    """BG-1. French law wants PMT, PMD and AAB once each (BR-FR-05); BAR carries the processing rule."""

    subject_code: str  # BT-21
    text: str  # BT-22


@dataclass(frozen=True, slots=True)
class Reference(_Value):
    """BG-3, a preceding invoice. Credit notes and corrected invoices must give its date (BR-FR-CO-04/05)."""

    number: str  # BT-25
    date: date | None = None  # BT-26


@dataclass(frozen=True, slots=True)
class Period(_Value):
    """BG-14 on the document, BG-26 on a line."""

    start: date | None = None  # BT-73, BT-134
    end: date | None = None  # BT-74, BT-135


@dataclass(frozen=True, slots=True, kw_only=True)
class Address(_Value):
    """BG-5, BG-8, BG-12, BG-15."""

    line_one: str = ""  # BT-35, BT-50, BT-64, BT-75
    line_two: str = ""  # BT-36, BT-51, BT-65, BT-76
    line_three: str = ""  # BT-162, BT-163, BT-164, BT-165
    postcode: str = ""  # BT-38, BT-53, BT-67, BT-78
    city: str = ""  # BT-37, BT-52, BT-66, BT-77
    subdivision: str = ""  # BT-39, BT-54, BT-68, BT-79
    country: str  # BT-40, BT-55, BT-69, BT-80, ISO 3166-1 alpha-2


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(_Value):
    """BG-6 of the seller, BG-9 of the buyer."""

    name: str = ""  # BT-41, BT-56
    phone: str = ""  # BT-42, BT-57
    email: str = ""  # BT-43, BT-58


@dataclass(frozen=True, slots=True, kw_only=True)
class Party(_Value):
    """BG-4 the seller, BG-7 the buyer."""

    name: str  # BT-27, BT-44
    trade_name: str = ""  # BT-28, BT-45
    siren: str = ""  # BT-30, BT-47 with scheme 0002
    legal_identifier: Identifier | None = None  # BT-30, BT-47 of a party without SIREN (0223, 0227…)
    siret: str = ""  # BT-29, BT-46 with scheme 0009
    identifiers: tuple[Identifier, ...] = ()  # BT-29, BT-46 of other schemes (0224 routing code, 0231…)
    vat_number: str = ""  # BT-31, BT-48
    tax_number: str = ""  # BT-32, the seller only
    legal_information: str = ""  # BT-33, legal form and capital, the seller only
    electronic_address: str = ""  # BT-34, BT-49
    electronic_scheme: str = ""  # 0225 in the French directory, EM for e-mail
    address: Address | None = None  # BG-5, BG-8
    contact: Contact | None = None  # BG-6, BG-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee(_Value):
    """BG-10, who is paid when it is not the seller."""

    name: str  # BT-59
    identifier: Identifier | None = None  # BT-60
    legal_identifier: Identifier | None = None  # BT-61


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRepresentative(_Value):
    """BG-11."""

    name: str  # BT-62
    vat_number: str  # BT-63
    address: Address | None = None  # BG-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(_Value):
    """BG-13."""

    date: date | None = None  # BT-72
    name: str = ""  # BT-70
    location: Identifier | None = None  # BT-71
    address: Address | None = None  # BG-15


@dataclass(frozen=True, slots=True, kw_only=True)
class Account(_Value):
    """BG-17, a credit transfer account."""

    iban: str  # BT-84
    account_name: str = ""  # BT-85
    bic: str = ""  # BT-86


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment(_Value):
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
class AllowanceCharge(_Value):
    """BG-20, BG-21 on the document, BG-27, BG-28 on a line. Its place says if it is taken off or added."""

    amount: Decimal  # BT-92, BT-99, BT-136, BT-141
    base: Decimal | None = None  # BT-93, BT-100, BT-137, BT-142
    percent: Decimal | None = None  # BT-94, BT-101, BT-138, BT-143
    reason: str = ""  # BT-97, BT-104, BT-139, BT-144
    reason_code: str = ""  # BT-98 (UNTDID 5189), BT-105 (UNTDID 7161), BT-140, BT-145
    vat_category: str = ""  # BT-95, BT-102, the document only
    vat_rate: Decimal | None = None  # BT-96, BT-103, the document only


@dataclass(frozen=True, slots=True, kw_only=True)
class VatSubtotal(_Value):
    """BG-23, one per category and rate; rounded once, here and nowhere else."""

    category: str  # BT-118: S, Z, E, AE, K, G, O
    rate: Decimal | None  # BT-119, None only for O
    base: Decimal  # BT-116
    amount: Decimal  # BT-117
    exemption_code: str = ""  # BT-121, VATEX
    exemption_reason: str = ""  # BT-120


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals(_Value):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment(_Value):
    """BG-24. French qualifiers of BT-123 (LISIBLE, RIB, BON_LIVRAISON…) are listed by BR-FR-17/18."""

    reference: str  # BT-122
    description: str = ""  # BT-123
    url: str = ""  # BT-124
    content: bytes = b""  # BT-125
    mime: str = ""  # BT-125-1
    filename: str = ""  # BT-125-2


@dataclass(frozen=True, slots=True)
class Classification(_Value):
    """BT-158."""

    code: str
    scheme: str  # BT-158-1, UNTDID 7143
    version: str = ""  # BT-158-2


@dataclass(frozen=True, slots=True)
class Attribute(_Value):
    """BG-32."""

    name: str  # BT-160
    value: str  # BT-161


@dataclass(frozen=True, slots=True, kw_only=True)
class Line(_Value):
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoice(_Value):
    """BG-0, an invoice or a credit note. The amounts of a credit note are positive."""

    number: str  # BT-1
    issue_date: date  # BT-2
    type_code: str  # BT-3, UNTDID 1001
    currency: str = "EUR"  # BT-5
    tax_currency: str = ""  # BT-6
    vat_point_date: date | None = None  # BT-7
    vat_point_code: str = ""  # BT-8, UNTDID 2475 as CII writes it: 5 invoice date, 29 delivery, 72 payment
    due_date: date | None = None  # BT-9
    buyer_reference: str = ""  # BT-10, the service code of a public body
    project: str = ""  # BT-11
    contract: str = ""  # BT-12
    purchase_order: str = ""  # BT-13, the engagement number of a public body
    sales_order: str = ""  # BT-14
    receiving_advice: str = ""  # BT-15
    despatch_advice: str = ""  # BT-16
    tender: str = ""  # BT-17
    invoiced_object: Identifier | None = None  # BT-18
    accounting_reference: str = ""  # BT-19
    notes: tuple[Note, ...] = ()  # BG-1
    business_process: str = ""  # BT-23, the French "cadre": B1, S1, M1…
    profile: str = EN16931  # BT-24
    preceding: tuple[Reference, ...] = ()  # BG-3
    seller: Party  # BG-4
    buyer: Party  # BG-7
    payee: Payee | None = None  # BG-10
    tax_representative: TaxRepresentative | None = None  # BG-11
    delivery: Delivery | None = None  # BG-13
    period: Period | None = None  # BG-14
    payment: Payment | None = None  # BG-16
    allowances: tuple[AllowanceCharge, ...] = ()  # BG-20
    charges: tuple[AllowanceCharge, ...] = ()  # BG-21
    totals: Totals  # BG-22
    vat: tuple[VatSubtotal, ...]  # BG-23
    attachments: tuple[Attachment, ...] = ()  # BG-24
    lines: tuple[Line, ...]  # BG-25, none in the profiles MINIMUM and BASIC WL of Factur-X

    @property
    def is_credit_note(self) -> bool:
        """Whether BT-3 gives money back to the buyer."""
        return self.type_code in CREDIT_NOTES
