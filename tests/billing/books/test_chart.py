"""The chart of accounts: common to all, with each company's own accounts and words over it."""

from __future__ import annotations

import pytest

from billing import ledger
from billing.ledger import accounts
from billing.ledger.chart import COMMON, account_name, account_name_of, account_names
from billing.models import LedgerAccount
from billing.purchases import accounts as buying
from config.kernel.scope import company_scope
from tests.factories import story


@pytest.fixture
def company():
    company = story.a_company()
    with company_scope(company):
        yield company


def test_everything_that_the_product_books_on_stands_in_the_common_chart():
    booked_on = {
        value
        for module in (accounts, buying)
        for name, value in vars(module).items()
        if name.isupper() and isinstance(value, str)
    } | set(accounts.VAT_ACCOUNTS.values())
    assert booked_on <= set(COMMON)


def test_each_rate_of_vat_has_its_account_and_two_rates_never_share_one():
    assert len(set(accounts.VAT_ACCOUNTS.values())) == len(accounts.VAT_ACCOUNTS)
    assert all(account.startswith("44571") for account in accounts.VAT_ACCOUNTS.values())


def test_an_account_has_the_name_of_the_nearest_above_it():
    assert account_name("512100") == account_name("512000") == "Banques"
    assert account_name("445711") == "TVA collectée à 20 %"
    assert account_name("445799") == account_name("445700")
    assert account_name("999999") == ""


@pytest.mark.django_db
def test_a_company_names_accounts_in_its_own_words_and_another_does_not_see_them(company):
    other = story.a_company()
    LedgerAccount.objects.create(company=company, code="706100", name="Maintenance de chaudières")
    LedgerAccount.objects.create(company=company, code="706000", name="Nos prestations")
    names = account_names(company.pk)
    assert (names["706100"], names["706000"], names["706900"]) == (
        "Maintenance de chaudières",
        "Nos prestations",
        "Nos prestations",
    )
    assert list(names) == sorted(names)
    assert account_name_of(other.pk, "706100") == ledger.account_name("706000") == "Prestations de services"
