"""Rows leave as files that a French spreadsheet opens rightly, whatever stands in them, in bounded memory."""

from __future__ import annotations

import csv
import io
import threading
import tracemalloc
from collections.abc import Iterator
from copy import copy
from datetime import UTC, date, datetime
from decimal import Decimal
from itertools import zip_longest
from typing import Any

import openpyxl
import pytest
from django.db import connection
from django.http import StreamingHttpResponse
from django.utils import translation
from django.utils.translation import gettext

from config.kernel import exports
from config.kernel.exports import Column, csv_chunks, export_response, safe_filename, xlsx_chunks, xlsx_file
from config.kernel.ids import new_id
from config.kernel.models import Company
from config.kernel.scope import NoCompanyScope, company_scope, no_scope
from customers.models import Customer
from tests.factories import story
from tests.trust.at_once import WHOLE

COLUMNS = (
    Column("name", "Client"),
    Column("total", "Total TTC", "money"),
    Column("quantity", "Quantité", "number"),
    Column("on", "Date", "date"),
    Column("rate", "TVA (%)", "percent"),
)
ROW = {
    "name": "Dupont; « Fils »",
    "total": Decimal("-1234.5"),
    "quantity": Decimal("2.500"),
    "on": date(2026, 3, 5),
    "rate": Decimal("5.50"),
}
NOTHING: dict[str, Any] = dict.fromkeys(ROW)
HOSTILE = [
    '=HYPERLINK("http://evil.example","x")', "+33 1 23 45 67 89", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "\n=1",
    "＝1+1", 'quoted "; =1', "<b>&amp;", "\x01 bell", "\U0001f9fe", "a" * 40_000,
]  # fmt: skip


def csv_of(rows: Any, columns: Any = COLUMNS) -> list[list[str]]:
    text = b"".join(csv_chunks(columns, rows)).decode("utf-8")
    assert text.startswith("\ufeff")
    return list(csv.reader(io.StringIO(text[1:], newline=""), delimiter=";"))


def sheet_of(rows: Any, columns: Any = COLUMNS) -> Any:
    return openpyxl.load_workbook(io.BytesIO(b"".join(xlsx_chunks(columns, rows)))).worksheets[0]


def test_a_csv_file_is_what_a_french_spreadsheet_opens() -> None:
    raw = b"".join(csv_chunks(COLUMNS, [ROW, NOTHING]))
    assert raw.decode() == (
        '\ufeffClient;Total TTC;Quantité;Date;TVA (%)\r\n"Dupont; « Fils »";-1234,50;2,5;05/03/2026;5,5\r\n;;;;\r\n'
    )


def test_a_workbook_has_typed_cells_and_a_head_that_stays() -> None:
    sheet = sheet_of([ROW, NOTHING])
    cells = next(iter(sheet.iter_rows(min_row=2, max_row=2)))
    assert [cell.value for cell in (*cells[:3], cells[4])] == ["Dupont; « Fils »", -1234.5, 2.5, 0.055]
    assert cells[3].value.date() == date(2026, 3, 5)
    assert [cell.number_format for cell in cells[1:]] == ["#,##0.00", "#,##0.######", "dd/mm/yyyy", "0.00%"]
    assert sheet.freeze_panes == "A2"
    assert sheet.column_dimensions["A"].width > sheet.column_dimensions["D"].width
    assert [cell.value for cell in sheet[1]] == ["Client", "Total TTC", "Quantité", "Date", "TVA (%)"]


@pytest.mark.parametrize("text", HOSTILE)
def test_no_text_is_taken_for_a_formula_or_breaks_the_file(text: str) -> None:
    columns = (Column("text", text), Column("after", "Après"))
    (head, row) = csv_of([{"text": text, "after": "ok"}], columns)
    assert row[1] == "ok"
    assert not row[0].startswith(exports.FORMULA)
    assert not head[0].startswith(exports.FORMULA)
    assert row[0].removeprefix("'").replace("\r", "\n") == text.replace("\r", "\n")
    cell = sheet_of([{"text": text, "after": "ok"}], columns)["A2"]
    assert cell.data_type == "s"


def test_an_amount_is_never_defused_and_a_float_is_refused() -> None:
    rows = [{"total": value} for value in (Decimal("-0.01"), Decimal("0"), -3, Decimal("1E+3"))]
    columns = (Column("total", "Total", "money"),)
    assert [line[0] for line in csv_of(rows, columns)[1:]] == ["-0,01", "0,00", "-3,00", "1000,00"]
    with pytest.raises(TypeError, match="float"):
        csv_of([{"total": 1.5}], columns)


def test_an_amount_too_long_for_a_workbook_keeps_its_cents_as_a_text() -> None:
    columns = (Column("total", "Total", "money"),)
    assert sheet_of([{"total": Decimal("12345678901234567.89")}], columns)["A2"].value == "12345678901234567,89"
    assert sheet_of([{"total": Decimal("1234567890123.45")}], columns)["A2"].value == 1234567890123.45


def test_an_instant_is_shown_on_its_day_in_paris_and_a_day_before_1900_as_a_text() -> None:
    columns = (Column("on", "Date", "date"),)
    rows = [{"on": datetime(2026, 6, 30, 23, 30, tzinfo=UTC)}, {"on": date(1789, 7, 14)}]
    assert csv_of(rows, columns)[1:] == [["01/07/2026"], ["14/07/1789"]]
    sheet = sheet_of(rows, columns)
    assert (sheet["A2"].value.date(), sheet["A3"].value) == (date(2026, 7, 1), "14/07/1789")


def test_rows_beyond_one_sheet_go_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "SHEET_ROWS", 4)
    columns = (Column("n", "N", "number"),)
    with xlsx_file(columns, ({"n": n} for n in range(1, 8))) as file:
        book = openpyxl.load_workbook(file)
    assert [[cell.value for cell in sheet["A"]] for sheet in book] == [["N", 1, 2, 3], ["N", 4, 5, 6], ["N", 7]]


@pytest.mark.parametrize("chunks", [csv_chunks, xlsx_chunks])
def test_many_rows_leave_in_bounded_memory(chunks: Any) -> None:
    many = 100_000 if WHOLE else 25_000
    tracemalloc.start()
    try:
        size = sum(len(chunk) for chunk in chunks(COLUMNS, ({**ROW, "name": f"Client {n}"} for n in range(many))))
        _now, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size > 10 * many
    assert most < 8_000_000


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ("Factures 2026", "Factures-2026"),
        ("Relevé d’été", "Releve-dete"),
        ('a";\r\nSet-Cookie: x=1', "a-Set-Cookie-x-1"),
        ("../../etc/passwd", "etc-passwd"),
        ("..", "export"),
        ("日本", "export"),
        ("x" * 500, "x" * 100),
    ],
)
def test_a_file_name_holds_nothing_of_a_path_or_a_header(asked: str, given: str) -> None:
    assert safe_filename(asked) == given
    answer = export_response(file_format="csv", filename=asked, columns=COLUMNS, rows=[])
    assert answer["Content-Disposition"] == f'attachment; filename="{given}.csv"'


def test_a_format_that_is_none_is_a_defect() -> None:
    with pytest.raises(ValueError, match="pdf"):
        export_response(file_format="pdf", filename="x", columns=COLUMNS, rows=[])


NAMES = (Column("name", "Client"),)


def exported(company: Company, read: list[str] | None = None) -> StreamingHttpResponse:
    """As a view answers: the scope is left before the first row is read."""

    def rows() -> Iterator[Any]:
        # `everywhere`: PostgreSQL alone keeps the companies apart
        for row in Customer.everywhere.order_by("name").values("name").iterator(chunk_size=100):
            if read is not None:
                read.append(row["name"])
            # a query of its own for each row, as a label may need
            assert Customer.objects.count()
            yield row

    with company_scope(company):
        return export_response(file_format="csv", filename="clients", columns=NAMES, rows=rows())


def many_customers(name: str, count: int) -> Company:
    company = story.a_company()
    one = story.a_customer(company, siret="", siren="", vat_number="BE0123456749", address={"country": "BE"})
    rows = [copy(one) for _number in range(count)]
    for number, row in enumerate(rows):
        row.pk, row.name = new_id(), f"{name} {number:04d} {'x' * 150}"
    with company_scope(company):
        Customer.objects.bulk_create(rows)
    return company


@pytest.mark.django_db(transaction=True)
def test_two_files_that_leave_by_turns_hold_each_its_own_company() -> None:
    first, second = many_customers("Alpha", 600), many_customers("Beta", 600)
    with no_scope():
        turns = list(zip_longest(exported(first), exported(second)))
        assert len(turns) > 2  # several parts each: the files were read by turns
        texts = [b"".join(part for part in parts if part).decode() for parts in zip(*turns, strict=True)]
        assert [text.count("Alpha") for text in texts] == [600, 0]
        assert [text.count("Beta") for text in texts] == [0, 600]
        # nothing of a scope is left behind
        with pytest.raises(NoCompanyScope):
            Customer.objects.count()


@pytest.mark.django_db(transaction=True)
def test_two_threads_export_each_its_own_company() -> None:
    companies = {name: many_customers(name, 400) for name in ("Alpha", "Beta")}
    texts: dict[str, str] = {}
    start = threading.Barrier(2)

    def export(name: str) -> None:
        with no_scope():
            start.wait()
            texts[name] = b"".join(exported(companies[name])).decode()
        connection.close()

    threads = [threading.Thread(target=export, args=[name]) for name in companies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: (text.count("Alpha"), text.count("Beta")) for name, text in texts.items()} == {
        "Alpha": (400, 0),
        "Beta": (0, 400),
    }


@pytest.mark.django_db(transaction=True)
def test_a_file_given_up_half_way_leaves_no_cursor_and_no_transaction() -> None:
    company, read = many_customers("Alpha", 600), list[str]()
    with no_scope():
        answer = exported(company, read)
        next(iter(answer))
        assert 0 < len(read) < 601
        answer.close()
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_cursors")
            assert cursor.fetchone() == (0,)
        assert not connection.in_atomic_block


def test_a_file_speaks_the_language_in_which_it_was_asked_for() -> None:
    def rows() -> Iterator[dict[str, str]]:
        yield {"name": gettext("Gérant")}

    with translation.override("en"):
        answer = export_response(file_format="csv", filename="x", columns=NAMES, rows=rows())
        word = gettext("Gérant")
    assert word != "Gérant"
    assert word in b"".join(answer).decode()
