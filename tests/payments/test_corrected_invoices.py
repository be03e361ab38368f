"""Corrected invoices (384): the original is cancelled, its money and its deposits go on, the journal follows."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from billing.billed import GROSS, billed
from billing.models import Invoice, InvoiceStatus, JournalLine
from billing.services.correcting import AlreadyCorrected, draft_correction
from billing.services.deposits import choose_deposits
from billing.services.invoices import save_draft
from billing.services.issuing import issue_invoice
from billing.services.settling import HoldsPayments, NotCorrectable
from billing.standing import Standing, standing_of
from config.kernel.clock import local_day
from payments.models import Payment
from payments.services.crediting import issue_correction
from tests.factories import money, story
from tests.factories.money import credit_invoice
from tests.factories.story import ACTOR, AT

pytestmark = pytest.mark.usefixtures("in_scope")


def a_correction(invoice, price="100.00", *, issued=True):
    """The same invoice at another price."""
    draft = draft_correction(invoice=invoice, reason="Prix erroné", actor=ACTOR, at=AT)
    lines = [story.a_line(unit_price=Decimal(price))]
    draft = save_draft(invoice=draft, customer=invoice.customer, values={}, lines=lines, actor=ACTOR, at=AT)
    return issue_correction(invoice=draft, actor=ACTOR, at=AT) if issued else draft


def booked(*invoices):
    found: dict[str, Decimal] = {}
    for line in JournalLine.objects.filter(entry__source__in=[invoice.subject for invoice in invoices]):
        found[line.account] = found.get(line.account, Decimal(0)) + line.debit - line.credit
    return {account: amount for account, amount in found.items() if amount}


def test_a_correction_starts_as_the_original_and_changes_nothing_before_it_is_issued(customer):
    original = story.an_issued_invoice(customer)
    draft = draft_correction(invoice=original, reason="Prix erroné", actor=ACTOR, at=AT)
    original.refresh_from_db()
    assert (draft.kind, draft.corrects, draft.total_gross) == ("384", original, original.total_gross)
    assert (original.status, original.balance) == (InvoiceStatus.ISSUED, 1440)


def test_the_corrected_invoice_replaces_the_original(customer):
    original = story.an_issued_invoice(customer)
    corrected = a_correction(original)
    original.refresh_from_db()
    assert (corrected.number, corrected.balance) == ("FAC-2026-00002", 1200)
    assert (original.status, original.balance, original.replaced_at) == (InvoiceStatus.CREDITED, 0, AT)
    assert standing_of(original, local_day(AT)) == Standing.REPLACED
    assert Invoice.objects.aggregate(gross=billed(GROSS))["gross"] == 1200


def test_the_journal_reverses_the_original_and_books_the_corrected_one(customer):
    original = story.an_issued_invoice(customer)
    corrected = a_correction(original)
    assert booked(original) == {}
    assert booked(corrected) == {"411000": 1200, "707000": -1000, "445711": -200}
    labels = [line.entry.label for line in JournalLine.objects.filter(entry__source=original.subject, account="411000")]
    assert any("remplacée par FAC-2026-00002" in label for label in labels)


@pytest.mark.parametrize(
    ("paid", "moved", "credit"), [("500.00", 500, 0), ("1200.00", 1200, 0), ("1440.00", 1200, 240)]
)
def test_money_received_on_the_original_goes_to_the_corrected_one_and_none_is_lost(customer, paid, moved, credit):
    original = story.an_issued_invoice(customer)
    payment = money.a_payment(customer, paid, [(original, paid)])
    corrected = a_correction(original)
    original.refresh_from_db()
    corrected.refresh_from_db()
    payment.refresh_from_db()
    assert (original.amount_paid, corrected.amount_paid, payment.unallocated) == (0, moved, credit)
    assert (corrected.status == InvoiceStatus.PAID) is (moved == 1200)
    assert Payment.objects.count() == 1


def test_billing_alone_refuses_to_replace_an_invoice_that_holds_money(customer):
    original = story.an_issued_invoice(customer)
    money.a_payment(customer, "500.00", [(original, "500.00")])
    with pytest.raises(HoldsPayments, match="FAC-2026-00001"):
        issue_invoice(invoice=a_correction(original, issued=False), actor=ACTOR, at=AT)


def test_an_invoice_has_one_corrected_invoice(customer):
    original = story.an_issued_invoice(customer)
    a_correction(original, issued=False)
    with pytest.raises(AlreadyCorrected):
        draft_correction(invoice=original, reason="Encore", actor=ACTOR, at=AT)
    with pytest.raises(IntegrityError, match="one_corrected_invoice_per_invoice"), transaction.atomic():
        story.a_draft(customer, kind="384", corrects=original)


def test_a_corrected_invoice_is_corrected_in_its_turn(customer):
    corrected = a_correction(story.an_issued_invoice(customer))
    again = a_correction(corrected, "90.00")
    corrected.refresh_from_db()
    assert (corrected.status, again.balance) == (InvoiceStatus.CREDITED, 1080)


def test_what_is_drafted_credited_replaced_or_a_deposit_is_not_corrected(customer):
    credited = story.an_issued_invoice(customer)
    part = story.a_return(credited, 1)
    note = credit_invoice(invoice=credited, parts=part, reason="Retour", actor=ACTOR, at=AT)
    replaced = story.an_issued_invoice(customer)
    a_correction(replaced)
    deposit = story.an_issued_invoice(customer, kind="386")
    for refused in (story.a_draft(customer), credited, note, replaced, deposit):
        with pytest.raises(NotCorrectable):
            draft_correction(invoice=refused, reason="Erreur", actor=ACTOR, at=AT)


def test_a_credit_note_issued_meanwhile_stops_the_correction(customer):
    original = story.an_issued_invoice(customer)
    draft = a_correction(original, issued=False)
    credit_invoice(invoice=original, parts=story.a_return(original, 1), reason="Retour", actor=ACTOR, at=AT)
    with pytest.raises(NotCorrectable):
        issue_correction(invoice=draft, actor=ACTOR, at=AT)


def test_the_corrected_invoice_takes_over_the_deposits_of_the_original(customer):
    deposit = story.an_issued_invoice(customer, [story.a_line(quantity=Decimal(1))], kind="386")
    draft = choose_deposits(invoice=story.a_draft(customer), keys=[deposit.pk], actor=ACTOR, at=AT)
    original = issue_invoice(invoice=draft, actor=ACTOR, at=AT)
    corrected = a_correction(original)
    original.refresh_from_db()
    assert (original.status, original.deductions.get().is_live) == (InvoiceStatus.CREDITED, False)
    assert (corrected.payable, corrected.deductions.get().is_live) == (1056, True)
    assert booked(original) == {}
    assert booked(corrected) == {"411000": 1056, "419100": 120, "707000": -1000, "445711": -176}
