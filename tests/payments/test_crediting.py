"""Credit notes: the whole invoice or part of it, paid or not; nothing is ever credited or paid beyond the total."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billing.models import Invoice, InvoiceKind, InvoiceStatus, JournalEntry, JournalLine
from billing.services.crediting import CreditedPart, draft_credit_note
from billing.services.issuing import issue_invoice
from billing.services.settling import CreditTooLarge, NothingToCredit
from config.kernel import chain
from payments.models import Allocation, Payment
from payments.services.allocations import allocate_payment
from tests.factories import money, story
from tests.factories.money import credit_invoice
from tests.trust.conftest import settle

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_scope")]


@pytest.fixture
def invoice(customer):
    return story.an_issued_invoice(customer, [lines_of(1000)[0]], purchase_order="BC-7", service_code="SVC")


def lines_of(net: int | str, **values):
    return [story.a_line("Chaise", quantity=Decimal(1), unit_price=Decimal(net), **values)]


def rebate_of(invoice, net):
    return [CreditedPart(line=invoice.lines.get(), amount=Decimal(net))]


def credit(invoice, net=None, reason="Retour de marchandise"):
    return credit_invoice(
        invoice=invoice, parts=rebate_of(invoice, net) if net else None, reason=reason, actor=story.ACTOR, at=story.AT
    )


def state(invoice):
    row = Invoice.objects.get(pk=invoice.pk)
    return row.status, row.amount_paid, row.amount_credited, row.balance


def book(source):
    lines = JournalLine.objects.filter(entry__source=source.subject).order_by("account")
    return [(line.account, line.debit, line.credit) for line in lines]


def test_a_full_credit_note_annuls_the_invoice_and_mirrors_its_entry(invoice):
    note = credit(invoice)
    assert state(invoice) == (InvoiceStatus.CREDITED, 0, 1200, 0)
    assert (note.kind, note.number, note.corrects, note.status) == (
        InvoiceKind.CREDIT_NOTE,
        "AVO-2026-00001",
        invoice,
        InvoiceStatus.ISSUED,
    )
    assert (note.total_gross, note.credit_reason) == (1200, "Retour de marchandise")
    assert (note.purchase_order, note.service_code, note.due_date) == ("BC-7", "SVC", note.issue_date)
    assert book(invoice) == [("411000", 1200, 0), ("445711", 0, 200), ("707000", 0, 1000)]
    assert book(note) == [("411000", 0, 1200), ("445711", 200, 0), ("707000", 1000, 0)]


def test_a_part_leaves_the_rest_to_be_paid(customer, invoice):
    credit(invoice, net=250)
    assert state(invoice) == (InvoiceStatus.ISSUED, 0, 300, 900)
    money.a_payment(customer, "900.00", [(invoice, "900.00")])
    assert state(invoice) == (InvoiceStatus.PAID, 900, 300, 0)


def test_a_part_that_covers_what_remains_settles_the_invoice(customer, invoice):
    money.a_payment(customer, "900.00", [(invoice, "900.00")])
    credit(invoice, net=250)
    assert state(invoice) == (InvoiceStatus.PAID, 900, 300, 0)


def test_several_parts_up_to_the_whole_annul_the_invoice(invoice):
    for _part in range(4):
        credit(invoice, net=250)
    assert state(invoice) == (InvoiceStatus.CREDITED, 0, 1200, 0)
    with pytest.raises(CreditTooLarge):
        credit(invoice, net="0.10")


def test_on_a_paid_invoice_the_money_becomes_the_customers_credit(customer, invoice):
    payment = money.a_payment(customer, "1200.00", [(invoice, "1200.00")])
    credit(invoice)
    assert state(invoice) == (InvoiceStatus.CREDITED, 0, 1200, 0)
    payment.refresh_from_db()
    assert (payment.allocated, payment.unallocated) == (0, 1200)
    later = story.an_issued_invoice(customer, lines_of(1000))
    allocate_payment(payment=payment, invoice=later, amount=Decimal("1200.00"), actor=story.ACTOR, at=story.AT)
    assert state(later) == (InvoiceStatus.PAID, 1200, 0, 0)


def test_a_part_on_a_paid_invoice_frees_just_as_much_from_the_latest_money(customer, invoice):
    first = money.a_payment(customer, "1100.00", [(invoice, "1100.00")])
    last = money.a_payment(customer, "100.00", [(invoice, "100.00")])
    credit(invoice, net=250)
    assert state(invoice) == (InvoiceStatus.PAID, 900, 300, 0)
    freed = {row.pk: row.unallocated for row in Payment.objects.all()}
    assert sum(freed.values()) == 300
    assert set(freed) == {first.pk, last.pk}
    assert sum(row.amount for row in Allocation.objects.filter(invoice=invoice)) == 900


def test_more_than_the_invoice_is_refused_and_nothing_is_written(customer, invoice):
    money.a_payment(customer, "1200.00", [(invoice, "1200.00")])
    before = (state(invoice), Invoice.objects.count(), JournalEntry.objects.count(), Allocation.objects.count())
    with pytest.raises(CreditTooLarge, match="1 000,00"):
        credit(invoice, net="1000.01")
    assert (state(invoice), Invoice.objects.count(), JournalEntry.objects.count(), Allocation.objects.count()) == before
    assert credit(invoice, net=1000).number == "AVO-2026-00001", "the refused one took no number"


def test_a_credit_note_issued_without_freeing_the_money_is_refused(customer, invoice):
    """Billing alone knows nothing of payments: it refuses rather than pass the total."""
    money.a_payment(customer, "1200.00", [(invoice, "1200.00")])
    note = draft_credit_note(invoice=invoice, parts=None, reason="Retour", actor=story.ACTOR, at=story.AT)
    with pytest.raises(CreditTooLarge):
        issue_invoice(invoice=note, actor=story.ACTOR, at=story.AT)


def test_a_credit_note_or_a_draft_is_not_credited(customer, invoice):
    note = credit(invoice, net=100)
    for row in (note, story.a_draft(customer)):
        with pytest.raises(NothingToCredit):
            credit(row, net=10)


def test_the_chain_and_the_journal_stay_whole(company, customer, invoice):
    money.a_payment(customer, "1200.00", [(invoice, "1200.00")])
    credit(invoice, net=250)
    credit(invoice, net=750)
    settle()
    assert list(chain.verify(company)) == []
    lines = list(JournalLine.objects.all())
    assert sum(line.debit for line in lines) == sum(line.credit for line in lines)
    owed = sum(line.debit - line.credit for line in lines if line.account == "411000")
    assert owed == -1200, "the customer's money is with us, and nothing is owed"
