"""Where two features meet: each was right alone."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from billing.models import Invoice, InvoiceStatus
from billing.services.correcting import draft_correction
from billing.services.crediting import CreditedPart, draft_credit_note
from billing.services.deposits import DepositTooLarge, NoDepositHere, choose_deposits, draft_deposit
from billing.services.generating import generate_invoice
from billing.services.invoices import inputs_of, open_dispute, save_draft
from billing.services.issuing import issue_invoice
from billing.services.orders import cancel_order, confirm_order, save_order, ship_order
from billing.services.settling import CreditTooLarge
from billing.standing import Standing, narrowed
from config.kernel import chain
from customers import exemptions
from einvoicing.services.documents import preflight
from payments.dunning.delivery import deliver_reminders
from payments.dunning.sending import send_reminders
from payments.services.allocations import held_by
from payments.services.crediting import issue_correction, issue_credit_note
from payments.services.receiving import receive_oldest_first
from tests.factories import money, story
from tests.factories.money import credit_invoice
from tests.factories.story import ACTOR, AT, a_return
from tests.trust.conftest import settle

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_scope")]

BY = {"actor": ACTOR, "at": AT}


def a_final(customer, deposit="360.00", *, lines=()):
    """An issued invoice of 1440.00 that deducts a deposit."""
    draft = story.a_draft(customer, lines)
    asked = draft_deposit(source=draft, gross=Decimal(deposit), description="Acompte", **BY)
    issue_invoice(invoice=asked, **BY)
    return issue_invoice(invoice=choose_deposits(invoice=draft, keys=[asked.pk], **BY), **BY)


def test_two_drafted_halves_of_an_invoice_with_deposits_both_go_out(company, customer):
    final = a_final(customer)
    halves = [draft_credit_note(invoice=final, parts=a_return(final, 5), reason="Retour", **BY) for _half in "ab"]
    first, second = (issue_credit_note(invoice=half, **BY) for half in halves)
    final.refresh_from_db()
    assert (first.payable, second.total_gross, second.payable) == (720, 720, 360)
    assert (final.status, final.amount_credited) == (InvoiceStatus.CREDITED, 1080)
    assert Invoice.objects.deductible().count() == 1
    settle()
    assert chain.verify(company) == []


def test_a_whole_credit_drafted_before_a_rebate_still_frees_the_deposits(customer):
    final = a_final(customer)
    whole = draft_credit_note(invoice=final, parts=None, reason="Annulation", **BY)
    rebate = [CreditedPart(line=final.lines.get(), amount=Decimal(100))]
    credit_invoice(invoice=final, parts=rebate, reason="Remise", **BY)
    note = issue_credit_note(invoice=whole, **BY)
    final.refresh_from_db()
    assert (note.total_gross, note.payable, final.status) == (1320, 960, InvoiceStatus.CREDITED)


def test_the_pre_flight_of_a_credit_note_says_what_issuing_will(customer):
    final = a_final(customer, "1200.00")
    # 600.00 while 240.00 are asked for; and a cancelled invoice
    replaced = story.an_issued_invoice(customer)
    drafts = [draft_credit_note(invoice=replaced, parts=a_return(replaced, 1), reason="Retour", **BY)]
    correction = draft_correction(invoice=replaced, reason="Erreur", **BY)
    issue_correction(invoice=correction, **BY)
    with pytest.raises(CreditTooLarge, match="240"):
        draft_credit_note(invoice=final, parts=a_return(final, 5), reason="Retour", **BY)
    for note in drafts:
        for act, who in ((preflight, {"at": AT}), (issue_credit_note, BY)):
            with pytest.raises(CreditTooLarge):
                act(invoice=note, **who)


def test_an_invoice_of_zero_is_cancelled_once(customer):
    free = story.an_issued_invoice(customer, [story.a_line(discount_percent=Decimal(100))])
    notes = [draft_credit_note(invoice=free, parts=a_return(free, 5), reason="Retour", **BY) for _note in "ab"]
    issue_credit_note(invoice=notes[0], **BY)
    free.refresh_from_db()
    assert (free.status, free.balance) == (InvoiceStatus.CREDITED, 0)
    for act, who in ((preflight, {"at": AT}), (issue_credit_note, BY)):
        with pytest.raises(CreditTooLarge):
            act(invoice=notes[1], **who)


def test_a_credit_frees_money_of_an_invoice_with_deposits_to_the_cent(customer):
    final = a_final(customer)
    payment = money.a_payment(customer, "1080.00", [(final, "1080.00")])
    credit_invoice(invoice=final, parts=a_return(final, 5), reason="Retour", **BY)
    credit_invoice(invoice=final, parts=None, reason="Retour", **BY)
    payment.refresh_from_db()
    final.refresh_from_db()
    assert (payment.unallocated, final.status, final.amount_paid) == (1080, InvoiceStatus.CREDITED, 0)


def a_confirmed_order(customer):
    order = save_order(order=None, customer=customer, values={}, lines=[story.a_line()], **BY)
    return confirm_order(order=order, **BY)


def a_drafted_deposit(source, gross="360.00"):
    return draft_deposit(source=source, gross=Decimal(gross), description="Acompte", **BY)


def invoiced(order, deposit):
    ship_order(order=order, **BY)
    issue_invoice(invoice=generate_invoice(order=order, **BY), **BY)


def cancelled(order, deposit):
    cancel_order(order=order, **BY)


def asked_for_more(order, deposit):
    a_hundred = [story.a_line(quantity=Decimal(100))]
    save_draft(invoice=deposit, customer=order.customer, values={}, lines=a_hundred, **BY)


@pytest.mark.parametrize("meanwhile", [invoiced, cancelled, asked_for_more])
def test_a_drafted_deposit_does_not_go_out_beside_or_beyond_its_order(customer, meanwhile):
    order = a_confirmed_order(customer)
    deposit = a_drafted_deposit(order)
    meanwhile(order, deposit)
    deposit.refresh_from_db()
    for act, who in ((preflight, {"at": AT}), (issue_invoice, BY)):
        with pytest.raises(DepositTooLarge if meanwhile is asked_for_more else NoDepositHere):
            act(invoice=Invoice.objects.get(pk=deposit.pk), **who)


def test_a_deposit_asked_ahead_of_a_draft_does_not_go_out_after_it(customer):
    draft = story.a_draft(customer)
    deposit = a_drafted_deposit(draft)
    issue_invoice(invoice=draft, **BY)
    with pytest.raises(NoDepositHere):
        issue_invoice(invoice=deposit, **BY)


def test_a_deposit_issued_after_the_final_invoice_was_drafted_is_deducted(customer):
    order = a_confirmed_order(customer)
    deposit = a_drafted_deposit(order)
    ship_order(order=order, **BY)
    final = generate_invoice(order=order, **BY)
    issue_invoice(invoice=deposit, **BY)
    final = issue_invoice(invoice=final, **BY)
    assert (final.amount_deposited, final.balance) == (360, 1080)


def test_a_draft_moved_to_another_customer_takes_that_ones_exemption(company):
    former, other, taxed = (
        story.a_customer(company, exemption_code=code) for code in ("VATEX-EU-132-1I", "VATEX-EU-132-1G", "")
    )
    lines = [
        story.a_line(vat_category="E", vat_rate=Decimal(0)),
        story.a_line(vat_category="K", vat_rate=Decimal(0)),
    ]
    draft = story.a_draft(former, lines)
    order = save_order(order=None, customer=former, values={}, lines=lines, **BY)
    for customer, motive in ((other, "VATEX-EU-132-1G"), (taxed, exemptions.default_code("E"))):
        moved = inputs_of(list(draft.lines.all()))
        save_draft(invoice=draft, customer=customer, values={}, lines=moved, **BY)
        save_order(order=order, customer=customer, values={}, lines=moved, **BY)
        draft.refresh_from_db()
        order.refresh_from_db()
        for document in (draft, order):
            assert [line.exemption_code for line in document.lines.all()] == [motive, exemptions.default_code("K")]


def test_money_without_a_word_pays_what_is_contested_last(company, customer):
    contested, older, newer = (story.an_issued_invoice(customer, [story.a_line(quantity=Decimal(1))]) for _n in "abc")
    open_dispute(invoice=contested, reason="Abîmée", **BY)
    payment = receive_oldest_first(
        customer=customer, amount=Decimal("288.00"), shares=[], method="TRANSFER", paid_on=AT.date(), **BY
    )
    assert set(held_by(payment)) == {older.pk, newer.pk}
    payment = receive_oldest_first(
        customer=customer, amount=Decimal("144.00"), shares=[], method="TRANSFER", paid_on=AT.date(), **BY
    )
    assert set(held_by(payment)) == {contested.pk}


def test_what_is_cancelled_is_contested_no_more(customer):
    credited, replaced = (story.an_issued_invoice(customer) for _invoice in "ab")
    for invoice in (credited, replaced):
        open_dispute(invoice=invoice, reason="Abîmée", **BY)
    credit_invoice(invoice=credited, parts=a_return(credited, 5), reason="Retour", **BY)
    assert narrowed(Invoice.objects.all(), Standing.DISPUTED, AT.date()).count() == 2
    credit_invoice(invoice=credited, parts=None, reason="Retour", **BY)
    issue_correction(invoice=draft_correction(invoice=replaced, reason="Erreur", **BY), **BY)
    assert not narrowed(Invoice.objects.all(), Standing.DISPUTED, AT.date())


def test_a_letter_does_not_ask_for_what_was_credited_after_it_was_written(company, customer):
    invoice = story.an_issued_invoice(customer, at=AT - timedelta(days=60))
    (queued,) = send_reminders(company=company, **BY)
    credit_invoice(invoice=invoice, parts=a_return(invoice, 5), reason="Retour", **BY)
    assert deliver_reminders(at=AT) == 0
    queued.refresh_from_db()
    assert (queued.status, queued.email.status) == ("CANCELLED", "CANCELLED")
    (again,) = send_reminders(company=company, **BY)
    assert again.balance == 720
    assert "720,00" in again.email.body
    deliver_reminders(at=AT)
    again.refresh_from_db()
    assert again.status == "SENT"


def test_the_day_of_a_drafted_order_is_corrected_and_the_proof_holds(company, customer):
    order = save_order(order=None, customer=customer, values={}, lines=[story.a_line()], **BY)
    for day in (AT.date() - timedelta(days=9), AT.date() + timedelta(days=9)):
        save_order(order=order, customer=customer, values={"order_date": day}, lines=[story.a_line()], **BY)
        settle()
        assert chain.verify(company) == []
