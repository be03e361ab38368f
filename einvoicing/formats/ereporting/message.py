"""A flux 10 report in plain values: what 10.1, 10.2, 10.3 and 10.4 carry. TT-/TG- numbers are those of the XSD."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

INITIAL, CORRECTIVE = "IN", "RE"  # TT-4; a corrective one replaces the whole period
SELLER, BUYER = "SE", "BY"  # TT-15
SIREN, EU_VAT, NON_EU = "0002", "0223", "0227"  # G2.19
CREDIT_NOTES = frozenset({"261", "381", "396", "502", "503"})  # TT-21 (G1.32)
PROFILE = "urn.cpro.gouv.fr:1p0:ereporting"  # S1.12


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """TG-12, TG-14: who, by a scheme of G2.19, and where."""

    identifier: str
    scheme: str
    vat_number: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class VatRow:
    """TG-22 of an invoice, TG-32 of a day of sales."""

    rate: Decimal
    base: Decimal
    vat: Decimal
    category: str = ""
    exemption_code: str = ""
    exemption_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitInvoice:
    """10.1: one invoice of international trade between businesses. Amounts as the document says them."""

    number: str
    issue_date: date
    type_code: str
    currency: str
    process: str  # TT-28, the cadre: B1, S1, M4…
    seller: Party
    buyer: Party
    net: Decimal
    vat: Decimal  # in euros (G6.23)
    rows: tuple[VatRow, ...]
    due_date: date | None = None
    preceding: tuple[tuple[str, date], ...] = ()
    delivery_date: date | None = None
    delivery_country: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfSales:
    """10.3: what was sold to individuals on a day, in a category (TLB1, TPS1, TNT1, TMA1), by rate."""

    day: date
    currency: str
    category: str
    count: int
    rows: tuple[VatRow, ...]

    @property
    def net(self) -> Decimal:
        return sum((row.base for row in self.rows), Decimal("0.00"))

    @property
    def vat(self) -> Decimal:
        return sum((row.vat for row in self.rows), Decimal("0.00"))


@dataclass(frozen=True, slots=True, kw_only=True)
class RateAmount:
    """TG-36, TG-39: so much received at a rate, with VAT, in euros (G6.27)."""

    rate: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoicePayment:
    """10.2: what was received on a day of one invoice that 10.1 carries."""

    number: str
    issue_date: date
    day: date
    amounts: tuple[RateAmount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DayOfPayments:
    """10.4: what was received on a day from individuals."""

    day: date
    amounts: tuple[RateAmount, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """One transmission: transactions (10.1, 10.3) or payments (10.2, 10.4), never both (G6.29)."""

    report_id: str
    created_at: datetime
    type_code: str  # IN, RE
    sender_code: str  # the platform's four signs, which it writes itself on the way to the State (G6.22)
    sender_name: str
    issuer_siren: str
    issuer_name: str
    start: date
    end: date
    role: str = SELLER
    carries_payments: bool = False
    invoices: tuple[UnitInvoice, ...] = ()
    sales: tuple[DayOfSales, ...] = ()
    invoice_payments: tuple[InvoicePayment, ...] = ()
    payments: tuple[DayOfPayments, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.invoices or self.sales or self.invoice_payments or self.payments)
