"""Money received: what it pays, what is left of it, and how a mistake is taken back without rewriting history."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest

from billing.models import Invoice, InvoiceStatus, JournalEntry, JournalLine
from billing.services.settling import NothingOutstanding, OverAllocated
from config.kernel import chain
from config.kernel.clock import local_day
from config.kernel.errors import Stale
from config.kernel.models import AuditEvent
from payments.dates import PaidTooLongAgo
from payments.models import Allocation, Payment
from payments.services.allocations import (
    AmountNotPositive,
    AnotherCurrency,
    AnotherCustomer,
    FractionOfACent,
    NotEnoughCredit,
    allocate_payment,
    release_allocation,
)
from payments.services.payments import AlreadyReversed, PaidInTheFuture, change_payment_text, reverse_payment
from tests.factories import money, story
from tests.factories.money import credit_invoice
from tests.trust.conftest import settle

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_scope")]

TODAY = local_day(story.AT)


def an_invoice(customer, gross="1200.00", **values):
    net = Decimal(gross) / Decimal("1.2")
    return story.an_issued_invoice(customer, [story.a_line(quantity=Decimal(1), unit_price=net)], **values)


def state(invoice):
    row = Invoice.objects.get(pk=invoice.pk)
    return row.status, row.amount_paid, row.balance


def act(service, **given):
    return service(actor=story.ACTOR, at=story.AT, **given)


def written():
    """How many rows of each kind there are: what a refused call must leave as it was."""
    return [model.objects.count() for model in (Payment, Allocation, JournalEntry, JournalLine, AuditEvent)]


def book(source):
    lines = JournalLine.objects.filter(entry__source=source.subject).order_by("position")
    return [(line.account, line.debit, line.credit) for line in lines]


def test_a_payment_in_full_settles_the_invoice_and_books_bank_against_customer(customer):
    invoice = an_invoice(customer)
    payment = money.a_payment(customer, "1200.00", [(invoice, "1200.00")], reference="VIR 42")
    assert state(invoice) == (InvoiceStatus.PAID, 1200, 0)
    assert (payment.number, payment.allocated, payment.unallocated) == ("ENC-2026-00001", 1200, 0)
    assert book(payment) == [("512000", 1200, 0), ("411000", 0, 1200)]


def test_cash_goes_into_the_till(customer):
    assert book(money.a_payment(customer, "50.00", method="CASH")) == [("530000", 50, 0), ("411000", 0, 50)]


def test_a_part_leaves_the_invoice_open_and_the_rest_closes_it(customer):
    invoice = an_invoice(customer)
    money.a_payment(customer, "600.00", [(invoice, "600.00")])
    assert state(invoice) == (InvoiceStatus.ISSUED, 600, 600)
    assert Invoice.objects.partially_paid().get() == invoice
    money.a_payment(customer, "600.00", [(invoice, "600.00")])
    assert state(invoice) == (InvoiceStatus.PAID, 1200, 0)


def test_one_payment_pays_several_invoices(customer):
    first, second = an_invoice(customer, "1200.00"), an_invoice(customer, "300.00")
    payment = money.a_payment(customer, "1400.00", [(first, "1200.00"), (second, "200.00")])
    assert (state(first), state(second)) == ((InvoiceStatus.PAID, 1200, 0), (InvoiceStatus.ISSUED, 200, 100))
    assert payment.unallocated == 0


def test_what_is_beyond_the_invoice_stays_the_customers_credit_until_it_is_allocated(customer):
    invoice, later = an_invoice(customer), an_invoice(customer, "300.00")
    payment = money.a_payment(customer, "1500.00", [(invoice, "1200.00")])
    assert payment.unallocated == 300
    act(allocate_payment, payment=payment, invoice=later, amount=Decimal("300.00"))
    assert (payment.unallocated, state(later)) == (0, (InvoiceStatus.PAID, 300, 0))
    with pytest.raises(NotEnoughCredit):
        act(allocate_payment, payment=payment, invoice=an_invoice(customer), amount=Decimal("0.01"))


@pytest.mark.parametrize(
    ("amount", "share", "values", "refusal"),
    [
        ("0.00", None, {}, AmountNotPositive),
        ("-5.00", None, {}, AmountNotPositive),
        ("10.005", None, {}, FractionOfACent),
        ("10.00", None, {"paid_on": TODAY + timedelta(days=1)}, PaidInTheFuture),
        ("10.00", None, {"paid_on": date(1999, 12, 31)}, PaidTooLongAgo),
        ("1300.00", "1300.00", {}, OverAllocated),
        ("100.00", "200.00", {}, NotEnoughCredit),
        ("100.00", "0.00", {}, AmountNotPositive),
        ("100.00", "-1.00", {}, AmountNotPositive),
        ("100.00", "33.333", {}, FractionOfACent),
        ("100.00", "100.00", {"currency": "CHF"}, AnotherCurrency),
    ],
)
def test_what_cannot_be_is_refused_and_nothing_is_written(customer, amount, share, values, refusal):
    invoice = an_invoice(customer)
    before = written()
    with pytest.raises(refusal):
        money.a_payment(customer, amount, [(invoice, share)] if share else [], **values)
    assert written() == before
    assert state(invoice) == (InvoiceStatus.ISSUED, 0, 1200)


def test_the_number_of_a_refused_payment_is_given_to_the_next(customer):
    invoice = an_invoice(customer)
    with pytest.raises(OverAllocated):
        money.a_payment(customer, "1300.00", [(invoice, "1300.00")])
    assert money.a_payment(customer, "1.00").number == "ENC-2026-00001"


def test_another_customers_invoice_is_refused(company, customer):
    foreign = an_invoice(story.a_customer(company))
    before = written()
    with pytest.raises(AnotherCustomer):
        money.a_payment(customer, "100.00", [(foreign, "100.00")])
    assert written() == before


def test_a_draft_a_paid_invoice_and_a_credit_note_expect_no_money(customer):
    draft, paid = story.a_draft(customer), an_invoice(customer)
    money.a_payment(customer, "1200.00", [(paid, "1200.00")])
    credited = an_invoice(customer, "2400.00")
    note = act(credit_invoice, invoice=credited, parts=story.a_return(credited, 1), reason="Retour")
    for invoice in (draft, paid, note):
        with pytest.raises(NothingOutstanding):
            money.a_payment(customer, "10.00", [(invoice, "10.00")])


def test_a_reversed_payment_opens_its_invoices_again_and_the_history_stays(customer):
    first, second = an_invoice(customer), an_invoice(customer, "300.00")
    payment = money.a_payment(customer, "1500.00", [(first, "1200.00"), (second, "300.00")])
    reversal = act(reverse_payment, payment=payment, reason="Rejet de la banque")
    assert state(first) == (InvoiceStatus.ISSUED, 0, 1200)
    assert state(second) == (InvoiceStatus.ISSUED, 0, 300)
    assert (reversal.amount, reversal.reverses, reversal.number) == (-1500, payment, "ENC-2026-00002")
    assert (payment.reversed_at, payment.amount, payment.unallocated) == (story.AT, 1500, 0)
    assert book(reversal) == [("512000", 0, 1500), ("411000", 1500, 0)]
    assert [row.amount for row in Allocation.objects.filter(invoice=first).order_by("-amount")] == [1200, -1200]


def test_a_payment_is_reversed_once_and_a_reversal_never(customer):
    payment = money.a_payment(customer, "100.00")
    reversal = act(reverse_payment, payment=payment, reason="Erreur")
    before = written()
    for row in (payment, reversal):
        with pytest.raises(AlreadyReversed):
            act(reverse_payment, payment=row, reason="Encore")
    assert written() == before


def test_a_reversed_payment_pays_nothing_any_more(customer):
    payment = money.a_payment(customer, "100.00")
    act(reverse_payment, payment=payment, reason="Erreur")
    with pytest.raises(NotEnoughCredit):
        act(allocate_payment, payment=payment, invoice=an_invoice(customer), amount=Decimal("10.00"))


def test_part_of_an_allocation_is_taken_back_and_no_more_than_was_given(customer):
    invoice = an_invoice(customer)
    payment = money.a_payment(customer, "1200.00", [(invoice, "1200.00")])
    act(release_allocation, payment=payment, invoice=invoice, amount=Decimal("200.00"), reason="Erreur")
    assert (state(invoice), payment.unallocated) == ((InvoiceStatus.ISSUED, 1000, 200), 200)
    with pytest.raises(NotEnoughCredit):
        act(release_allocation, payment=payment, invoice=invoice, amount=Decimal("1000.01"), reason="Trop")
    assert state(invoice) == (InvoiceStatus.ISSUED, 1000, 200)


def test_an_allocation_made_while_the_payment_is_reversed_is_not_forgotten(customer, monkeypatch):
    """Somebody allocates between what the reversal reads and what it locks."""
    from payments.services import payments as services

    payment, invoice = money.a_payment(customer, "100.00"), an_invoice(customer)
    read, turns = services.held_by, []

    def read_then_be_overtaken(row):
        held = read(row)
        if not turns:
            turns.append(1)
            act(allocate_payment, payment=payment, invoice=invoice, amount=Decimal("100.00"))
        return held

    monkeypatch.setattr(services, "held_by", read_then_be_overtaken)
    with pytest.raises(Stale):
        act(reverse_payment, payment=Payment.objects.get(pk=payment.pk), reason="Rejet")


def test_only_the_words_of_a_payment_change(customer):
    payment = money.a_payment(customer, "100.00", reference="VIR 1")
    act(change_payment_text, payment=payment, reference="VIR 2", notes="Vu avec la banque")
    assert (payment.reference, payment.notes, payment.amount) == ("VIR 2", "Vu avec la banque", 100)
    event = AuditEvent.objects.get(tag="payments.payment.changed")
    assert event.data == {"from": "VIR 1", "to": "VIR 2"}


def test_a_whole_life_of_payments_leaves_the_chain_and_the_journal_whole(company, customer):
    invoice, other = an_invoice(customer), an_invoice(customer, "300.00")
    payment = money.a_payment(customer, "1500", [(invoice, "1200"), (other, "300.0")])
    act(release_allocation, payment=payment, invoice=other, amount=Decimal(300), reason="Erreur")
    act(reverse_payment, payment=payment, reason="Rejet")
    settle()
    assert list(chain.verify(company)) == []
    for entry in JournalEntry.objects.all():
        lines = list(entry.lines.all())
        assert sum(line.debit for line in lines) == sum(line.credit for line in lines) > 0
    customers = JournalLine.objects.filter(account="411000")
    assert sum(line.debit - line.credit for line in customers) == 1500, "the two invoices are owed again"
