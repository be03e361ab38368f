"""« Comptabilité »: its first page, and the one page that shows any report, as a file too."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any, cast

from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_GET

from billing.forms.books.reports import ReportForm
from billing.ledger.reports import ReportTable, Row, report_called, reports
from billing.ledger.reports.paper import MOST_PDF_ROWS, is_figure, report_pdf, written
from billing.views.books.rooms import ROOMS
from config.kernel import typography
from config.kernel.access import MemberRequest, may_open, member
from config.kernel.clock import local_day
from config.kernel.exports import FORMATS, Column, export_response, safe_filename
from config.kernel.roles import allows

SHOWN = 200
FILES = (("xlsx", "XLSX"), ("csv", "CSV"), ("pdf", "PDF"))
KINDS = {
    "from": "date",
    "to": "date",
    "known_at": "datetime-local",
    "customer": "customer",
    "basis": "select",
    "open_only": "check",
    "by_document": "check",
}
FURTHEST = 10_000  # beyond, the files serve


@require_GET
@member("books")
def books_home(request: HttpRequest) -> HttpResponse:
    """The rooms, and the reports."""
    membership = cast(MemberRequest, request).membership
    law = membership.company.law
    cards = [
        {"title": room.title, "sentence": room.sentence, "icon": room.icon, "url": reverse(room.url_name)}
        for room in ROOMS
        if allows(membership.role, room.needs) and room.law in ("", law)
    ]
    found = [
        {"title": report.title, "sentence": report.sentence, "url": reverse("billing:report", args=[report.slug])}
        for report in reports()
        if report.law in ("", law)
    ]
    return render(request, "billing/books/home.html", {"cards": cards, "reports": found})


@require_GET
@member("books")
def report_page(request: HttpRequest, slug: str) -> HttpResponse:
    """`?format=csv`, `xlsx` or `pdf` gives the whole as a file; `row` is where the shown rows begin."""
    report = report_called(slug)
    if report is None:
        raise Http404
    membership, now = cast(MemberRequest, request).membership, timezone.now()
    form = ReportForm(report, request.GET, company=membership.company, today=local_day(now))
    if not form.is_valid():
        refused = {"report": report, "form": form, "asked": _asked(form, request.GET.dict())}
        return render(request, "billing/books/report.html", refused, status=422)
    parameters = form.parameters()
    table, file_format = report.build(parameters), request.GET.get("format", "")
    if file_format in FORMATS:
        lines = table.lines()
        answer = export_response(file_format=file_format, filename=table.filename, columns=table.columns, rows=lines)
        return cast(HttpResponse, answer)
    if file_format == "pdf":
        pdf = report_pdf(table, company=membership.company, at=now)
        if pdf is not None:
            name = f'inline; filename="{safe_filename(table.filename)}.pdf"'
            return HttpResponse(pdf, content_type="application/pdf", headers={"Content-Disposition": name})
        table = report.build(parameters)  # its rows are read once
    context = {
        **shown_rows(table, first_row(request.GET), membership.role),
        "report": report,
        "form": form,
        "asked": _asked(form, parameters.query()),
        "parameters": parameters,
        "table": table,
        "heads": [{"label": column.label, "is_figure": is_figure(column)} for column in table.columns],
        "files": FILES,
        "too_long": typography.number(MOST_PDF_ROWS) if file_format == "pdf" else "",
    }
    return render(request, "billing/books/report.html", context)


def shown_rows(table: ReportTable, first: int, role: str) -> dict[str, Any]:
    """The rows of one screen from `row` on, and the totals of all."""
    rows = list(islice(table.rows, first, first + SHOWN + 1))
    more = len(rows) > SHOWN
    return {
        "rows": [_cells(row, table.columns, role) for row in rows[:SHOWN]],
        "totals": [_cells(row, table.columns, role) for row in table.totals],
        "next_row": first + SHOWN if more and first + SHOWN <= FURTHEST else "",
        "first_row": first,
        "previous_row": str(max(first - SHOWN, 0)) if first else "",
        "has_more": more,
    }


def first_row(query: QueryDict) -> int:
    text = query.get("row", "")
    return min(int(text), FURTHEST) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _cells(row: Row, columns: Sequence[Column], role: str) -> dict[str, Any]:
    """A row as its template shows it; only pages that the role may open are linked."""
    words = [column.name for column in columns if column.kind == "text" and row.cells.get(column.name)]
    main = next((name for name in ("label", "name", "customer") if name in words), words[0] if words else "")
    cells = []
    for column in columns:
        text = written(row.cells.get(column.name), column)
        url = row.links.get(column.name, "") or (row.href if column.name == main else "") if text else ""
        cells.append(
            {
                "label": column.label,
                "text": text,
                "is_figure": is_figure(column),
                "url": url if url and may_open(role, url) else "",
                "is_main": column.name == main,
            }
        )
    return {"cells": cells, "kind": row.kind}


def _asked(form: ReportForm, query: dict[str, str]) -> list[dict[str, Any]]:
    """The controls of the form, with what was understood of each."""
    controls = []
    for name, bound in form.fields.items():
        kind = KINDS.get(name, "text")
        controls.append(
            {
                "name": name,
                "label": bound.label,
                "kind": kind,
                "choices": getattr(bound, "choices", []),
                "value": query.get(name, ""),
            }
        )
    return controls
