"""A report from the facts of its period, computed anew each time.

What was sent is compared with it, and sent again whole (RE) where it differs.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from decimal import Decimal

from django.utils.translation import gettext_noop

from billing.models import Invoice
from config.kernel.models import Company, VatRegime
from config.kernel.money import ZERO
from customers.territories import EUROPEAN_UNION
from einvoicing.formats import ereporting
from einvoicing.formats.ereporting import message
from einvoicing.reporting.collected import collected_within
from einvoicing.reporting.periods import FRANCHISE, MONTHLY, PAYMENTS, PURCHASES, SIMPLIFIED, Period
from einvoicing.reporting.purchases import purchase_rows
from einvoicing.reporting.rows import Row, daily_payments, daily_sales, invoice_payments, unit_row
from einvoicing.reporting.sales import individual_sales, international_sales, unit_invoice

USUAL_REGIMES = {VatRegime.NORMAL: MONTHLY, VatRegime.SIMPLIFIED: SIMPLIFIED, VatRegime.FRANCHISE: FRANCHISE}
EURO = "EUR"
# some four signs: the platform writes its own on the way to the State (G6.22, France_RFE #54)
NO_PLATFORM = "0000"
_ANY_MOMENT = datetime(2000, 1, 1, tzinfo=UTC)

NOT_IN_EUROS = gettext_noop(
    "La TVA se déclare en euros et ce document est dans une autre devise : il n’est pas repris."
)
NO_VAT_NUMBER = gettext_noop("L’acheteur est dans l’Union et n’a pas de n° de TVA : il est désigné par son nom.")


@dataclass(frozen=True, slots=True)
class Difficulty:
    """What a person should know of one document of the period."""

    document: str
    document_id: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What is to be reported of a period as its facts stand now: the message, and its rows with their documents."""

    company: Company
    period: Period
    content: message.Report
    rows: tuple[Row, ...]
    difficulties: tuple[Difficulty, ...]

    @property
    def is_empty(self) -> bool:
        return self.content.is_empty

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what is reported, whoever sends it and when: two that are equal say the same to the State."""
        return fingerprint_of(self.content)

    def sums(self) -> dict[str, dict[str, Decimal]]:
        """What is reported in each flux: net and VAT of sales, amount of payments."""
        found: dict[str, dict[str, Decimal]] = {}
        for row in self.rows:
            sums = found.setdefault(row.flux, {"net": ZERO, "vat": ZERO, "amount": ZERO})
            for name in sums:
                sums[name] += getattr(row, name)
        return found


def fingerprint_of(content: message.Report) -> str:
    """SHA-256 of what a report says, without its id, its moment and its sender."""
    plain = replace(content, report_id="", created_at=_ANY_MOMENT, type_code="", sender_code="", sender_name="")
    return hashlib.sha256(ereporting.render(plain)).hexdigest()


def usual_regime(company: Company) -> str:
    """The regime of e-reporting that follows from the company's VAT regime."""
    return USUAL_REGIMES[VatRegime(company.vat_regime)]


def build_draft(
    *,
    company: Company,
    period: Period,
    at: datetime,
    type_code: str = message.INITIAL,
    turn: int = 1,
    sender_code: str = NO_PLATFORM,
    sender_name: str = "",
) -> Draft:
    """The report of a period from the facts as they stand; `turn` numbers the reports of one period."""
    content = message.Report(
        report_id=f"{company.siren}-{period.kind}-{period.code}-{turn}",
        created_at=at,
        type_code=type_code,
        sender_code=sender_code,
        sender_name=sender_name or company.name,
        issuer_siren=company.siren,
        issuer_name=company.name,
        start=period.start,
        end=period.end,
        role=message.BUYER if period.kind == PURCHASES else message.SELLER,
        carries_payments=period.carries_payments,
    )
    fill = {PAYMENTS: _with_payments, PURCHASES: _with_purchases}.get(period.kind, _with_sales)
    return fill(company, period, content)


def _with_sales(company: Company, period: Period, content: message.Report) -> Draft:
    abroad = list(international_sales(company, period))
    sales = list(individual_sales(company, period))
    difficulties = [*_foreign(abroad), *_foreign(sale.invoice for sale in sales), *_unnumbered(abroad)]
    abroad = [invoice for invoice in abroad if not _is_foreign(invoice)]
    units = tuple(unit_invoice(invoice) for invoice in abroad)
    rows = [
        unit_row(unit, invoice.pk, is_credit=invoice.is_credit_note)
        for unit, invoice in zip(units, abroad, strict=True)
    ]
    days, daily_rows = daily_sales(sale for sale in sales if not _is_foreign(sale.invoice))
    content = replace(content, invoices=units, sales=days)
    return Draft(company, period, content, (*rows, *daily_rows), tuple(difficulties))


def _with_purchases(company: Company, period: Period, content: message.Report) -> Draft:
    bought = list(purchase_rows(company, period))
    rows = [
        unit_row(one.row, one.key, is_credit=one.row.type_code in message.CREDIT_NOTES, page=one.address)
        for one in bought
    ]
    content = replace(content, invoices=tuple(one.row for one in bought))
    return Draft(company, period, content, tuple(rows), ())


def _with_payments(company: Company, period: Period, content: message.Report) -> Draft:
    received = collected_within(company, period)
    difficulties = list(_foreign(one.invoice for one in received))
    received = [one for one in received if one.invoice.currency == EURO]
    units, unit_rows = invoice_payments(one for one in received if one.is_international)
    days, daily_rows = daily_payments(one for one in received if not one.is_international)
    content = replace(content, invoice_payments=units, payments=days)
    return Draft(company, period, content, (*unit_rows, *daily_rows), tuple(difficulties))


def _is_foreign(invoice: Invoice) -> bool:
    return invoice.currency != EURO and bool(invoice.total_vat)


def _foreign(invoices: Iterable[Invoice]) -> list[Difficulty]:
    found = {invoice.pk: invoice.number or "" for invoice in invoices if _is_foreign(invoice)}
    return [Difficulty(number, key, NOT_IN_EUROS) for key, number in found.items()]


def _unnumbered(invoices: Iterable[Invoice]) -> list[Difficulty]:
    return [
        Difficulty(invoice.number or "", invoice.pk, NO_VAT_NUMBER)
        for invoice in invoices
        if invoice.buyer["address"]["country"] in EUROPEAN_UNION and not invoice.buyer["vat_number"]
    ]
