"""Lettering by hand: what is chosen comes to zero, or its few cents go to 658 or 758 first."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from django.urls import reverse

from billing.ledger.closing import close_books
from billing.ledger.lettering import NotZero
from billing.ledger.lettering_by_hand import GapTooLarge, LetteringClosed, letter_by_hand, open_lines, unletter
from billing.ledger.manual import ManualLine
from billing.ledger.reports.lines import lettered_lines
from billing.models import ClosingKind, JournalLine, LetteredLine, Lettering
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from tests.factories import people, story
from tests.factories.books import BY, an_entry

pytestmark = pytest.mark.django_db


@pytest.fixture
def company():
    company = story.a_company()
    with company_scope(company):
        yield company


@pytest.fixture
def customer(company):
    return story.a_customer(company)


def owed(company, customer, amount, **values):
    """A line on 411 of the customer."""
    lines = (ManualLine("411000", Decimal(amount), customer), ManualLine("471000", -Decimal(amount)))
    written = an_entry(company, *lines, **values)
    return JournalLine.objects.get(entry__source=written.subject, account="411000")


def test_lines_that_come_to_zero_are_lettered_and_no_longer_open(company, customer):
    lines = [owed(company, customer, amount) for amount in ("100.00", "-60.00", "-40.00")]
    rest = owed(company, customer, "5.00")
    lettering = letter_by_hand(lines=lines, levels=False, **BY)
    assert list(open_lines(company.pk, "411000", customer.pk)) == [rest]
    unletter(lettering=lettering, **BY)
    assert len(open_lines(company.pk, "411000", customer.pk)) == 4


@pytest.mark.parametrize(("paid", "account"), [("-99.97", "658000"), ("-100.03", "758000")])
def test_a_gap_of_cents_goes_to_658_or_758_and_its_line_is_of_the_group(company, customer, paid, account):
    lines = [owed(company, customer, "100.00"), owed(company, customer, paid)]
    with pytest.raises(NotZero):
        letter_by_hand(lines=lines, levels=False, **BY)
    lettering = letter_by_hand(lines=lines, levels=True, **BY)
    assert lettering.lines.count() == 3
    assert JournalLine.objects.filter(account=account).count() == 1
    assert sum(row.line.debit - row.line.credit for row in lettering.lines.select_related("line")) == 0


def test_more_than_a_few_euros_are_not_put_aside_here(company, customer):
    lines = [owed(company, customer, "100.00"), owed(company, customer, "-94.99")]
    with pytest.raises(GapTooLarge):
        letter_by_hand(lines=lines, levels=True, **BY)
    assert not Lettering.objects.exists()


def test_a_letter_of_what_is_closed_for_good_is_not_undone(company, customer):
    lines = [owed(company, customer, amount, day=date(2026, 9, 10)) for amount in ("10.00", "-10.00")]
    lettering = letter_by_hand(lines=lines, levels=False, **BY)
    close_books(company=company, kind=ClosingKind.HARD, through=date(2026, 9, 30), **BY)
    with pytest.raises(LetteringClosed):
        unletter(lettering=lettering, **BY)


def test_a_letter_given_after_a_closing_changes_nothing_of_what_is_closed(company, customer):
    lines = [owed(company, customer, amount, day=date(2026, 9, 10)) for amount in ("10.00", "-10.00")]
    close_books(company=company, kind=ClosingKind.HARD, through=date(2026, 9, 30), **BY)
    lettering = letter_by_hand(lines=lines, levels=False, **BY)
    assert lettering.effective_on == date(2026, 10, 1)
    assert not lettered_lines(company.pk, on=date(2026, 9, 30))
    unletter(lettering=lettering, **BY)
    assert len(open_lines(company.pk, "411000", customer.pk)) == 2


def test_the_page_letters_what_is_chosen_and_says_what_it_lacks(company, customer):
    client = people.signed_in(company, Role.ACCOUNTANT)
    lines = [owed(company, customer, amount) for amount in ("100.00", "-99.00")]
    address = f"{reverse('billing:lettering')}?account=411000&customer={customer.siren}"
    assert customer.name in client.get(reverse("billing:lettering")).text
    gap = client.post(reverse("billing:lettering-gap"), {"line": [row.pk for row in lines]})
    assert "1,00" in gap.text
    assert 'value="level"' in gap.text
    refused = client.post(address, {"line": [row.pk for row in lines], "act": "letter"})
    assert refused.status_code == 422
    assert refused.text.count("checked") == 2
    assert client.post(address, {"line": [row.pk for row in lines], "act": "level"}).status_code == 302
    lettering = Lettering.objects.get()
    client.post(reverse("billing:lettering-undo", args=[lettering.pk]))
    assert not LetteredLine.objects.filter(is_live=True).exists()


def test_lines_of_another_company_are_neither_shown_nor_lettered(company, customer):
    other = story.a_company()
    with company_scope(other):
        foreign = [owed(other, story.a_customer(other), amount) for amount in ("7.77", "-7.77")]
    client = people.signed_in(company, Role.OWNER)
    address = f"{reverse('billing:lettering')}?account=411000&customer={customer.siren}"
    client.post(address, {"line": [row.pk for row in foreign], "act": "letter"})
    assert "7,77" not in client.post(reverse("billing:lettering-gap"), {"line": [row.pk for row in foreign]}).text
    with company_scope(other):
        assert not Lettering.objects.exists()
