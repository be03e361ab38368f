"""A report as JSON, for the command and the API: every row with the documents that make it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from einvoicing.formats.ereporting import message
from einvoicing.reporting.building import Draft
from einvoicing.reporting.rows import DAILY_PAYMENTS, DAILY_SALES, UNIT_PAYMENTS, UNIT_SALES, Row

Amount = Callable[[Decimal], Any]
FLUXES = {True: (UNIT_PAYMENTS, DAILY_PAYMENTS), False: (UNIT_SALES, DAILY_SALES)}


def as_text(amount: Decimal) -> str:
    return f"{amount:f}"


def period_of(draft: Draft) -> dict[str, Any]:
    """Whose, of what, and when it is sent."""
    period = draft.period
    return {
        "company": draft.company.siren,
        "period": period.code,
        "kind": period.kind.lower(),
        "start": period.start.isoformat(),
        "end": period.end.isoformat(),
        "opens_on": period.opens_on.isoformat(),
        "due_on": period.due_on.isoformat(),
    }


def content_of(draft: Draft, *, amount: Amount = as_text) -> dict[str, Any]:
    """The rows by flux, their sums, and what people should know."""
    content = draft.content
    fluxes = {
        UNIT_SALES: [_unit(row, draft, amount) for row in _rows(draft, UNIT_SALES)],
        DAILY_SALES: [_day_of_sales(day, draft, amount) for day in content.sales],
        UNIT_PAYMENTS: [_invoice_payment(paid, draft, amount) for paid in content.invoice_payments],
        DAILY_PAYMENTS: [_day_of_payments(day, draft, amount) for day in content.payments],
    }
    return {
        "flux": {name: fluxes[name] for name in FLUXES[content.carries_payments]},
        "totals": {flux: _sums(sums, amount) for flux, sums in draft.sums().items()},
        "difficulties": [{"document": one.document, "detail": one.sentence} for one in draft.difficulties],
    }


def _sums(sums: dict[str, Decimal], amount: Amount) -> dict[str, Any]:
    """Net and VAT of sales, or the amount received."""
    shown = ("amount",) if sums["amount"] or not (sums["net"] or sums["vat"]) else ("net", "vat")
    return {name: amount(sums[name]) for name in shown}


def _rows(draft: Draft, flux: str) -> list[Row]:
    return [row for row in draft.rows if row.flux == flux]


def _unit(row: Row, draft: Draft, amount: Amount) -> dict[str, Any]:
    invoice = next(one for one in draft.content.invoices if one.number == row.label)
    return {
        "number": invoice.number,
        "date": invoice.issue_date.isoformat(),
        "type": invoice.type_code,
        "currency": invoice.currency,
        "process": invoice.process,
        "buyer": {"id": invoice.buyer.identifier, "scheme": invoice.buyer.scheme, "country": invoice.buyer.country},
        "net": amount(invoice.net),
        "vat": amount(invoice.vat),
        "rates": [
            {"category": part.category, "rate": amount(part.rate), "net": amount(part.base), "vat": amount(part.vat)}
            for part in invoice.rows
        ],
        "documents": _documents(row, amount),
    }


def _day_of_sales(day: message.DayOfSales, draft: Draft, amount: Amount) -> dict[str, Any]:
    rows = [row for row in _rows(draft, DAILY_SALES) if (row.day, row.label) == (day.day, day.category)]
    return {
        "date": day.day.isoformat(),
        "category": day.category,
        "currency": day.currency,
        "count": day.count,
        "net": amount(day.net),
        "vat": amount(day.vat),
        "rates": [
            {
                "rate": amount(row.rate or Decimal(0)),
                "net": amount(row.net),
                "vat": amount(row.vat),
                "documents": _documents(row, amount),
            }
            for row in rows
        ],
    }


def _invoice_payment(paid: message.InvoicePayment, draft: Draft, amount: Amount) -> dict[str, Any]:
    rows = [row for row in _rows(draft, UNIT_PAYMENTS) if (row.day, row.label) == (paid.day, paid.number)]
    return {
        "number": paid.number,
        "issue_date": paid.issue_date.isoformat(),
        "date": paid.day.isoformat(),
        "rates": _received(rows, amount),
    }


def _day_of_payments(day: message.DayOfPayments, draft: Draft, amount: Amount) -> dict[str, Any]:
    rows = [row for row in _rows(draft, DAILY_PAYMENTS) if row.day == day.day]
    return {"date": day.day.isoformat(), "rates": _received(rows, amount)}


def _received(rows: list[Row], amount: Amount) -> list[dict[str, Any]]:
    return [
        {"rate": amount(row.rate or Decimal(0)), "amount": amount(row.amount), "documents": _documents(row, amount)}
        for row in rows
    ]


def _documents(row: Row, amount: Amount) -> list[dict[str, Any]]:
    """Each with what it gives to the row."""
    if row.flux in FLUXES[True]:
        return [
            {"number": piece.document, "payment": piece.payment, "amount": amount(piece.amount)} for piece in row.pieces
        ]
    return [{"number": piece.document, "net": amount(piece.net), "vat": amount(piece.vat)} for piece in row.pieces]
