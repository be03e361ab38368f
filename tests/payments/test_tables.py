"""A CSV file or a workbook of any bank is read by a mapping guessed from it, and refused where money could be wrong."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import date, datetime
from decimal import Decimal

import pytest
import xlsxwriter

from config.kernel import workbooks
from payments.statements import InvalidStatement, UnknownFormat, read, recognise_format, tables
from payments.statements.tables import InvalidMapping, Mapping, cells
from payments.statements.tables.names import roles_of

AGRICOLE = (
    "Téléchargement du 01/02/2026;\n\nM. MARTIN PAUL\nCompte de Dépôt carte n° 12345678901;\n"
    "Solde au 31/01/2026 1 234,56 €\n\nListe des opérations du compte entre le 01/01/2026 et le 31/01/2026;\n\n"
    "Date;Libellé;Débit euros;Crédit euros;\n"
    '31/01/2026;"PRELEVEMENT\nEDF  FACTURE 12";45,60;;\n30/01/2026;"VIREMENT EN VOTRE FAVEUR DUBOIS";;1 200,00;\n'
)
BNP = (
    "Compte de chèques;Compte de chèques;****1234;31/01/2026;;1 234,56\n"
    "30/01/2026;Virement reçu;;VIR SEPA RECU /DE DUBOIS;;1 200,00\n30/01/2026;PAIEMENT CB;;FACTURE CARTE;;-45,60\n"
)
GENERALE = (
    '="0123456789";01/01/2026;31/01/2026;2;31/01/2026;1234,56 EUR\n\n'
    "Date de l'opération;Libellé;Détail de l'écriture;Montant de l'opération;Devise\n"
    "31/01/2026;CARTE X1234;CARTE 30/01 AMAZON;-45,60;EUR\n30/01/2026;VIR RECU;VIR DE: DUBOIS;1200,00;EUR\n"
)
BOURSORAMA = (
    "dateOp;dateVal;label;category;categoryParent;supplierFound;amount;comment;accountNum;accountLabel;accountbalance\n"
    '2026-01-31;2026-01-31;"CARTE AMAZON";Achats;Vie;amazon;-45,60;;00040123456;Compte;1234.56\n'
    '2026-01-30;2026-01-30;"VIR DUBOIS";Vir;Vir;dubois;1 200,00;;00040123456;Compte;1234.56\n'
)
QONTO = (
    "Status;Settlement date (UTC);Settlement date (local);Operation date (UTC);Operation date (local);"
    "Counterparty name;Total amount (incl. VAT);Currency;Local amount (incl. VAT);Local currency;Transaction ID;"
    "Reference\n"
    "executed;31-01-2026 10:00:00;31-01-2026 11:00:00;30-01-2026 10:00:00;30-01-2026 11:00:00;EDF;-45,60;EUR;-45,60;"
    "EUR;tx-1;FACT 12\n"
    "declined;31-01-2026 10:00:00;31-01-2026 11:00:00;30-01-2026 10:00:00;30-01-2026 11:00:00;X;-999,00;EUR;-999,00;"
    "EUR;tx-0;NON\n"
    "executed;30-01-2026 10:00:00;30-01-2026 11:00:00;30-01-2026 10:00:00;30-01-2026 11:00:00;DUBOIS;1200,00;EUR;"
    "1200,00;EUR;tx-2;FAC-2026-00001\n"
)
MUTUEL = (
    "Date;Date de valeur;Débit;Crédit;Libellé;Solde\n30/01/2026;30/01/2026;;1200,00;VIR DUBOIS;1200,00\n"
    "31/01/2026;31/01/2026;-45,60;;PRLV EDF;1154,40\n"
)
BARE = "30/01/2026;VIR DUBOIS FAC 1;1200,00\n31/01/2026;PRLV EDF;-45,60\n"
INVERTED = "Date,Label,Amount\n2026-01-30,VIR RECU DUBOIS,-1200.00\n2026-01-31,PRLV EDF,30.60\n2026-01-31,CB,15.00\n"
DIRECTED = "Date\tLibellé\tMontant\tSens\n30/01/2026\tVIR\t1.200,00\tC\n31/01/2026\tEDF\t45,60\tD\n"
TOTALLED = (
    "Date;Libellé;Débit;Crédit\n;ANCIEN SOLDE;;100,00\n30/01/2026;VIR;;1.200,00\n31/01/2026;EDF;45,60;\n"
    ";Total;45,60;1.200,00\n;NOUVEAU SOLDE;;1.254,40\n"
)
AMERICAN = (
    'Date,Description,Amount,Balance\n01/31/2026,EDF,"(45.60)","1,154.40"\n01/30/2026,VIR,"1,200.00","1,200.00"\n'
)


def amounts(data, **more):
    return [line.amount for found in read(data, filename="export.csv", **more) for line in found.lines]


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (AGRICOLE, "iso8859-15"), (AGRICOLE, "utf-8-sig"), (BNP, "cp1252"), (GENERALE, "cp1252"), (BOURSORAMA, "utf-8"),
        (QONTO, "utf-8"), (MUTUEL, "mac_roman"), (MUTUEL, "cp850"), (BARE, "utf-8"), (DIRECTED, "utf-16"),
        (TOTALLED, "cp1252"), (AMERICAN, "utf-8"),
    ],
)  # fmt: skip
def test_the_exports_of_banks_are_read(text, encoding):
    assert recognise_format(text.encode(encoding)) == "csv"
    assert amounts(text.encode(encoding)) == [Decimal("1200.00"), Decimal("-45.60")]


def test_signs_that_contradict_the_words_are_turned_round():
    assert amounts(INVERTED.encode()) == [Decimal("1200.00"), Decimal("-30.60"), Decimal("-15.00")]


def test_words_accounts_and_balances_are_taken_from_where_banks_write_them():
    (agricole,) = read(AGRICOLE.encode("cp1252"), filename="x")
    assert (agricole.account_id, agricole.opening, agricole.closing) == ("12345678901", None, Decimal("1234.56"))
    assert agricole.lines[1].remittance == "PRELEVEMENT EDF FACTURE 12"
    (mutuel,) = read(MUTUEL.encode("cp1252"), filename="x")
    assert (mutuel.opening, mutuel.closing) == (0, Decimal("1154.40"))
    (totalled,) = read(TOTALLED.encode("cp1252"), filename="x")
    assert (totalled.opening, totalled.closing) == (100, Decimal("1254.40"))
    (boursorama,) = read(BOURSORAMA.encode(), filename="x")
    assert (boursorama.account_id, boursorama.closing) == ("00040123456", None)
    (qonto,) = read(QONTO.encode(), filename="x")
    assert [(line.counterparty, line.bank_reference) for line in qonto.lines] == [("DUBOIS", "tx-2"), ("EDF", "tx-1")]
    assert qonto.lines[0].structured_reference == "FAC-2026-00001"


def test_several_currencies_are_several_statements():
    text = "Date;Libellé;Montant;Devise\n30/01/2026;VIR;10,00;EUR\n30/01/2026;WIRE;20,00;USD\n31/01/2026;CB;-1,00;EUR\n"
    found = read(text.encode(), filename="x")
    assert [(one.currency, [line.amount for line in one.lines]) for one in found] == [("EUR", [10, -1]), ("USD", [20])]


def test_what_the_bank_takes_beside_an_amount_is_a_movement_of_its_own():
    text = (
        "Completed Date,Description,Amount,Fee,Currency,State,Balance\n"
        "2026-01-30 10:00:00,VIR,100.00,0.00,EUR,COMPLETED,100.00\n"
        "2026-01-31 10:00:00,CARTE,-20.00,0.50,EUR,COMPLETED,79.50\n2026-01-31 11:00:00,CB,-5.00,0.00,EUR,PENDING,\n"
    )
    (found,) = read(text.encode(), filename="x")
    assert ([line.amount for line in found.lines], found.closing) == ([100, -20, Decimal("-0.50")], Decimal("79.50"))
    assert [line.status for line in read(text.encode(), filename="x", pending=True)[0].lines][-1] == "PDNG"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        (MUTUEL.replace("1154,40", "1100,00"), 3),  # a movement is missing
        (MUTUEL.replace("31/01/2026;31", "31/02/2026;31"), 3),
        (MUTUEL.replace("-45,60", "-45,605"), 3),
        (MUTUEL.replace("-45,60;", "-45,60;3,00"), 3),
        (DIRECTED.replace("\tD", "\tX"), 3),
        (TOTALLED.replace("1.254,40", "1.254,41"), None),
        ("Date;Libellé;Montant\n30/01/2026;VIR;1200,00\n31/01/2026;EDF;quarante\n", 3),
        ("Date;Libellé;Montant;Devise\n30/01/2026;VIR;1200,00;EUROPE\n", 2),
        ("Date;Libellé;Montant\n", None),
    ],
)
def test_a_row_that_could_be_wrong_is_refused_at_its_line(text, line):
    with pytest.raises(InvalidStatement) as refused:
        amounts(text.encode("cp1252"))
    assert refused.value.line == line


def test_a_mapping_is_kept_as_json_and_obeyed():
    guessed = tables.guess(MUTUEL.encode("cp1252"))
    kept = Mapping.from_json(json.loads(json.dumps(guessed.as_json())))
    assert kept == guessed
    assert amounts(MUTUEL.encode("cp1252"), mapping=kept) == [Decimal("1200.00"), Decimal("-45.60")]
    with pytest.raises(InvalidStatement):
        read(BOURSORAMA.encode(), filename="x", mapping=kept)
    assert tables.fingerprint(kept) == tables.fingerprint(tables.guess(MUTUEL.encode("utf-8")))
    assert tables.preview(MUTUEL.encode("cp1252"), kept)[0] == list(kept.header)


@pytest.mark.parametrize(
    "kept",
    [{"date": 0}, {"date": 0, "amount": "1"}, {"date": -1, "amount": 1}, {"amount": 1, "sheets": 1}, {"labels": 3}],
)
def test_a_mapping_that_says_nothing_is_refused(kept):
    with pytest.raises(InvalidMapping):
        Mapping.from_json(kept)


@pytest.mark.parametrize(
    ("written", "decimal", "amount"),
    [
        ("1 234,50", ",", "1234.50"), ("1\u202f234,5", ",", "1234.50"), ("1.234,50", ",", "1234.50"),
        ("-12", ",", "-12"), ("12,50-", ",", "-12.50"), ("(12,50)", ",", "-12.50"), ("−12,50 €", ",", "-12.50"),
        ("EUR 12.50", ".", "12.50"), ("1,234.50", ".", "1234.50"), ("1'234.50", ".", "1234.50"),
        (",5", ",", "0.50"), ("+3", ".", "3"), ("-€12.50", ".", "-12.50"), ("1 234 567", ",", "1234567"),
    ],
)  # fmt: skip
def test_an_amount_is_read_however_it_is_written(written, decimal, amount):
    assert cells.amount(written, decimal) == Decimal(amount)


@pytest.mark.parametrize(
    "written", ["1.23", "1,234,5", "12,345", "1e3", "NaN", "12-13", "--1", "١٢", "12 EUR 3", "12 50"]
)
def test_an_amount_that_may_mean_two_things_is_refused(written):
    with pytest.raises(ValueError, match=r"\S"):
        cells.amount(written, ",")


def test_the_day_comes_first_as_in_france_unless_the_file_shows_otherwise():
    assert cells.day("01/02/2026", "dmy") == date(2026, 2, 1)
    assert tables.guess(b"Date;Libelle;Montant\n01/31/2026;X;1,00\n").date_format == "mdy"
    assert tables.guess(b"Date;Libelle;Montant\n01/02/2026;X;1,00\n").date_format == "dmy"
    assert [cells.day(text, "dmy") for text in ("2026-01-31T10:00:00Z", "20260131", "31 janv. 2026", "31.01.26")] == (
        [date(2026, 1, 31)] * 4
    )


def test_the_preferred_name_of_a_column_wins():
    assert roles_of(["Date", "Date de comptabilisation", "Montant", "Devise d'origine", "Devise"]) == {
        "date": 1,
        "amount": 2,
        "currency": 4,
    }


def at(day: int) -> datetime:
    return datetime(2026, 1, day)  # noqa: DTZ001 - a workbook knows no zone


def workbook(table, sheets=1) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file) as book:
        day = book.add_format({"num_format": "dd/mm/yyyy"})
        for _number in range(sheets):
            sheet = book.add_worksheet()
        for place, row in enumerate(table):
            for column, cell in enumerate(row):
                if isinstance(cell, datetime):
                    sheet.write_datetime(place, column, cell, day)
                else:
                    sheet.write(place, column, cell)
    return file.getvalue()


def test_a_workbook_is_read_on_the_sheet_that_holds_movements():
    table = [
        ["Banque", "Relevé"], [], ["Date", "Libellé", "Montant", "Solde"],
        [at(30), "VIR", 0.1 + 0.2, 0.3], [at(31), "EDF", -0.1, "0,20"],
    ]  # fmt: skip
    data = workbook(table, sheets=3)
    (found,) = read(data, filename="x.xlsx")
    assert (found.format, found.opening, found.closing) == ("xlsx", 0, Decimal("0.20"))
    assert [line.amount for line in found.lines] == [Decimal("0.30"), Decimal("-0.10")]
    assert [line.place for line in found.lines] == [4, 5]


def with_member(data: bytes, name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for one in old.namelist():
            new.writestr(one, content if one == name else old.read(one))
        if name not in old.namelist():
            new.writestr(name, content)
    return file.getvalue()


def test_a_hostile_workbook_is_refused(monkeypatch):
    monkeypatch.setattr(workbooks, "MOST_UNPACKED", 1_000_000)
    data = workbook([["Date", "Libellé", "Montant"], ["30/01/2026", "VIR", 1]])
    bomb = with_member(data, "xl/media/image1.xml", b"0" * 1_000_001)
    doctype = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>'
    for hostile in (bomb, with_member(data, "xl/sharedStrings.xml", doctype), data[:-200], data[:60]):
        with pytest.raises(InvalidStatement):
            read(hostile, filename="x.xlsx")


def test_a_table_without_dates_or_amounts_is_no_statement():
    with pytest.raises(UnknownFormat):
        tables.guess(b"Nom;Ville\nDUBOIS;Lyon\n")
