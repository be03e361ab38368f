"""The FEC of a fiscal year: what stands in it, its rules, and two checkers that accept it."""

from __future__ import annotations

import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from billing import ledger
from billing.ledger import Posting
from billing.ledger.calendar import Year, calendar_of
from billing.ledger.fec import check_fec, fec_of, writing
from billing.ledger.fec.fields import FIELDS
from billing.ledger.lettering import letter_lines, undo_lettering
from billing.ledger.years import NoSuchYear, year_ending_in
from billing.models import FiscalYear, Journal, JournalLine, LedgerAccount, LetteringOrigin
from config.kernel.clock import local_day
from config.kernel.scope import company_scope
from tests.billing.books.fec_samples import NAME, REFUSED, REFUSED_BY_US, WARNED
from tests.billing.books.outside_checker import outside_verdicts
from tests.factories import money, purchases, story

pytestmark = pytest.mark.django_db

TODAY = local_day(story.AT)


@pytest.fixture
def company():
    company = story.a_company()
    with company_scope(company):
        yield company


def fec(company, year=2026, *, today=TODAY):
    return fec_of(company, year_ending_in(calendar_of(company.pk), year, today=today), today=today)


def rows_of(file):
    text = b"".join(file.chunks()).decode()
    assert text.endswith("\r\n")
    head, *rows = text.removesuffix("\r\n").split("\r\n")
    assert head.split("\t") == list(FIELDS)
    return [dict(zip(FIELDS, row.split("\t"), strict=True)) for row in rows]


def accepted(file, tmp_path):
    """Written, and accepted by both checkers."""
    path = tmp_path / file.name
    path.write_bytes(b"".join(file.chunks()))
    report = check_fec(io.BytesIO(path.read_bytes()), file.name)
    assert not report.findings, report.findings
    (verdict,) = outside_verdicts(path)
    assert not verdict["errors"], verdict
    return report, verdict


def an_entry(company, *postings, journal=Journal.MISCELLANEOUS, on=TODAY, label="Écart", piece="OD-1", at=story.AT):
    entry = ledger.Entry(
        label=label,
        piece=piece,
        piece_date=on,
        source=FiscalYear(pk=1, company=company),
        on=on,
        postings=[Posting(account, Decimal(amount), *rest) for account, amount, *rest in postings],
    )
    (row,) = ledger.post([entry], journal=journal, day=TODAY, actor=story.ACTOR, at=at)
    return row


def test_a_sale_its_payment_and_a_purchase_are_in_it_and_both_checkers_accept_it(company, tmp_path):
    customer = story.a_customer(company, name="Maison\tLumière | Fils\r\n« été » Łódź €")
    invoice = story.an_issued_invoice(customer)
    money.a_payment(customer, "1440.00", [(invoice, "1440.00")])
    purchases.a_checked_purchase(purchases.a_supplier(company), [purchases.kept("80.00", "606300")])
    report, verdict = accepted(fec(company), tmp_path)
    assert (report.lines, report.entries) == (verdict["stats"]["lignes"], verdict["stats"]["ecritures"])
    sale = [row for row in rows_of(fec(company)) if row["JournalCode"] == "VE"]
    first = sale[0]
    assert first == {
        "JournalCode": "VE",
        "JournalLib": "Ventes",
        "EcritureNum": "VE-2026-00001",
        "EcritureDate": "20261116",
        "CompteNum": "411000",
        "CompteLib": "Clients",
        "CompAuxNum": str(customer.pk),
        "CompAuxLib": "Maison Lumière Fils « été » Łódź €",
        "PieceRef": invoice.number,
        "PieceDate": "20261116",
        "EcritureLib": first["EcritureLib"],
        "Debit": "1440,00",
        "Credit": "0,00",
        "EcritureLet": "",
        "DateLet": "",
        "ValidDate": "20261116",
        "Montantdevise": "",
        "Idevise": "",
    }
    assert {row["CompAuxNum"] for row in sale[1:]} == {""}
    assert {row["JournalCode"] for row in rows_of(fec(company))} >= {"VE", "HA"}


def test_openings_come_first_then_days_then_numbers(company):
    an_entry(company, ("658000", "1"), ("758000", "-1"), on=date(2026, 3, 1))
    an_entry(company, ("658000", "1"), ("758000", "-1"), on=date(2026, 2, 1))
    an_entry(company, ("512000", "1"), ("101000", "-1"), on=date(2026, 4, 1), journal=Journal.OPENING)
    days = [(row["JournalCode"], row["EcritureDate"], row["EcritureNum"]) for row in rows_of(fec(company))[::2]]
    assert days == [
        ("AN", "20260401", "AN-2026-00001"),
        ("OD", "20260201", "OD-2026-00002"),
        ("OD", "20260301", "OD-2026-00001"),
    ]


def test_no_label_is_empty_and_accounts_have_the_companys_own_names(company):
    LedgerAccount.objects.create(company=company, code="512100", name="Crédit du Nord\tLille")
    an_entry(company, ("512100", "1"), ("888888", "-1"), label="\t", piece=" ", journal="BQ1")
    bank, other = rows_of(fec(company))
    assert (bank["CompteLib"], other["CompteLib"]) == ("Crédit du Nord Lille", "Compte 888888")
    assert (bank["JournalLib"], bank["PieceRef"], bank["EcritureLib"]) == (
        "Banque 1",
        "BQ1-2026-00001",
        "BQ1-2026-00001",
    )


def test_another_currency_stands_beside_the_amount(company):
    an_entry(
        company, ("411000", "90", None, None, "USD", Decimal(100)), ("706000", "-90", None, None, "USD", Decimal(-100))
    )
    debit, credit = rows_of(fec(company))
    assert [(row["Montantdevise"], row["Idevise"]) for row in (debit, credit)] == [("100,00", "USD")] * 2


def test_a_letter_is_written_while_it_stands_and_settles_within_the_file(company):
    customer = story.a_customer(company).pk
    owed = an_entry(company, ("411000", "50", customer), ("706000", "-50"), on=date(2025, 12, 30)).lines.first()
    paid = an_entry(company, ("411000", "-50", customer), ("512000", "50"), on=date(2026, 1, 4)).lines.first()
    same = an_entry(company, ("411000", "-7", customer), ("512000", "7"), on=date(2026, 1, 4)).lines.first()
    back = an_entry(company, ("411000", "7", customer), ("512000", "-7"), on=date(2026, 1, 5)).lines.first()
    given = {"origin": LetteringOrigin.HAND, "actor": story.ACTOR, "at": story.AT}
    letter_lines(lines=[owed, paid], **given)  # over two years: not whole in either file
    kept = letter_lines(lines=[same, back], **given)
    letters = [(row["EcritureLet"], row["DateLet"]) for row in rows_of(fec(company)) if row["CompteNum"] == "411000"]
    assert letters == [("", ""), ("AB", "20261116"), ("AB", "20261116")]
    assert not any(row["EcritureLet"] for row in rows_of(fec(company, 2025)))
    undo_lettering(lettering=kept, actor=story.ACTOR, at=story.AT)
    assert not any(row["EcritureLet"] for row in rows_of(fec(company)))


def test_a_year_that_runs_goes_through_today_under_the_name_of_its_closing(company):
    file = fec(company)
    assert (file.name, file.through, file.is_running) == (f"{company.siren}FEC20261231.txt", TODAY, True)
    past = fec(company, 2025)
    assert (past.name, past.is_running) == (f"{company.siren}FEC20251231.txt", False)


def test_a_year_is_the_one_that_ends_then(company):
    FiscalYear.objects.create(company=company, starts_on=date(2024, 7, 1), ends_on=date(2025, 6, 30))
    calendar = calendar_of(company.pk)
    assert year_ending_in(calendar, 2026, today=TODAY) == Year(date(2025, 7, 1), date(2026, 6, 30))
    assert year_ending_in(calendar, 2027, today=TODAY).starts_on == date(2026, 7, 1)
    for absent in (2028, 0, 99999):
        with pytest.raises(NoSuchYear):
            year_ending_in(calendar, absent, today=TODAY)


def test_the_lines_of_another_company_or_year_are_not_in_it(company):
    an_entry(company, ("658000", "1"), ("758000", "-1"), on=date(2025, 12, 31))
    other = story.a_company()
    with company_scope(other):
        story.an_issued_invoice(story.a_customer(other))
    assert rows_of(fec(company)) == []
    assert len(rows_of(fec(company, 2025))) == 2


def test_a_year_of_many_entries_is_read_in_parts(company, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "PIECE", 200)
    postings = [Posting("658000", Decimal(1)), Posting("758000", Decimal(-1))]
    source = FiscalYear(pk=1, company=company)
    day = date(2026, 1, 1)
    entries = [
        ledger.Entry(label=f"n° {n}", piece=f"P{n}", piece_date=day, source=source, postings=postings,
                     on=day + timedelta(days=n % 300))
        for n in range(250)
    ]  # fmt: skip
    ledger.post(entries, journal=Journal.MISCELLANEOUS, day=TODAY, actor=story.ACTOR, at=story.AT)
    parts = list(fec(company).chunks())
    assert [part.count(b"\r\n") for part in parts] == [1, 200, 200, 100]
    report, _verdict = accepted(fec(company), tmp_path)
    assert (report.lines, report.debit) == (500, 250)


@pytest.mark.parametrize("kind", [*REFUSED, *REFUSED_BY_US, *WARNED])
def test_what_the_outside_checker_refuses_we_refuse(kind, tmp_path):
    data = (REFUSED | REFUSED_BY_US | WARNED)[kind][0]
    path = tmp_path / NAME
    path.write_bytes(data)
    (verdict,) = outside_verdicts(path)
    assert bool(verdict["errors"]) == (kind in REFUSED), verdict


def test_the_command_writes_the_file_and_prints_its_path(company, tmp_path, capsys):
    story.an_issued_invoice(story.a_customer(company), at=datetime(2026, 11, 16, 9, tzinfo=UTC))
    call_command("export_fec", company=company.siren, year=2026, to=tmp_path / "new")
    told = capsys.readouterr()
    path = tmp_path / "new" / f"{company.siren}FEC20261231.txt"
    assert told.out == f"{path}\n"
    assert "va jusqu’au" in told.err
    with path.open("rb") as file:
        assert check_fec(file, path.name).lines == 3
    assert [one.name for one in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize(
    ("given", "code"), [({"company": "000000000"}, 2), ({"year": 1850}, 2), ({"to": "/dev/null/x"}, 1)]
)
def test_the_command_refuses_what_it_does_not_know(company, tmp_path, given, code):
    options = {"company": company.siren, "year": 2026, "to": tmp_path} | given
    with pytest.raises(CommandError) as refused:
        call_command("export_fec", *[f"--{name}={value}" for name, value in options.items()])
    assert refused.value.returncode == code


def test_the_sum_of_the_file_is_that_of_the_journal(company):
    for amount in ("10.10", "20.20"):
        money.a_payment(story.a_customer(company), amount)
    rows = rows_of(fec(company))
    debit = sum(Decimal(row["Debit"].replace(",", ".")) for row in rows)
    assert (len(rows), debit) == (JournalLine.objects.count(), Decimal("30.30"))
