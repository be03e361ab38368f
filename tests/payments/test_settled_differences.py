"""A small difference is settled by the decision on the bank line itself, and goes with it when it is undone."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from billing.models import Invoice, InvoiceStatus
from config.kernel import chain
from config.kernel.actor import Actor
from config.kernel.models import Company
from config.kernel.roles import Role
from customers.models import Customer
from payments.models import BankLine, LineStatus, Match, Payment, WriteOff, WriteOffReason
from payments.services.allocations import Share
from payments.services.reconciliation import SeveralCustomers, accept_match
from payments.services.settling import settle_line
from payments.services.settling_differences import DifferenceOfAnother
from payments.services.settling_parts import Credit, Kept, Received, Rest
from payments.services.undoing import take_back_payment, undo_match
from payments.services.write_off_limits import BeyondLimit
from payments.services.write_offs import take_back_write_off
from tests.factories import money, story
from tests.factories.people import a_person
from tests.payments.money_state import money_state

pytestmark = pytest.mark.usefixtures("in_scope")

AT, ACTOR = story.AT, story.ACTOR
LATER = AT + timedelta(hours=1)
FEE, ROUNDING, DISCOUNT = WriteOffReason.BANK_FEE, WriteOffReason.ROUNDING, WriteOffReason.DISCOUNT


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def an_invoice(customer: Customer, net: str = "1000.00") -> Invoice:
    lines = [story.a_line(quantity=Decimal(1), unit_price=Decimal(net))]
    return story.an_issued_invoice(customer, lines, at=AT - timedelta(days=10))


def a_line(company: Company, amount: str) -> BankLine:
    [line] = money.bank_lines(company, [money.a_credit(amount)])
    return line


def share(invoice: Invoice, amount: str) -> Share:
    return Share(invoice, Decimal(amount))


def accept(line: BankLine, *shares: Share, **values: Any) -> Match:
    return accept_match(line=line, shares=shares, **{"actor": ACTOR, "at": AT, **values})


def undo(match: Match) -> Match:
    return undo_match(match=match, reason="Erreur", actor=ACTOR, at=LATER)


def accounts(company: Company) -> dict[str, Decimal]:
    return {account: balance for (account, _customer), balance in money_state(company).accounts.items()}


def assert_proven(company: Company) -> None:
    """What commit would check, checked now, and the chain."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET CONSTRAINTS ALL DEFERRED")
    assert list(chain.verify(company)) == []


@pytest.mark.parametrize(
    ("reason", "with_vat", "charge", "vat"), [(FEE, False, "627000", 0), (DISCOUNT, True, "665000", "0.40")]
)
def test_a_small_rest_is_written_off_with_the_money_and_comes_back_with_it(
    company, customer, reason, with_vat, charge, vat
):
    invoice, line = an_invoice(customer), a_line(company, "1197.60")
    before = money_state(company)
    rest = Rest(invoice, Decimal("2.40"), reason, with_vat)
    match = accept(line, share(invoice, "1197.60"), write_offs=[rest])
    invoice.refresh_from_db()
    assert (invoice.status, invoice.balance, invoice.amount_written_off) == (InvoiceStatus.PAID, 0, Decimal("2.40"))
    written = WriteOff.everywhere.get(match=match)
    assert (written.reason, written.vat_amount) == (reason, Decimal(vat))
    assert accounts(company)[charge] == Decimal("2.40") - Decimal(vat)
    assert_proven(company)
    undo(match)
    assert money_state(company).differences(before) == []
    assert_proven(company)


def test_a_small_excess_is_kept_as_income_and_given_back(company, customer):
    invoice, line = an_invoice(customer), a_line(company, "1200.40")
    before = money_state(company)
    match = accept(line, share(invoice, "1200.00"), kept=Kept(Decimal("0.40"), ROUNDING))
    payment = Payment.everywhere.get(match_parts__match=match)
    assert (payment.unallocated, accounts(company)["758000"]) == (0, Decimal("-0.40"))
    assert_proven(company)
    take_back_payment(payment=payment, reason="Erreur", actor=ACTOR, at=LATER)
    line.refresh_from_db()
    assert line.status == LineStatus.OPEN
    assert money_state(company).differences(before) == []
    assert_proven(company)


def test_an_older_credit_and_a_fee_settle_with_the_transfer(company, customer):
    first, second = an_invoice(customer), an_invoice(customer, "500.00")
    older = money.a_payment(customer, "300.00")
    line = a_line(company, "1499.50")
    before = money_state(company)
    match = accept(
        line,
        share(first, "1200.00"),
        share(second, "599.50"),
        credits_used=[Credit(older, Decimal("300.00"))],
        write_offs=[Rest(second, Decimal("0.50"), FEE)],
    )
    assert {Invoice.everywhere.get(pk=row.pk).status for row in (first, second)} == {InvoiceStatus.PAID}
    undo(match)
    assert money_state(company).differences(before) == []
    assert_proven(company)


def test_what_was_taken_back_by_hand_is_not_taken_back_twice(company, customer):
    invoice, line = an_invoice(customer), a_line(company, "1199.50")
    before = money_state(company)
    match = accept(line, share(invoice, "1199.50"), write_offs=[Rest(invoice, Decimal("0.50"), FEE)])
    written = WriteOff.everywhere.get(match=match)
    take_back_write_off(write_off=written, reason="Réclamé", actor=ACTOR, at=LATER)
    undo(match)
    assert money_state(company).differences(before) == []


def test_beyond_the_limit_of_the_role_nothing_is_written(company, customer):
    accountant = a_person(company, Role.ACCOUNTANT)
    invoice, line = an_invoice(customer), a_line(company, "1190.00")
    before = money_state(company)
    rest = Rest(invoice, Decimal("10.00"), FEE)
    with pytest.raises(BeyondLimit), transaction.atomic():
        accept(line, share(invoice, "1190.00"), write_offs=[rest], actor=Actor.user(accountant))
    assert money_state(company).differences(before) == []


def test_a_rest_is_of_an_invoice_that_the_money_pays_and_of_one_customer(company, customer):
    ours, theirs = an_invoice(customer), an_invoice(story.a_customer(company))
    line = a_line(company, "1199.50")
    rest = Rest(theirs, Decimal("0.50"), FEE)
    part = Received(customer, line.amount, [share(ours, "1199.50")], write_offs=[rest])
    with pytest.raises(DifferenceOfAnother), transaction.atomic():
        settle_line(line=line, parts=[part], rule="person", is_automatic=False, actor=ACTOR, at=AT)
    with pytest.raises(SeveralCustomers), transaction.atomic():
        accept(line, share(ours, "600.00"), share(theirs, "599.50"), write_offs=[rest])
    assert not WriteOff.everywhere.exists()
