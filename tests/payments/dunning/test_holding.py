"""What holds a reminder back and for how long, and what a person may set aside with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from billing.delivery_reports import Report
from billing.models import BounceSource, Email, EmailStatus, Invoice
from billing.services.bounces import record_report
from billing.services.invoices import close_dispute, open_dispute
from config.kernel.errors import Invalid
from config.kernel.models import AuditEvent, Company
from config.kernel.scope import company_scope
from config.kernel.todo import Today
from customers.models import Customer
from payments.dunning.delivery import deliver_reminders
from payments.dunning.holds import NotDisputed, NothingToHold, end_hold, hold_reminders
from payments.dunning.letters import reminder_letter
from payments.dunning.notices import send_drafted
from payments.dunning.planning import reasons_against
from payments.dunning.policy import SENTENCES, WAIVABLE, Facts, decide
from payments.dunning.schedule import due_for_reminder, overdue
from payments.dunning.sending import NothingToSend, Waiver, remind_invoice
from payments.models import HoldKind, Reminder, ReminderHold, ReminderLevel, ReminderStatus
from payments.todo import promises
from tests.factories import money, story
from tests.payments.dunning.test_reminders import TODAY, late, pay_all, read_bank, reasons, send, was_sent

AT, ACTOR = story.AT, story.ACTOR
BY: dict[str, Any] = {"actor": ACTOR, "at": AT}
NEXT_WEEK = TODAY + timedelta(days=7)


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    settings.SMTP_CONFIGURED = False


@pytest.fixture
def company(db: None) -> Iterator[Company]:
    row = story.a_company()
    with company_scope(row):
        yield row


def fresh(invoice: Invoice) -> Invoice:
    row: Invoice = Invoice.everywhere.select_related("customer", "company").get(pk=invoice.pk)
    return row


def promise(invoice: Invoice, amount: str = "1440.00", **values: Any) -> ReminderHold:
    given: dict[str, Any] = {"until": NEXT_WEEK, "note": "Au téléphone", **BY, **values}
    return hold_reminders(invoice=invoice, kind=HoldKind.PROMISE, amount=Decimal(amount), **given)


def found_due(company: Company, at: Any = AT) -> set[int]:
    return set(due_for_reminder(overdue(company, at), company=company, at=at).values_list("pk", flat=True))


# -- promises --------------------------------------------------------------------------------------------------------


def test_a_promise_pauses_until_its_day_whatever_comes_meanwhile(company, customer):
    invoice = late(customer, 20)
    promise(invoice)
    assert reasons(company) == ["promised"]
    assert found_due(company) == set()
    money.a_payment(customer, "440.00", [(invoice, "440.00")])
    assert reasons(company) == ["promised"], "a part has come, the rest is still promised"
    after = AT + timedelta(days=8)
    assert reasons(company, at=after) == ["due"]
    assert found_due(company, after) == {invoice.pk}


def test_a_promise_of_a_part_is_kept_by_that_part_and_the_rest_follows_its_course(company, customer):
    invoice = late(customer, 20)
    hold = promise(invoice, "440.00")
    money.a_payment(customer, "440.00", [(invoice, "440.00")])
    row, after = fresh(invoice), TODAY + timedelta(days=8)
    assert hold.is_kept(row.balance)
    assert not hold.is_broken(row.balance, after)
    assert "promis" not in reminder_letter(row, ReminderLevel.FIRM, at=AT + timedelta(days=8))[1]


def test_a_broken_promise_is_a_task_and_the_letter_reminds_of_it(company, customer):
    invoice = late(customer, 20)
    promise(invoice)
    money.a_payment(customer, "40.00", [(invoice, "40.00")])
    assert list(promises(Today(AT))) == []
    after = AT + timedelta(days=8)
    assert [one.sentence for one in promises(Today(after))] == ["1 promesse non tenue"]
    body = reminder_letter(fresh(invoice), ReminderLevel.FRIENDLY, at=after)[1]
    assert f"pour le {NEXT_WEEK:%d/%m/%Y} : ce règlement ne nous est pas parvenu" in body
    pay_all(fresh(invoice))
    assert list(promises(Today(after))) == []


def test_a_new_promise_ends_the_one_before_and_one_that_is_ended_holds_nothing(company, customer):
    invoice = late(customer, 20)
    first, second = promise(invoice), promise(invoice, until=NEXT_WEEK + timedelta(days=7))
    first.refresh_from_db()
    assert first.ended_at == AT
    assert reasons(company) == ["promised"]
    end_hold(hold=second, **BY)
    assert reasons(company) == ["due"]


def test_what_cannot_be_promised_is_refused_at_its_field(company, customer):
    invoice = late(customer, 20)
    for values, field in (({"amount": "1440.01"}, "amount"), ({"until": TODAY - timedelta(days=1)}, "until")):
        with pytest.raises(Invalid) as refused:
            promise(invoice, **values)
        assert list(refused.value.fields) == [field]
    pay_all(fresh(invoice))
    with pytest.raises(NothingToHold):
        promise(fresh(invoice))


# -- disputes and pauses ---------------------------------------------------------------------------------------------


def test_a_dispute_holds_for_ever_and_its_day_makes_a_task(company, customer):
    invoice = late(customer, 20)
    act: dict[str, Any] = {"invoice": invoice, "kind": HoldKind.DISPUTE, "until": NEXT_WEEK, "amount": None, "note": ""}
    with pytest.raises(NotDisputed):
        hold_reminders(**act, **BY)
    open_dispute(invoice=invoice, reason="Colis cassé", **BY)
    hold_reminders(**act, **BY)
    after = AT + timedelta(days=8)
    assert reasons(company, at=after) == ["disputed"]
    assert [one.sentence for one in promises(Today(after))] == ["1 litige à revoir"]
    close_dispute(invoice=fresh(invoice), **BY)
    assert list(promises(Today(after))) == []
    assert reasons(company) == ["due"]


def test_a_dispute_opened_after_a_notice_was_drafted_keeps_it_from_leaving(company, customer):
    invoice = late(customer, 40)
    was_sent(invoice, ReminderLevel.FRIENDLY, days_ago=20)
    was_sent(invoice, ReminderLevel.FIRM)
    [notice] = send(company)
    open_dispute(invoice=invoice, reason="Colis cassé", **BY)
    with pytest.raises(NothingToSend, match="contestée"):
        send_drafted(reminder=notice, **BY)


def test_one_invoice_may_be_paused_while_the_customers_others_go_on(company, customer):
    held, other = late(customer, 20), late(customer, 19)
    hold_reminders(invoice=held, kind=HoldKind.PAUSE, until=TODAY, amount=None, note="", **BY)
    assert reasons(company) == ["paused", "due"]
    assert [one.invoice_id for one in send(company)] == [other.pk]


# -- set aside -------------------------------------------------------------------------------------------------------


def test_a_guard_is_set_aside_with_a_reason_that_is_kept_and_still_is_when_the_letter_leaves(company, customer):
    invoice = late(customer, 20)
    promise(invoice)
    with pytest.raises(NothingToSend):
        remind_invoice(invoice=invoice, **BY)
    with pytest.raises(Invalid):
        remind_invoice(invoice=invoice, waiver=Waiver({"promised"}, " "), **BY)
    reminder = remind_invoice(invoice=invoice, waiver=Waiver({"promised"}, "Il a changé d’avis"), **BY)
    assert (reminder.waived, reminder.waived_because) == (["promised"], "Il a changé d’avis")
    event = AuditEvent.everywhere.filter(tag="payments.reminder.queued").latest("id")
    assert (event.data["waived"], event.data["reason"]) == (["promised"], "Il a changé d’avis")
    assert deliver_reminders(at=AT) == 1


def test_what_comes_after_the_waiver_still_holds(company, customer):
    invoice = late(customer, 20)
    promise(invoice)
    remind_invoice(invoice=invoice, waiver=Waiver({"promised"}, "Relance convenue"), **BY)
    read_bank(company, money.a_credit("1440.00", remittance=invoice.number))
    assert deliver_reminders(at=AT) == 0


@pytest.mark.parametrize("reason", sorted(set(SENTENCES) - WAIVABLE - {"FRIENDLY", "FIRM", "FINAL"}))
def test_some_guards_nobody_sets_aside(reason):
    facts: dict[str, Any] = {"due_on": TODAY - timedelta(days=20), "balance": Decimal(10), "today": TODAY}
    changes: dict[str, dict[str, Any]] = {
        "not_issued": {"is_draft": True},
        "settled": {"balance": Decimal(0)},
        "credited": {"is_credited": True},
        "not_due": {"due_on": TODAY},
        "disputed": {"is_disputed": True},
        "debit_pending": {"is_being_debited": True},
        "never": {"is_never_reminded": True},
        "all_sent": {"last_level": "FINAL"},
    }
    held = Facts(**(facts | changes[reason]), bank_data_age_hours=1)
    assert decide(held, waived={reason, *WAIVABLE}).reason == reason


def test_a_paid_invoice_is_not_reminded_whatever_is_waived(company, customer):
    invoice = late(customer, 20)
    pay_all(fresh(invoice))
    with pytest.raises(NothingToSend, match="ne doit plus rien"):
        remind_invoice(invoice=fresh(invoice), waiver=Waiver(set(SENTENCES), "Je veux"), **BY)


def test_every_reason_is_told_and_the_letter_waits_for_all_of_them(company, customer):
    invoice = late(customer, 20)
    promise(invoice)
    Customer.everywhere.filter(pk=customer.pk).update(reminders_paused_until=NEXT_WEEK)
    assert [one.reason for one in reasons_against(fresh(invoice), AT)] == ["paused", "promised"]
    with pytest.raises(NothingToSend):
        remind_invoice(invoice=invoice, waiver=Waiver({"promised"}, "Non"), **BY)


# -- returned --------------------------------------------------------------------------------------------------------


def test_a_letter_that_came_back_frees_its_level_once_the_address_is_changed(company, customer):
    invoice = late(customer, 20)
    [reminder] = send(company)
    deliver_reminders(at=AT)
    Email.everywhere.filter(pk=reminder.email_id).update(status=EmailStatus.SENT)
    email = Email.everywhere.select_related("invoice__customer").get(pk=reminder.email_id)
    report = Report(customer.email, "5.1.1", "failed", "no such user")
    record_report(email=email, report=report, source=BounceSource.MAILBOX, **BY)
    reminder.refresh_from_db()
    assert reminder.status == ReminderStatus.RETURNED
    assert reasons(company) == ["address_refused"]
    assert send(company) == []
    Customer.everywhere.filter(pk=customer.pk).update(email="nouvelle@client.example")
    [again] = send(company)
    assert (again.level, again.email.recipient) == (ReminderLevel.FRIENDLY, "nouvelle@client.example")
    assert Reminder.everywhere.filter(invoice=invoice).count() == 2


def test_a_letter_written_to_an_address_that_changed_is_written_again(company, customer):
    late(customer, 20)
    [reminder] = send(company)
    Customer.everywhere.filter(pk=customer.pk).update(email="nouvelle@client.example")
    assert deliver_reminders(at=AT) == 0
    reminder.refresh_from_db()
    assert reminder.status == ReminderStatus.CANCELLED
    [again] = send(company)
    assert again.email.recipient == "nouvelle@client.example"
