"""A report on paper: A4 landscape, its head on each page, page x of y."""

from __future__ import annotations

import hashlib
from datetime import datetime
from itertools import islice
from typing import Any

from django.template.loader import render_to_string
from django.utils.translation import get_language

from billing.ledger.reports.table import ReportTable, Row
from config.kernel import typography
from config.kernel.exports import Column
from config.kernel.models import Company
from config.kernel.typography import NARROW, NBSP

STYLESHEET = "report.css"
MOST_PDF_ROWS = 1_000  # some ten seconds of drawing, and thirty pages; files have no limit
# how wide a column is beside the others: by its name, or by its kind
_WEIGHTS = {
    "text": 11, "money": 11, "date": 9, "percent": 7,
    "name": 26, "label": 26, "customer": 20, "party": 16, "account": 8, "journal": 7, "letter": 6, "number": 13,
}  # fmt: skip


def report_pdf(table: ReportTable, *, company: Company, at: datetime) -> bytes | None:
    """The table as a PDF; None where it has more than MOST_PDF_ROWS rows."""
    rows = list(islice(table.rows, MOST_PDF_ROWS + 1))
    if len(rows) > MOST_PDF_ROWS:
        return None
    from billing.pdf_engine import make_pdf  # WeasyPrint takes half a second to import

    page = {
        "table": table,
        "rows": [_printed(row, table) for row in (*rows, *table.totals)],
        "columns": _columns(table),
        "company": company,
        "at": at,
        "stamp": at.isoformat(timespec="seconds"),
        "language": get_language() or "fr",
    }
    html = render_to_string("billing/pdf/report.html", page).replace(NARROW, NBSP)
    return make_pdf(html, stylesheet=STYLESHEET, identifier=hashlib.sha256(html.encode()).digest()[:16])


def _columns(table: ReportTable) -> list[dict[str, Any]]:
    """With their widths in percent: a table that is not measured is drawn much faster."""
    weights = [_WEIGHTS.get(column.name, _WEIGHTS[column.kind]) for column in table.columns]
    return [
        {"label": column.label, "is_figure": is_figure(column), "width": f"{100 * weight / sum(weights):.2f}%"}
        for column, weight in zip(table.columns, weights, strict=True)
    ]


def is_figure(column: Column) -> bool:
    return column.kind in {"money", "number", "percent"}


def written(value: Any, column: Column) -> str:
    """The value of a cell as people read it."""
    if value is None or value == "":
        return ""
    if column.kind == "money":
        return typography.number(value, 2)
    if column.kind == "date":
        return typography.day(value)
    if column.kind == "percent":
        return typography.percent(value)
    return typography.number(value) if column.kind == "number" else str(value)


def _printed(row: Row, table: ReportTable) -> dict[str, Any]:
    cells = [
        {"text": written(row.cells.get(column.name), column), "is_figure": is_figure(column)}
        for column in table.columns
    ]
    return {"cells": cells, "kind": row.kind}
