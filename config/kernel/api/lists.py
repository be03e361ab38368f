"""Lists of the API: bounded arrays with `Link` to the next rows, or the whole list streamed as CSV or XLSX."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, cast

import xlsxwriter
from django.db.models import QuerySet
from django.db.models.expressions import Combinable
from django.http import FileResponse, HttpResponseBase, QueryDict, StreamingHttpResponse
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer

from config.kernel import listing
from config.kernel.api.expand import PARAMETER, expand
from config.kernel.api.json import dumps
from config.kernel.api.view import ApiView, Call
from config.kernel.errors import Invalid
from config.kernel.exports import XLSX, defused
from config.kernel.scope import company_scope

CHUNK = 500

BAD_CURSOR = "Ce curseur n’est pas l’un des nôtres : prenez-le de l’en-tête Link."


def page(
    view: ApiView, rows: QuerySet[Any], *, by: str | Combinable, descending: bool = True, name: str
) -> HttpResponseBase:
    """The rows the caller asks for, as the route's answer, sorted by a column or expression that is never NULL.

    One query for a page, and those of what is expanded. `name`: of the file, where the whole list is asked for.
    """
    request = cast(Call, view.request)
    shape, context, query = view.operation.answer, view.context(request), request.query
    if query.get("format", "json") != "json":
        sign = "-" if descending else ""
        ordered = rows.annotate(sort_key=by) if isinstance(by, Combinable) else rows
        column = "sort_key" if isinstance(by, Combinable) else by
        return _exported(request, ordered.order_by(f"{sign}{column}", f"{sign}pk"), shape, context, name)
    cursor = query.get("cursor", "")
    if cursor and not listing.is_cursor(cursor):
        raise Invalid(fields={"cursor": BAD_CURSOR})
    place = QueryDict(mutable=True)
    place.update({"cursor": cursor} if cursor else {})
    found = listing.page(
        rows, sorts={"key": by}, default="-key" if descending else "key", query=place, size=query["limit"]
    )
    records = shape(list(found), many=True, context=context).data
    expand(records, query.get(PARAMETER, {}), context)
    response = Response(records)
    links = [
        f'<{_address(request, other)}>; rel="{rel}"'
        for rel, other in (("next", found.next), ("prev", found.previous))
        if other
    ]
    if links:
        response["Link"] = ", ".join(links)
    return response


def _address(request: Call, cursor: str) -> str:
    query = request.query_params.copy()
    query["cursor"] = cursor
    return request.build_absolute_uri(f"{request.path}?{query.urlencode()}")


def _exported(
    request: Call, rows: QuerySet[Any], shape: type[BaseSerializer], context: Mapping[str, Any], name: str
) -> HttpResponseBase:
    columns = [
        key
        for key, field in shape(context=dict(context)).fields.items()
        if not isinstance(field, BaseSerializer) and not field.write_only
    ]
    records = _records(rows, shape, context, columns, request.caller.company.pk)
    if request.query["format"] == "csv":
        response: HttpResponseBase = StreamingHttpResponse(
            _csv(columns, records), content_type="text/csv; charset=utf-8"
        )
    else:
        response = FileResponse(_xlsx(columns, records), content_type=XLSX)
    response["Content-Disposition"] = f'attachment; filename="{name}.{request.query["format"]}"'
    return response


def _records(
    rows: QuerySet[Any], shape: type[BaseSerializer], context: Mapping[str, Any], columns: list[str], company_id: int
) -> Iterator[list[Any]]:
    # streamed after the view has left its scope
    with company_scope(company_id):
        for row in rows.iterator(chunk_size=CHUNK):
            data = shape(row, context=dict(context)).data
            yield [_cell(data.get(column)) for column in columns]


def _cell(value: Any) -> Any:
    """What stands in one cell: a list or an object as the JSON answer writes it."""
    return dumps(value).decode() if isinstance(value, dict | list) else value


def _text(value: Any) -> str:
    return defused(value) if isinstance(value, str) else "" if value is None else str(value)


def _csv(columns: list[str], records: Iterator[list[Any]]) -> Iterator[bytes]:
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    yield "\ufeff".encode()  # without it spreadsheets read the accents wrong
    writer.writerow(columns)
    for record in records:
        writer.writerow([_text(value) for value in record])
        if buffer.tell() > 32_768:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _xlsx(columns: list[str], records: Iterator[list[Any]]) -> Any:
    """A file of its own on disk: rows are written as they come and never held together."""
    import tempfile

    file = tempfile.TemporaryFile()  # noqa: SIM115 - the response closes it
    # text stays text: a label that starts with = or http is neither a formula nor a link
    book = xlsxwriter.Workbook(file, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, columns)
    for position, record in enumerate(records, start=1):
        for column, value in enumerate(record):
            if isinstance(value, int | float) or hasattr(value, "as_tuple"):
                sheet.write_number(position, column, value)
            elif value is not None:
                # a cell of XLSX holds 32,767 characters; a longer one makes the whole file « damaged » for Excel
                sheet.write_string(position, column, str(value)[:32_000])
    book.close()
    file.seek(0)
    return file
