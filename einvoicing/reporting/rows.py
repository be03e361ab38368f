"""The lines of a report, each with the documents that make it: every euro reported can be followed to its papers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.urls import reverse

from config.kernel.money import ZERO
from einvoicing.formats.ereporting import (
    DayOfPayments,
    DayOfSales,
    InvoicePayment,
    RateAmount,
    UnitInvoice,
    VatRow,
)
from einvoicing.reporting.collected import Collected
from einvoicing.reporting.natures import category_of
from einvoicing.reporting.sales import Sale

UNIT_SALES, UNIT_PAYMENTS, DAILY_SALES, DAILY_PAYMENTS = "10.1", "10.2", "10.3", "10.4"


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """What one document gives to one row: `net` and `vat` of a sale, `amount` with VAT of a payment.

    `document` is the invoice, credit note or purchase; `payment` the receipt, '' where a credit note moved the money.
    """

    document: str
    document_id: int
    payment: str = ""
    payment_id: int | None = None
    net: Decimal = ZERO
    vat: Decimal = ZERO
    amount: Decimal = ZERO
    page: str = ""  # of a purchase, as its room says; an invoice has its own

    @property
    def address(self) -> str:
        return self.page or reverse("billing:invoice-detail", args=[self.document_id])


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A line of a report. `label`: the category of 10.3, the invoice of 10.1 and 10.2. No rate: an invoice whole."""

    flux: str
    day: date
    label: str = ""
    rate: Decimal | None = None
    pieces: tuple[Piece, ...] = ()

    @property
    def net(self) -> Decimal:
        return sum((piece.net for piece in self.pieces), ZERO)

    @property
    def vat(self) -> Decimal:
        return sum((piece.vat for piece in self.pieces), ZERO)

    @property
    def amount(self) -> Decimal:
        return sum((piece.amount for piece in self.pieces), ZERO)


def unit_row(invoice: UnitInvoice, key: int, *, is_credit: bool, page: str = "") -> Row:
    """10.1: the file gives a credit note's amounts as it states them; here they count against the others."""
    sign = -1 if is_credit else 1
    piece = Piece(document=invoice.number, document_id=key, net=sign * invoice.net, vat=sign * invoice.vat, page=page)
    return Row(flux=UNIT_SALES, day=invoice.issue_date, label=invoice.number, pieces=(piece,))


def daily_sales(sales: Iterable[Sale]) -> tuple[tuple[DayOfSales, ...], list[Row]]:
    """10.3, by day, currency, category and rate."""
    days: dict[tuple[date, str, str], dict[Decimal, list[Piece]]] = defaultdict(lambda: defaultdict(list))
    for sale in sales:
        for nature, sold in sale.parts.items():
            pieces = days[sale.day, sale.invoice.currency, category_of(nature)][nature.rate]
            piece = Piece(document=sale.document.number or "", document_id=sale.document.pk, net=sold.net, vat=sold.vat)
            pieces.append(piece)
    found, rows = [], []
    for (day, currency, category), by_rate in sorted(days.items()):
        parts = [
            Row(flux=DAILY_SALES, day=day, label=category, rate=rate, pieces=tuple(by_rate[rate]))
            for rate in sorted(by_rate, reverse=True)
        ]
        count = len({piece.document_id for row in parts for piece in row.pieces})
        vat_rows = tuple(VatRow(rate=row.rate or ZERO, base=row.net, vat=row.vat) for row in parts)
        found.append(DayOfSales(day=day, currency=currency, category=category, count=count, rows=vat_rows))
        rows += parts
    return tuple(found), rows


def invoice_payments(collected: Iterable[Collected]) -> tuple[tuple[InvoicePayment, ...], list[Row]]:
    """10.2, by invoice and day."""
    days: dict[tuple[date, str], dict[Decimal, list[Piece]]] = defaultdict(lambda: defaultdict(list))
    issued_on: dict[str, date] = {}
    for one in collected:
        number = one.invoice.number or ""
        days[one.day, number][one.rate].append(_piece(one))
        issued_on[number] = one.invoice.issue_date or one.day
    found, rows = [], []
    for (day, number), by_rate in sorted(days.items()):
        parts = _payment_rows(UNIT_PAYMENTS, day, number, by_rate)
        if parts:
            found.append(InvoicePayment(number=number, issue_date=issued_on[number], day=day, amounts=_amounts(parts)))
            rows += parts
    return tuple(found), rows


def daily_payments(collected: Iterable[Collected]) -> tuple[tuple[DayOfPayments, ...], list[Row]]:
    """10.4, by day."""
    days: dict[date, dict[Decimal, list[Piece]]] = defaultdict(lambda: defaultdict(list))
    for one in collected:
        days[one.day][one.rate].append(_piece(one))
    found, rows = [], []
    for day, by_rate in sorted(days.items()):
        parts = _payment_rows(DAILY_PAYMENTS, day, "", by_rate)
        found.append(DayOfPayments(day=day, amounts=_amounts(parts)))
        rows += parts
    return tuple(found), rows


def _piece(one: Collected) -> Piece:
    return Piece(
        document=one.invoice.number or "",
        document_id=one.invoice.pk,
        payment=one.payment.number if one.payment else "",
        payment_id=one.payment.pk if one.payment else None,
        amount=one.amount,
    )


def _payment_rows(flux: str, day: date, label: str, by_rate: dict[Decimal, list[Piece]]) -> list[Row]:
    """One row for each rate; one of zero stands too, for it says that money moved from one document to another."""
    return [
        Row(flux=flux, day=day, label=label, rate=rate, pieces=tuple(by_rate[rate]))
        for rate in sorted(by_rate, reverse=True)
    ]


def _amounts(rows: Sequence[Row]) -> tuple[RateAmount, ...]:
    return tuple(RateAmount(rate=row.rate or ZERO, amount=row.amount) for row in rows)
