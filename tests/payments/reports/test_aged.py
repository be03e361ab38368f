"""Aged balances: as of any day, equal to the account, and the same whenever they are asked."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest

from billing import ledger
from billing.ledger import Entry, Posting
from billing.ledger.closing import close_books
from billing.ledger.lettering import letter_lines
from billing.ledger.reports import Parameters
from billing.models import ClosingKind, Journal, JournalLine, LetteringOrigin
from config.kernel.clock import PARIS, local_day
from config.kernel.scope import company_scope
from payments.aged.reading import account_balance, aged_by_third_party, aged_documents
from payments.models import Method
from payments.outgoing.refunding import cancel_refund, refund_customer
from payments.outgoing.returning import return_payment
from payments.outgoing.suppliers.taking_back import cancel_supplier_payment
from payments.services.allocations import allocate_payment, release_allocation
from payments.services.payments import reverse_payment
from payments.services.write_offs import take_back_write_off, write_off
from tests.factories import money, story, supplier_payments
from tests.factories.story import ACTOR

pytestmark = pytest.mark.django_db


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=PARIS)


D0 = date(2026, 3, 2)  # everything begins here
GROSS = Decimal("1440.00")


@pytest.fixture
def company():
    company = story.a_company()
    with company_scope(company):
        yield company


def asked(company, day, **changes):
    return Parameters(company=company, start=day, end=day, **changes)


def aged(company, day, side="receivable", **changes):
    """Buckets and credit of all together, which are the account."""
    parameters = asked(company, day, **changes)
    rows = aged_by_third_party(side, parameters)
    assert sum((row.total for row in rows), Decimal(0)) == account_balance(side, parameters)
    documents = aged_documents(side, parameters)
    assert sum((one.amount for one in documents), Decimal(0)) == account_balance(side, parameters)
    buckets = [sum((row.buckets[place] for row in rows), Decimal(0)) for place in range(5)]
    return (*buckets, sum((row.credit for row in rows), Decimal(0)))


def days(count):
    return D0 + timedelta(days=count)


def an_invoice(company, day=D0, customer=None):
    return story.an_issued_invoice(customer or story.a_customer(company), at=noon(day))


def paid(invoice, amount=GROSS, day=D0, at=None, shared=True):
    shares = [(invoice, str(amount))] if shared else []
    return money.a_payment(invoice.customer, str(amount), shares, paid_on=day, at=at or noon(day))


def test_an_invoice_grows_old_by_its_due_day_or_by_its_own(company):
    invoice = an_invoice(company)
    late = (invoice.due_date - D0).days
    for after, place in ((0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3), (90, 3), (91, 4)):
        assert aged(company, days(late + after))[place] == GROSS
        assert aged(company, days(after), basis="invoice")[place] == GROSS
    assert aged(company, D0 - timedelta(days=1)) == (0, 0, 0, 0, 0, 0)


def test_what_is_paid_later_was_owed_then(company):
    invoice = an_invoice(company)
    paid(invoice, Decimal("1000.00"), days(40))
    assert aged(company, days(39))[1] == GROSS
    assert aged(company, days(40))[1] == Decimal("440.00")


def test_a_receipt_told_later_pays_on_its_own_day(company):
    invoice = an_invoice(company)
    paid(invoice, day=days(5), at=noon(days(20)))
    assert aged(company, days(4))[0] == GROSS
    assert aged(company, days(5)) == (0, 0, 0, 0, 0, 0)
    # as it was known on the tenth day, nothing had come
    assert aged(company, days(5), known_at=noon(days(10)))[0] == GROSS


def test_an_allocation_counts_by_the_latest_day_of_what_it_ties(company):
    invoice = an_invoice(company, days(10))
    payment = paid(invoice, day=days(3), shared=False)
    allocate_payment(payment=payment, invoice=invoice, amount=GROSS, actor=ACTOR, at=noon(days(60)))
    assert aged(company, days(9))[5] == -GROSS
    assert aged(company, days(10)) == (0, 0, 0, 0, 0, 0)


def test_what_is_undone_later_stood_then(company):
    invoice = an_invoice(company)
    payment = paid(invoice, day=days(5))
    release_allocation(payment=payment, invoice=invoice, amount=GROSS, reason="x", actor=ACTOR, at=noon(days(50)))
    assert aged(company, days(49)) == (0, 0, 0, 0, 0, 0)
    assert (sum(aged(company, days(50))[:5]), aged(company, days(50))[5]) == (GROSS, -GROSS)
    # and again: it could not be paid twice while it was paid
    allocate_payment(payment=payment, invoice=invoice, amount=GROSS, actor=ACTOR, at=noon(days(55)))
    assert aged(company, days(49)) == (0, 0, 0, 0, 0, 0)
    open_then = aged(company, days(52), known_at=noon(days(52)))
    assert (sum(open_then[:5]), open_then[5]) == (GROSS, -GROSS)
    assert aged(company, days(55)) == (0, 0, 0, 0, 0, 0)


def test_a_reversal_of_a_payment_opens_its_invoice_from_that_day(company):
    invoice = an_invoice(company)
    reverse_payment(payment=paid(invoice, day=days(5)), reason="x", actor=ACTOR, at=noon(days(40)))
    assert aged(company, days(39)) == (0, 0, 0, 0, 0, 0)
    assert aged(company, days(40))[1] == GROSS


def test_a_credit_note_of_a_paid_invoice_leaves_credit(company):
    invoice = an_invoice(company)
    paid(invoice, day=days(5))
    money.credit_invoice(invoice=invoice, parts=None, reason="x", actor=ACTOR, at=noon(days(20)))
    assert aged(company, days(19)) == (0, 0, 0, 0, 0, 0)
    assert aged(company, days(20)) == (0, 0, 0, 0, 0, -GROSS)


def test_a_refund_and_its_cancelling_take_the_credit_and_give_it_back(company):
    invoice = an_invoice(company)
    paid(invoice, day=days(5), shared=False)
    refund = refund_customer(
        customer=invoice.customer,
        amount=Decimal("400.00"),
        method=Method.TRANSFER,
        iban=story.SECOND_IBAN,
        reason="x",
        made_on=days(8),
        actor=ACTOR,
        at=noon(days(9)),
    )
    cancel_refund(refund=refund, reason="x", actor=ACTOR, at=noon(days(12)))
    assert [aged(company, days(day))[5] for day in (7, 8, 11, 12)] == [
        -GROSS,
        Decimal("-1040.00"),
        Decimal("-1040.00"),
        -GROSS,
    ]


def test_a_payment_that_the_bank_took_back_opens_its_invoice_on_the_day_of_the_bank(company):
    invoice = an_invoice(company)
    payment = paid(invoice, day=days(5))
    return_payment(payment=payment, amount=GROSS, returned_on=days(10), reason="x", actor=ACTOR, at=noon(days(15)))
    assert aged(company, days(9)) == (0, 0, 0, 0, 0, 0)
    assert aged(company, days(10)) == (GROSS, 0, 0, 0, 0, 0)


def test_a_difference_written_off_and_taken_back(company):
    invoice = an_invoice(company)
    paid(invoice, Decimal("1430.00"), days(5))
    row = write_off(
        invoice=invoice,
        amount=Decimal("10.00"),
        reason="ROUNDING",
        with_vat=False,
        note="",
        actor=ACTOR,
        at=noon(days(6)),
    )
    take_back_write_off(write_off=row, reason="x", actor=ACTOR, at=noon(days(9)))
    assert [aged(company, days(day))[0] for day in (5, 6, 8, 9)] == [Decimal(10), 0, 0, Decimal(10)]


def test_what_is_matched_once_a_month_is_closed_for_good_changes_nothing_of_it(company):
    invoice = an_invoice(company)
    payment = paid(invoice, day=days(5), shared=False)
    then = aged(company, days(20))
    close_books(company=company, kind=ClosingKind.HARD, through=days(20), actor=ACTOR, at=noon(days(21)))
    allocate_payment(payment=payment, invoice=invoice, amount=GROSS, actor=ACTOR, at=noon(days(30)))
    assert aged(company, days(20)) == then == (GROSS, 0, 0, 0, 0, -GROSS)
    assert aged(company, days(21)) == (0, 0, 0, 0, 0, 0)


def test_lines_typed_by_hand_are_owed_until_a_letter_settles_them(company):
    invoice = an_invoice(company)
    customer = invoice.customer
    payment = paid(invoice, Decimal("1000.00"), days(5))
    typed = Posting("411000", Decimal("-440.00"), customer.pk), Posting("658000", Decimal("440.00"))
    entry = Entry(label="OD", piece="OD", piece_date=days(6), source=customer, on=days(6), postings=typed)
    (row,) = ledger.post([entry], journal=Journal.MISCELLANEOUS, day=days(6), actor=ACTOR, at=noon(days(6)))
    assert aged(company, days(6)) == (Decimal(440), 0, 0, 0, 0, Decimal(-440))
    lines = JournalLine.objects.filter(account="411000", customer=customer)
    letter_lines(lines=list(lines), origin=LetteringOrigin.HAND, actor=ACTOR, at=noon(days(30)))
    assert aged(company, days(5))[0] == Decimal(440)
    assert aged(company, days(6)) == (0, 0, 0, 0, 0, 0)
    assert payment.number
    assert row.day == days(6)


def test_each_customer_is_a_row_and_its_documents_are_its_sum(company):
    first, second = (story.a_customer(company, name=name) for name in ("Alpha", "Béta"))
    for day in (D0, days(10)):
        for customer in (first, second):
            an_invoice(company, day, customer=customer)
    rows = aged_by_third_party("receivable", asked(company, days(50)))
    assert [(row.name, row.total) for row in rows] == [("Alpha", 2 * GROSS), ("Béta", 2 * GROSS)]
    documents = aged_documents("receivable", asked(company, days(50), customer=second))
    assert [one.name for one in documents] == ["Béta", "Béta"]
    assert sum(one.amount for one in documents) == rows[1].total


def test_suppliers_are_owed_what_401_says_on_each_day(company):
    supplier = supplier_payments.a_supplier(company)
    purchase = supplier_payments.a_purchase(supplier)
    booked = purchase.booked_on
    later = booked + timedelta(days=4)
    payment = supplier_payments.a_payment(purchase, at=noon(later))
    cancel_supplier_payment(payment=payment, reason="x", actor=ACTOR, at=noon(later + timedelta(days=3)))
    owed = [sum(aged(company, day, "payable")) for day in (booked - timedelta(days=1), booked, later)]
    assert owed == [0, Decimal("120.00"), 0]
    assert sum(aged(company, later + timedelta(days=3), "payable")) == Decimal("120.00")
    assert local_day(noon(booked)) == booked
