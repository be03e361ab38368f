"""Where two features meet: each was right alone."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billing.models import Invoice, InvoiceStatus
from billing.services.correcting import draft_correction
from billing.services.crediting import CreditedPart, draft_credit_note
from billing.services.deposits import choose_deposits, draft_deposit
from billing.services.issuing import issue_invoice
from billing.services.settling import CreditTooLarge
from config.kernel import chain
from einvoicing.services.documents import preflight
from payments.services.crediting import credit_invoice, issue_correction, issue_credit_note
from tests.factories import money, story
from tests.factories.story import ACTOR, AT, a_return
from tests.trust.conftest import settle

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_scope")]

BY = {"actor": ACTOR, "at": AT}


def a_final(customer, deposit="360.00", *, lines=()):
    """An issued invoice of 1440.00 that deducts a deposit."""
    draft = story.a_draft(customer, lines)
    asked = draft_deposit(source=draft, gross=Decimal(deposit), words="Acompte", **BY)
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
