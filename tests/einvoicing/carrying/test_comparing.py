"""The daily comparison with the platform's own list, both ways."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from billing.models import Invoice
from config.kernel.models import AuditEvent
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
