"""The one way for rows to leave as a file: CSV and XLSX of any number of rows, in bounded memory.

CSV is what a French spreadsheet opens by a double click: UTF-8 with its mark, semicolons, decimal commas, days as
31/12/2026, CRLF. It has no types: a spreadsheet takes a postcode for a number there, where XLSX keeps it a text.
A text that starts like a formula is defused (OWASP, CSV injection); an amount is a number, and keeps its minus.
"""

from __future__ import annotations

import csv
import io
import re
import tempfile
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import IO, Any, Final, Literal

import xlsxwriter
from django.http import FileResponse, StreamingHttpResponse

from config.kernel.clock import local_day
from config.kernel.money import HUNDRED, exact

Kind = Literal["text", "money", "number", "date", "percent"]
Row = Mapping[str, Any]
FORMATS: Final = ("xlsx", "csv")
XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
PIECE = 32_768  # characters gathered before they leave

# what one sheet and one cell of XLSX hold; a longer text makes the whole file « damaged » for Excel
SHEET_ROWS = 1_048_576
LONGEST_TEXT = 32_000
EXACT_DIGITS = 15  # of a number in XLSX, which is a double
_WIDTHS: Mapping[str, int] = {"text": 24, "money": 14, "number": 12, "date": 12, "percent": 10}
_FORMATS: Mapping[str, str] = {"money": "#,##0.00", "date": "dd/mm/yyyy", "percent": "0.00%", "number": "#,##0.######"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a file: the `name` of its value in each row, its `label` in the head, and what it holds.

    text: anything, by `str`. money: two decimals. number: the decimals it has. date: a day, or an instant (its day in
    Paris). percent: 20 for 20 %. None is an empty cell.
    """

    name: str
    label: Any
    kind: Kind = "text"


def csv_chunks(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[bytes]:
    """The file part by part."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    text.write("\ufeff")  # without it spreadsheets read the accents wrong
    writer.writerow([defused(str(column.label)) for column in columns])
    for row in rows:
        writer.writerow([_written(column.kind, row[column.name]) for column in columns])
        if text.tell() > PIECE:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()


def xlsx_file(columns: Sequence[Column], rows: Iterable[Row]) -> IO[bytes]:
    """The workbook, on disk in a file without a name, at its beginning: rows are never held together.

    Rows that one sheet cannot hold go on in another.
    """
    file = tempfile.TemporaryFile()  # noqa: SIM115 - whoever reads it closes it
    try:
        _write_book(file, columns, rows)
    except BaseException:
        file.close()
        raise
    file.seek(0)
    return file


def _write_book(file: IO[bytes], columns: Sequence[Column], rows: Iterable[Row]) -> None:
    # text stays text: a label that starts with = or http is neither a formula nor a link
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(file, options)
    formats = {kind: book.add_format({"num_format": shown}) for kind, shown in _FORMATS.items()}
    head = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top"})
    sheet, line = _new_sheet(book, columns, head), 1
    for row in rows:
        if line == SHEET_ROWS:
            sheet, line = _new_sheet(book, columns, head), 1
        for place, column in enumerate(columns):
            _write_cell(sheet, line, place, row[column.name], column.kind, formats)
        line += 1
    book.close()


def xlsx_chunks(columns: Sequence[Column], rows: Iterable[Row]) -> Iterator[bytes]:
    """The workbook part by part; made whole on disk before the first one."""
    with xlsx_file(columns, rows) as file:
        while piece := file.read(PIECE):
            yield piece


def export_response(
    *, file_format: str, filename: str, columns: Sequence[Column], rows: Iterable[Row]
) -> StreamingHttpResponse:
    """A file to save, named `filename` and its extension, of rows that are read as it leaves.

    `rows` may be a generator over `QuerySet.iterator()`: it runs in the company scope, and the language, of this call.
    A workbook is made before the answer begins. Raises ValueError for a format not among FORMATS.
    """
    name = f"{safe_filename(filename)}.{file_format}"
    if file_format == "xlsx":
        return FileResponse(xlsx_file(columns, rows), content_type=XLSX, as_attachment=True, filename=name)
    if file_format != "csv":
        raise ValueError(f"no export is called {file_format}")
    answer = StreamingHttpResponse(carried(csv_chunks(columns, rows)), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def carried(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks of a generator, each computed in the context of this call: its company scope, its language.

    An answer is streamed after its view has left them, and the steps of two answers may alternate in one thread.
    """
    context = copy_context()
    return _stepped(chunks, context.run)


def _stepped(chunks: Iterator[bytes], run: Any) -> Iterator[bytes]:
    try:
        while (chunk := run(next, chunks, None)) is not None:
            yield chunk
    finally:
        # the caller may be gone before the end: its cursor is closed where it was opened
        run(chunks.close)  # type: ignore[attr-defined]  # a generator's


def safe_filename(name: str) -> str:
    """A file name of ASCII letters, digits, dots, dashes and underscores: nothing of a path, a header or a shell."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^A-Za-z0-9._]+", "-", plain).strip("-._")[:100] or "export"


def defused(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _written(kind: Kind, value: Any) -> str:
    """What stands in a cell of a CSV file."""
    if value is None or value == "":
        return ""
    if kind == "text":
        return defused(str(value))
    if kind == "date":
        return f"{_day(value):%d/%m/}{_day(value).year:04d}"
    amount = exact(value)
    digits = f"{amount:.2f}" if kind == "money" else f"{amount.normalize():f}"
    return digits.replace(".", ",")


def _day(value: date | datetime) -> date:
    return local_day(value) if isinstance(value, datetime) else value


def _new_sheet(book: Any, columns: Sequence[Column], head: Any) -> Any:
    sheet = book.add_worksheet()
    sheet.freeze_panes(1, 0)
    for place, column in enumerate(columns):
        label = str(column.label)
        sheet.set_column(place, place, max(_WIDTHS[column.kind], min(len(label) + 2, 30)))
        sheet.write_string(0, place, label[:LONGEST_TEXT], head)
    return sheet


def _write_cell(sheet: Any, line: int, place: int, value: Any, kind: Kind, formats: Mapping[str, Any]) -> None:
    if value is None or value == "":
        return
    if kind == "text":
        sheet.write_string(line, place, str(value)[:LONGEST_TEXT])
    elif kind == "date":
        _write_day(sheet, line, place, _day(value), formats["date"])
    elif (amount := exact(value)) and len(amount.normalize().as_tuple().digits) > EXACT_DIGITS:
        # as a number it would lose its cents
        sheet.write_string(line, place, _written(kind, amount))
    else:
        sheet.write_number(line, place, _shown(amount, kind), formats[kind])


def _shown(amount: Decimal, kind: Kind) -> Decimal:
    return amount / HUNDRED if kind == "percent" else amount


def _write_day(sheet: Any, line: int, place: int, day: date, shape: Any) -> None:
    if day.year < 1900:  # a workbook knows no earlier day
        sheet.write_string(line, place, _written("date", day))
    else:
        sheet.write_datetime(line, place, day, shape)
