"""Readings at once, hints by webhook, and dying in the middle: each leg is kept once, and none is lost."""

from __future__ import annotations

import json
import threading
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone

from billing.models import Invoice, InvoiceStatus
from config.kernel.errors import DomainError
from config.kernel.inbound import applying
from config.kernel.models import Company, ReceivedStatus, ReceivedWebhook
from config.kernel.scope import company_scope
from payments import tasks
from payments.models import BankAccount, BankLine, Feed, LineStatus, Match
from payments.services.feeds import connecting, reading, revolut
from payments.services.reconciliation import reconcile
from tests.api.senders import a_source, by_revolut, knock, path_of
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import money, story
from tests.factories.story import ACTOR, AT
from tests.payments.revolut import Business
from tests.trust.at_once import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.trust]


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def company() -> Company:
    row = story.a_company()
    money.a_bank_account(row)
    return row


@pytest.fixture
def business(sandbox: str, company: Company) -> Business:
    return Business(sandbox, company).consents()


def an_invoice(company: Company, price: str = "100.00") -> Invoice:
    lines = [story.a_line(quantity=Decimal(1), unit_price=Decimal(price))]
    return story.an_issued_invoice(story.a_customer(company), lines)


def changed(told: dict[str, Any], state: str = "completed") -> bytes:
    """What Revolut tells by webhook."""
    data = {"id": told["id"], "old_state": "pending", "new_state": state}
    stamp = timezone.now().isoformat()
    return json.dumps({"event": "TransactionStateChanged", "timestamp": stamp, "data": data}).encode()


# -- at once -------------------------------------------------------------------------------------------------------


def test_four_readings_at_once_give_each_leg_once(business: Business) -> None:
    for place in range(20):
        business.moves(10 + place, fee=1)
    found = at_once(4, lambda _place: business.reads())
    assert sum(found) == 40
    assert len(business.lines()) == len({line.import_key for line in business.lines()}) == 40


def test_without_the_accounts_lock_only_postgresql_stops_the_second_reading(
    business: Business, monkeypatch: Any
) -> None:
    business.moves(10)
    business.moves(11)
    together = threading.Barrier(2, timeout=20)
    keep = revolut.keep_lines

    def meets(**told: Any) -> Any:
        together.wait()
        return keep(**told)

    manager = type(BankAccount.everywhere.all())
    monkeypatch.setattr(manager, "select_for_update", lambda rows, **_how: rows)
    monkeypatch.setattr(revolut, "keep_lines", meets)

    def reads(_place: int) -> str:
        try:
            return str(business.reads())
        except IntegrityError:
            return "refused"

    assert sorted(at_once(2, reads)) == ["2", "refused"]
    assert len(business.lines()) == 2


def test_readings_with_a_token_too_old_all_go_through(business: Business) -> None:
    business.reads()
    Feed.everywhere.update(token_until=None)
    business.moves(5)
    assert sum(at_once(4, lambda _place: business.reads())) == 1
    feed = Feed.everywhere.get()
    assert feed.token_at(AT)
    assert feed.secret("grant")


def test_a_line_is_matched_or_put_aside_while_it_is_taken_back_never_both(business: Business) -> None:
    for turn in range(5):
        invoice = an_invoice(business.company, f"{100 + turn}.00")
        told = business.moves(float(invoice.total_gross), reference=invoice.number)
        business.reads()
        business.becomes(told, "reverted")

        def either(place: int) -> None:
            with company_scope(business.company):
                if place:
                    business.reads()
                else:
                    reconcile(company=business.company, actor=ACTOR, at=AT)

        at_once(2, either)
        business.reads()
        invoice.refresh_from_db()
        assert (invoice.status, invoice.amount_paid) == (InvoiceStatus.ISSUED, 0)
    assert {line.status for line in business.lines()} == {LineStatus.VOID}
    assert not Match.everywhere.filter(undone_at=None).exists()


def test_no_transaction_is_open_while_revolut_is_asked(business: Business, monkeypatch: Any) -> None:
    seen: list[bool] = []
    session = revolut.RevolutClient._ask

    def ask(self: Any, *args: Any) -> Any:
        seen.append(connection.in_atomic_block)
        return session(self, *args)

    monkeypatch.setattr(revolut.RevolutClient, "_ask", ask)
    told = business.moves(10)
    business.reads()
    business.becomes(told, "reverted")
    business.reads()
    assert seen
    assert not any(seen)


def test_a_feed_that_is_cut_off_while_it_reads_keeps_no_token(business: Business, monkeypatch: Any) -> None:
    exchange = revolut.exchange

    def slow(feed: Feed, grant: Any) -> Any:
        granted = exchange(feed, grant)
        with company_scope(business.company):
            connecting.disconnect(feed=feed, actor=ACTOR, at=AT)
        return granted

    monkeypatch.setattr(revolut, "exchange", slow)
    Feed.everywhere.update(token_until=None)
    business.reads()
    feed = Feed.everywhere.get()
    assert (feed.token_cipher, feed.grant_cipher, feed.is_enabled) == ("", "", False)


# -- dying in the middle -------------------------------------------------------------------------------------------


def test_a_crash_between_two_statements_loses_nothing(business: Business, monkeypatch: Any) -> None:
    second = "FR7612345987650123456789014"
    BankAccount.everywhere.create(company=business.company, name="Deux", iban=second, ledger_account="512900")
    other = business.an_account(second)
    business.moves(1)
    business.moves(2, account_id=other)
    keep, calls = revolut.keep_lines, []

    def dies(**told: Any) -> Any:
        calls.append(told)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return keep(**told)

    monkeypatch.setattr(revolut, "keep_lines", dies)
    with pytest.raises(KeyboardInterrupt):
        business.reads()
    assert len(business.lines()) == 1
    feed = Feed.everywhere.get()
    assert feed.read_at is None
    assert business.reads() == 1
    assert sorted(line.amount for line in business.lines()) == [Decimal(1), Decimal(2)]


# -- hints ---------------------------------------------------------------------------------------------------------


def test_a_signed_hint_leads_to_the_reading_and_the_invoice_is_paid(business: Business) -> None:
    invoice = an_invoice(business.company)
    source = a_source(business.company, "revolut")
    told = business.moves(120, at=timezone.now(), reference=invoice.number)
    body = changed(told)
    assert knock(path_of(source), body, by_revolut(body)).status_code == 200
    applying.apply_due()
    assert ReceivedWebhook.everywhere.get().status == ReceivedStatus.APPLIED
    assert BankLine.everywhere.count() == 1
    tasks.reconcile()
    invoice.refresh_from_db()
    assert invoice.status == InvoiceStatus.PAID


def test_a_forged_hint_reads_nothing_and_a_true_one_is_not_believed(business: Business) -> None:
    source = a_source(business.company, "revolut")
    told = business.moves(120, at=timezone.now(), state="pending")
    body = changed(told, "completed")
    assert knock(path_of(source), body, by_revolut(body, "another secret of sixteen")).status_code in {400, 401, 403}
    applying.apply_due()
    assert "transactions" not in business.calls()
    assert knock(path_of(source), body, by_revolut(body)).status_code == 200
    applying.apply_due()
    assert "transactions" in business.calls()
    assert business.lines() == [], "pending there, whatever the message says"


def test_a_hint_that_reverts_takes_the_money_back(business: Business) -> None:
    invoice = an_invoice(business.company)
    told = business.moves(120, at=timezone.now(), reference=invoice.number)
    tasks.read_feeds()
    invoice.refresh_from_db()
    assert invoice.status == InvoiceStatus.PAID
    business.becomes(told, "reverted")
    source = a_source(business.company, "revolut")
    body = changed(told, "reverted")
    knock(path_of(source), body, by_revolut(body))
    applying.apply_due()
    invoice.refresh_from_db()
    assert invoice.status == InvoiceStatus.ISSUED


def test_the_sweep_reads_every_company_that_is_due_whoever_fails(business: Business, sandbox: str) -> None:
    other = story.a_company()
    money.a_bank_account(other)
    theirs = Business(sandbox, other).consents()
    now = timezone.now()
    business.moves(1, at=now)
    theirs.moves(2, at=now)
    business.fails("503")
    assert tasks.read_feeds() == 1
    assert (business.lines(), len(theirs.lines())) == ([], 1)
    assert tasks.read_feeds() == 1
    assert tasks.read_feeds() == 0, "each is read every quarter of an hour"


def test_a_company_without_consent_disturbs_nobody(business: Business, sandbox: str) -> None:
    other = story.a_company()
    Business(sandbox, other)
    business.moves(1, at=timezone.now())
    assert tasks.read_feeds() == 1
    with company_scope(other), pytest.raises(DomainError):
        reading.read_feed(feed=Feed.objects.get(), actor=ACTOR, at=timezone.now())
