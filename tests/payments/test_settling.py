"""A bank line is explained by parts that are its amount: payments, credits, bookings; undone, all is as before."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from billing.models import Invoice, InvoiceStatus, JournalLine
from billing.services.settling import OverAllocated
from config.kernel import chain
from config.kernel.models import Company
from customers.models import Customer
from payments.models import BankLine, LineStatus, Match, MatchPart, Method, PartKind, Payment
from payments.services.allocations import Share
from payments.services.settling import (
    LineNotOpen,
    OnlyCredits,
    PartsDoNotAddUp,
    UnusableAccount,
    settle_line,
    suspend_line,
)
from payments.services.settling_parts import Booked, Credit, Found, Part, Received, Vat
from payments.services.settling_received import CreditNotUsed, PaymentNotFree
from payments.services.undoing import take_back_payment, undo_match
from tests.factories import money, story
from tests.payments.money_state import money_state

pytestmark = pytest.mark.usefixtures("in_scope")

AT, ACTOR = story.AT, story.ACTOR
LATER = AT + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def an_invoice(customer: Customer, net: str = "1000.00") -> Invoice:
    lines = [story.a_line(quantity=Decimal(1), unit_price=Decimal(net))]
    return story.an_issued_invoice(customer, lines, at=AT - timedelta(days=10))


def a_line(company: Company, amount: str, remittance: str = "") -> BankLine:
    [line] = money.bank_lines(company, [money.a_credit(amount, remittance=remittance)])
    return line


def settle(line: BankLine, *parts: Part, note: str = "") -> Match:
    return settle_line(line=line, parts=parts, rule="person", is_automatic=False, note=note, actor=ACTOR, at=AT)


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


def test_money_of_two_customers_less_a_fee_is_one_line_and_undone_it_is_as_before(company, customer):
    other = story.a_customer(company)
    ours, theirs = an_invoice(customer), an_invoice(other, "500.00")
    line = a_line(company, "1788.00", "PAYOUT")
    before = money_state(company)
    match = settle(
        line,
        Received(customer, Decimal("1200.00"), [Share(ours, Decimal("1200.00"))], method=Method.CARD),
        Received(other, Decimal("600.00"), [Share(theirs, Decimal("600.00"))], method=Method.CARD),
        Booked("627000", Decimal("-12.00"), "Commission", Vat(Decimal(20))),
    )
    parts = MatchPart.everywhere.filter(match=match).order_by("position")
    assert [(part.kind, part.amount, part.account) for part in parts] == [
        (PartKind.PAYMENT, 1200, ""),
        (PartKind.PAYMENT, 600, ""),
        (PartKind.BOOKING, -10, "627000"),
        (PartKind.BOOKING, -2, "445660"),
    ]
    assert {Invoice.everywhere.get(pk=row.pk).status for row in (ours, theirs)} == {InvoiceStatus.PAID}
    booked = accounts(company)
    assert (booked["512000"], booked["627000"], booked["445660"]) == (1788, 10, 2)
    assert (line.status, "411000" in booked) == (LineStatus.MATCHED, False)
    assert_proven(company)
    undo(match)
    assert money_state(company).differences(before) == []
    assert_proven(company)


def test_a_line_waits_on_471_and_leaves_it_for_what_it_is(company, customer):
    invoice, line = an_invoice(customer), a_line(company, "1200.00")
    before = money_state(company)
    suspend_line(line=line, reason="À demander", actor=ACTOR, at=AT)
    suspended = money_state(company)
    assert (line.status, accounts(company)["471000"]) == (LineStatus.SUSPENSE, -1200)
    with pytest.raises(LineNotOpen):
        suspend_line(line=line, reason="Encore", actor=ACTOR, at=AT)
    match = settle(line, Received(customer, Decimal("1200.00"), [Share(invoice, Decimal("1200.00"))]))
    assert (line.status, "471000" in accounts(company)) == (LineStatus.MATCHED, False)
    undo(match)
    assert money_state(company).differences(suspended) == [], "it stands on 471 again"
    undo(Match.everywhere.get(line=line, undone_at=None))
    assert money_state(company).differences(before) == []
    assert_proven(company)


def test_an_older_credit_pays_with_the_money_that_comes_in_and_is_given_back(company, customer):
    invoice = an_invoice(customer)
    older = money.a_payment(customer, "300.00")
    line = a_line(company, "1000.00")
    before = money_state(company)
    credit = Credit(older, Decimal("200.00"))
    match = settle(line, Received(customer, Decimal("1000.00"), [Share(invoice, Decimal("1200.00"))], [credit]))
    older.refresh_from_db()
    invoice.refresh_from_db()
    assert (invoice.status, older.unallocated) == (InvoiceStatus.PAID, 100)
    assert_proven(company)
    undo(match)
    assert money_state(company).differences(before) == []
    with pytest.raises(CreditNotUsed), transaction.atomic():
        settle(line, Received(customer, Decimal("1000.00"), [Share(invoice, Decimal("100.00"))], [credit]))


def test_two_parts_of_one_line_pay_the_same_invoice_each_with_what_the_other_left(company, customer):
    invoice = an_invoice(customer)
    older = money.a_payment(customer, "300.00")
    line, before = a_line(company, "900.00"), money_state(company)
    match = settle(
        line,
        Received(customer, Decimal("500.00"), [Share(invoice, Decimal("500.00"))]),
        Received(customer, Decimal("400.00"), [Share(invoice, Decimal("700.00"))], [Credit(older, Decimal("300.00"))]),
    )
    invoice.refresh_from_db()
    assert (invoice.status, invoice.amount_paid) == (InvoiceStatus.PAID, 1200)
    assert_proven(company)
    undo(match)
    assert before.differences(money_state(company)) == []
    twice = Received(customer, Decimal("450.00"), [Share(invoice, Decimal("1200.00"))], [Credit(older, Decimal(300))])
    with pytest.raises(OverAllocated), transaction.atomic():
        settle(line, Received(customer, Decimal("450.00"), [Share(invoice, Decimal("450.00"))]), twice)


def test_a_payment_that_stands_is_found_again_and_moves_to_the_bank_account(company, customer):
    invoice = an_invoice(customer)
    cheque = money.a_payment(customer, "1200.00", [(invoice, "1200.00")], method=Method.CHECK)
    first, second = a_line(company, "700.00"), a_line(company, "500.00")
    before = money_state(company)
    match = settle(first, Found(cheque, Decimal("700.00")))
    assert (accounts(company)["511200"], accounts(company)["512000"]) == (500, 700)
    with pytest.raises(PaymentNotFree), transaction.atomic():
        settle(a_line(company, "600.00"), Found(cheque, Decimal("600.00")))
    other = settle(second, Found(cheque, Decimal("500.00")))
    assert "511200" not in accounts(company)
    assert_proven(company)
    undo(match)
    undo(other)
    assert money_state(company).differences(before) == []
    assert Payment.everywhere.get(pk=cheque.pk).reversed_at is None, "it was there before, and stands"
    assert (accounts(company)["511200"], "512000" in accounts(company)) == (1200, False)


def test_a_found_payment_taken_back_leaves_its_line_open(company, customer):
    payment = money.a_payment(customer, "50.00")
    line = a_line(company, "50.00")
    settle(line, Found(payment, Decimal("50.00")))
    reversal = take_back_payment(payment=payment, reason="Chèque refusé", actor=ACTOR, at=LATER)
    line.refresh_from_db()
    assert (reversal.amount, line.status) == (-50, LineStatus.OPEN)
    assert_proven(company)


def test_a_debit_is_booked_whole_with_its_vat_to_the_cent(company):
    line = a_line(company, "-9.99", "COTISATION CARTE")
    match = settle(line, Booked("627000", Decimal("-9.99"), "", Vat(Decimal(20))), note="Carte du gérant")
    rows = JournalLine.everywhere.filter(entry__source=match.subject).order_by("position")
    assert [(row.account, row.debit, row.credit) for row in rows] == [
        ("512000", 0, Decimal("9.99")),
        ("627000", Decimal("8.33"), 0),
        ("445660", Decimal("1.66"), 0),
    ]
    assert (rows[0].label, match.note) == ("COTISATION CARTE", "Carte du gérant")


def test_what_does_not_explain_the_line_is_refused_and_nothing_is_written(company, customer):
    line, debit = a_line(company, "1200.00"), a_line(company, "-12.00")
    refusals: list[tuple[type[Exception], BankLine, Part]] = [
        (PartsDoNotAddUp, line, Received(customer, Decimal("1199.99"))),
        (OnlyCredits, debit, Received(customer, Decimal("-12.00"))),
        (UnusableAccount, line, Booked("411000", Decimal("1200.00"))),
        (UnusableAccount, line, Booked("512100", Decimal("1200.00"))),
        (UnusableAccount, line, Booked("", Decimal("1200.00"))),
        (UnusableAccount, debit, Booked("627000", Decimal("-12.00"), "", Vat(Decimal(20), "TVA"))),
    ]
    before = money_state(company)
    for refusal, bank_line, part in refusals:
        with pytest.raises(refusal), transaction.atomic():
            settle(bank_line, part)
    assert money_state(company) == before


def refusal(sql: str, *values: Any) -> str:
    """What PostgreSQL says at commit of a statement that passes every service by; '' when it lets it be."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(sql, values)
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    except IntegrityError as error:
        return str(error)
    return ""


def test_postgresql_refuses_a_part_too_many_and_a_line_against_its_match(company, customer):
    line, other = a_line(company, "1200.00"), a_line(company, "5.00")
    match = settle(line, Received(customer, Decimal("1200.00")))
    found = settle(other, Booked("758000", Decimal("5.00")))
    copy = (
        "INSERT INTO payments_matchpart SELECT (jsonb_populate_record(part, "
        "jsonb_build_object('id', 1, 'position', 2, 'is_recorded', FALSE, 'match_id', %s::bigint))).* "
        "FROM payments_matchpart AS part WHERE match_id = %s"
    )
    assert "the parts of match" in refusal(copy, match.pk, found.pk)
    assert "the parts of payment" in refusal(copy, found.pk, match.pk)
    assert "against its matches" in refusal("UPDATE payments_bankline SET status = 'OPEN' WHERE id = %s", line.pk)
    assert "against its matches" in refusal("UPDATE payments_match SET undone_at = now() WHERE id = %s", match.pk)
    assert refusal("UPDATE payments_match SET undone_because = 'x' WHERE id = %s", match.pk) == "", "the control"
