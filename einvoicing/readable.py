"""The readable page of any EN 16931 document, also of one that is nowhere in the database: what was converted.

An invoice of ours has its own page (`billing.pdf`); this one says what the document says, and adds nothing.
"""

from __future__ import annotations

import hashlib
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.template.loader import render_to_string
from django.utils.translation import override

from billing.models.products import Unit
from billing.pdf import DEFAULT_ACCENT, SHORT_UNITS, STYLESHEET, WITHOUT_RATE
from config.kernel.typography import NARROW, NBSP
from einvoicing import document as model
from einvoicing.formats import facturx

PARIS = ZoneInfo("Europe/Paris")
_TITLES = {"386": "Facture d’acompte", "384": "Facture rectificative", "389": "Autofacture"}
_PROCESSING = "BAR"  # BT-21 of a note for machines


def render_pdf(invoice: model.Invoice) -> bytes:
    """The document as PDF/A-3b, without its XML; the same bytes each time."""
    from billing.pdf_engine import make_pdf  # WeasyPrint takes half a second to import

    with override("fr"):
        html = render_to_string("einvoicing/pdf/document.html", _context(invoice)).replace(NARROW, NBSP)
    seller = invoice.seller.siren or invoice.seller.name
    identifier = hashlib.sha256(f"{seller}:{invoice.number}".encode()).digest()[:16]
    return make_pdf(html, stylesheet=STYLESHEET, identifier=identifier)


def render_facturx(invoice: model.Invoice, xml: bytes) -> bytes:
    """The document as a Factur-X file around its CII. Raises ValueError when that is in no profile of Factur-X."""
    return facturx.embed(
        render_pdf(invoice), xml, number=invoice.number, issued_at=_moment(invoice), seller=invoice.seller.name
    )


def _moment(invoice: model.Invoice) -> datetime:
    return datetime.combine(invoice.issue_date, time(), PARIS)


def _context(invoice: model.Invoice) -> dict[str, Any]:
    credit = invoice.is_credit_note
    return {
        "invoice": invoice,
        "seller": invoice.seller,
        "buyer": invoice.buyer,
        "title": "Avoir" if credit else _TITLES.get(invoice.type_code, "Facture"),
        "notes": [note.text for note in invoice.notes if note.subject_code != _PROCESSING],
        "lines": [_row(line) for line in invoice.lines],
        "accent": DEFAULT_ACCENT,
        "stamp": _moment(invoice).isoformat(timespec="seconds"),
    }


def _row(line: model.Line) -> dict[str, Any]:
    return {
        "line": line,
        "unit": SHORT_UNITS.get(line.unit) or (str(Unit(line.unit).label) if line.unit in Unit.values else line.unit),
        "per": line.price_base_quantity if line.price_base_quantity not in (None, 1) else None,
        "without_rate": WITHOUT_RATE.get(line.vat_category, ""),
        "adjustments": [*((item, "Remise") for item in line.allowances), *((item, "Frais") for item in line.charges)],
    }
