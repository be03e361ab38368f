"""Reminders by REST: the seed's body, and the guards that no partner can pass."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from billing.models import Email, Invoice
from billing.services.invoices import open_dispute
from config.kernel.models import Company
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from customers.models import Customer
from payments.dunning.delivery import deliver_reminders
from payments.models import Reminder, ReminderLevel, ReminderStatus
from tests.api.client import Partner, a_machine, a_partner, json_of
from tests.factories import money, story

pytestmark = pytest.mark.django_db

AT, TODAY = story.AT, date(2026, 11, 16)  # a Monday
SEED_BODY = {
    "reminder_type": "email",
    "subject": "Rappel facture INV-2024-0001",
    "message": "Nous vous rappelons que la facture est en attente de paiement.",
}


@pytest.fixture(autouse=True)
def _working_day(monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)
    monkeypatch.setattr(timezone, "now", lambda: AT)


def late(customer: Customer, days: int = 8) -> Invoice:
    due = TODAY - timedelta(days=days)
    at = datetime(due.year, due.month, due.day, 9, tzinfo=UTC)
    return story.an_issued_invoice(customer, at=at, due_date=due)


def remind(partner: Partner, invoice: Invoice, body: dict[str, Any] | None = None, **options: Any) -> Any:
    return partner.post(f"/api/invoices/{invoice.pk}/reminder", body or {}, **options)


def test_a_reminder_is_recorded_as_the_seed_prints_it_and_sent_by_the_queue(
    company: Company, partner: Partner, customer: Customer
) -> None:
    invoice = late(customer)
    answer = remind(partner, invoice, SEED_BODY)
    assert answer.status_code == 200
    body = json_of(answer)
    assert body["message"] == "Relance enregistrée avec succès"
    reminder = body["reminder"]
    assert {name: reminder[name] for name in ("invoice_id", "reminder_type", "status", "sent", "sent_at")} == {
        "invoice_id": invoice.pk,
        "reminder_type": "email",
        "status": "queued",
        "sent": False,
        "sent_at": None,
    }
    assert (reminder["level"], reminder["subject"]) == ("friendly", SEED_BODY["subject"])
    with company_scope(company):
        text = Email.objects.get(reminders=reminder["id"]).body
    assert text.startswith(SEED_BODY["message"])
    for fact in (invoice.number, "1 440,00", "IBAN", "Référence à rappeler"):
        assert fact in text.replace("\u202f", " "), fact
    assert deliver_reminders(at=AT) == 1
    after = json_of(partner.get(f"/api/reminders/{reminder['id']}"))
    assert (after["sent"], after["sent_at"], after["status"]) == (True, "2026-11-16T09:00:00Z", "sent")


def test_without_words_of_its_own_the_letter_is_the_companys(
    company: Company, partner: Partner, customer: Customer
) -> None:
    invoice = late(customer)
    reminder = json_of(remind(partner, invoice))["reminder"]
    assert reminder["subject"] == f"Échéance dépassée : facture {invoice.number}"
    with company_scope(company):
        assert "Il s’agit sans doute d’un oubli" in Email.objects.get(reminders=reminder["id"]).body


def test_a_subject_cannot_add_a_header(company: Company, partner: Partner, customer: Customer) -> None:
    subject = json_of(remind(partner, late(customer), {"subject": "Rappel\r\nBcc: x@y.fr"}))["reminder"]["subject"]
    assert subject == "Rappel Bcc: x@y.fr"


def test_nothing_leaves_against_the_guards(company: Company, partner: Partner, customer: Customer) -> None:
    disputed, paid, fresh = late(customer), late(customer), story.an_issued_invoice(customer)
    draft = story.a_draft(customer, due_date=disputed.due_date)
    with company_scope(company):
        open_dispute(invoice=disputed, reason="Quantités", actor=story.ACTOR, at=AT)
    money.a_payment(customer, "1440.00", [(paid, "1440.00")])
    words = {fresh: "échue", disputed: "contestée", paid: "ne doit plus rien", draft: "pas émise"}
    for invoice, word in words.items():
        answer = remind(partner, invoice)
        problem = json_of(answer)
        assert (answer.status_code, problem["code"]) == (409, "nothing_to_send")
        assert word in problem["detail"]
    with company_scope(company):
        assert not Reminder.objects.exists()


def test_a_customer_is_not_reminded_twice_in_a_week(partner: Partner, customer: Customer) -> None:
    invoice = late(customer, days=20)
    assert remind(partner, invoice).status_code == 200
    answer = remind(partner, invoice)
    assert (answer.status_code, json_of(answer)["code"]) == (409, "nothing_to_send")


def test_money_that_could_cover_it_holds_the_reminder_back(partner: Partner, customer: Customer) -> None:
    invoice = late(customer)
    money.a_payment(customer, "1.00")
    assert "encaissement" in json_of(remind(partner, invoice))["detail"]


def test_stale_bank_data_hold_the_reminder_back(company: Company, partner: Partner, customer: Customer) -> None:
    money.a_bank_account(company)
    assert "relevé bancaire" in json_of(remind(partner, late(customer)))["detail"]


def test_a_customer_without_an_address_is_told(company: Company, partner: Partner) -> None:
    nobody = story.a_customer(company, email="")
    assert json_of(remind(partner, late(nobody)))["code"] == "no_reminder_address"


def test_a_formal_notice_waits_for_a_decision_and_keeps_its_text(
    company: Company, partner: Partner, customer: Customer
) -> None:
    invoice = late(customer, days=40)
    with company_scope(company):
        for level, days in ((ReminderLevel.FRIENDLY, 30), (ReminderLevel.FIRM, 20)):
            Reminder.objects.create(
                company=company,
                invoice=invoice,
                level=level,
                status=ReminderStatus.SENT,
                balance=invoice.balance,
                created_at=AT - timedelta(days=days),
                sent_at=AT - timedelta(days=days),
            )
    reminder = json_of(remind(partner, invoice, SEED_BODY))["reminder"]
    assert (reminder["level"], reminder["status"], reminder["sent"]) == ("final", "drafted", False)
    url = f"/api/reminders/{reminder['id']}"
    sent = json_of(partner.post(f"{url}/send"))["reminder"]
    assert (sent["status"], sent["subject"]) == ("queued", f"Mise en demeure de payer : facture {invoice.number}")
    assert partner.post(f"{url}/cancel").status_code == 409


def test_a_drafted_notice_can_be_given_up(company: Company, partner: Partner, customer: Customer) -> None:
    invoice = late(customer, days=40)
    with company_scope(company):
        drafted = Reminder.objects.create(
            company=company,
            invoice=invoice,
            level=ReminderLevel.FINAL,
            status=ReminderStatus.DRAFTED,
            balance=invoice.balance,
            created_at=AT,
        )
    answer = json_of(partner.post(f"/api/reminders/{drafted.pk}/cancel", {"reason": "Accord trouvé"}))["reminder"]
    assert (answer["status"], answer["cancelled_because"]) == ("cancelled", "Accord trouvé")


def test_filters_of_reminders_combine(company: Company, partner: Partner, customer: Customer) -> None:
    first, second = late(customer), late(story.a_customer(company, name="Second"))
    for invoice in (first, second):
        assert remind(partner, invoice).status_code == 200

    def found(query: str) -> list[int]:
        return [row["invoice_id"] for row in json_of(partner.get(f"/api/reminders?{query}"))]

    assert sorted(found("")) == sorted([first.pk, second.pk])
    assert found(f"customer_id={customer.pk}&status=queued") == [first.pk]
    assert found(f"invoice_id={second.pk}&from_date=2026-11-16&to_date=2026-11-16") == [second.pk]
    assert found("status=sent") == found("from_date=2026-11-17") == []


def test_who_may_remind_whom(company: Company, customer: Customer, partner: Partner) -> None:
    invoice = late(customer)
    assert remind(a_partner(company, Role.SALES), invoice).status_code == 403
    assert remind(a_machine(company, "invoices.read"), invoice).status_code == 403
    stranger = late(story.a_customer(story.a_company()))
    assert remind(partner, stranger).status_code == 404
    assert remind(a_machine(company, "reminders.send"), invoice).status_code == 200


@pytest.mark.parametrize(
    ("body", "field"),
    [({"reminder_type": "sms"}, "reminder_type"), ({"subject": "x" * 201}, "subject"), ({"texte": ""}, "texte")],
)
def test_what_is_wrong_is_refused_at_its_field(
    partner: Partner, customer: Customer, body: dict[str, Any], field: str
) -> None:
    answer = remind(partner, late(customer), body)
    assert (answer.status_code, set(json_of(answer)["fields"])) == (400, {field})


def test_a_repeated_call_reminds_once(company: Company, partner: Partner, customer: Customer) -> None:
    invoice = late(customer)
    first, second = (remind(partner, invoice, SEED_BODY, key="remind") for _ in range(2))
    assert (first.status_code, first.content) == (200, second.content)
    with company_scope(company):
        assert Reminder.objects.count() == 1
