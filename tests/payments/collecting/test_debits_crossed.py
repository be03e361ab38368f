"""Debits that are announced, crossed with what happens to their invoices and notices before the file is made."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from billing.models import EmailStatus
from billing.services.emails import resend_email
from billing.services.invoices import close_dispute, open_dispute
from billing.tasks import INVOICE_EMAILS
from config.kernel.clock import local_day
from payments.debits import target_days, views
from payments.debits.announcing import debitable, notice_days
from payments.debits.orders import DebitRefused, make_order, prepare
from payments.dunning.holds import end_hold, hold_reminders
from payments.models import DirectDebit, Payment
from payments.services.payments import reverse_payment
from payments.services.write_offs import take_back_write_off, write_off
from tests.factories import money, story
from tests.factories.debits import a_mandate, an_announced_debit, an_order
from tests.factories.people import read, signed_in
from tests.payments.collecting.test_debits import act, again, plain

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_scope")]
AT, TODAY = story.AT, local_day(story.AT)


@pytest.fixture
def invoice(customer):
    return story.an_issued_invoice(customer)


@pytest.fixture
def debit(customer, invoice):
    return an_announced_debit(a_mandate(customer), invoice)


def lose(invoice, amount) -> Any:
    return act(
        write_off, invoice=invoice, amount=Decimal(amount), reason="LOSS", with_vat=True, note="Liquidation judiciaire"
    )


def leave(at=AT) -> None:
    """The courier passes."""
    INVOICE_EMAILS.sweep(now=lambda: at)


def prepared(debit: DirectDebit, at=AT) -> Any:
    (one,) = prepare([DirectDebit.objects.get(pk=debit.pk)], at=at)
    return one


def test_what_was_written_off_is_not_debited_and_is_again_once_that_is_undone(company, invoice, debit):
    leave()
    part = lose(invoice, "440.00")
    assert (prepared(debit).amount, prepared(debit).problem) == (1000, "")
    rest = lose(invoice, "1000.00")
    with pytest.raises(DebitRefused, match="ne doit plus rien"):
        an_order([debit])
    act(take_back_write_off, write_off=rest, reason="Le liquidateur paie")
    assert an_order([debit]).total == 1000
    assert again(debit).amount == 1000
    act(take_back_write_off, write_off=part, reason="Le liquidateur paie")
    assert again(debit).amount == 1000, "the bank was asked"


def test_what_is_contested_waits_and_is_debited_on_its_day_once_that_is_over(invoice, debit):
    leave()
    act(open_dispute, invoice=invoice, reason="Marchandise abîmée")
    with pytest.raises(DebitRefused, match="contestée"):
        an_order([debit])
    act(close_dispute, invoice=again(invoice))
    assert an_order([debit]).first_collected_on == debit.collected_on


@pytest.mark.parametrize("lifted", [True, False], ids=["lifted", "its day has passed"])
def test_what_its_customer_promised_to_pay_is_not_debited_too(company, invoice, debit, lifted):
    leave()
    until = TODAY + timedelta(days=3)
    hold = act(
        hold_reminders, invoice=invoice, kind="PROMISE", until=until, amount=Decimal("500.00"), note="Par virement"
    )
    with pytest.raises(DebitRefused, match="promis de la payer"):
        an_order([debit])
    later = AT if lifted else AT + timedelta(days=4)
    if lifted:
        act(end_hold, hold=hold)
    assert prepared(debit, later).problem == ""
    account = money.a_bank_account(company)
    made = act(make_order, company=company, debits=[debit], bank_account=account, at=later)
    assert made.first_collected_on == debit.collected_on


def test_no_file_is_made_before_the_notice_has_left(company, debit):
    account = money.a_bank_account(company)
    with pytest.raises(DebitRefused, match="pas encore parti"):
        act(make_order, company=company, debits=[debit], bank_account=account)
    leave()
    assert act(make_order, company=company, debits=[debit], bank_account=account).debit_count == 1


def test_a_notice_that_leaves_late_names_a_later_day_and_what_is_owed_by_then(customer, invoice, debit):
    """The clock or the mail server was away for nine days, and a part was paid."""
    money.a_payment(customer, "440.00", [(invoice, "440.00")])
    late = AT + timedelta(days=9)
    leave(late)
    row = again(debit)
    promised = target_days.on_or_after(local_day(late) + timedelta(days=notice_days(debit.mandate)))
    assert (row.amount, row.collected_on) == (1000, max(promised, debit.collected_on))
    assert row.collected_on >= promised
    assert row.notice.status == EmailStatus.KEPT
    assert f"{row.collected_on:%d/%m/%Y}" in row.notice.subject_line
    assert "1 000,00" in row.notice.body.replace("\u202f", " ").replace("\xa0", " ")
    assert "1 440,00" not in row.notice.body.replace("\u202f", " ").replace("\xa0", " ")


@pytest.mark.parametrize("meanwhile", ["paid", "written off", "contested", "promised"])
def test_a_notice_of_what_is_not_debited_does_not_leave_and_frees_its_invoice(
    company, customer, invoice, debit, meanwhile
):
    undo = None
    if meanwhile == "paid":
        payment = money.a_payment(customer, "1440.00", [(invoice, "1440.00")])
        undo = lambda: act(reverse_payment, payment=payment, reason="Impayé")  # noqa: E731 - three words
    elif meanwhile == "written off":
        lost = lose(invoice, "1440.00")
        undo = lambda: act(take_back_write_off, write_off=lost, reason="Erreur")  # noqa: E731
    elif meanwhile == "contested":
        act(open_dispute, invoice=invoice, reason="Abîmé")
        undo = lambda: act(close_dispute, invoice=again(invoice))  # noqa: E731
    else:
        until = TODAY + timedelta(days=3)
        act(hold_reminders, invoice=invoice, kind="PROMISE", until=until, amount=Decimal(1440), note="")
        undo = lambda: None  # noqa: E731
    leave(AT + timedelta(minutes=1))
    row = again(debit)
    assert (row.status, row.notice.status) == ("CANCELLED", EmailStatus.CANCELLED)
    undo()
    assert debitable(company).filter(pk=invoice.pk).exists()
    assert Payment.objects.filter(method="DIRECT_DEBIT").count() == 0


def test_a_notice_that_a_person_sends_again_changes_nothing_that_the_bank_was_asked(customer, invoice, debit):
    leave()
    order = an_order([debit])
    money.a_payment(customer, "440.00", [(invoice, "440.00")])
    act(resend_email, email=again(debit).notice)
    leave(AT + timedelta(days=1))
    assert (again(debit).amount, again(debit).order, debit.notice.status) == (1440, order, EmailStatus.KEPT)


def test_a_long_list_shows_its_beginning_and_says_how_many_follow(company, customer, monkeypatch):
    monkeypatch.setattr(views, "MOST_SHOWN", 2)
    mandate = a_mandate(customer)
    invoices = [story.an_issued_invoice(customer) for _place in range(7)]
    for one in invoices[:3]:
        an_announced_debit(mandate, one)
    page = plain(read(signed_in(company).get(reverse("payments:debit-list"))))
    assert "4 320,00 €" in page, "the sum is of all"
    assert "et 1 autre prélèvement, à voir en faisant le fichier" in page
    assert "et 2 autres factures, montrées une fois celles-ci annoncées" in page
