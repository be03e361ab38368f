"""`manage.py read_document`: what a supplier's document says, for people and for programs, without a database."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from einvoicing.formats import cii, facturx, ubl
from einvoicing.reception.reading import FIELDS, GATES
from tests.einvoicing import documents
from tests.einvoicing.reception.drawn import facts, layouts, sheets
from tests.einvoicing.reception.drawn.truth import truth

ROOT = Path(__file__).parents[3]
SEED = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("documents")
    invoice = documents.standard_invoice()
    (place / "cii.xml").write_bytes(cii.render(invoice))
    (place / "ubl.xml").write_bytes(ubl.render(invoice))
    (place / "drawn.pdf").write_bytes(sheets.as_pdf(layouts.draw(facts.invent(SEED), "classic")))
    (place / "cut.pdf").write_bytes((place / "drawn.pdf").read_bytes()[:900])
    return place


def run(folder: Path, *names: str, **options: bool) -> tuple[int, str]:
    output = StringIO()
    try:
        call_command("read_document", *(str(folder / name) for name in names), stdout=output, **options)
    except CommandError as error:
        return error.returncode, output.getvalue()
    return 0, output.getvalue()


def one(folder: Path, name: str) -> tuple[int, dict]:
    code, said = run(folder, name, json=True)
    (line,) = said.splitlines()
    return code, json.loads(line)


@pytest.mark.parametrize("name", ["cii.xml", "ubl.xml"])
def test_an_xml_says_its_own_values(folder: Path, name: str) -> None:
    invoice = documents.standard_invoice()
    code, told = one(folder, name)
    values = {field: item["value"] for field, item in told["fields"].items()}
    assert (code, told["file"], told["source"]) == (0, str(folder / name), "xml")
    assert tuple(values) == FIELDS
    assert values["number"] == invoice.number
    assert values["kind"] == "invoice"
    assert values["date"] == invoice.issue_date.isoformat()
    assert values["supplier_siren"] == invoice.seller.siren
    assert (values["net"], values["gross"]) == (f"{invoice.totals.net:.2f}", f"{invoice.totals.gross:.2f}")
    assert [row["base"] for row in values["vat_rows"]] == [f"{row.base:.2f}" for row in invoice.vat]
    assert all(item["box"] is None for item in told["fields"].values())


def test_the_object_is_the_one_promised(folder: Path) -> None:
    code, told = one(folder, "drawn.pdf")
    assert code == 0, told
    assert set(told) == {"file", "source", "fields", "confidence", "gates", "problems", "ms"}
    assert told["source"] == "text"
    assert set(told["gates"]) == set(GATES)
    assert set(told["fields"]) == set(FIELDS)
    for item in told["fields"].values():
        assert set(item) == {"value", "confidence", "page", "box"}
        assert 0 <= item["confidence"] <= 1


def test_a_gate_that_needs_the_database_is_unknown(folder: Path) -> None:
    _code, told = one(folder, "drawn.pdf")
    needing = ("known_supplier", "not_duplicate", "iban_unchanged", "payee_is_supplier", "usual_amount")
    assert {told["gates"][name] for name in needing} == {None}
    assert told["gates"]["sums"] is True


def test_each_value_is_found_where_it_stands(folder: Path) -> None:
    """The words within the box of the number are the number."""
    _code, told = one(folder, "drawn.pdf")
    item = told["fields"]["number"]
    left, top, right, bottom = item["box"]
    assert 0 <= left < right <= 1
    assert 0 <= top < bottom <= 1
    import pypdfium2 as pdfium

    document = pdfium.PdfDocument(folder / "drawn.pdf")
    page = document[item["page"] - 1]
    width, height = page.get_size()
    inside = page.get_textpage().get_text_bounded(
        left=left * width - 1,
        bottom=height - bottom * height - 1,
        right=right * width + 1,
        top=height - top * height + 1,
    )
    assert item["value"] in inside
    document.close()


def test_a_born_digital_page_is_read_exactly(folder: Path) -> None:
    drawn = facts.invent(SEED)
    layouts.draw(drawn, "classic")
    _code, told = one(folder, "drawn.pdf")
    for name, value in truth(drawn).items():
        if name not in ("vat_rows", "supplier_name"):
            found = told["fields"][name]["value"]
            assert found == (None if value is None else str(value)), name


def test_the_xml_of_a_pdf_is_read_before_its_page_and_compared_with_it(folder: Path) -> None:
    drawn = facts.invent(SEED)
    pdf = sheets.as_pdf(layouts.draw(drawn, "classic"))
    invoice = documents.standard_invoice()
    moment = datetime(2026, 9, 1, tzinfo=UTC)
    both = facturx.embed(pdf, cii.render(invoice), number=invoice.number, issued_at=moment, seller="X")
    (folder / "both.pdf").write_bytes(both)
    code, told = one(folder, "both.pdf")
    assert told["source"] == "xml"
    assert told["fields"]["gross"]["value"] == f"{invoice.totals.gross:.2f}"
    # the page is that of another invoice: a fraud looks like this
    assert told["gates"]["picture_matches_xml"] is False
    assert any("montant TTC" in problem for problem in told["problems"])
    assert code == 1


def test_the_exit_code_is_that_of_the_worst_file(folder: Path) -> None:
    assert run(folder, "cii.xml", "drawn.pdf")[0] == 0
    assert run(folder, "cii.xml", "cut.pdf")[0] == 2
    assert run(folder, "absent.pdf")[0] == 2


def test_what_cannot_be_read_says_why(folder: Path) -> None:
    code, told = one(folder, "cut.pdf")
    assert (code, told["source"], told["fields"]) == (2, None, {})
    assert told["problems"]


def test_for_people_it_is_a_summary(folder: Path) -> None:
    _code, said = run(folder, "drawn.pdf", "cut.pdf")
    assert "drawn.pdf : lu (text" in said
    assert facts.invent(SEED).number in said
    assert "cut.pdf : illisible" in said


def test_it_needs_no_service(folder: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    environment["QUITTANCE_STATE_DIR"] = str(folder / "state")
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "read_document", "--json", "cii.xml"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["source"] == "xml"
    assert not (folder / "state").exists()
