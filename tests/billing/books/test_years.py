"""Fiscal years, their dates and their end: what is carried forward, and that nobody counts it twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.db.models import F, Sum

from billing.ledger import carrying
from billing.ledger.calendar import Year, calendar_of
from billing.ledger.carrying import result_to_carry
from billing.ledger.checks import CHECKS, run_checks
from billing.ledger.closing import (
    ChecksFailed,
    EarlierYearOpen,
    YearClosedAlready,
    close_books,
    close_declared,
    close_year,
    period_to_close,
)
from billing.ledger.fec import fec_of
from billing.ledger.lettering import LetteredInClosedYear, NotLettered, letter_lines, undo_lettering
from billing.ledger.vat.filing import file_return
from billing.ledger.vat.periods import parse_vat_period
from billing.ledger.years import NumbersOnBothSides, YearClosed, change_year
from billing.models import (
    ClosedName,
    ClosingKind,
    FiscalYear,
    Invoice,
    Journal,
    JournalEntry,
    JournalLine,
    LedgerAccount,
    LedgerJournal,
    LetteringOrigin,
    VatReturn,
)
from config.kernel import chain
from config.kernel.clock import local_day
from config.kernel.errors import Invalid
from config.kernel.scope import company_scope
from tests.billing.books.test_fec_writing import accepted, an_entry, rows_of
from tests.factories import money, story
from tests.trust.conftest import settle

pytestmark = pytest.mark.django_db

TODAY = local_day(story.AT)
LAST_YEAR = Year(date(2025, 1, 1), date(2025, 12, 31))
THIS_YEAR = Year(date(2026, 1, 1), date(2026, 12, 31))
ACT = {"actor": story.ACTOR, "at": story.AT}


@pytest.fixture
def company():
    company = story.a_company()
    with company_scope(company):
        yield company


def balances(**filters):
    rows = JournalLine.objects.filter(**filters).values("account").annotate(sum=Sum(F("debit") - F("credit")))
    return {row["account"]: row["sum"] for row in rows.exclude(sum=0)}


def a_year_of_books(company):
    """2025: capital, two sales of which one is paid, a charge; a payment in 2026 of what was left."""
    customer = story.a_customer(company).pk
    an_entry(company, ("512000", "1000"), ("101000", "-1000"), on=date(2025, 1, 2))
    due = date(2025, 4, 30)
    an_entry(company, ("411000", "120", customer, due), ("706000", "-100"), ("445711", "-20"), on=date(2025, 3, 1),
             piece="FAC-1", label="Vente une")  # fmt: skip
    sale = an_entry(company, ("411000", "60", customer, due), ("706000", "-60"), on=date(2025, 3, 2))
    paid = an_entry(company, ("512000", "60"), ("411000", "-60", customer), on=date(2025, 5, 2))
    lines = [entry.lines.get(account="411000") for entry in (sale, paid)]
    lettering = letter_lines(lines=lines, origin=LetteringOrigin.HAND, **ACT)
    an_entry(company, ("626000", "45"), ("512000", "-45"), on=date(2025, 6, 2))
    return customer, lettering


def test_the_opening_carries_items_balances_and_the_result(company, tmp_path):
    customer, _lettering = a_year_of_books(company)
    row = close_year(company=company, year=LAST_YEAR, **ACT)
    (entry,) = JournalEntry.objects.filter(journal=Journal.OPENING)
    assert (entry.number, entry.day, entry.source) == ("AN-2026-00001", date(2026, 1, 1), row.subject)
    lines = {line.account: line for line in entry.lines.all()}
    assert {account: line.debit - line.credit for account, line in lines.items()} == {
        "101000": -1000,
        "411000": 120,
        "445711": -20,
        "512000": 1015,
        "120000": -115,
    }
    item = lines["411000"]
    assert (item.customer_id, item.due_date, item.carried_line.entry.piece) == (customer, date(2025, 4, 30), "FAC-1")
    assert {account for account, line in lines.items() if not line.is_carried} == {"120000"}
    (told,) = [row for row in rows_of(fec_of(company, THIS_YEAR, today=TODAY)) if row["CompteNum"] == "411000"]
    assert (told["PieceRef"], told["PieceDate"], told["EcritureLib"]) == ("FAC-1", "20250301", "Vente une")
    for year in (LAST_YEAR, THIS_YEAR):
        accepted(fec_of(company, year, today=TODAY), tmp_path)
    settle()
    assert chain.verify(company) == []


def test_sums_over_several_years_do_not_count_the_opening_twice(company):
    a_year_of_books(company)
    before = balances(account__regex="^[1-5]")
    assert result_to_carry(company.pk, before=date(2026, 1, 1)) == -115
    close_year(company=company, year=LAST_YEAR, **ACT)
    assert balances(account__regex="^[1-5]", is_carried=False) == before | {"120000": Decimal(-115)}
    assert balances(account__regex="^[1-5]", day__gte=date(2026, 1, 1)) == before | {"120000": Decimal(-115)}
    assert result_to_carry(company.pk, before=date(2026, 1, 1)) == -115, "of a day before the closing: the same"
    assert result_to_carry(company.pk, before=TODAY) == 0


def test_the_file_of_a_closed_year_keeps_the_names_of_its_closing_day(company):
    a_year_of_books(company)
    close_year(company=company, year=LAST_YEAR, **ACT)
    before = b"".join(fec_of(company, LAST_YEAR, today=TODAY).chunks())
    lines = JournalLine.objects.filter(day__range=(LAST_YEAR.starts_on, LAST_YEAR.ends_on))
    renamed = lines.exclude(customer=None).first().customer
    type(renamed).objects.filter(pk=renamed.pk).update(name="Renommée depuis")
    LedgerAccount.objects.update_or_create(company=company, code="411000", defaults={"name": "Débiteurs"})
    LedgerJournal.objects.update_or_create(company=company, code="VE", defaults={"name": "Sorties"})
    assert b"".join(fec_of(company, LAST_YEAR, today=TODAY).chunks()) == before
    running = b"".join(fec_of(company, THIS_YEAR, today=TODAY).chunks()).decode()
    assert "Renommée depuis" in running
    for act in (lambda: ClosedName.objects.update(name="x"), lambda: ClosedName.objects.all().delete()):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_a_loss_is_on_129(company):
    an_entry(company, ("626000", "45"), ("512000", "-45"), on=date(2025, 6, 2))
    close_year(company=company, year=LAST_YEAR, **ACT)
    assert balances(day=date(2026, 1, 1)) == {"129000": 45, "512000": -45}


def test_what_is_paid_in_the_next_year_is_lettered_with_the_item_and_shows_there(company, tmp_path):
    customer, lettering = a_year_of_books(company)
    close_year(company=company, year=LAST_YEAR, **ACT)
    owed = JournalLine.objects.get(account="411000", debit=120, is_carried=False)
    carried = JournalLine.objects.get(account="411000", is_carried=True)
    paid = an_entry(company, ("512000", "120"), ("411000", "-120", customer), on=TODAY).lines.get(account="411000")
    with pytest.raises(NotLettered):
        letter_lines(lines=[carried, paid], origin=LetteringOrigin.HAND, **ACT)
    letter_lines(lines=[owed, paid], origin=LetteringOrigin.HAND, **ACT)
    rows = rows_of(fec_of(company, THIS_YEAR, today=TODAY))
    assert [row["EcritureLet"] for row in rows if row["CompteNum"] == "411000"] == ["AB", "AB"]
    accepted(fec_of(company, THIS_YEAR, today=TODAY), tmp_path)
    with pytest.raises(LetteredInClosedYear):
        undo_lettering(lettering=lettering, **ACT)


def test_an_opening_of_many_items_is_several_entries_that_890_links(company, monkeypatch):
    customer = story.a_customer(company).pk
    for place in range(7):
        an_entry(company, ("411000", f"{place + 1}", customer), ("706000", f"-{place + 1}"), on=date(2025, 3, 1))
    monkeypatch.setattr(carrying, "MOST", 3)
    close_year(company=company, year=LAST_YEAR, **ACT)
    assert JournalEntry.objects.filter(journal=Journal.OPENING).count() == 3
    assert balances(day=date(2026, 1, 1)) == {"411000": 28, "120000": -28}
    settle()


def test_a_currency_is_carried_beside_its_amount(company):
    an_entry(company, ("512000", "90", None, None, "USD", Decimal(100)), ("101000", "-90"), on=date(2025, 3, 1))
    close_year(company=company, year=LAST_YEAR, **ACT)
    line = JournalLine.objects.get(account="512000", is_carried=True)
    assert (line.debit, line.currency, line.currency_amount) == (90, "USD", 100)


def test_years_close_in_their_order_and_once(company):
    an_entry(company, ("626000", "1"), ("512000", "-1"), on=date(2025, 6, 2))
    later = datetime(2027, 2, 1, 9, tzinfo=UTC)
    for kind in (
        lambda: close_year(company=company, year=THIS_YEAR, actor=story.ACTOR, at=later),
        lambda: close_books(company=company, kind=ClosingKind.HARD, through=date(2026, 3, 31), **ACT),
    ):
        with pytest.raises(EarlierYearOpen, match="31/12/2025"):
            kind()
    close_books(company=company, kind=ClosingKind.HARD, through=date(2025, 12, 31), **ACT)
    close_year(company=company, year=LAST_YEAR, **ACT)
    with pytest.raises(YearClosedAlready):
        close_year(company=company, year=LAST_YEAR, **ACT)
    close_books(company=company, kind=ClosingKind.HARD, through=date(2026, 3, 31), **ACT)
    row = close_year(company=company, year=THIS_YEAR, actor=story.ACTOR, at=later)
    assert FiscalYear.objects.count() == 2
    opening = JournalEntry.objects.get(source=row.subject)
    assert (opening.number, opening.day) == ("AN-2027-00001", date(2027, 1, 1))
    assert balances(day=date(2027, 1, 1)) == {"129000": 1, "512000": -1}, "the loss of 2025 is carried once more"


def test_a_year_with_money_on_471_waits_and_says_why(company):
    an_entry(company, ("471000", "12.50"), ("512000", "-12.50"), on=date(2025, 6, 2))
    with pytest.raises(ChecksFailed, match="471000"):
        close_year(company=company, year=LAST_YEAR, **ACT)
    with pytest.raises(ChecksFailed):
        close_books(company=company, kind=ClosingKind.HARD, through=date(2025, 12, 31), **ACT)
    close_books(company=company, kind=ClosingKind.SOFT, through=date(2025, 12, 31), **ACT)
    an_entry(company, ("471000", "-12.50"), ("658000", "12.50"), on=date(2025, 6, 3))


def findings(company, through=date(2026, 10, 31)):
    period = period_to_close(company, calendar_of(company.pk), through, today=TODAY)
    return {outcome.check.name: [one.sentence for one in outcome.findings] for outcome in run_checks(period)}


def test_each_check_tells_what_is_not_in_order(company):
    assert set(findings(company)) == set(CHECKS)
    assert [name for name, found in findings(company).items() if found] == ["proof"]
    an_entry(company, ("471000", "3"), ("658000", "-3"), on=date(2026, 10, 2))
    an_entry(company, ("411000", "3", story.a_customer(company).pk), ("706000", "-3"), on=date(2025, 2, 2))
    story.a_draft(story.a_customer(company), supply_date=date(2026, 10, 20))
    money.bank_lines(company, [money.a_credit("40.00")], at=datetime(2026, 10, 5, 9, tzinfo=UTC))
    found = findings(company)
    assert {name for name, told in found.items() if told} == {
        "proof", "suspense", "old-items", "drafts", "bank-balances", "bank-lines",
    }  # fmt: skip


def test_vat_that_no_return_holds_is_told_and_blocks_nothing(company):
    an_entry(
        company,
        ("411000", "12", story.a_customer(company).pk),
        ("706000", "-10"),
        ("445711", "-2"),
        on=date(2026, 10, 2),
    )
    assert findings(company)["vat"] == ["De la TVA de la période n’est sur aucune déclaration"]
    assert findings(company, through=date(2026, 9, 30))["vat"] == []
    VatReturn.objects.create(
        company=company, starts_on=date(2026, 10, 1), ends_on=date(2026, 10, 31), edition="CA3", boxes={}, to_pay=0,
        carried=0, filed_at=story.AT,
    )  # fmt: skip
    assert findings(company)["vat"] == []


def test_what_settles_a_return_after_its_period_is_no_vat_to_declare(company):
    an_entry(company, ("471000", "12"), ("706000", "-10"), ("445711", "-2"), on=date(2026, 9, 2))
    an_entry(company, ("471000", "-12"), ("512000", "12"), on=date(2026, 9, 2))
    close_books(company=company, kind=ClosingKind.HARD, through=date(2026, 9, 30), **ACT)
    file_return(company=company, period=parse_vat_period("2026-09"), **ACT)
    assert JournalLine.objects.get(account="445711", debit=2).day == date(2026, 10, 1)
    assert findings(company)["vat"] == []


def test_a_draft_without_a_day_of_delivery_is_of_the_days_it_was_begun_in(company):
    draft = story.a_draft(story.a_customer(company))
    begun = Invoice.objects.filter(pk=draft.pk)
    for day, told in ((date(2026, 10, 20), ["1 brouillon de facture de la période"]), (date(2026, 11, 2), [])):
        begun.update(created_at=datetime.combine(day, datetime.min.time(), UTC))
        assert findings(company)["drafts"] == told


def test_a_number_that_is_missing_is_told(company):
    an_entry(company, ("626000", "1"), ("512000", "-1"), on=date(2026, 6, 2))
    story.an_issued_invoice(story.a_customer(company))
    assert findings(company)["numbers"] == []
    from billing.models import NumberSequence

    NumberSequence.everywhere.filter(company=company, series="OD").update(last=3)
    assert findings(company)["numbers"] == ["2 numéros manquent dans la série OD-2026"]


def test_the_first_year_may_be_long_and_the_next_follow_it(company):
    change_year(company=company, starts_on=date(2025, 10, 1), ends_on=date(2026, 12, 31), **ACT)
    assert calendar_of(company.pk).year_of(TODAY) == Year(date(2025, 10, 1), date(2026, 12, 31))
    row = change_year(company=company, starts_on=date(2025, 10, 1), ends_on=date(2027, 3, 31), **ACT)
    assert calendar_of(company.pk).year_of(date(2027, 4, 1)) == Year(date(2027, 4, 1), date(2028, 3, 31))
    assert [year.pk for year in FiscalYear.objects.all()] == [row.pk]


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "field"),
    [
        (date(2026, 1, 1), date(2025, 12, 31), "ends_on"),
        (date(2026, 1, 1), date(2028, 1, 2), "ends_on"),
        (date(2026, 1, 1), date(2026, 10, 31), "ends_on"),
        (TODAY + timedelta(days=1), date(2027, 10, 31), "starts_on"),
    ],
)
def test_dates_that_make_no_year_are_refused_at_their_field(company, starts_on, ends_on, field):
    with pytest.raises(Invalid) as refused:
        change_year(company=company, starts_on=starts_on, ends_on=ends_on, **ACT)
    assert field in refused.value.fields


def test_a_year_follows_a_closed_one_and_ends_in_a_civil_year_of_its_own(company):
    an_entry(company, ("626000", "1"), ("512000", "-1"), on=date(2025, 6, 2))
    close_year(company=company, year=LAST_YEAR, **ACT)
    with pytest.raises(Invalid):
        change_year(company=company, starts_on=date(2026, 2, 1), ends_on=date(2027, 1, 31), **ACT)
    with pytest.raises(YearClosed):
        change_year(company=company, starts_on=date(2025, 1, 1), ends_on=date(2026, 12, 31), **ACT)
    change_year(company=company, starts_on=date(2026, 1, 1), ends_on=date(2027, 6, 30), **ACT)
    settle()


def test_a_year_does_not_cut_a_series_of_numbers(company):
    an_entry(company, ("626000", "1"), ("512000", "-1"), on=date(2026, 6, 2))
    an_entry(company, ("626000", "1"), ("512000", "-1"), on=date(2026, 7, 2))
    with pytest.raises(NumbersOnBothSides):
        change_year(company=company, starts_on=date(2026, 7, 1), ends_on=date(2027, 6, 30), **ACT)
    change_year(company=company, starts_on=date(2026, 1, 1), ends_on=date(2027, 6, 30), **ACT)


def a_year_written(company, starts_on, ends_on):
    with transaction.atomic():
        FiscalYear.objects.create(company=company, starts_on=starts_on, ends_on=ends_on)
        settle()


def test_postgresql_refuses_a_hole_and_any_change_of_a_closed_year(company):
    FiscalYear.objects.create(company=company, starts_on=date(2024, 1, 1), ends_on=date(2024, 12, 31))
    with pytest.raises(DatabaseError, match="begins the day after"):
        a_year_written(company, date(2025, 2, 1), date(2025, 12, 31))
    an_entry(company, ("626000", "1"), ("512000", "-1"), on=date(2025, 6, 2))
    row = close_year(company=company, year=LAST_YEAR, **ACT)
    for change in (
        lambda: FiscalYear.objects.filter(pk=row.pk).update(closed_at=None),
        lambda: FiscalYear.objects.filter(pk=row.pk).update(ends_on=date(2026, 1, 31)),
        lambda: FiscalYear.objects.filter(pk=row.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_the_bank_of_the_next_year_counts_what_was_carried_once(company):
    account = money.a_bank_account(company)
    an_entry(company, (account.ledger_account, "500"), ("101000", "-500"), on=date(2025, 6, 2))
    close_year(company=company, year=LAST_YEAR, **ACT)
    from payments.services.balances import balance_in_books

    assert balance_in_books(account, TODAY) == 500


def test_another_companys_books_are_not_closed(company):
    other = story.a_company()
    with company_scope(other):
        an_entry(other, ("626000", "1"), ("512000", "-1"), on=date(2025, 6, 2))
    an_entry(company, ("626000", "1"), ("512000", "-1"), on=date(2025, 6, 2))
    close_year(company=company, year=LAST_YEAR, **ACT)
    assert calendar_of(other.pk).hard is None
    with company_scope(other):
        assert not JournalEntry.objects.filter(journal=Journal.OPENING).exists()


def test_a_declaration_closes_for_good_or_for_accountants_while_a_year_before_is_open(company):
    an_entry(company, ("626000", "1"), ("512000", "-1"), on=date(2025, 6, 2))
    close_declared(company=company, through=date(2026, 1, 31), **ACT)
    assert (calendar_of(company.pk).hard, calendar_of(company.pk).soft) == (None, date(2026, 1, 31))
    close_year(company=company, year=LAST_YEAR, **ACT)
    close_declared(company=company, through=date(2026, 2, 28), **ACT)
    assert calendar_of(company.pk).hard == date(2026, 2, 28)
    an_entry(company, ("471000", "1"), ("512000", "-1"), on=date(2026, 3, 2))
    later = story.AT + timedelta(minutes=1)
    close_declared(company=company, through=date(2026, 3, 31), actor=story.ACTOR, at=later)
    assert (calendar_of(company.pk).hard, calendar_of(company.pk).soft) == (date(2026, 2, 28), date(2026, 3, 31))
