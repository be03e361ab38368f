"""On which account a sale goes, and that what was booked keeps what the rules said that day."""

from __future__ import annotations

import pytest

from billing.ledger.chart import ClosedAccount
from billing.ledger.own_accounts import open_or_close_account, save_account
from billing.ledger.sales_accounts import NoCase, NotASalesAccount, SalesRules, remove_sales_rule, save_sales_rule
from billing.models import InvoiceKind, JournalEntry, JournalLine, Nature, SalesAccountRule
from config.kernel.scope import company_scope
from tests.factories import story

pytestmark = pytest.mark.django_db
BY = {"actor": story.ACTOR, "at": story.AT}


@pytest.fixture
def company():
    company = story.a_company()
    with company_scope(company):
        yield company


def choose(company, account, *, product=None, group="", nature=""):
    return save_sales_rule(company=company, product=product, group=group, nature=nature, account=account, **BY)


def sold_on(invoice):
    """What class 7 says of it, by account."""
    lines = JournalLine.objects.filter(entry__source=invoice.subject, account__startswith="7")
    return {line.account: line.credit - line.debit for line in lines.order_by("entry__created_at")}


def test_a_product_goes_before_a_group_a_group_before_a_nature_and_a_nature_before_the_default():
    rules = SalesRules(
        {7: "701000"},
        {("Grands comptes", "GOODS"): "707200", ("Grands comptes", ""): "706200", ("", "SERVICES"): "706900"},
    )
    assert rules.account(7, "Grands comptes", is_service=False) == "701000"
    assert rules.account(8, "Grands comptes", is_service=False) == "707200"
    assert rules.account(8, "Grands comptes", is_service=True) == "706200"
    assert rules.account(None, "Autres", is_service=True) == "706900"
    assert rules.account(None, "", is_service=False) == "707000"


def test_without_rules_services_go_to_706_and_goods_to_707(company):
    invoice = story.an_issued_invoice(story.a_customer(company))
    assert set(sold_on(invoice)) <= {"706000", "707000"}
    assert sum(sold_on(invoice).values()) == invoice.total_net


def test_a_sale_goes_to_the_account_of_its_group_and_a_later_rule_changes_nothing_of_it(company):
    choose(company, "706200", group="Grands comptes")
    customer = story.a_customer(company, group="Grands comptes")
    first = story.an_issued_invoice(customer)
    assert sold_on(first) == {"706200": first.total_net}
    choose(company, "706300", group="Grands comptes")
    assert sold_on(first) == {"706200": first.total_net}
    assert set(sold_on(story.an_issued_invoice(customer))) == {"706300"}
    assert set(sold_on(story.an_issued_invoice(story.a_customer(company)))) <= {"706000", "707000"}


def test_a_rule_removed_counts_no_more(company):
    rule = choose(company, "706200", nature=Nature.SERVICES)
    remove_sales_rule(rule=rule, **BY)
    assert not SalesAccountRule.objects.exists()
    assert "706200" not in sold_on(story.an_issued_invoice(story.a_customer(company)))


def test_a_sale_is_never_booked_on_another_class_on_a_closed_account_or_for_no_case(company):
    save_account(company=company, code="706400", name="Maintenance", **BY)
    open_or_close_account(company=company, code="706400", is_open=False, **BY)
    with pytest.raises(ClosedAccount):
        choose(company, "706400", nature=Nature.SERVICES)
    with pytest.raises(NotASalesAccount):
        choose(company, "411000", nature=Nature.SERVICES)
    with pytest.raises(NoCase):
        choose(company, "706100")


def test_a_corrected_invoice_takes_back_the_account_that_was_booked(company):
    choose(company, "706200", nature=Nature.SERVICES)
    choose(company, "707200", nature=Nature.GOODS)
    original = story.an_issued_invoice(story.a_customer(company))
    choose(company, "706300", nature=Nature.SERVICES)
    choose(company, "707300", nature=Nature.GOODS)
    story.an_issued_invoice(original.customer, kind=InvoiceKind.CORRECTED, corrects=original)
    assert set(sold_on(original)) == {"707200"}
    entries = JournalEntry.objects.filter(source=original.subject)
    assert sum(line.credit - line.debit for entry in entries for line in entry.lines.all()) == 0
    assert not sum(line.credit - line.debit for line in JournalLine.objects.filter(account="707200"))
