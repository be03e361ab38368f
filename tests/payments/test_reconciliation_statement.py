"""L’état de rapprochement agrees to the cent at the end of any day, whatever was imported, matched, paid or undone."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from config.kernel.clock import PARIS
from config.kernel.models import Company
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from payments.models import BankAccount, BankLine, LineStatus, Match
from payments.services.bank import import_statement
from payments.services.opening import NothingBefore, book_opening
from payments.services.payments import reverse_payment
from payments.services.reconciliation import reconcile
from payments.services.reconciliation_statement import ReconciliationStatement, reconciliation_statement
from payments.services.undoing import undo_match
from payments.statements.sample import Entry, camt053
from tests.factories import money, story
from tests.factories.people import read, signed_in
from tests.trust.at_once import a_share

ACTOR = story.ACTOR
MONDAY = date(2026, 11, 2)


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def company(db: None) -> Iterator[Company]:
    row = story.a_company()
    money.a_bank_account(row)
    with company_scope(row):
        yield row


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=PARIS)


def load(company: Company, day: date, opening: str, *entries: Entry, at: date | None = None) -> None:
    data = camt053(company.iban, Decimal(opening), entries, day, f"REL-{day:%m%d}-{opening}")
    import_statement(company=company, data=data, filename="r.xml", actor=ACTOR, at=noon(at or day))


def at_end_of(day: date) -> ReconciliationStatement:
    found = reconciliation_statement(BankAccount.objects.get(), day)
    total = found.at_bank + found.entries_total - found.lines_total - found.before - found.missing
    assert total == found.in_books, found
    return found


def credit(amount: str, remittance: str = "", **values: Any) -> Entry:
    return Entry(amount=Decimal(amount), counterparty="MAISON LUMIERE", remittance=remittance, **values)


def test_what_the_bank_booked_and_nobody_else_is_listed_and_so_is_what_stood_before(company):
    load(company, MONDAY, "1000.00", credit("250.00"), credit("-30.00"))
    found = at_end_of(MONDAY)
    assert (found.at_bank, found.in_books, found.before, found.missing) == (1220, 0, 1000, 0)
    assert sorted(row.amount for row in found.lines) == [-30, 250]
    assert all(row.line_id for row in found.lines)


def test_a_matched_line_is_on_both_sides_from_the_day_it_was_matched(company):
    invoice = story.an_issued_invoice(story.a_customer(company), at=noon(MONDAY))
    load(company, MONDAY, "0.00", credit(str(invoice.balance), invoice.number))
    assert reconcile(company=company, actor=ACTOR, at=noon(MONDAY + timedelta(days=2))).matched == 1
    assert [row.amount for row in at_end_of(MONDAY + timedelta(days=1)).lines] == [invoice.balance]
    found = at_end_of(MONDAY + timedelta(days=2))
    assert (found.lines, found.entries, found.difference) == ([], [], 0)


def test_a_match_undone_is_booked_until_that_day_and_leaves_two_entries_that_cancel(company):
    invoice = story.an_issued_invoice(story.a_customer(company), at=noon(MONDAY))
    load(company, MONDAY, "0.00", credit(str(invoice.balance), invoice.number))
    reconcile(company=company, actor=ACTOR, at=noon(MONDAY))
    undone_on = MONDAY + timedelta(days=3)
    undo_match(match=Match.objects.get(), reason="Autre", actor=ACTOR, at=noon(undone_on))
    assert at_end_of(undone_on - timedelta(days=1)).difference == 0
    found = at_end_of(undone_on)
    assert (len(found.lines), found.entries, found.in_books) == (1, [], 0)


def test_a_payment_typed_by_hand_on_the_account_is_an_entry_on_no_statement(company):
    customer = story.a_customer(company)
    account = BankAccount.objects.get()
    payment = money.a_payment(customer, "75.00", at=noon(MONDAY), paid_on=MONDAY, bank_account=account)
    [row] = at_end_of(MONDAY).entries
    assert (row.amount, row.source, row.piece) == (75, payment.subject, payment.number)
    assert at_end_of(MONDAY - timedelta(days=1)).entries == []
    reverse_payment(payment=payment, reason="Erreur", actor=ACTOR, at=noon(MONDAY + timedelta(days=1)))
    assert at_end_of(MONDAY + timedelta(days=1)).entries == []


def test_the_balance_before_the_first_statement_is_booked_once(company):
    load(company, MONDAY, "1000.00", credit("10.00"))
    account = BankAccount.objects.get()
    entry = book_opening(account=account, actor=ACTOR, at=noon(MONDAY))
    assert {(line.account, line.debit - line.credit) for line in entry.lines.all()} == {
        ("512000", Decimal(1000)),
        ("890000", Decimal(-1000)),
    }
    found = at_end_of(MONDAY)
    assert (found.before, found.in_books) == (0, 1000)
    with pytest.raises(NothingBefore):
        book_opening(account=account, actor=ACTOR, at=noon(MONDAY))


def test_movements_that_no_statement_brought_are_an_amount_of_their_own(company):
    load(company, MONDAY, "100.00", credit("10.00"))
    load(company, MONDAY + timedelta(days=7), "500.00", credit("5.00"))
    found = at_end_of(MONDAY + timedelta(days=7))
    assert (found.at_bank, found.missing) == (505, 390)
    assert at_end_of(MONDAY).missing == 0
    page = read(signed_in(company).get(url(found.account), {"on": "9/11/2026"}))
    assert "il manque 390,00" in page


def test_a_day_before_the_first_statement_and_one_within_have_their_balances_too(company):
    load(company, MONDAY, "100.00", credit("10.00"))
    assert at_end_of(MONDAY - timedelta(days=30)).at_bank == 100
    assert at_end_of(MONDAY + timedelta(days=30)).at_bank == 110


@pytest.mark.trust
@pytest.mark.parametrize("seed", a_share(range(6), 3))
def test_it_agrees_after_any_mix_of_imports_matches_payments_and_undoing(company, seed):
    chance = random.Random(seed)
    customer = story.a_customer(company)
    account = BankAccount.objects.get()
    balance, day, missing = Decimal(chance.randrange(0, 500)), MONDAY, Decimal(0)
    for _turn in range(14):
        day += timedelta(days=chance.randrange(0, 3))
        act = chance.randrange(6)
        if act < 2:
            invoice = story.an_issued_invoice(customer, at=noon(day))
            entries = [credit(str(invoice.balance), invoice.number), credit(f"-{chance.randrange(1, 90)}.{seed}1")]
            chance.shuffle(entries)
            jump = Decimal(chance.choice([0, 0, 40]))
            missing += jump if BankLine.objects.exists() else 0
            load(company, day, str(balance + jump), *entries)
            balance += jump + sum(entry.amount for entry in entries)
        elif act == 2:
            reconcile(company=company, actor=ACTOR, at=noon(day))
        elif act == 3:
            money.a_payment(customer, "12.34", at=noon(day), paid_on=day, bank_account=account)
        elif act == 4 and (match := Match.objects.filter(undone_at=None).first()):
            undo_match(match=match, reason="Essai", actor=ACTOR, at=noon(day))
        elif act == 5 and BankLine.objects.exists():
            book_once(account, noon(day))
        at_end_of(MONDAY + timedelta(days=chance.randrange(0, 20)))
    for place in range(-2, 30):
        at_end_of(MONDAY + timedelta(days=place))
    assert at_end_of(MONDAY + timedelta(days=30)).missing == missing


def book_once(account: BankAccount, at: datetime) -> None:
    with suppress(NothingBefore):
        book_opening(account=account, actor=ACTOR, at=at)


def url(account: BankAccount, name: str = "account-reconciliation") -> str:
    return reverse(f"payments:{name}", args=[account.pk])


def test_the_page_links_each_line_and_the_file_holds_the_same_figures(company):
    load(company, MONDAY, "1000.00", Entry(amount=Decimal("-30.00"), counterparty="=cmd()", remittance="FRAIS"))
    account, line = BankAccount.objects.get(), BankLine.objects.get()
    client = signed_in(company)
    page = client.get(url(account), {"on": "2/11/2026"})
    assert line.get_absolute_url() in page.text
    assert "970,00" in read(page)
    file = client.get(url(account), {"on": "2/11/2026", "export": "csv"})
    text = file.content.decode("utf-8-sig")
    assert text.splitlines()[2] == "Solde à la banque;2026-11-02;;970,00"
    assert "'=cmd() · FRAIS;30,00" in text
    assert text.splitlines()[-1] == "Solde en comptabilité;2026-11-02;;0,00"
    assert client.get(url(account), {"on": "hier peut-être"}).status_code == 422


def test_an_account_in_dollars_agrees_in_dollars_and_says_so(company):
    BankAccount.objects.update(currency="USD")
    invoice = story.an_issued_invoice(story.a_customer(company), at=noon(MONDAY), currency="USD")
    in_euros = story.an_issued_invoice(story.a_customer(company), at=noon(MONDAY))
    entries = [credit(str(invoice.balance), invoice.number), credit(str(in_euros.balance), in_euros.number)]
    data = camt053(company.iban, Decimal(0), entries, MONDAY, "REL-USD").replace(b"EUR", b"USD")
    import_statement(company=company, data=data, filename="r.xml", actor=ACTOR, at=noon(MONDAY))
    assert reconcile(company=company, actor=ACTOR, at=noon(MONDAY)).matched == 1
    found = at_end_of(MONDAY)
    assert (found.at_bank, found.in_books, [row.amount for row in found.lines]) == (2880, 1440, [1440])
    account, client = BankAccount.objects.get(), signed_in(company)
    page = read(client.get(url(account), {"on": "2/11/2026"}))
    assert "Ce compte est tenu en USD" in page
    assert "2 880,00 $" in " ".join(page.split())
    assert "€" not in page
    text = client.get(url(account), {"on": "2/11/2026", "export": "csv"}).content.decode("utf-8-sig")
    assert "USD" in text.splitlines()[0]


def test_the_opening_is_booked_from_the_page_by_who_may(company):
    load(company, MONDAY, "1000.00", credit("10.00"))
    account = BankAccount.objects.get()
    assert signed_in(company, Role.VIEWER).post(url(account, "account-opening")).status_code == 403
    assert signed_in(company).post(url(account, "account-opening")).status_code == 302
    assert reconciliation_statement(account, date(2100, 1, 1)).before == 0
    assert BankLine.objects.get().status == LineStatus.OPEN
