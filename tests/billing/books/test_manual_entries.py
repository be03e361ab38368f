"""Entries by hand: what is refused of them, how they are reversed, and that PostgreSQL lets nobody change them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction
from django.urls import reverse

from billing.ledger import manual
from billing.ledger.chart import ClosedAccount, UnknownAccount
from billing.ledger.closing import close_books
from billing.ledger.journals import CodeTaken, UnknownJournal, journal_names, save_journal
from billing.ledger.manual import ManualLine, journal_entry_of, reverse_entry
from billing.ledger.own_accounts import AccountUsed, open_or_close_account, remove_account, save_account
from billing.models import ClosingKind, JournalEntry, ManualEntry
from config.kernel.clock import local_day
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from tests.factories import people, story
from tests.factories.books import BY, an_entry

pytestmark = pytest.mark.django_db

TODAY = local_day(story.AT)


def line(account, amount, **values):
    return ManualLine(account, Decimal(amount), **values)


@pytest.fixture
def company():
    company = story.a_company()
    with company_scope(company):
        yield company


def test_an_entry_by_hand_is_numbered_in_its_journal_on_its_day_with_the_words_of_its_lines(company):
    written = an_entry(
        company,
        line("6411", "1500.00", label="Brut de septembre"),
        line("4210", "-1500.00"),
        day=date(2026, 9, 30),
        label="Salaires",
        piece="PAIE-09",
    )
    entry = journal_entry_of(written)
    assert (entry.number, entry.day, entry.piece, entry.piece_date) == (
        "OD-2026-00001",
        date(2026, 9, 30),
        "PAIE-09",
        date(2026, 9, 30),
    )
    assert [(row.account, row.label, row.debit, row.credit) for row in entry.lines.all()] == [
        ("641100", "Brut de septembre", Decimal("1500.00"), 0),
        ("421000", "Salaires", 0, Decimal("1500.00")),
    ]


def test_what_would_break_the_books_is_refused_in_words(company):
    customer = story.a_customer(company)
    balanced = (line("658000", "1.00"), line("471000", "-1.00"))
    refused = {
        manual.NotBalanced: {"lines": (line("658000", "1.00"), line("471000", "-0.99"))},
        manual.TooFewLines: {"lines": (line("658000", "0.00"), line("471000", "0.00"))},
        manual.ThirdPartyMissing: {"lines": (line("411000", "1.00"), line("471000", "-1.00"))},
        manual.NoThirdPartyHere: {"lines": (line("658000", "1.00", customer=customer), line("471000", "-1.00"))},
        UnknownAccount: {"lines": (line("958000", "1.00"), line("471000", "-1.00"))},
        manual.DayToCome: {"lines": balanced, "day": TODAY + timedelta(days=1)},
        manual.OpeningIsImported: {"lines": balanced, "journal": "AN"},
        UnknownJournal: {"lines": balanced, "journal": "ZZ"},
    }
    for error, values in refused.items():
        lines = values.pop("lines")
        with pytest.raises(error):
            an_entry(company, *lines, **values)
    assert not JournalEntry.objects.exists()


def test_a_closed_day_is_refused_and_the_first_open_one_is_said(company):
    close_books(company=company, kind=ClosingKind.HARD, through=date(2026, 9, 30), **BY)
    with pytest.raises(manual.DayNotOpen) as refused:
        an_entry(company, day=date(2026, 9, 30))
    assert "octobre" in str(refused.value) or "01/10/2026" in str(refused.value)
    assert journal_entry_of(an_entry(company, day=date(2026, 10, 1))).day == date(2026, 10, 1)


def test_it_is_reversed_once_on_an_open_day_and_a_reversal_never(company):
    written = an_entry(company, day=date(2026, 10, 15))
    with pytest.raises(manual.BeforeTheEntry):
        reverse_entry(entry=written, day=date(2026, 10, 14), reason="Erreur", **BY)
    opposite = reverse_entry(entry=written, day=TODAY, reason="Erreur", **BY)
    sums = {
        row.account: row.debit - row.credit
        for entry in JournalEntry.objects.all()
        for row in entry.lines.all()
        if entry.source == opposite.subject
    }
    assert sums == {"658000": Decimal("-1.00"), "471000": Decimal("1.00")}
    with pytest.raises(manual.ReversedAlready):
        reverse_entry(entry=written, day=TODAY, reason="Encore", **BY)
    with pytest.raises(manual.IsAReversal):
        reverse_entry(entry=opposite, day=TODAY, reason="Encore", **BY)


def test_what_was_written_by_hand_is_neither_changed_nor_deleted(company):
    written = an_entry(company)
    for act in (
        lambda: ManualEntry.objects.filter(pk=written.pk).update(label="Autre"),
        lambda: ManualEntry.objects.filter(pk=written.pk).delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            act()


def test_a_closed_account_takes_nothing_by_hand_and_a_used_one_is_never_removed(company):
    account = save_account(company=company, code="6581", name="Pénalités", **BY)
    an_entry(company, line("658100", "1.00"), line("471000", "-1.00"))
    open_or_close_account(company=company, code="658100", is_open=False, **BY)
    with pytest.raises(ClosedAccount):
        an_entry(company, line("658100", "1.00"), line("471000", "-1.00"))
    with pytest.raises(AccountUsed):
        remove_account(account=account, **BY)


def test_a_journal_has_its_name_and_never_shares_the_numbers_of_documents(company):
    story.an_issued_invoice(story.a_customer(company))
    save_journal(company=company, code="ca", name="Caisse du magasin", **BY)
    assert journal_names(company.pk)["CA"] == "Caisse du magasin"
    assert journal_entry_of(an_entry(company, journal="CA")).number == "CA-2026-00001"
    with pytest.raises(CodeTaken):
        save_journal(company=company, code="FAC", name="Factures", **BY)


def sheet(rows, **head):
    typed = {"day": "12/11", "journal": "OD", "label": "Régularisation", **head}
    typed |= {"lines-TOTAL_FORMS": str(len(rows)), "lines-INITIAL_FORMS": "0"}
    for place, row in enumerate(rows):
        typed |= {f"lines-{place}-{name}": value for name, value in row.items()}
    return typed


def test_the_sheet_takes_french_habits_and_keeps_all_that_was_typed_when_it_refuses(company):
    client = people.signed_in(company, Role.ACCOUNTANT)
    customer = story.a_customer(company)
    rows = [
        {"account": "658", "debit": "10/4", "label": "Écart"},
        {"account": "411", "customer": customer.name.lower(), "credit": "2,50"},
        {"account": "", "debit": "", "credit": ""},
    ]
    refused = client.post(reverse("billing:entry-new"), sheet([rows[0] | {"debit": "3"}, *rows[1:]]))
    assert refused.status_code == 422
    assert customer.name.lower() in refused.text
    assert "Écart" in refused.text
    answer = client.post(reverse("billing:entry-new"), sheet(rows))
    entry = JournalEntry.objects.get()
    assert answer.status_code == 302
    assert entry.lines.get(account="411000").customer == customer
    assert entry.lines.get(account="658000").debit == Decimal("2.50")


def test_an_entry_shows_its_document_and_only_one_by_hand_is_reversed_here(company):
    client = people.signed_in(company, Role.ACCOUNTANT)
    invoice = story.an_issued_invoice(story.a_customer(company))
    booked = JournalEntry.objects.get(source=invoice.subject)
    page = client.get(reverse("billing:journal-entry", args=[booked.pk]))
    assert invoice.get_absolute_url() in page.text
    assert reverse("billing:entry-reverse", args=[booked.pk]) not in page.text
    client.post(reverse("billing:entry-reverse", args=[booked.pk]), {"day": "30/11/2026", "reason": "Non"})
    assert JournalEntry.objects.count() == 1
    written = journal_entry_of(an_entry(company))
    page = client.get(reverse("billing:journal-entry", args=[written.pk]))
    assert reverse("billing:entry-reverse", args=[written.pk]) in page.text


def test_entries_are_found_by_number_label_amount_account_third_party_and_journal(company):
    client = people.signed_in(company, Role.VIEWER)
    customer = story.a_customer(company)
    an_entry(company, line("411000", "12.34", customer=customer), line("471000", "-12.34"), label="Avance")
    an_entry(company, label="Autre chose")
    for query in ("q=Avance", "q=12,34", f"customer={customer.pk}", "account=411", "q=OD-2026-00001"):
        page = client.get(f"{reverse('billing:entry-list')}?{query}")
        assert "OD-2026-00001" in page.text, query
        assert "Autre chose" not in page.text, query
    assert "OD-2026-00001" not in client.get(f"{reverse('billing:entry-list')}?journal=VE").text
    assert client.get(reverse("billing:entry-new")).status_code == 403
