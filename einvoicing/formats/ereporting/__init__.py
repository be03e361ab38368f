"""Flux 10, e-reporting: a report as bytes and back (AIFE XSD and schematron 1.0; code lists of the external specs)."""

from einvoicing.formats.ereporting.message import (
    CORRECTIVE,
    INITIAL,
    DayOfPayments,
    DayOfSales,
    InvoicePayment,
    Party,
    RateAmount,
    Report,
    UnitInvoice,
    VatRow,
)
from einvoicing.formats.ereporting.parsing import parse
from einvoicing.formats.ereporting.rendering import render

__all__ = [
    "CORRECTIVE",
    "INITIAL",
    "DayOfPayments",
    "DayOfSales",
    "InvoicePayment",
    "Party",
    "RateAmount",
    "Report",
    "UnitInvoice",
    "VatRow",
    "parse",
    "render",
]
