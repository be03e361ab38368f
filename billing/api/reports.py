"""The reports of the books for programs: the same table as the page and the files."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from itertools import islice
from typing import Any

from django.http import Http404
from rest_framework import serializers

from billing.forms.books.reports import ReportForm
from billing.ledger.reports import Report, ReportTable, Row, report_called
from config.kernel.api.documented import documented
from config.kernel.api.fields import Day, Id, Moment, Query
from config.kernel.api.operation import operation
from config.kernel.api.view import ApiView, Call
from config.kernel.clock import local_day
from config.kernel.errors import Invalid
from config.kernel.exports import Column

MOST_ROWS = 1_000
CENTS = Decimal("0.01")
# the parameters of the API by the names of the form
NAMES = {"from": "from_date", "to": "to_date", "customer": "customer_id", "product": "product_id"}


class ReportQuery(Query):
    from_date = Day(required=False, help_text="The first day of the fiscal year when absent.")
    to_date = Day(required=False, help_text="The day as of which the report is asked; today when absent.")
    known_at = Moment(required=False, help_text="Only what was written by then.")
    first_account = serializers.RegexField(r"^[1-8]\d{0,9}$", required=False, max_length=10)
    last_account = serializers.RegexField(r"^[1-8]\d{0,9}$", required=False, max_length=10)
    customer_id = Id(required=False, help_text="One customer or supplier.")
    product_id = serializers.IntegerField(required=False, min_value=0, help_text="0: what is in no catalogue.")
    basis = serializers.ChoiceField(["due", "invoice"], default="due", help_text="By which day amounts grow old.")
    journal = serializers.RegexField(r"^[A-Z0-9]{1,5}$", required=False, max_length=5)
    open_only = serializers.BooleanField(default=False)
    by_document = serializers.BooleanField(default=False)
    row = serializers.IntegerField(min_value=0, max_value=10**9, default=0, help_text="From `next_row`.")
    limit = serializers.IntegerField(min_value=1, max_value=MOST_ROWS, default=200)


class BooksColumnShape(serializers.Serializer):
    name = serializers.CharField()
    label = serializers.CharField()
    kind = serializers.ChoiceField(["text", "money", "number", "date", "percent"])


class BooksRowShape(serializers.Serializer):
    kind = serializers.ChoiceField(["line", "heading", "subtotal", "total"])
    cells = serializers.DictField(help_text="By the names of the columns; a column without a value is left out.")


class BooksReportShape(serializers.Serializer):
    slug = serializers.CharField()
    title = serializers.CharField()
    subtitle = serializers.CharField()
    columns = BooksColumnShape(many=True)
    rows = BooksRowShape(many=True)
    totals = BooksRowShape(many=True, help_text="Of the whole report, whatever rows are shown.")
    notes = serializers.ListField(child=serializers.CharField())
    next_row = serializers.IntegerField(allow_null=True, help_text="Where the next rows begin; null: there are none.")


class ReportItem(ApiView):
    area = "books"

    def find(self, **path: Any) -> Report:
        report = report_called(path["slug"])
        if report is None:
            raise Http404
        return report

    @operation(query=ReportQuery, answer=BooksReportShape)
    @documented(id="report")
    def get(self, request: Call, slug: str) -> dict[str, Any]:
        """A report of the books, as of any past day: trial balance, ledgers, journal, aged balances, sales, DSO.

        What a report does not ask is left aside.
        """
        report, query = self.find(slug=slug), request.query
        table = report.build(_parameters(report, request))
        rows = list(islice(table.rows, query["row"], query["row"] + query["limit"] + 1))
        more = len(rows) > query["limit"]
        return {
            "slug": slug,
            "title": table.title,
            "subtitle": table.subtitle,
            "columns": [
                {"name": column.name, "label": str(column.label), "kind": column.kind} for column in table.columns
            ],
            "rows": _rows(rows[: query["limit"]], table),
            "totals": _rows(table.totals, table),
            "notes": list(table.notes),
            "next_row": query["row"] + query["limit"] if more else None,
        }


def _parameters(report: Report, request: Call) -> Any:
    """Read as the page reads its address. Raises Invalid."""
    typed = {name: request.query.get(NAMES.get(name, name)) for name in ReportForm.base_fields.keys() | {"from", "to"}}
    given = {name: _written(value) for name, value in typed.items() if value not in (None, "", False)}
    form = ReportForm(report, given, company=request.caller.company, today=local_day(request.at))
    if not form.is_valid():
        raise Invalid(fields={NAMES.get(name, name): str(found[0]) for name, found in form.errors.items()})
    return form.parameters()


def _written(value: Any) -> str:
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _rows(rows: Iterable[Row], table: ReportTable) -> list[dict[str, Any]]:
    return [
        {
            "kind": row.kind,
            "cells": {
                column.name: _value(row.cells[column.name], column)
                for column in table.columns
                if row.cells.get(column.name) not in (None, "")
            },
        }
        for row in rows
    ]


def _value(value: Any, column: Column) -> Any:
    if column.kind == "money":
        return Decimal(value).quantize(CENTS)
    if column.kind in {"number", "percent"}:
        return value if isinstance(value, int) else Decimal(value)
    return value.isoformat() if isinstance(value, date) else str(value)
