"""The pages of reminders: what leaves now, what does not and why, and the formal notice a person sends."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.models import Reminder, ReminderStatus
from config.kernel.roles import Role
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
        company=late.company, invoice=late, level=3, status=ReminderStatus.DRAFTED, balance=late.balance,
        created_at=timezone.now(),
    )  # fmt: skip


def test_every_late_invoice_is_there_with_what_would_happen_to_it(company, late):
    page = signed_in(company).get(reverse(LIST))
    assert page.status_code == 200
    shown = [*page.context["due"]["rows"], *page.context["held"]["rows"]]
    assert [row["invoice"].pk for row in shown] == [late.pk]
    assert all(row["sentence"] for row in shown)


def test_a_disputed_invoice_is_held_and_says_so(company, late):
    client = signed_in(company)
    client.post(reverse("billing:invoice-dispute", args=[late.pk]), {"reason": "Quantité"})
    page = client.get(reverse(LIST))
    assert [row["invoice"].pk for row in page.context["held"]["rows"]] == [late.pk]
    assert "contest" in page.context["held"]["rows"][0]["sentence"].lower()


def test_the_reminders_due_are_made_once_however_often_one_asks(company, late):
    client = signed_in(company)
    for _time in range(2):
        assert client.post(reverse("payments:reminder-send-due")).status_code == 302
    assert Reminder.everywhere.filter(company=company).count() <= 1


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
