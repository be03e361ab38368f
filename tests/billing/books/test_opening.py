"""Opening balances of another software: understood row by row, written all or none, once a fiscal year."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import Workbook

from billing.forms.books.opening import OpeningForm
from billing.ledger.manual import NotBalanced, journal_entry_of, reverse_entry
from billing.ledger.opening import NotAFirstDay, OpenedAlready, RowsWrong, import_opening, recognise
from billing.ledger.opening_rows import read_opening
from billing.models import JournalEntry, ManualEntry
from config.kernel.clock import local_day
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from tests.factories import people, story
from tests.factories.books import BY

pytestmark = pytest.mark.django_db

FIRST = date(2026, 1, 1)


@pytest.fixture
def company():
    company = story.a_company()
    with company_scope(company):
        story.a_customer(company, name="Client Un")
        yield company


TABLE = (
    "Compte;Tiers;Pièce;Date;Échéance;Débit;Crédit;Libellé\n"
    "512;;;;;1 500,00;;Banque\n"
    "411;client un;F-12;15/12/2025;14/01/2026;500,00;;Facture de décembre\n"
    "101;;;;;;2 000,00;Capital\n"
)


def brought(company, text, on=FIRST):
    rows, wrong = read_opening(text)
    assert not wrong
    return import_opening(company=company, opening=recognise(company.pk, rows), on=on, **BY)


def test_balances_are_one_entry_of_the_first_day_each_open_item_with_its_piece_and_due_date(company):
    entry = journal_entry_of(brought(company, TABLE))
    assert (entry.journal, entry.day, entry.number) == ("AN", FIRST, "AN-2026-00001")
    item = entry.lines.get(account="411000")
    assert (item.debit, item.due_date, item.customer.name) == (Decimal("500.00"), date(2026, 1, 14), "Client Un")
    assert item.label == "F-12 du 15/12/2025 Facture de décembre"


def test_a_workbook_is_read_as_the_table_that_one_would_paste(company):
    book = Workbook()
    for row in [["Compte", "Tiers", "Échéance", "Débit", "Crédit"], [411, "Client Un", date(2026, 1, 14), 500.5, None]]:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    form = OpeningForm({"on": "01/01/2026"}, {"file": SimpleUploadedFile("an.xlsx", file.getvalue())}, first_day=FIRST)
    assert form.is_valid()
    ((row,), wrong) = read_opening(form.text())
    assert (wrong, row.account, row.third, row.due, row.amount) == (
        "", "411000", "Client Un", date(2026, 1, 14), Decimal("500.50"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("411;Inconnu;;;;1,00;;", "n’existe pas"),
        ("411;;;;;1,00;;", "veut un tiers"),
        ("607;;;;;1,00;;", "commencent l’exercice à zéro"),
        ("9;;;;;1,00;;", "n’est pas compris"),
        ("512;;;;;1,00;1,00;", "pas aux deux"),
        ("512;;;;;abc;;", "montant"),
        ("512;;;32/01/2026;;1,00;;", "date"),
    ],
)
def test_a_row_that_is_not_understood_says_why_and_nothing_is_written(company, row, said):
    rows, _wrong = read_opening(TABLE + row + "\n")
    found = recognise(company.pk, rows)
    assert [said in one.problem for one in found.rows if one.problem] == [True]
    with pytest.raises(RowsWrong):
        import_opening(company=company, opening=found, on=FIRST, **BY)
    assert not JournalEntry.objects.exists()


def test_what_does_not_balance_or_begins_no_year_is_refused(company):
    with pytest.raises(NotBalanced):
        brought(company, TABLE.replace("2 000,00", "1 999,99"))
    with pytest.raises(NotAFirstDay):
        brought(company, TABLE, on=date(2026, 1, 2))


def test_balances_come_once_a_year_and_again_once_they_are_reversed(company):
    first = brought(company, TABLE)
    with pytest.raises(OpenedAlready):
        brought(company, TABLE)
    reverse_entry(entry=first, day=local_day(story.AT), reason="Erreur de fichier", **BY)
    brought(company, TABLE)
    assert ManualEntry.objects.filter(kind="OPENING", reversed_at=None).count() == 1


FEC = "\t".join(
    ("JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum", "CompAuxLib",
     "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet", "ValidDate",
     "Montantdevise", "Idevise")
)  # fmt: skip


def fec_line(account, debit, credit, third="", piece="P", letter=""):
    return "\t".join(
        ("VE", "Ventes", "1", "20251201", account, "x", third, third, piece, "20251201", "Vente", debit, credit, letter,
         "", "20251201", "", "")
    )  # fmt: skip


def test_of_a_fec_open_items_balances_and_the_result_are_made(company):
    text = "\n".join(
        [
            FEC,
            fec_line("411000", "120,00", "0,00", "Client Un", "F1", "A"),
            fec_line("706000", "0,00", "100,00"),
            fec_line("445710", "0,00", "20,00"),
            fec_line("512000", "120,00", "0,00"),
            fec_line("411000", "0,00", "120,00", "Client Un", "R1", "A"),
            fec_line("411000", "60,00", "0,00", "Client Un", "F2"),
            fec_line("706000", "0,00", "50,00"),
            fec_line("445710", "0,00", "10,00"),
        ]
    )
    entry = journal_entry_of(brought(company, text))
    assert {(line.account, line.debit - line.credit) for line in entry.lines.all()} == {
        ("411000", Decimal("60.00")),
        ("445710", Decimal("-30.00")),
        ("512000", Decimal("120.00")),
        ("120000", Decimal("-150.00")),
    }


def test_a_quotation_mark_of_a_fec_is_a_sign_as_others(company):
    lines = [FEC, fec_line("512000", "5,00", "0,00"), fec_line("471000", "0,00", "5,00")]
    text = "\r".join(lines).replace("Vente", '"Le Bistrot').replace('"Le Bistrots', "Ventes")
    rows, wrong = read_opening(text)
    assert (wrong, [row.amount for row in rows]) == ("", [Decimal("-5.00"), Decimal("5.00")])


def test_a_quotation_mark_that_is_never_closed_is_said(company):
    client = people.signed_in(company, Role.ACCOUNTANT)
    table = TABLE + '411;"Client Un;;;;1,00;;' + "x" * 140_000
    page = client.post(reverse("billing:opening"), {"on": "01/01/2026", "table": table, "act": "look"})
    assert page.status_code == 422
    assert "un guillemet ouvert" in page.text


def test_the_page_shows_what_is_understood_and_keeps_the_table_and_the_file(company):
    client = people.signed_in(company, Role.ACCOUNTANT)
    address = reverse("billing:opening")
    file = SimpleUploadedFile("soldes.csv", (TABLE + "411;Inconnu;;;;1,00;;\n").encode("cp1252"))
    page = client.post(address, {"on": "01/01/2026", "file": file, "act": "look"})
    assert "n’existe pas" in page.text
    assert 'value="write"' not in page.text
    assert "Facture de décembre" in page.text
    looked = client.post(address, {"on": "01/01/2026", "table": TABLE, "act": "look"})
    assert 'value="write"' in looked.text
    assert client.post(address, {"on": "01/01/2026", "table": TABLE, "act": "write"}).status_code == 302
    assert JournalEntry.objects.get().lines.count() == 3
