"""Letters follow what documents settle: given when a family comes to zero, taken off when it comes apart."""

from __future__ import annotations

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.db.models import Count, F, Sum

from billing.ledger.closing import close_books
from billing.ledger.lettering import letter_lines, undo_lettering
from billing.models import (
    ClosingKind,
    JournalLine,
    LetteredLine,
    LetteringOrigin,
)
from config.kernel.clock import local_day
from config.kernel.models import AuditEvent
from config.kernel.scope import company_scope
from payments.lettering.sweeping import letter_allocations
from payments.models import PendingLettering
from payments.services.allocations import allocate_payment, held_by, release_allocation
from payments.services.payments import reverse_payment
from tests.factories import money, story
from tests.factories import supplier_payments as paying

pytestmark = pytest.mark.django_db
BY = {"actor": story.ACTOR, "at": story.AT}


@pytest.fixture
def company():
    company = story.a_company()
    with company_scope(company):
        yield company


def sweep(company):
    return letter_allocations(company, at=story.AT)


def lines_of(*documents, account="411000"):
    return list(JournalLine.objects.filter(entry__source__in=[row.subject for row in documents], account=account))


def letters_of(*documents, account="411000"):
    """The live letters of the lines of documents, None for a line without one."""
    live = LetteredLine.objects.filter(line__in=lines_of(*documents, account=account), is_live=True)
    by_line = dict(live.values_list("line_id", "lettering__letter"))
    return {by_line.get(line.pk) for line in lines_of(*documents, account=account)}


def check_letters():
    """What always holds: each letter sums to zero, and no line bears two."""
    live = LetteredLine.objects.filter(is_live=True)
    sums = live.values("lettering").annotate(sum=Sum(F("line__debit") - F("line__credit")))
    assert all(row["sum"] == 0 for row in sums)
    assert not live.values("line").annotate(many=Count("id")).filter(many__gt=1).exists()
    assert not live.exclude(lettering__undone_at=None).exists()


def test_an_invoice_and_what_paid_it_bear_one_letter_and_a_part_bears_none(company):
    invoice = story.an_issued_invoice(story.a_customer(company))
    half = invoice.total_gross / 2
    first = money.a_payment(invoice.customer, str(half), [(invoice, str(half))])
    sweep(company)
    assert letters_of(invoice, first) == {None}
    second = money.a_payment(invoice.customer, str(half), [(invoice, str(half))])
    assert sweep(company) == 1
    assert letters_of(invoice, first, second) == {"AA"}
    assert sweep(company) == 0
    assert not PendingLettering.objects.exists()


def test_what_is_taken_back_loses_its_letter_which_is_not_used_again(company):
    invoice = story.an_issued_invoice(story.a_customer(company))
    total = str(invoice.total_gross)
    payment = money.a_payment(invoice.customer, total, [(invoice, total)])
    sweep(company)
    release_allocation(payment=payment, invoice=invoice, amount=invoice.total_gross, reason="Erreur", **BY)
    sweep(company)
    assert letters_of(invoice, payment) == {None}
    payment.refresh_from_db()
    opposite = reverse_payment(payment=payment, reason="Impayé", **BY)
    sweep(company)
    assert letters_of(payment, opposite) == {"AB"}
    assert letters_of(invoice) == {None}
    check_letters()


def test_a_letter_by_hand_stands_whatever_is_taken_back(company):
    invoice = story.an_issued_invoice(story.a_customer(company))
    total = str(invoice.total_gross)
    payment = money.a_payment(invoice.customer, total, [(invoice, total)])
    hand = letter_lines(lines=lines_of(invoice, payment), origin=LetteringOrigin.HAND, **BY)
    sweep(company)
    release_allocation(payment=payment, invoice=invoice, amount=invoice.total_gross, reason="Erreur", **BY)
    sweep(company)
    assert letters_of(invoice, payment) == {hand.letter}
    undo_lettering(lettering=hand, **BY)
    assert letters_of(invoice, payment) == {None}


def test_a_letter_of_what_is_closed_for_good_is_left_and_says_so(company):
    september = story.AT - timedelta(days=60)
    invoice = story.an_issued_invoice(story.a_customer(company), at=september)
    total = str(invoice.total_gross)
    payment = money.a_payment(invoice.customer, total, [(invoice, total)], paid_on=local_day(september))
    sweep(company)
    (letter,) = letters_of(invoice, payment)
    close_books(company=company, kind=ClosingKind.HARD, through=date(2026, 10, 31), **BY)
    release_allocation(payment=payment, invoice=invoice, amount=invoice.total_gross, reason="Erreur", **BY)
    sweep(company)
    assert letters_of(invoice, payment) == {letter}
    assert AuditEvent.objects.get(tag="billing.lettering.kept").data["letter"] == letter


def test_what_exchange_gained_or_lost_bears_the_letter_of_its_invoice(company):
    invoice = story.an_issued_invoice(story.a_customer(company), currency="USD")
    story.a_rate(company, "USD", story.AT + timedelta(days=1), rate="1.5")
    later = {"actor": story.ACTOR, "at": story.AT + timedelta(days=1)}
    half = invoice.total_gross / 2
    for _share in range(2):
        payment = money.a_payment(
            invoice.customer, str(half), [(invoice, str(half))], currency="USD",
            paid_on=local_day(later["at"]), at=later["at"],
        )  # fmt: skip
    assert len(open_411()) == 5
    sweep(company)
    assert not open_411()
    check_letters()
    release_allocation(payment=payment, invoice=invoice, amount=half, reason="Erreur", **later)
    sweep(company)
    assert len(open_411()) == 6


def open_411():
    return JournalLine.objects.filter(account="411000").exclude(letterings__is_live=True)


def test_a_supplier_and_its_payment_bear_a_letter_on_401(company):
    purchase = paying.a_purchase(paying.a_supplier(company))
    payment = paying.a_payment(purchase)
    sweep(company)
    letters = letters_of(purchase, payment, account="401000")
    assert len(letters) == 1
    assert letters != {None}


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_allocated_and_taken_back_each_letter_sums_to_zero_and_no_line_has_two(company, seed):
    chance = random.Random(seed)  # a test
    customer = story.a_customer(company)
    invoices = [story.an_issued_invoice(customer) for _each in range(4)]
    payments = [money.a_payment(customer, amount) for amount in ("1440.00", "720.00", "720.00", "2880.00")]
    for step in range(25):
        payment, invoice = chance.choice(payments), chance.choice(invoices)
        payment.refresh_from_db()
        invoice.refresh_from_db()
        held = held_by(payment)
        if payment.reversed_at:
            continue
        if held and chance.random() < 0.4:
            key, amount = chance.choice(sorted(held.items()))
            other = next(row for row in invoices if row.pk == key)
            release_allocation(payment=payment, invoice=other, amount=amount, reason="Erreur", **BY)
        elif chance.random() < 0.1:
            reverse_payment(payment=payment, reason="Impayé", **BY)
        else:
            most = min(payment.unallocated, invoice.balance)
            amount = chance.choice([most, most / 2]).quantize(Decimal("0.01"))
            if amount > 0:
                allocate_payment(payment=payment, invoice=invoice, amount=amount, **BY)
        if step % 3 == 0:
            sweep(company)
            check_letters()
    sweep(company)
    check_letters()
