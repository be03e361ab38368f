"""The fields of a document, from the words of its pages. It knows the language of invoices and no supplier's layout."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from einvoicing.reception.reading.extraction.accounts import read_iban
from einvoicing.reception.reading.extraction.dates import read_dates
from einvoicing.reception.reading.extraction.found import DERIVED, LABELLED, Found
from einvoicing.reception.reading.extraction.lines import read_lines
from einvoicing.reception.reading.extraction.names import read_name
from einvoicing.reception.reading.extraction.parties import read_identity
from einvoicing.reception.reading.extraction.printed import printed_amounts
from einvoicing.reception.reading.extraction.references import read_kind, read_number, read_order_reference
from einvoicing.reception.reading.extraction.totals import read_totals
from einvoicing.reception.reading.extraction.vat_rows import read_vat_rows
from einvoicing.reception.reading.layout import Page
from einvoicing.reception.reading.result import Line

_CURRENCIES = (
    ("CHF", re.compile(r"\bchf\b|\bsfr\b")),
    ("GBP", re.compile(r"£|\bgbp\b")),
    ("USD", re.compile(r"\$|\busd\b")),
    ("EUR", re.compile(r"€|\beur\b|\beuros?\b")),
)


@dataclass(slots=True)
class Extraction:
    """What was found for each field, None for what was not."""

    fields: dict[str, Found | None] = field(default_factory=dict)
    lines: tuple[Line, ...] = ()
    identifiers_agree: bool = False


def extract(pages: Sequence[Page], own: Collection[str] = ()) -> Extraction:
    """Every field of `result.FIELDS`; `own` are the SIRENs of the company that received the document."""
    amounts = printed_amounts(pages)
    totals = read_totals(pages, amounts)
    identity = read_identity(pages, own)
    number = read_number(pages)
    issued, due = read_dates(pages, number)
    rows = read_vat_rows(pages, amounts, totals)
    return Extraction(
        fields={
            "number": number,
            "kind": read_kind(pages, number),
            "date": issued,
            "due_date": due,
            "supplier_name": read_name(pages, identity),
            "supplier_siren": identity.siren,
            "supplier_vat": identity.vat,
            "iban": read_iban(pages),
            "net": totals.net,
            "vat": totals.vat,
            "gross": totals.gross,
            "currency": _currency(pages),
            "vat_rows": rows,
            "order_reference": read_order_reference(pages, number),
        },
        lines=read_lines(pages, amounts, totals.net.value if totals.net else None, rows.value if rows else ()),
        identifiers_agree=identity.agree,
    )


def _currency(pages: Sequence[Page]) -> Found:
    """The sign that stands beside the most amounts; the euro where there is none."""
    counts: dict[str, int] = {}
    first: dict[str, Found] = {}
    for page in pages:
        for cell in page.cells:
            for code, pattern in _CURRENCIES:
                for match in pattern.finditer(cell.folded):
                    counts[code] = counts.get(code, 0) + 1
                    first.setdefault(code, Found(code, LABELLED, page.number, cell.span(*match.span())))
    return first[max(counts, key=lambda code: counts[code])] if counts else Found("EUR", DERIVED)


__all__ = ["Extraction", "extract"]
