"""The pages of reminders: what leaves now, what does not and why, and the formal notice a person sends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from config.kernel.roles import Role
from payments.dunning import evidence
from payments.models import Reminder, ReminderStatus
from tests.factories.money import a_credit, bank_lines
from tests.factories.people import signed_in
from tests.factories.story import a_company, a_customer, an_issued_invoice

pytestmark = pytest.mark.django_db
LIST = "payments:reminder-list"


@pytest.fixture
def late(company):
    """An invoice 40 days overdue, with fresh bank data."""
    bank_lines(company, [a_credit("-1.00")], at=timezone.now())
    return an_issued_invoice(a_customer(company), at=timezone.now() - timedelta(days=70))


def drafted(late):
    return Reminder.everywhere.create(
        company=late.company,
        invoice=late,
        level=3,
        status=ReminderStatus.DRAFTED,
        balance=late.balance,
        created_at=timezone.now(),
    )


def shown(page):
    return [row["invoice"].pk for row in page.context["rows"]]


def test_every_late_invoice_is_there_with_what_would_happen_to_it(company, late):
    client = signed_in(company)
    page = client.get(reverse(LIST))
    assert page.status_code == 200
    assert shown(page) == [late.pk]
    assert all(row["sentence"] for row in page.context["rows"])
    assert shown(client.get(reverse("payments:reminder-held"))) == []


def test_a_disputed_invoice_is_held_and_says_so(company, late):
    client = signed_in(company)
    client.post(reverse("billing:invoice-dispute", args=[late.pk]), {"reason": "Quantité"})
    assert shown(client.get(reverse(LIST))) == []
    page = client.get(reverse("payments:reminder-held"))
    assert shown(page) == [late.pk]
    assert "contest" in page.context["rows"][0]["sentence"].lower()


def test_the_list_is_narrowed_by_level_and_customer_and_counts_the_whole(company, late):
    other = an_issued_invoice(a_customer(company, name="Hôtel du Nord"), at=timezone.now() - timedelta(days=60))
    Reminder.everywhere.create(
        company=company,
        invoice=late,
        level=1,
        status=ReminderStatus.SENT,
        balance=late.balance,
        created_at=timezone.now() - timedelta(days=20),
    )
    client = signed_in(company)
    assert shown(client.get(reverse(LIST))) == [late.pk, other.pk]
    assert shown(client.get(reverse(LIST), {"level": "1"})) == [other.pk]
    assert shown(client.get(reverse(LIST), {"level": "2"})) == [late.pk]
    page = client.get(reverse(LIST), {"q": "hotel"})
    assert shown(page) == [other.pk]
    assert [tab["count"] for tab in page.context["tabs"]] == ["2", 0, None, 0, None, None]
    assert page.context["total"] == late.balance + other.balance
    sent = client.get(reverse("payments:reminder-history"), {"level": "1"})
    assert [row["reminder"].invoice_id for row in sent.context["rows"]] == [late.pk]


def test_all_late_invoices_are_reached_by_pages_of_fifty(company):
    customer = a_customer(company)
    start = timezone.now() - timedelta(days=100)
    made = [an_issued_invoice(customer, at=start + timedelta(minutes=one)).pk for one in range(53)]
    client = signed_in(company)
    first = client.get(reverse(LIST))
    second = client.get(reverse(LIST), {"cursor": first.context["page"].next})
    assert (len(shown(first)), len(shown(second))) == (50, 3)
    assert sorted(shown(first) + shown(second)) == sorted(made)


def test_the_reminders_due_are_made_once_however_often_one_asks(company, late, monkeypatch):
    monkeypatch.setattr(evidence, "is_working_day", lambda _day: True)
    client = signed_in(company)
    for _time in range(2):
        answer = client.post(reverse("payments:reminder-send-due"), {"invoice": late.pk})
        assert answer.status_code == 302
    assert Reminder.everywhere.filter(company=company).count() == 1


def test_why_nothing_leaves_today_is_said_once_above_the_list(company, late, monkeypatch):
    monkeypatch.setattr(evidence, "is_working_day", lambda _day: False)
    client = signed_in(company)
    page = client.get(reverse(LIST))
    assert "ce n’est pas un jour ouvré" in page.context["refusal"]
    assert client.get(reverse("payments:reminder-send-due")).context["rows"] == []


def test_a_formal_notice_is_read_then_given_up_with_a_reason(company, late):
    reminder = drafted(late)
    client = signed_in(company)
    page = client.get(reverse("payments:reminder-letter", args=[reminder.pk]))
    assert page.status_code == 200
    assert late.number in page.text
    url = reverse("payments:reminder-cancel", args=[reminder.pk])
    assert client.post(url, {"reason": ""}).status_code == 422
    client.post(url, {"reason": "Accord trouvé"})
    reminder.refresh_from_db()
    assert reminder.status == ReminderStatus.CANCELLED
    assert client.get(reverse("payments:reminder-letter", args=[reminder.pk])).status_code == 404


@pytest.mark.parametrize("name", ["reminder-letter", "reminder-cancel"])
def test_another_company_s_notice_does_not_exist(company, name):
    stranger = drafted(an_issued_invoice(a_customer(a_company())))
    assert signed_in(company).get(reverse(f"payments:{name}", args=[stranger.pk])).status_code == 404


def test_a_viewer_reads_the_plan_but_sends_nothing(company, late):
    reminder = drafted(late)
    client = signed_in(company, Role.VIEWER)
    assert client.get(reverse(LIST)).status_code == 200
    assert client.post(reverse("payments:reminder-send-due")).status_code == 403
    assert client.post(reverse("payments:reminder-letter", args=[reminder.pk])).status_code == 403
    reminder.refresh_from_db()
    assert reminder.status == ReminderStatus.DRAFTED
