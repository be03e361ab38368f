"""Invoice Ninja read over real HTTP: what is received there is recorded here once, whatever happens on the way."""

from __future__ import annotations

import itertools
import json
import socket
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
import requests
from django.db import OperationalError, connection
from django.utils import timezone
from requests.adapters import HTTPAdapter

from billing.models import Invoice, InvoiceStatus
from config.kernel import chain, outbound
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid, RemoteError, Stale
from config.kernel.inbound import applying
from config.kernel.models import AuditEvent, Company, ReceivedStatus, ReceivedWebhook
from config.kernel.scope import company_scope
from payments import tasks
from payments.feeds import invoice_ninja as client
from payments.models import Feed, FeedKind, Payment
from payments.sandbox.invoice_ninja.access import KEY_PREFIX
from payments.services.feeds import connecting, invoice_ninja, reading
from payments.services.feeds.reading import read_feed
from payments.services.payments import change_payment_text, reverse_payment
from payments.services.receiving import replace_payment
from payments.tasks import read_feeds
from tests.api.senders import a_source, knock, path_of
from tests.einvoicing.loopback import free_port
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import money, story
from tests.factories.money import credit_invoice
from tests.trust.at_once import at_once

pytestmark = pytest.mark.django_db
LINES = [story.a_line(quantity=Decimal(1), unit_price=Decimal("1000.00"))]
GROSS = Decimal("1200.00")
FORBIDDEN = outbound.FORBIDDEN
_second = itertools.count(int(story.AT.timestamp()) + 3600)


@pytest.fixture(autouse=True)
def _loopback_allowed(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True


@dataclass
class Ninja:
    """A company, its invoice, and the account where a person records payments for it."""

    address: str
    company: Company
    invoice: Invoice
    feed: Feed
    account: str

    def tell(self, **told: Any) -> str:
        """A person there records or changes a payment; a second later than the last time, unless told. Its id."""
        told = {"client_id": self.account, "updated_at": next(_second), **told}
        answer = requests.post(f"{self.address}/sandbox/invoice-ninja/tell", data=json.dumps(told), timeout=5)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def pays(self, applied: float, **told: Any) -> str:
        return self.tell(invoices={self.invoice.number: applied}, **told)

    def read(self, at: datetime | None = None) -> int:
        with company_scope(self.company):
            return read_feed(feed=Feed.objects.get(pk=self.feed.pk), actor=story.ACTOR, at=at or timezone.now())

    def calls(self) -> list[str]:
        answer = requests.get(f"{self.address}/sandbox/invoice-ninja/ledger?client_id={self.account}", timeout=5)
        return list(answer.json()["calls"])

    def fault(self, kind: str, value: str = "") -> None:
        told = {"kind": kind, "value": value, "client_id": self.account}
        assert requests.post(f"{self.address}/sandbox/faults", data=json.dumps(told), timeout=5).ok

    def amounts(self) -> list[Decimal]:
        """What was recorded and taken back, in order."""
        rows = Payment.everywhere.filter(company=self.company).order_by("number")
        return list(rows.values_list("amount", flat=True))

    def balance(self) -> Decimal:
        self.invoice.refresh_from_db()
        return self.invoice.balance

    def said(self) -> list[str]:
        rows = AuditEvent.everywhere.filter(tag=invoice_ninja.REFUSED, subjects__contains=[self.feed.subject])
        return [event.data["reason"] for event in rows.order_by("id")]

    def cursor(self) -> str:
        self.feed.refresh_from_db()
        return self.feed.cursor


def connected(company: Company, address: str, account: str, *, token: str = "") -> Feed:
    with company_scope(company):
        feed = Feed(company=company, kind=FeedKind.INVOICE_NINJA, base_url=address, created_at=story.AT)
        feed.save(force_insert=True)
        feed.set_secret("key", token or f"{KEY_PREFIX}{account}")
        feed.save()
    return feed


def a_ninja(address: str) -> Ninja:
    company, account = story.a_company(), f"demo-{uuid.uuid4().hex[:12]}"
    invoice = story.an_issued_invoice(story.a_customer(company), LINES)
    return Ninja(address, company, invoice, connected(company, address, account), account)


@pytest.fixture
def ninja(sandbox: str) -> Ninja:
    return a_ninja(sandbox)


# -- money received ------------------------------------------------------------------------------------------------


def test_a_payment_recorded_there_pays_our_invoice(ninja: Ninja) -> None:
    key = ninja.pays(1200.0, date="2026-11-18", type_id="5")
    assert ninja.read() == 1
    [payment] = Payment.everywhere.filter(company=ninja.company)
    assert payment.reference.startswith(f"Invoice Ninja {key}/")
    assert (payment.amount, payment.method, str(payment.paid_on)) == (GROSS, "CARD", "2026-11-18")
    ninja.invoice.refresh_from_db()
    assert (ninja.invoice.status, ninja.invoice.balance) == (InvoiceStatus.PAID, 0)


def test_what_was_read_is_read_again_without_effect_and_only_the_end_of_it(ninja: Ninja) -> None:
    ninja.pays(500.0)
    assert (ninja.read(), ninja.read()) == (1, 0)
    ninja.pays(300.0)
    ninja.read()
    asked = [call.partition("updated_at=")[2].partition("&")[0] for call in ninja.calls()]
    last = int(ninja.cursor())
    assert ninja.amounts() == [Decimal(500), Decimal(300)]
    assert [int(one) for one in asked[1:]] == [last - 1 - invoice_ninja.OVERLAP] * 2
    assert "include=invoices%2Cclient&sort=updated_at%7Casc" in ninja.calls()[0]


def test_payments_of_one_second_on_several_pages_are_all_recorded(
    ninja: Ninja, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE_SIZE", 1)
    same = next(_second)
    for amount in (100.0, 200.0, 300.0):
        ninja.pays(amount, updated_at=same)
    ninja.pays(50.0)
    assert ninja.read() == 4
    assert sorted(ninja.amounts()) == [50, 100, 200, 300]


def test_a_long_history_is_read_in_several_turns(ninja: Ninja, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAGE_SIZE", 2)
    monkeypatch.setattr(client, "MOST_PAGES", 2)
    start = next(_second)
    for place in range(5):
        ninja.pays(100.0, updated_at=start + place * 2 * invoice_ninja.OVERLAP)
    assert [ninja.read() for _ in range(3)] == [3, 2, 0]


def test_a_payment_of_the_second_that_was_read_last_is_not_lost(ninja: Ninja) -> None:
    same = next(_second)
    ninja.pays(100.0, updated_at=same)
    ninja.read()
    ninja.pays(200.0, updated_at=same)
    assert ninja.read() == 1
    assert ninja.amounts() == [100, 200]


def test_one_payment_for_two_invoices_pays_each_its_part(ninja: Ninja) -> None:
    other = story.an_issued_invoice(ninja.invoice.customer, LINES)
    ninja.tell(invoices={ninja.invoice.number: 1200.0, other.number: 300.0})
    assert ninja.read() == 2
    other.refresh_from_db()
    assert (ninja.balance(), other.balance) == (0, Decimal("900.00"))


def test_the_noise_of_a_float_is_no_money(ninja: Ninja) -> None:
    ninja.pays(0.1 + 0.2)
    ninja.read()
    assert ninja.amounts() == [Decimal("0.30")]


def test_a_pending_payment_is_no_money_until_it_is_completed(ninja: Ninja) -> None:
    key = ninja.pays(1200.0, status_id="1")
    assert (ninja.read(), ninja.said()) == (0, [])
    ninja.tell(id=key, status_id="4")
    assert (ninja.read(), ninja.amounts()) == (1, [GROSS])


@pytest.mark.parametrize("told", ["0001-01-01", "1899-12-31", "tomorrow", "9999-12-31"])
def test_a_day_that_cannot_be_is_the_day_it_was_changed_there(ninja: Ninja, told: str) -> None:
    now = timezone.now()
    changed = now - timedelta(days=3)
    day = (local_day(now) + timedelta(days=1)).isoformat() if told == "tomorrow" else told
    ninja.pays(1200.0, date=day, updated_at=int(changed.timestamp()))
    assert ninja.read(now) == 1
    assert Payment.everywhere.get(company=ninja.company).paid_on == local_day(changed)


@pytest.mark.parametrize("told", ["2000-01-01", "today"])
def test_a_day_that_can_be_is_kept(ninja: Ninja, told: str) -> None:
    day = local_day(timezone.now()).isoformat() if told == "today" else told
    ninja.pays(1200.0, date=day, updated_at=int((timezone.now() - timedelta(days=3)).timestamp()))
    ninja.read()
    assert str(Payment.everywhere.get(company=ninja.company).paid_on) == day


# -- what changes there --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason", "left"),
    [
        ({"refunds": True, "status_id": "5"}, invoice_ninja.REFUNDED, Decimal("800.00")),
        ({"is_deleted": True}, invoice_ninja.DELETED, None),
        ({"status_id": "2"}, invoice_ninja.CANCELLED, None),
        ({"status_id": "3"}, invoice_ninja.FAILED, None),
        ({"status_id": "6", "refunded": 1200.0}, invoice_ninja.REFUNDED, None),
    ],
)
def test_what_is_taken_back_there_is_taken_back_here(
    ninja: Ninja, change: dict[str, Any], reason: str, left: Decimal | None
) -> None:
    key = ninja.pays(1200.0)
    ninja.read()
    if "refunds" in change:
        change = change | {"refunds": {ninja.invoice.number: 400.0}}
    ninja.tell(id=key, **change)
    assert (ninja.read(), ninja.read()) == (1, 0)
    assert ninja.amounts() == [GROSS, -GROSS, *([left] if left else [])]
    assert Payment.everywhere.get(company=ninja.company, amount=-GROSS).reversal_reason == reason
    assert ninja.balance() == GROSS - (left or 0)


def test_a_payment_restored_there_counts_again(ninja: Ninja) -> None:
    key = ninja.pays(1200.0)
    ninja.read()
    ninja.tell(id=key, status_id="3")
    ninja.read()
    ninja.tell(id=key, status_id="4")
    assert ninja.read() == 1
    assert ninja.amounts() == [GROSS, -GROSS, GROSS]


def test_what_a_person_took_back_here_stays_so(ninja: Ninja) -> None:
    key = ninja.pays(500.0)
    ninja.read()
    with company_scope(ninja.company):
        reverse_payment(payment=Payment.objects.get(), reason="Saisi deux fois", actor=story.ACTOR, at=timezone.now())
    assert (ninja.read(), ninja.said()) == (0, [])
    ninja.tell(id=key, refunds={ninja.invoice.number: 100.0}, status_id="5")
    assert (ninja.read(), ninja.read()) == (0, 0)
    assert ninja.said() == [invoice_ninja.TakenBackHere.message]
    assert ninja.balance() == GROSS


def test_a_reference_that_a_person_rewrote_is_still_that_payment(ninja: Ninja) -> None:
    key = ninja.pays(500.0)
    ninja.read()
    with company_scope(ninja.company):
        payment = Payment.objects.get()
        change_payment_text(payment=payment, reference="Chèque 12", notes="", actor=story.ACTOR, at=timezone.now())
    assert ninja.read() == 0
    ninja.tell(id=key, is_deleted=True)
    assert ninja.read() == 1
    assert ninja.balance() == GROSS


def test_a_correction_that_a_person_made_here_is_kept(ninja: Ninja) -> None:
    ninja.pays(500.0)
    ninja.read()
    with company_scope(ninja.company):
        payment = Payment.objects.get()
        replace_payment(
            payment=payment,
            amount=Decimal(400),
            method="CASH",
            paid_on=payment.paid_on,
            notes="",
            reference=payment.reference,
            actor=story.ACTOR,
            at=timezone.now(),
        )
    assert ninja.read() == 0
    assert ninja.balance() == Decimal(800)


def test_a_reference_or_a_reason_that_a_person_typed_is_no_fact_of_the_feed(ninja: Ninja) -> None:
    key = ninja.pays(500.0)
    ninja.read()
    with company_scope(ninja.company):
        first = Payment.objects.get()
        reverse_payment(payment=first, reason=invoice_ninja.DELETED, actor=story.ACTOR, at=timezone.now())
        typed = money.a_payment(ninja.invoice.customer, "100.00", reference=first.reference, at=timezone.now())
    assert ninja.read() == 0
    ninja.tell(id=key, is_deleted=True)
    assert ninja.read() == 0
    typed.refresh_from_db()
    assert typed.reversed_at is None


def test_where_it_was_read_stands_on_the_payment_and_on_the_services_own_reversal(ninja: Ninja) -> None:
    key = ninja.pays(500.0)
    ninja.read()
    ninja.tell(id=key, is_deleted=True)
    ninja.read()
    payment, reversal = Payment.everywhere.filter(company=ninja.company).order_by("number")
    assert (payment.origin_service, payment.origin_payment) == ("invoice_ninja", key)
    assert payment.origin_invoice
    assert [getattr(reversal, name) for name in Payment.ORIGIN] == [getattr(payment, name) for name in Payment.ORIGIN]


def test_a_feed_connected_anew_finds_what_was_recorded_before(ninja: Ninja) -> None:
    ninja.pays(500.0)
    ninja.read()
    ninja.feed.delete()
    ninja.feed = connected(ninja.company, ninja.address, ninja.account)
    assert (ninja.read(), ninja.balance(), ninja.said()) == (0, Decimal(700), [])


# -- what cannot be applied ----------------------------------------------------------------------------------------


def test_a_number_that_is_not_ours_is_said_once_and_stops_nothing(ninja: Ninja) -> None:
    ninja.tell(invoices={"NINJA-0042": 10.0})
    ninja.pays(1200.0)
    assert (ninja.read(), ninja.read()) == (1, 0)
    assert ninja.said() == [invoice_ninja.UnknownNumber.message]
    event = AuditEvent.everywhere.get(tag=invoice_ninja.REFUSED, company=ninja.company)
    assert (event.data["number"], event.data["amount"]) == ("NINJA-0042", "10")
    assert ninja.balance() == 0


def test_more_than_is_outstanding_is_refused_whole_and_said_on_the_invoice(ninja: Ninja) -> None:
    money.a_payment(ninja.invoice.customer, "1000.00", [(ninja.invoice, "1000.00")])
    key = ninja.pays(1200.0)
    assert (ninja.read(), ninja.said()) == (0, [invoice_ninja.MoreThanOutstanding.message])
    assert ninja.balance() == Decimal(200)
    event = AuditEvent.everywhere.get(tag=invoice_ninja.REFUSED, company=ninja.company)
    assert ninja.invoice.subject in event.subjects
    ninja.tell(id=key, refunds={ninja.invoice.number: 1000.0}, status_id="5")
    assert (ninja.read(), ninja.balance()) == (1, 0)


def test_a_change_that_cannot_be_applied_leaves_what_was_recorded(ninja: Ninja) -> None:
    key = ninja.pays(200.0)
    ninja.read()
    money.a_payment(ninja.invoice.customer, "1000.00", [(ninja.invoice, "1000.00")], at=timezone.now())
    ninja.tell(id=key, invoices={ninja.invoice.number: 50.0})
    assert (ninja.read(), ninja.said()) == (0, [invoice_ninja.MoreThanOutstanding.message])
    assert ninja.amounts() == [200, 1000]


def test_a_credit_note_another_currency_and_a_fraction_of_a_cent_are_said(ninja: Ninja) -> None:
    other = story.an_issued_invoice(ninja.invoice.customer, LINES)
    with company_scope(ninja.company):
        note = credit_invoice(invoice=other, parts=None, reason="Erreur", actor=story.ACTOR, at=story.AT)
    ninja.tell(invoices={note.number: 10.0})
    ninja.pays(10.0, currency_id="1")
    ninja.pays(10.005)
    assert ninja.read() == 0
    said = ninja.said()
    assert said[:2] == [invoice_ninja.IsCreditNote.message, invoice_ninja.OtherCurrency.message]
    assert len(said) == 3
    assert ninja.balance() == GROSS


def test_a_credit_used_there_is_no_money(ninja: Ninja) -> None:
    ninja.pays(1200.0, amount=700.0)
    ninja.pays(100.0, amount=0.0)
    other = story.an_issued_invoice(ninja.invoice.customer, LINES)
    ninja.tell(invoices={ninja.invoice.number: 100.0, other.number: 100.0}, amount=150.0)
    ninja.pays(10.0, status_id="9")
    assert (ninja.read(), ninja.amounts()) == (1, [700])
    assert ninja.said() == [invoice_ninja.UNDIVIDED] * 2


def test_another_companys_invoice_of_the_same_number_is_untouched(ninja: Ninja) -> None:
    stranger = story.an_issued_invoice(story.a_customer(story.a_company()), LINES)
    assert stranger.number == ninja.invoice.number
    ninja.pays(1200.0)
    ninja.read()
    stranger.refresh_from_db()
    assert (ninja.balance(), stranger.balance) == (0, GROSS)


# -- failures ------------------------------------------------------------------------------------------------------


def test_a_wrong_token_is_said_on_the_feed_until_a_right_one_is_given(ninja: Ninja) -> None:
    ninja.feed.set_secret("key", "wrong")
    ninja.feed.save()
    ninja.pays(1200.0)
    with pytest.raises(RemoteError) as refused:
        ninja.read()
    ninja.feed.refresh_from_db()
    assert (refused.value.code, refused.value.retryable) == ("bad_token", False)
    assert ninja.feed.last_error == str(refused.value)
    assert ninja.feed.failing_since is not None
    ninja.feed.set_secret("key", f"{KEY_PREFIX}{ninja.account}")
    ninja.feed.save()
    assert ninja.read() == 1
    ninja.feed.refresh_from_db()
    assert (ninja.feed.last_error, ninja.feed.failing_since) == ("", None)


@pytest.mark.parametrize("kind", ["429", "503", "500", "empty-body", "expired-token"])
def test_a_service_that_fails_is_read_at_the_next_turn(ninja: Ninja, kind: str) -> None:
    ninja.pays(1200.0)
    for _ in range(2):  # 500 and 503 are tried again at once
        ninja.fault(kind)
    with pytest.raises(RemoteError):
        ninja.read()
    assert ninja.amounts() == []
    requests.delete(f"{ninja.address}/sandbox/faults", timeout=5)
    assert ninja.read() == 1


def test_pages_that_were_kept_stay_kept_when_the_next_one_fails(ninja: Ninja, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "PAGE_SIZE", 1)
    for amount in (100.0, 200.0):
        ninja.pays(amount)
    first = client.InvoiceNinja._page

    def cut(self: client.InvoiceNinja, since: int, number: int) -> Any:
        if ninja.amounts():
            raise RemoteError("cut", retryable=True)
        return first(self, since, number)

    with monkeypatch.context() as patch:
        patch.setattr(client.InvoiceNinja, "_page", cut)
        with pytest.raises(RemoteError):
            ninja.read()
    assert (ninja.amounts(), int(ninja.cursor()) > 0) == ([100], True)
    ninja.read()
    assert ninja.amounts() == [100, 200]


def test_dying_between_recording_and_the_cursor_records_nothing_twice(
    ninja: Ninja, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_args: object) -> str:
        raise SystemError("killed")

    ninja.pays(500.0)
    with monkeypatch.context() as patch:
        patch.setattr(invoice_ninja, "_advance", die)
        with pytest.raises(SystemError):
            ninja.read()
    assert (ninja.amounts(), ninja.cursor()) == ([500], "")
    assert (ninja.read(), ninja.amounts()) == (0, [500])


def test_a_clock_that_is_ahead_there_does_not_hide_what_follows(ninja: Ninja) -> None:
    ninja.pays(100.0, updated_at=int(timezone.now().timestamp()) + 10**8)
    ninja.read()
    ninja.pays(200.0, updated_at=int(timezone.now().timestamp()))
    assert (ninja.read(), ninja.amounts()) == (1, [100, 200])


@pytest.mark.parametrize("change", [{"is_enabled": False}, {"base_url": "https://elsewhere.example"}])
def test_a_feed_that_is_switched_off_or_moved_meanwhile_records_nothing_more(
    ninja: Ninja, change: dict[str, Any]
) -> None:
    ninja.pays(500.0)
    with company_scope(ninja.company):
        feed = Feed.objects.get()
        Feed.objects.update(**change)
        assert invoice_ninja.read(feed, timezone.now()) == 0
    assert ninja.amounts() == []


# -- where it may be -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "https://10.0.0.1",
        "https://127.0.0.1:5432",
        "http://127.0.0.1",
        "https://localhost",
        "https://169.254.169.254",
        "https://[::1]:9200",
    ],
)
def test_an_address_that_is_not_public_is_refused_when_it_is_typed(address: str, settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = False
    with pytest.raises(Invalid) as refused:
        typed(story.a_company(), address)
    assert refused.value.fields == {"base_url": FORBIDDEN}


@pytest.mark.parametrize("address", ["https://a..b", "https://[", f"https://{'a' * 64}.example"])
def test_an_address_that_cannot_be_one_is_refused_when_it_is_typed(address: str) -> None:
    with pytest.raises(Invalid) as refused:
        typed(story.a_company(), address)
    assert refused.value.fields == {"base_url": "L’adresse du service distant est incorrecte."}


def typed(company: Company, address: str) -> Feed:
    """A person connects Invoice Ninja at this address."""
    return connecting.save_feed(
        company=company,
        kind=FeedKind.INVOICE_NINJA,
        values={"base_url": address},
        secret="token",
        actor=story.ACTOR,
        at=timezone.now(),
    )


@pytest.mark.parametrize("answers", [["10.0.0.1"], ["93.184.215.14", "127.0.0.1"], ["169.254.169.254"], ["::1"]])
def test_a_name_that_leads_to_a_private_place_is_not_read_whatever_stands_there(
    ninja: Ninja, answers: list[str], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = False
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 443)) for one in answers]
    monkeypatch.setattr(outbound.socket, "getaddrinfo", lambda *_asked, **_how: found)
    Feed.everywhere.update(base_url="https://ninja.example")
    with pytest.raises(RemoteError) as refused:
        ninja.read()
    assert (refused.value.code, str(refused.value)) == ("forbidden_address", FORBIDDEN)


@pytest.mark.parametrize("is_served", [True, False])
def test_a_private_place_fails_the_same_whether_somebody_answers_there_or_not(
    ninja: Ninja, is_served: bool, settings: Any
) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = False
    if not is_served:
        Feed.everywhere.update(base_url=f"http://127.0.0.1:{free_port()}")
    ninja.pays(1200.0)
    with pytest.raises(RemoteError):
        ninja.read()
    ninja.feed.refresh_from_db()
    assert (ninja.feed.last_error, ninja.calls()) == (FORBIDDEN, [])


# -- hints ---------------------------------------------------------------------------------------------------------


def hinted(ninja: Ninja, body: bytes) -> ReceivedWebhook:
    source = a_source(ninja.company, "invoice_ninja", "")
    assert knock(path_of(source), body).status_code == 200
    applying.apply_due(now=timezone.now)
    row: ReceivedWebhook = ReceivedWebhook.everywhere.latest("received_at")
    return row


def test_a_hint_leads_to_the_reading(ninja: Ninja) -> None:
    key = ninja.pays(1200.0)
    row = hinted(ninja, json.dumps({"id": key, "amount": 1200.0, "updated_at": 1}).encode())
    assert (row.status, ninja.amounts()) == (ReceivedStatus.APPLIED, [GROSS])


def test_a_forged_hint_changes_nothing(ninja: Ninja) -> None:
    forged = {
        "id": "VolejRejNm",
        "amount": 1200.0,
        "status_id": "4",
        "updated_at": 1763700000,
        "paymentables": [{"invoice_id": "a", "amount": 1200.0, "refunded": 0}],
        "invoices": [{"id": "a", "number": ninja.invoice.number}],
    }
    row = hinted(ninja, json.dumps(forged).encode())
    assert (row.status, ninja.amounts(), ninja.balance()) == (ReceivedStatus.APPLIED, [], GROSS)
    assert len(ninja.calls()) == 1


def test_the_clock_reads_every_connected_company(ninja: Ninja) -> None:
    second = a_ninja(ninja.address)
    ninja.pays(1200.0)
    second.pays(700.0)
    assert (read_feeds(), read_feeds()) == (2, 0)
    assert (ninja.balance(), second.balance()) == (0, Decimal(500))


@pytest.mark.parametrize("address", ["https://a..b", "https://["])
def test_a_feed_whose_address_cannot_be_one_holds_up_nobody_else(ninja: Ninja, address: str) -> None:
    first, second = in_turn(ninja, a_ninja(ninja.address))
    Feed.everywhere.filter(pk=first.feed.pk).update(base_url=address)
    second.pays(700.0)
    assert read_feeds() == 1
    first.feed.refresh_from_db()
    assert first.feed.failing_since is not None
    assert first.feed.last_error == "L’adresse du service distant est incorrecte."


def test_a_feed_that_fails_unexpectedly_says_so_and_holds_up_nobody_else(
    ninja: Ninja, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = in_turn(ninja, a_ninja(ninja.address))
    second.pays(700.0)
    monkeypatch.setattr(reading, "READERS", {FeedKind.INVOICE_NINJA: failing_for(first.feed, KeyError("defect"))})
    assert read_feeds() == 1
    first.feed.refresh_from_db()
    assert (first.feed.last_error, first.feed.failing_since is not None) == (reading.DEFECT, True)


def test_a_company_whose_reconciliation_fails_unexpectedly_holds_up_nobody_else(
    ninja: Ninja, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = in_turn(ninja, a_ninja(ninja.address))
    first.pays(1200.0)
    second.pays(700.0)
    asked: list[int] = []

    def broken(*, company: Company, **_told: Any) -> None:
        asked.append(company.pk)
        raise KeyError("defect")

    monkeypatch.setattr(tasks, "reconcile_company", broken)
    read_feeds()
    assert sorted(asked) == [first.company.pk, second.company.pk]  # in whatever turn the queue gives them
    assert (first.balance(), second.balance()) == (0, Decimal(500))


@pytest.mark.django_db(transaction=True)
def test_a_database_that_is_away_ends_the_reading(ninja: Ninja, monkeypatch: pytest.MonkeyPatch) -> None:
    def read(_feed: Feed, at: datetime) -> int:
        connection.close()
        raise OperationalError("away")

    monkeypatch.setattr(reading, "READERS", {FeedKind.INVOICE_NINJA: read})
    with pytest.raises(OperationalError):
        read_feeds()


def in_turn(*ninjas: Ninja) -> list[Ninja]:
    """As the clock reads them."""
    return sorted(ninjas, key=lambda one: one.company.pk)


def failing_for(feed: Feed, error: Exception) -> Callable[[Feed, datetime], int]:
    def read(one: Feed, at: datetime) -> int:
        if one.pk == feed.pk:
            raise error
        return invoice_ninja.read(one, at)

    return read


# -- at once -------------------------------------------------------------------------------------------------------


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("page_size", [100, 2])
def test_readings_at_once_record_each_payment_once(
    sandbox: str, page_size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "PAGE_SIZE", page_size)
    ninja = a_ninja(sandbox)
    for _ in range(6):
        ninja.pays(100.0)
    ninja.tell(invoices={"NINJA-0042": 10.0})

    def reader(_place: int) -> int:
        return ninja.read()

    found = at_once(4, reader)
    assert ninja.said() == [invoice_ninja.UnknownNumber.message]
    assert (sum(found), ninja.amounts()) == (6, [100] * 6)
    assert ninja.balance() == Decimal(600)
    assert list(chain.verify(ninja.company)) == []


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_the_database_records_a_payment_of_a_service_once_whatever_was_locked(
    sandbox: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ninja = a_ninja(sandbox)
    ninja.pays(100.0)
    monkeypatch.setattr(invoice_ninja, "_lock", lambda *_given: None)

    def reader(_place: int) -> str:
        try:
            return str(ninja.read())
        except Stale:
            return "stale"

    at_once(4, reader)
    assert ninja.amounts() == [100]
    assert ninja.balance() == Decimal(1100)


# -- the client ----------------------------------------------------------------------------------------------------


def test_the_ping_names_the_company(ninja: Ninja) -> None:
    with client.InvoiceNinja(
        f"{ninja.address}/api/v1/", f"{KEY_PREFIX}{ninja.account}", adapter=HTTPAdapter()
    ) as service:
        assert service.ping() == ninja.account


@pytest.mark.parametrize(
    "told",
    [
        {"amount": "twelve"},
        {"amount": True},
        {"updated_at": "yesterday"},
        {"updated_at": 10**14},
        {"id": "../../x"},
        {"paymentables": {"invoice_id": "a"}},
        {"is_deleted": "no"},
    ],
)
def test_what_cannot_be_read_is_never_guessed(told: dict[str, Any]) -> None:
    good = {"id": "VolejRejNm", "updated_at": 1, "status_id": 4, "amount": Decimal("10.0"), "paymentables": []}
    assert client._payment(good).received == 10
    with pytest.raises(RemoteError):
        client._payment(good | told)


def test_a_list_that_is_neither_filtered_nor_sorted_is_not_believed(
    ninja: Ninja, monkeypatch: pytest.MonkeyPatch
) -> None:
    ninja.pays(100.0)
    ninja.pays(200.0)
    get = client.InvoiceNinja._get

    def backwards(self: client.InvoiceNinja, path: str, params: Any = None) -> Any:
        return get(self, path, params | {"sort": "updated_at|desc"})

    monkeypatch.setattr(client.InvoiceNinja, "_get", backwards)
    with pytest.raises(RemoteError):
        ninja.read()
    assert ninja.amounts() == []


@pytest.mark.parametrize("raised", [invoice_ninja.UnknownNumber, invoice_ninja.TakenBackHere])
def test_each_refusal_has_a_code_of_its_own(raised: Callable[[], DomainError]) -> None:
    assert raised().code != DomainError.code


@pytest.mark.parametrize(
    "query",
    ["per_page=x", "sort=amount", "sort=colour|asc", "updated_at=yesterday", "page=0", "filters=1&cursor=9", "number="],
)
def test_the_simulator_passes_over_what_the_server_does_not_understand(ninja: Ninja, query: str) -> None:
    ninja.pays(10.0)
    ninja.tell(invoices={ninja.invoice.number: 5.0}, is_deleted=True)
    answer = asked(ninja, query)
    assert (answer.status_code, len(answer.json()["data"])) == (200, 2), "what was deleted there is listed too"
    assert answer.json()["meta"]["pagination"]["per_page"] == 20


def test_the_five_hundred_and_first_call_of_a_minute_is_refused(ninja: Ninja, settings: Any) -> None:
    assert asked(ninja, "").headers["X-RateLimit-Limit"] == "500"
    assert asked(ninja, "").headers["X-RateLimit-Remaining"] == "498"
    settings.SANDBOX_NINJA_MINUTE = 2
    refused = asked(ninja, "")
    assert (refused.status_code, refused.json()["message"]) == (429, "Too Many Attempts.")
    with pytest.raises(RemoteError) as patience:
        ninja.read()
    assert patience.value.retry_after is not None
    settings.SANDBOX_NINJA_MINUTE = 500
    assert ninja.read() == 0


def test_a_token_that_is_none_is_refused_with_403(ninja: Ninja) -> None:
    for token in ("", "wrong", "ninja_other"):
        answer = requests.get(f"{ninja.address}/api/v1/payments", headers={"X-API-TOKEN": token}, timeout=5)
        assert (answer.status_code, answer.json()["message"]) == (403, "Invalid token")


def asked(ninja: Ninja, query: str) -> requests.Response:
    headers = {"X-API-TOKEN": f"{KEY_PREFIX}{ninja.account}"}
    return requests.get(f"{ninja.address}/api/v1/payments?{query}", headers=headers, timeout=5)
