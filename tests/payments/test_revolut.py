"""What Revolut Business tells becomes bank lines: once each, when it is completed, whatever the pages and failures."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from billing.models import Invoice, InvoiceStatus
from config.kernel.errors import RemoteError
from config.kernel.models import AuditEvent, Company
from config.kernel.scope import company_scope
from payments.feeds.revolut import client as api
from payments.feeds.revolut.keys import new_key
from payments.models import BankAccount, BankStatement, Feed, LineStatus, Match
from payments.services.feeds import revolut
from payments.services.reconciliation import reconcile
from payments.services.undoing import AlreadyUndone, reopen_line
from payments.statements.revolut import plain_words
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import money, story
from tests.payments.revolut import Business

pytestmark = pytest.mark.django_db
AT, ACTOR = story.AT, story.ACTOR


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def company() -> Iterator[Company]:
    row = story.a_company()
    money.a_bank_account(row)
    with company_scope(row):
        yield row


@pytest.fixture
def business(sandbox: str, company: Company) -> Business:
    return Business(sandbox, company).consents()


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def amounts(business: Business) -> list[Decimal]:
    return sorted(line.amount for line in business.lines())


# -- what is read --------------------------------------------------------------------------------------------------


def test_a_completed_transaction_becomes_a_line_with_its_words(business: Business) -> None:
    business.moves(1200.10, reference="FAC-2026-00001", completed_at="2026-11-15T23:30:00.5Z", balance=5000.10)
    assert business.reads() == 1
    [line] = business.lines()
    assert (line.amount, line.currency, line.booked_on) == (Decimal("1200.10"), "EUR", date(2026, 11, 16))
    assert (line.counterparty, line.remittance) == ("Maison Lumiere", "FAC-2026-00001 Payment from Maison Lumiere")
    statement = line.statement
    assert (statement.opening, statement.closing) == (Decimal("3800.00"), Decimal("5000.10"))
    assert business.reads(AT + minutes(15)) == 0
    assert len(business.lines()) == 1
    assert BankStatement.everywhere.filter(company=business.company).count() == 1


def test_the_file_of_a_statement_is_what_came_byte_for_byte(business: Business, monkeypatch: Any) -> None:
    bodies: list[bytes] = []
    split = api.transactions_of
    monkeypatch.setattr(api, "transactions_of", lambda body: bodies.append(body) or split(body))
    told = business.moves(12.34, reference="Café  « é »", balance=12.34)
    business.moves(7, state="pending")
    business.reads()
    [statement] = BankStatement.everywhere.filter(company=business.company)
    with statement.file.open() as file:
        kept = file.read()
    assert any(kept[1:-1] in body for body in bodies), "the bytes of the transaction are those of the answer"
    assert [one["id"] for one in json.loads(kept)] == [told["id"]]


def test_what_is_not_completed_is_no_money(business: Business) -> None:
    for state in ("created", "pending", "declined", "failed", "reverted", "a word of tomorrow"):
        business.moves(10, state=state)
    assert business.reads() == 0
    assert business.lines() == []


def test_a_fee_is_a_line_of_its_own(business: Business) -> None:
    business.moves(-100.0, fee=0.2, balance=899.8)
    business.reads()
    assert amounts(business) == [Decimal("-100.00"), Decimal("-0.20")]
    [statement] = BankStatement.everywhere.filter(company=business.company)
    assert (statement.opening, statement.closing) == (Decimal("1000.00"), Decimal("899.80"))
    assert business.reads(AT + minutes(15)) == 0


def test_pending_then_completed_gives_one_line_on_the_day_it_was_completed(business: Business) -> None:
    told = business.moves(50, state="pending", at=AT - timedelta(days=12))
    assert business.reads() == 0
    business.becomes(told, "completed", at=AT)
    assert business.reads(AT + minutes(15)) == 1
    assert business.reads(AT + minutes(30)) == 0
    [line] = business.lines()
    assert line.booked_on == date(2026, 11, 16)


def test_rows_of_one_instant_are_not_lost_between_pages(business: Business, monkeypatch: Any) -> None:
    monkeypatch.setattr(api, "PAGE", 3)
    for place in range(2):
        business.moves(100 + place, at=AT - minutes(place))
    for place in range(2):
        business.moves(200 + place, at=AT - minutes(5))
    for place in range(4):
        business.moves(300 + place, at=AT - minutes(10 + place))
    assert business.reads() == 8
    assert amounts(business) == [Decimal(one) for one in (100, 101, 200, 201, 300, 301, 302, 303)]


def test_a_full_page_of_one_instant_is_refused_rather_than_read_in_part(business: Business, monkeypatch: Any) -> None:
    monkeypatch.setattr(api, "PAGE", 3)
    for place in range(4):
        business.moves(10 + place)
    with pytest.raises(RemoteError, match="trop de mouvements"):
        business.reads()


def test_an_account_of_another_iban_or_currency_is_named_and_not_booked(business: Business) -> None:
    other = business.an_account("FR7612345987650123456789014", name="Épargne")
    dollars = business.an_account(story.IBAN, currency="USD", name="Dollars")
    business.moves(10, account_id=other)
    business.moves(11, account_id=dollars, currency="USD")
    business.moves(12)
    assert business.reads() == 1
    assert amounts(business) == [Decimal("12.00")]
    assert Feed.everywhere.get(pk=business.feed.pk).left_out == ["Dollars (USD)", "Épargne (EUR)"]
    business.reads(AT + minutes(15))
    assert AuditEvent.everywhere.filter(company=business.company, tag=revolut.LEFT_OUT).count() == 1


def test_the_right_iban_in_another_currency_is_not_that_account(business: Business) -> None:
    business.tell(accounts=[{"id": business.account, "currency": "USD"}])
    with pytest.raises(revolut.NoAccountOfOurs):
        business.reads()


def test_an_iban_shared_with_others_tells_no_account(business: Business) -> None:
    business.tell(accounts=[{"id": business.account, "details": [{"iban": story.IBAN, "pooled": True}]}])
    with pytest.raises(revolut.NoAccountOfOurs):
        business.reads()
    assert Feed.everywhere.get(pk=business.feed.pk).left_out == ["Main (EUR)"]


def test_a_transfer_between_two_accounts_is_a_line_in_each(business: Business) -> None:
    second = "FR7612345987650123456789014"
    BankAccount.objects.create(company=business.company, name="Deux", iban=second, ledger_account="512900")
    legs = [
        {"leg_id": "a", "account_id": business.account, "amount": -40, "currency": "EUR"},
        {"leg_id": "b", "account_id": business.an_account(second), "amount": 40, "currency": "EUR"},
    ]
    business.moves(0, legs=legs)
    assert business.reads() == 2
    assert sorted((line.account.name, line.amount) for line in business.lines()) == [
        ("Compte courant", Decimal("-40.00")),
        ("Deux", Decimal("40.00")),
    ]


def test_nothing_new_still_makes_the_account_fresh(business: Business) -> None:
    business.reads()
    account = BankAccount.objects.get()
    assert account.imported_at == AT
    assert not account.is_stale(AT + timedelta(hours=23))


def test_what_a_statement_file_brought_is_not_brought_again(business: Business) -> None:
    money.bank_lines(business.company, [money.a_credit("30.00")])
    business.moves(30, at=AT)
    business.moves(30, at=AT + minutes(1))
    assert business.reads(AT + minutes(2)) == 1
    assert amounts(business) == [Decimal("30.00"), Decimal("30.00")]
    assert business.reads(AT + minutes(15)) == 0


def test_the_first_reading_goes_back_ninety_days_and_the_next_ones_fourteen(business: Business) -> None:
    old = business.moves(1, at=AT - timedelta(days=89))
    business.moves(2, at=AT - timedelta(days=91))
    assert business.reads() == 1
    assert business.lines()[0].bank_reference == old["legs"][0]["leg_id"]
    late = business.moves(3, at=AT - timedelta(days=13), state="completed")
    business.moves(4, at=AT - timedelta(days=16))
    assert business.reads(AT + minutes(15)) == 1
    assert late["legs"][0]["leg_id"] in {line.bank_reference for line in business.lines()}


def test_once_a_day_everything_is_read_again(business: Business) -> None:
    told = business.moves(1, at=AT - timedelta(days=40))
    business.reads()
    business.becomes(told, "reverted")
    business.moves(2, at=AT - timedelta(days=30))
    assert business.reads(AT + minutes(15)) == 0
    assert business.reads(AT + timedelta(days=1)) == 1
    assert {line.amount: line.status for line in business.lines()} == {1: LineStatus.VOID, 2: LineStatus.OPEN}


def test_a_feed_that_was_off_for_weeks_reads_all_it_missed(business: Business) -> None:
    business.reads()
    for days in range(0, 60, 6):
        business.moves(1 + days, at=AT + timedelta(days=days, hours=1))
    assert business.reads(AT + timedelta(days=60)) == 10


def test_statements_follow_one_another_without_a_gap(business: Business) -> None:
    business.moves(100, balance=100, at=AT)
    business.reads(AT + minutes(1))
    business.moves(-30, balance=70, at=AT + minutes(2))
    late = business.moves(5, balance=75, at=AT - timedelta(days=3), state="pending")
    business.reads(AT + minutes(3))
    business.becomes(late, "completed", at=AT + minutes(5))
    business.reads(AT + minutes(20))
    events = AuditEvent.everywhere.filter(company=business.company, tag="payments.bank.imported")
    assert [event.data["gap"] for event in events.order_by("id")] == [False, False, False]


def test_what_a_double_adds_to_an_amount_is_left_out(business: Business) -> None:
    business.moves(10.290000000000001, balance=0.1 + 0.2)
    business.reads()
    [line] = business.lines()
    assert (line.amount, line.statement.closing) == (Decimal("10.29"), Decimal("0.30"))


@pytest.mark.parametrize("amount", [10.001, "10", True, 1e20])
def test_an_amount_that_cannot_be_booked_stops_the_reading_and_says_so(business: Business, amount: Any) -> None:
    business.moves(10, legs=[{"leg_id": "x", "account_id": business.account, "amount": amount, "currency": "EUR"}])
    with pytest.raises(RemoteError):
        business.reads()
    assert business.lines() == []
    feed = Feed.objects.get()
    assert feed.last_error
    assert (feed.failing_since, feed.read_at) == (AT, None)


def test_odd_words_are_kept_as_a_database_can() -> None:
    assert plain_words("A\x00B\n\ud800C  D") == "AB ?C D"
    assert plain_words(None) == plain_words({"a": 1}) == ""


@pytest.mark.parametrize("body", [b"", b"{}", b"[{}", b"[{},]x", b"[1]", b'[{"id": "a"}]', b"\xff", b"[" * 9999])
def test_an_answer_that_is_no_list_of_transactions_is_unreadable(body: bytes) -> None:
    with pytest.raises(RemoteError, match="ne peut pas être lue"):
        api.transactions_of(body)


# -- what is taken back --------------------------------------------------------------------------------------------


def a_paid_invoice(business: Business) -> tuple[Invoice, dict[str, Any]]:
    lines = [story.a_line(quantity=Decimal(1), unit_price=Decimal("100.00"))]
    invoice = story.an_issued_invoice(story.a_customer(business.company), lines)
    told = business.moves(120, reference=invoice.number)
    business.reads()
    reconcile(company=business.company, actor=ACTOR, at=AT)
    invoice.refresh_from_db()
    assert invoice.status == InvoiceStatus.PAID
    return invoice, told


def test_what_is_reverted_is_unmatched_and_voided_with_its_reason(business: Business) -> None:
    invoice, told = a_paid_invoice(business)
    business.becomes(told, "reverted")
    business.reads(AT + minutes(15))
    invoice.refresh_from_db()
    [line] = business.lines()
    assert (invoice.status, invoice.balance, line.status) == (InvoiceStatus.ISSUED, 120, LineStatus.VOID)
    match = Match.objects.get()
    assert (match.undone_because, match.undone_at) == (revolut.TAKEN_BACK_THERE, AT + minutes(15))
    events = AuditEvent.everywhere.filter(subjects__contains=[line.subject]).order_by("id")
    assert [one.tag for one in events][-2:] == ["payments.bank.unmatched", "payments.bank.voided"]
    assert events.last().data["reason"] == revolut.TAKEN_BACK_THERE
    count = events.count()
    business.reads(AT + minutes(30))
    assert events.count() == count, "voided once"


def test_a_reverted_line_that_was_open_is_voided_with_its_fee(business: Business) -> None:
    told = business.moves(-10, fee=1)
    business.reads()
    business.becomes(told, "reverted")
    business.reads(AT + minutes(15))
    assert {line.status for line in business.lines()} == {LineStatus.VOID}
    reopen_line(line=business.lines()[0], actor=ACTOR, at=AT)
    business.reads(AT + minutes(30))
    assert {line.status for line in business.lines()} == {LineStatus.VOID}, "the money is not there"


def test_who_was_at_the_line_meanwhile_is_looked_at_again(business: Business, monkeypatch: Any) -> None:
    _invoice, told = a_paid_invoice(business)
    business.becomes(told, "reverted")
    undo, calls = revolut.undo_match, []

    def late(**match: Any) -> Any:
        calls.append(match)
        if len(calls) == 1:
            raise AlreadyUndone
        return undo(**match)

    monkeypatch.setattr(revolut, "undo_match", late)
    business.reads(AT + minutes(15))
    assert [line.status for line in business.lines()] == [LineStatus.VOID]


# -- tokens --------------------------------------------------------------------------------------------------------


def test_a_token_is_kept_for_the_next_reading_and_renewed_before_its_end(business: Business) -> None:
    business.reads()
    business.reads(AT + minutes(15))
    assert [one for one in business.calls() if one.startswith("token")] == ["token authorization_code"]
    business.reads(AT + minutes(39))
    assert business.calls().count("token refresh_token") == 1


def test_a_key_whose_certificate_was_not_uploaded_opens_nothing(business: Business) -> None:
    feed = Feed.objects.get()
    feed.set_secret("key", new_key())
    feed.set_secret("token", "")
    feed.token_until = None
    feed.save()
    with pytest.raises(RemoteError, match="vérifiez le certificat") as refused:
        business.reads()
    assert (refused.value.code, refused.value.retryable) == ("consent_refused", False)


def test_a_code_serves_once(business: Business) -> None:
    code = business.code()
    grant = {"grant_type": "authorization_code", "code": code}
    assert revolut.exchange(business.feed, grant).refresh_token
    with pytest.raises(RemoteError):
        revolut.exchange(business.feed, grant)


def test_a_refused_token_is_renewed_once(business: Business) -> None:
    business.moves(10)
    business.fails("expired-token")
    assert business.reads() == 1
    assert business.calls().count("token refresh_token") == 1
    business.fails("expired-token", times=2)
    with pytest.raises(RemoteError, match="identifiants"):
        business.reads(AT + minutes(15))
    assert business.calls().count("token refresh_token") == 2


def test_a_consent_that_was_taken_back_is_said_until_it_is_given_again(business: Business) -> None:
    business.reads()
    business.tell(revoked=True)
    with pytest.raises(RemoteError, match="autorisez de nouveau"):
        business.reads(AT + minutes(15))
    feed = Feed.objects.get()
    assert feed.failing_since == AT + minutes(15)
    business.tell(revoked=False)
    business.consents().reads(AT + minutes(30))
    feed.refresh_from_db()
    assert (feed.last_error, feed.failing_since) == ("", None)


def test_before_any_consent_nothing_is_asked(sandbox: str, company: Company) -> None:
    business = Business(sandbox, company)
    with pytest.raises(revolut.NoConsent):
        business.reads()
    assert business.calls() == []


def test_no_account_of_ours_is_said(business: Business) -> None:
    BankAccount.objects.update(iban="FR7612345987650123456789014")
    with pytest.raises(revolut.NoAccountOfOurs):
        business.reads()


# -- failures ------------------------------------------------------------------------------------------------------


def test_a_failure_between_two_pages_loses_nothing(business: Business, monkeypatch: Any) -> None:
    monkeypatch.setattr(api, "PAGE", 2)
    for place in range(6):
        business.moves(10 + place, at=AT - timedelta(days=place * 12))
    page, calls = api.RevolutClient._page, []

    def breaks(self: Any, *args: Any) -> Any:
        calls.append(args)
        if len(calls) == 7:
            raise RemoteError("coupé", retryable=True)
        return page(self, *args)

    monkeypatch.setattr(api.RevolutClient, "_page", breaks)
    with pytest.raises(RemoteError):
        business.reads()
    before = len(business.lines())
    assert 0 < before < 6
    assert business.reads(AT + minutes(5)) == 6 - before
    assert amounts(business) == [Decimal(10 + place) for place in range(6)]


def test_patience_is_asked_for_and_the_feed_says_so(business: Business) -> None:
    business.fails("429", operation="search")
    with pytest.raises(RemoteError) as refused:
        business.reads()
    assert (refused.value.code, refused.value.retry_after) == ("http_429", 2)
    assert "ralentir" in Feed.objects.get().last_error


def test_a_reading_comes_to_an_end_however_slow_revolut_is(business: Business, monkeypatch: Any) -> None:
    monkeypatch.setattr(revolut, "LONGEST", 0.4)
    business.fails("latency", operation="search")
    with pytest.raises(RemoteError, match=r"lentement|à temps"):
        business.reads()
    monkeypatch.undo()
    business.moves(5)
    assert business.reads(AT + minutes(5)) == 1


def test_another_companys_feed_is_never_read(business: Business, sandbox: str) -> None:
    other = story.a_company()
    money.a_bank_account(other)
    theirs = Business(sandbox, other).consents()
    theirs.moves(99)
    business.moves(1)
    business.reads()
    assert amounts(business) == [Decimal("1.00")]
    assert theirs.lines() == []
    assert "transactions" not in theirs.calls()
