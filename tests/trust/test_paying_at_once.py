"""Twenty people pay one invoice at the same moment: its balance is never exceeded, and what they see is never wrong."""

from __future__ import annotations

import threading
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction
from django.db.models import Sum

from billing.models import Invoice, InvoiceStatus
from billing.services.settling import CreditTooLarge, NothingOutstanding, OverAllocated
from config.kernel import chain
from config.kernel.errors import DomainError
from config.kernel.scope import company_scope
from payments.models import Allocation, Payment
from payments.services.allocations import Share, allocate_payment
from payments.services.credits import use_credit
from payments.services.payments import record_payment, reverse_payment
from tests.factories import story
from tests.factories.money import credit_invoice
from tests.trust.at_once import at_once

pytestmark = [pytest.mark.trust, pytest.mark.django_db(transaction=True)]

CLIENTS = 20
SHARE = Decimal("100.00")
TWELVE_HUNDRED = [story.a_line(quantity=Decimal(10), unit_price=Decimal("100.00"))]


def an_invoice_of_1200() -> Invoice:
    return story.an_issued_invoice(story.a_customer(story.a_company()), TWELVE_HUNDRED)


def pay(invoice: Invoice, amount: Decimal, share: Decimal | None = None) -> Payment:
    shares = [Share(invoice, amount if share is None else share)] if share != 0 else []
    return record_payment(
        customer=invoice.customer,
        amount=amount,
        method="TRANSFER",
        paid_on=story.AT.date(),
        shares=shares,
        actor=story.ACTOR,
        at=story.AT,
    )


def allocated(invoice: Invoice) -> Decimal:
    return Allocation.everywhere.filter(invoice=invoice).aggregate(sum=Sum("amount"))["sum"] or Decimal("0.00")


def test_twenty_clients_at_once_never_pay_more_than_the_balance():
    invoice = an_invoice_of_1200()

    def client(_place: int) -> str:
        with company_scope(invoice.company_id):
            try:
                pay(invoice, SHARE)
            except DomainError as refused:
                return refused.code
        return "paid"

    answers = at_once(CLIENTS, client)
    assert sorted(answers) == sorted(["paid"] * 12 + [NothingOutstanding.code] * 8)
    invoice.refresh_from_db()
    assert (invoice.amount_paid, invoice.balance, invoice.status) == (1200, 0, InvoiceStatus.PAID)
    assert allocated(invoice) == invoice.amount_paid
    assert Payment.everywhere.filter(company=invoice.company).count() == 12, "a refused payment leaves nothing behind"
    assert list(chain.verify(invoice.company)) == []


def test_shares_that_do_not_divide_the_balance_are_refused_once_too_large():
    invoice = an_invoice_of_1200()
    share = Decimal("350.00")

    def client(_place: int) -> str:
        with company_scope(invoice.company_id):
            try:
                pay(invoice, share)
            except DomainError as refused:
                return refused.code
        return "paid"

    answers = at_once(8, client)
    assert sorted(answers) == sorted(["paid"] * 3 + [OverAllocated.code] * 5)
    invoice.refresh_from_db()
    assert (invoice.amount_paid, allocated(invoice)) == (1050, 1050)


def test_without_the_lock_they_overwrite_each_other_and_only_postgresql_sees_it():
    """The control: read, compute, write, as a careless page would. Everybody reads the same balance."""
    invoice = an_invoice_of_1200()
    all_have_read = threading.Barrier(CLIENTS, timeout=30)

    def careless(_place: int) -> str:
        with company_scope(invoice.company_id), transaction.atomic():
            payment = pay(invoice, SHARE, share=Decimal(0))
        seen = Invoice.everywhere.get(pk=invoice.pk)
        all_have_read.wait()
        assert seen.balance >= SHARE, "everybody believes that there is room"
        try:
            with transaction.atomic():
                Invoice.everywhere.filter(pk=invoice.pk).update(amount_paid=seen.amount_paid + SHARE)
                Payment.everywhere.filter(pk=payment.pk).update(allocated=SHARE)
                Allocation.everywhere.create(
                    company_id=invoice.company_id, payment=payment, invoice=invoice, amount=SHARE, at=story.AT
                )
        except IntegrityError as refused:
            return str(refused).partition("\n")[0]
        return "paid"

    answers = at_once(CLIENTS, careless)
    caught = [answer for answer in answers if answer != "paid"]
    assert caught, "twenty payments of 100 were believed to fit into 1200"
    assert all("what it rests on says" in words or "is not in the figures" in words for words in caught)
    invoice.refresh_from_db()
    assert invoice.amount_paid == allocated(invoice) <= invoice.total_gross


def test_payments_and_a_credit_note_at_once_never_exceed_the_total():
    invoice = an_invoice_of_1200()
    half = story.a_return(invoice, 5)

    def person(place: int) -> str:
        with company_scope(invoice.company_id):
            try:
                if place in {3, 7, 11}:
                    credit_invoice(invoice=invoice, parts=half, reason="Retour", actor=story.ACTOR, at=story.AT)
                    return "credited"
                pay(invoice, SHARE)
            except DomainError as refused:
                return refused.code
        return "paid"

    answers = at_once(12, person)
    invoice.refresh_from_db()
    # a credit note always passes while the total has room: money already received becomes the customer's credit
    assert (answers.count("credited"), answers.count(CreditTooLarge.code)) == (2, 1)
    assert (invoice.amount_credited, invoice.amount_paid) == (1200, 0)
    assert invoice.status == InvoiceStatus.CREDITED
    assert allocated(invoice) == 0
    payments = Payment.everywhere.filter(company=invoice.company)
    assert payments.count() == answers.count("paid")
    assert sum(payment.unallocated for payment in payments) == SHARE * answers.count("paid")
    assert list(chain.verify(invoice.company)) == []


def test_one_payment_spent_on_many_invoices_at_once_is_never_spent_twice():
    first = an_invoice_of_1200()
    others = [story.an_issued_invoice(first.customer, TWELVE_HUNDRED) for _invoice in range(5)]
    with company_scope(first.company_id):
        payment = pay(first, Decimal("1000.00"), share=Decimal(0))

    def person(place: int) -> str:
        with company_scope(first.company_id):
            try:
                allocate_payment(
                    payment=Payment.everywhere.get(pk=payment.pk),
                    invoice=others[place % 5],
                    amount=Decimal("300.00"),
                    actor=story.ACTOR,
                    at=story.AT,
                )
            except DomainError as refused:
                return refused.code
        return "allocated"

    answers = at_once(10, person)
    assert (answers.count("allocated"), answers.count("not_enough_credit")) == (3, 7)
    payment.refresh_from_db()
    assert (payment.allocated, payment.unallocated) == (900, 100)


def test_a_payment_reversed_by_two_people_at_once_is_reversed_once():
    invoice = an_invoice_of_1200()
    with company_scope(invoice.company_id):
        payment = pay(invoice, Decimal("1200.00"))

    def person(_place: int) -> str:
        with company_scope(invoice.company_id):
            try:
                reverse_payment(payment=payment, reason="Rejet", actor=story.ACTOR, at=story.AT)
            except DomainError as refused:
                return refused.code
        return "reversed"

    assert sorted(at_once(4, person)) == ["already_reversed"] * 3 + ["reversed"]
    invoice.refresh_from_db()
    assert (invoice.amount_paid, invoice.status) == (0, InvoiceStatus.ISSUED)


def test_money_allocated_while_the_payment_is_being_reversed_is_taken_back_or_refused():
    invoice = an_invoice_of_1200()
    with company_scope(invoice.company_id):
        payment = pay(invoice, Decimal("1200.00"), share=Decimal(0))

    def person(place: int) -> str:
        with company_scope(invoice.company_id):
            try:
                if place == 0:
                    reverse_payment(payment=payment, reason="Rejet", actor=story.ACTOR, at=story.AT)
                    return "reversed"
                mine = Payment.everywhere.get(pk=payment.pk)
                allocate_payment(payment=mine, invoice=invoice, amount=SHARE, actor=story.ACTOR, at=story.AT)
            except DomainError as refused:
                return refused.code
        return "allocated"

    answers = at_once(8, person)
    assert set(answers) <= {"reversed", "allocated", "stale", "not_enough_credit"}
    invoice.refresh_from_db()
    payment.refresh_from_db()
    assert invoice.amount_paid == allocated(invoice) == payment.allocated
    if payment.reversed_at:
        assert payment.allocated == 0


def test_credit_that_two_invoices_ask_for_at_once_is_used_once():
    first = an_invoice_of_1200()
    with company_scope(first.company_id):
        second = story.an_issued_invoice(first.customer, TWELVE_HUNDRED)
        payment = pay(first, Decimal("700.00"), share=Decimal(0))

    def person(place: int) -> str:
        with company_scope(first.company_id):
            invoice = Invoice.objects.select_related("customer").get(pk=(first, second)[place % 2].pk)
            try:
                use_credit(invoice=invoice, actor=story.ACTOR, at=story.AT)
            except DomainError as refused:
                return refused.code
        return "used"

    assert sorted(at_once(8, person)) == ["no_credit"] * 7 + ["used"]
    payment.refresh_from_db()
    assert payment.allocated == allocated(first) + allocated(second) == Decimal("700.00")
