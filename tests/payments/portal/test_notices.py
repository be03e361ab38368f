"""What a customer tells is a task and holds reminders back; it records no money, and comes once."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from billing.models import Invoice, InvoiceStatus
from config.kernel.clock import local_day
from config.kernel.models import AuditEvent, Company
from config.kernel.scope import company_scope
from config.kernel.timeline import timeline_of
from config.kernel.todo import WATCHES, Today
from payments.dunning.planning import plan
from payments.dunning.schedule import due_for_reminder, overdue
from payments.models import CustomerNotice, Payment
from payments.portal.notices import NotContestable, handle_notice, tell_dispute, tell_paid
from tests.factories import money, story
from tests.factories.money import credit_invoice
from tests.factories.people import signed_in
from tests.payments.portal.conftest import a_link, path_to

pytestmark = pytest.mark.django_db
Seen = Callable[..., str]


def say_paid(visitor: Client, invoice: Invoice, **typed: Any) -> Any:
    today = local_day(timezone.now())
    values = {"paid_on": today.isoformat(), "method": "TRANSFER", "reference": "VIR 42", "csrfmiddlewaretoken": "one"}
    return visitor.post(path_to(a_link(invoice), invoice.number, "paid"), {**values, **typed})


def contest(visitor: Client, invoice: Invoice, **typed: Any) -> Any:
    path = path_to(a_link(invoice), invoice.number, "dispute")
    return visitor.post(path, {"reason": "Deux chaises manquent", "csrfmiddlewaretoken": "one", **typed})


def tasks(company: Company) -> list[str]:
    with company_scope(company):
        return [todo.sentence for todo in WATCHES["notices"].find(Today(timezone.now()))]


def late(company: Company, days: int = 9) -> Invoice:
    due = local_day(timezone.now()) - timedelta(days=days)
    at = timezone.now() - timedelta(days=45)
    return story.an_issued_invoice(story.a_customer(company), at=at, due_date=due)


def test_paid_is_a_task_and_no_money(invoice: Invoice, visitor: Client, seen: Seen) -> None:
    answer = say_paid(visitor, invoice)
    assert answer.status_code == 302
    assert answer.headers["Location"] == f"{path_to(a_link(invoice))}?told=paid"
    notice = CustomerNotice.everywhere.get()
    today = local_day(timezone.now())
    assert (notice.paid_on, notice.method, notice.text) == (today, "TRANSFER", "VIR 42")
    assert notice.paused_until == today + timedelta(days=7)
    assert not Payment.everywhere.exists()
    invoice.refresh_from_db()
    assert invoice.balance == invoice.total_gross
    assert tasks(invoice.company) == ["1 message de client à traiter"]
    with company_scope(invoice.company_id):
        titles = [item.title for item in timeline_of(invoice, "OWNER")]
    assert any(title.startswith("Le client dit avoir payé le") and "Virement" in title for title in titles)
    html = seen(a_link(invoice))
    assert "Vous nous avez signalé un paiement" in html
    assert "J’ai payé" not in html
    assert 'class="qr"' not in html


def test_the_same_form_twice_is_one_message(invoice: Invoice, visitor: Client) -> None:
    assert [say_paid(visitor, invoice).status_code for _turn in range(2)] == [302, 302]
    assert CustomerNotice.everywhere.count() == 1
    assert [contest(visitor, invoice).status_code for _turn in range(2)] == [302, 302]
    assert CustomerNotice.everywhere.count() == 2
    assert AuditEvent.everywhere.filter(tag="billing.invoice.disputed").count() == 1


def test_a_payment_told_holds_reminders_back_for_some_days(company: Company, visitor: Client) -> None:
    invoice, at = late(company), timezone.now()

    def reason(days: int) -> str:
        with company_scope(company):
            (planned,) = plan(company=company, at=at + timedelta(days=days))
            return planned.decision.reason

    def is_due(days: int) -> bool:
        moment = at + timedelta(days=days)
        with company_scope(company):
            return due_for_reminder(overdue(company, moment), company=company, at=moment).exists()

    assert is_due(0)
    say_paid(visitor, invoice)
    assert [reason(0), reason(7)] == ["paused", "paused"]
    assert [is_due(0), is_due(7), is_due(8)] == [False, False, True]
    assert reason(8) != "paused"


def test_told_again_it_holds_them_back_no_longer(company: Company) -> None:
    invoice, at = late(company), timezone.now()
    link = a_link(invoice)
    with company_scope(company):
        first, second = (
            tell_paid(
                link=link,
                invoice=invoice,
                paid_on=local_day(at),
                method="TRANSFER",
                reference="",
                form_key=str(turn),
                at=at + timedelta(days=turn),
            )
            for turn in (0, 6)
        )
    assert second.paused_until == first.paused_until


def test_what_was_dealt_with_is_no_task_and_holds_nothing_back(company: Company, visitor: Client) -> None:
    invoice = late(company)
    say_paid(visitor, invoice)
    notice = CustomerNotice.everywhere.get()
    owner = signed_in(company)
    page = owner.get("/customer-messages/").content.decode()
    assert "VIR 42" in page
    assert owner.post(f"/customer-messages/{notice.pk}/handled/").status_code == 302
    with company_scope(company):
        handle_notice(notice=notice, actor=story.ACTOR, at=timezone.now())
    assert tasks(company) == []
    assert AuditEvent.everywhere.filter(tag="payments.notice.handled").count() == 1
    assert "J’ai payé" in visitor.get(path_to(a_link(invoice))).content.decode()


def test_contested_it_is_disputed_and_the_team_is_told(invoice: Invoice, visitor: Client, seen: Seen) -> None:
    assert contest(visitor, invoice).status_code == 302
    invoice.refresh_from_db()
    assert invoice.disputed_at is not None
    assert invoice.dispute_reason == "Deux chaises manquent"
    assert tasks(invoice.company) == ["1 message de client à traiter"]
    event = AuditEvent.everywhere.get(tag="billing.invoice.disputed")
    assert (event.actor_kind, event.actor_name) == ("CUSTOMER", "compta@client.example")
    html = seen(a_link(invoice))
    assert "Vous la contestez depuis le" in html
    assert "Je conteste" not in html


def test_what_is_wrong_is_said_at_its_field(invoice: Invoice, visitor: Client) -> None:
    tomorrow = local_day(timezone.now()) + timedelta(days=1)
    for typed in ({"paid_on": tomorrow.isoformat()}, {"paid_on": "2019-01-01"}, {"method": "DEBIT"}, {"paid_on": ""}):
        assert say_paid(visitor, invoice, **typed).status_code == 422
    assert contest(visitor, invoice, reason=" ").status_code == 422
    assert contest(visitor, invoice, reason="x" * 301).status_code == 422
    assert not CustomerNotice.everywhere.exists()


def test_nothing_is_told_of_what_asks_for_nothing(invoice: Invoice, visitor: Client) -> None:
    money.a_payment(invoice.customer, "1440.00", [(invoice, "1440.00")])
    refused = say_paid(visitor, invoice)
    assert refused.status_code == 422
    assert "plus rien à payer" in refused.content.decode()
    other = story.an_issued_invoice(invoice.customer)
    with company_scope(invoice.company_id):
        credit_invoice(invoice=other, parts=None, reason="Retour", actor=story.ACTOR, at=timezone.now())
        other.refresh_from_db()
        assert other.status == InvoiceStatus.CREDITED
        with pytest.raises(NotContestable):
            tell_dispute(link=a_link(other), invoice=other, reason="x", form_key="k", at=timezone.now())


def test_a_customer_writes_ten_times_a_day_at_most(invoice: Invoice, visitor: Client) -> None:
    statuses = [contest(visitor, invoice, csrfmiddlewaretoken=str(turn)).status_code for turn in range(11)]
    assert statuses == [302] * 10 + [422]


def test_a_paid_form_takes_french_days(invoice: Invoice, visitor: Client) -> None:
    day = local_day(timezone.now()) - timedelta(days=2)
    assert say_paid(visitor, invoice, paid_on=f"{day:%d/%m/%Y}").status_code == 302
    assert CustomerNotice.everywhere.get().paid_on == date(day.year, day.month, day.day)
