"""The daily comparison with the platform's own list, both ways."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from billing.models import Invoice
from config.kernel.models import AuditEvent
from einvoicing import tasks
from einvoicing.models import PlatformAccount, Transmission
from einvoicing.platforms.base import Deposit
from einvoicing.platforms.registry import connect
from einvoicing.services.comparing import compare_account
from einvoicing.services.routing import settings_of
from tests.factories import story
from tests.factories.queues import drain

pytestmark = pytest.mark.django_db

AT = story.AT
LATER = AT + timedelta(hours=2)


@pytest.fixture(autouse=True)
def _the_platform_s_clock(monkeypatch):
    """The simulator dates what it gets by the real clock; the story is of another day."""
    monkeypatch.setattr("einvoicing.services.comparing.WINDOW", timedelta(days=3650))


def compared(sent, at=LATER):
    sent.account.refresh_from_db()
    return compare_account(account=sent.account, at=at)


def lose(sent):
    """The platform knows nothing of what we deposited."""
    Transmission.everywhere.filter(pk=sent.row.pk).update(remote_id="lost", tracking_id=uuid.uuid4().hex)


def test_the_same_on_both_sides_says_nothing(sent):
    drain(at=AT)
    found = compared(sent)
    assert (found.compared, found.missing, found.strangers) == (1, (), ())
    assert PlatformAccount.everywhere.get(pk=sent.account.pk).compared_at == LATER


def test_a_comparison_met_by_a_reading_is_made_at_the_next_hour_and_then_once_a_day(sent, monkeypatch):
    made = []
    monkeypatch.setattr(tasks, "compare_account", lambda account, at: made.append(at))
    for hour in range(3):
        # the reading of the platform holds the account at the first hour
        held_until = AT + timedelta(minutes=5)
        PlatformAccount.everywhere.filter(pk=sent.account.pk).update(lease_owner="lecture", lease_until=held_until)
        tasks.COMPARING.visit(now=lambda hour=hour: AT + timedelta(hours=hour))
    assert made == [AT + timedelta(hours=1), AT + timedelta(hours=2)]
    PlatformAccount.everywhere.filter(pk=sent.account.pk).update(compared_at=AT)
    for hours in (20, 24):
        tasks.COMPARING.visit(now=lambda hours=hours: AT + timedelta(hours=hours))
    assert made[2:] == [AT + timedelta(hours=24)]


def test_an_invoice_believed_sent_that_the_platform_lost_is_shown_on_its_record(sent):
    drain(at=AT)
    lose(sent)
    assert [row.pk for row in compared(sent).missing] == [sent.row.pk]
    assert "n’a pas ce document" in sent.now.last_error
    tags = AuditEvent.everywhere.filter(company=sent.account.company).values_list("tag", flat=True)
    assert "einvoicing.transmission.missing" in tags


def test_a_document_that_somebody_else_sent_in_our_name_is_told_on_the_account(sent):
    drain(at=AT)
    platform = connect(settings_of(sent.account))
    platform.deposit(Deposit(data=b"<a/>", name="ETRANGERE-1.xml", syntax="CII", tracking_id="not ours"))
    platform.close()
    assert [one.name for one in compared(sent).strangers] == ["ETRANGERE-1.xml"]
    event = AuditEvent.everywhere.get(tag="einvoicing.account.strangers", company=sent.account.company)
    assert event.data["count"] == 1


def test_what_left_a_moment_ago_is_not_missed_yet(sent):
    drain(at=AT)
    lose(sent)
    assert compared(sent, at=AT + timedelta(minutes=5)).missing == ()


def test_a_platform_that_does_not_answer_compares_nothing_and_accuses_nobody(sent):
    drain(at=AT)
    PlatformAccount.everywhere.filter(pk=sent.account.pk).update(base_url="http://127.0.0.1:9")
    assert compared(sent) is None
    assert sent.now.last_error == ""
    assert Invoice.everywhere.filter(pk=sent.invoice.pk).exists()
