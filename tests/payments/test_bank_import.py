"""A statement is imported once, whatever is sent twice, overlaps or comes at once; what cannot be right is refused."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as settings_of_django
from django.db import IntegrityError
from lxml import etree

from config.kernel.clock import PARIS
from config.kernel.errors import Invalid
from config.kernel.models import AuditEvent, Company
from config.kernel.scope import company_scope
from payments.models import BankAccount, BankLine, BankStatement, LineStatus
from payments.services import bank
from payments.services.bank import (
    AnotherCurrency,
    import_statement,
)
from payments.services.own_accounts import UnknownAccount
from payments.services.reconciliation import reconcile
from payments.services.settling import LineNotOpen, suspend_line
from payments.services.storing import AmountTooLarge, follows_a_gap
from payments.services.undoing import LineMatched, reopen_line
from payments.statements.sample import NAMESPACE, Entry, camt053
from tests.factories import money, story
from tests.trust.at_once import at_once

AT, ACTOR = story.AT, story.ACTOR
MONDAY = date(2026, 11, 16)
ENTRIES = [
    Entry(amount=Decimal("1200.00"), counterparty="MAISON LUMIERE", remittance="FAC-2026-00001"),
    Entry(amount=Decimal("-48.00"), counterparty="BANQUE", remittance="FRAIS"),
    Entry(amount=Decimal("35.50"), counterparty="JEAN DUPONT", remittance="MERCI"),
]


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def company(db: None) -> Iterator[Company]:
    row = story.a_company()
    money.a_bank_account(row)
    with company_scope(row):
        yield row


def statement(
    company: Company, entries: list[Entry] = ENTRIES, *, on: date = MONDAY, opening: str = "0.00", name: str = "REL-1"
) -> bytes:
    return camt053(company.iban, Decimal(opening), entries, on, name)


def load(company: Company, data: bytes, *, at: datetime = AT, filename: str = "releve.xml") -> list[BankStatement]:
    return import_statement(company=company, data=data, filename=filename, actor=ACTOR, at=at)


def state(company: Company) -> set[tuple[Any, ...]]:
    columns = ("import_key", "booked_on", "amount", "counterparty", "remittance", "bank_reference", "status")
    return set(BankLine.everywhere.filter(company=company).values_list(*columns))


def merged(*files: bytes) -> bytes:
    """One file with the statements of all."""
    first, *others = (etree.fromstring(data) for data in files)
    message = first[0]
    for other in others:
        message.extend(other[0].findall(f"{{{NAMESPACE}}}Stmt"))
    return etree.tostring(first)


def test_each_movement_becomes_a_line_and_the_file_is_kept_byte_for_byte(company):
    data = statement(company)
    [row] = load(company, data)
    assert (row.line_count, row.new_count, row.opening, row.closing) == (3, 3, 0, Decimal("1187.50"))
    assert row.sha256 == hashlib.sha256(data).hexdigest()
    with row.file.open("rb") as kept:
        assert kept.read() == data
    assert {line.amount for line in BankLine.everywhere.filter(company=company)} == {one.amount for one in ENTRIES}
    event = AuditEvent.everywhere.get(company=company, tag="payments.bank.imported")
    assert (event.data["new"], event.data["gap"]) == (3, False)


def test_the_same_file_twice_changes_nothing_at_all(company):
    data = statement(company)
    first, before = load(company, data), state(company)
    account = BankAccount.everywhere.get(company=company)
    again = load(company, data, at=AT + timedelta(days=3), filename="autre-nom.xml")
    assert again == first
    assert state(company) == before
    assert BankStatement.everywhere.filter(company=company).count() == 1
    account.refresh_from_db()
    assert account.imported_at == AT, "an old file read again makes nothing fresh"


def test_overlapping_statements_bring_each_movement_once_in_either_order(company):
    entries = [Entry(amount=Decimal(n), counterparty=f"CLIENT {n}", bank_reference=f"BNK{n}") for n in range(1, 6)]
    early, late = statement(company, entries[:3], name="A"), statement(company, entries[1:], name="B")
    load(company, early)
    [second] = load(company, late)
    assert (second.line_count, second.new_count) == (4, 2)

    other = story.a_company()
    money.a_bank_account(other)
    with company_scope(other):
        load(other, late)
        load(other, early)
        turned_round = state(other)
    assert turned_round == state(company)
    assert len(state(company)) == 5


def test_lines_in_another_order_are_the_same_lines(company):
    twins = [Entry(amount=Decimal("12.00"), counterparty="PARKING", bank_reference="LOT")] * 2
    entries = [*twins, Entry(amount=Decimal("7.00"), counterparty="CAFE", bank_reference="C")]
    load(company, statement(company, entries))
    before = state(company)
    assert len(before) == 3, "two equal movements of one day are two movements"
    [again] = load(company, statement(company, entries[::-1], name="REL-2"))
    assert again.new_count == 0
    assert state(company) == before


def test_two_pages_under_one_name_in_one_file_are_both_read(company):
    entries = [Entry(amount=Decimal(5), counterparty="A", bank_reference=page) for page in ("P1", "P2")]
    pages = [statement(company, [entry]) for entry in entries]
    assert len(load(company, merged(*pages))) == 2
    assert len(state(company)) == 2


@pytest.mark.parametrize(
    ("on", "known_until"),
    [
        (date(2026, 11, 16), AT),
        (date(2026, 11, 13), datetime(2026, 11, 16, tzinfo=PARIS)),
        (date(2026, 11, 2), datetime(2026, 11, 3, tzinfo=PARIS)),
        (date(2026, 11, 10), datetime(2026, 11, 12, tzinfo=PARIS)),
    ],
    ids=["today’s", "Friday’s, on Monday", "two weeks old", "before a public holiday"],
)
def test_what_is_known_is_as_old_as_the_statement_and_not_as_its_import(company, on, known_until):
    load(company, statement(company, on=on))
    account = BankAccount.everywhere.get(company=company)
    assert account.imported_at == known_until
    assert account.is_stale(AT) is (AT - known_until > timedelta(hours=24))


def test_an_older_statement_does_not_make_the_account_look_older(company):
    load(company, statement(company))
    load(company, statement(company, on=date(2026, 10, 1), name="OLD", opening="0.00"))
    assert BankAccount.everywhere.get(company=company).imported_at == AT


def test_an_unknown_account_is_refused_by_its_masked_number_and_nothing_is_kept(company):
    foreign = camt053("DE89370400440532013000", Decimal(0), ENTRIES, MONDAY, "X")
    with pytest.raises(UnknownAccount, match=r"DE89 … 3000.*réglages"):
        load(company, merged(statement(company), foreign))
    assert not BankLine.everywhere.filter(company=company).exists()


def test_the_account_of_another_company_is_unknown(company):
    stranger = story.a_company(iban="DE89370400440532013000")
    money.a_bank_account(stranger)
    with pytest.raises(UnknownAccount):
        load(company, statement(stranger))
    assert not BankLine.everywhere.exists()


def test_another_currency_is_refused(company):
    BankAccount.everywhere.filter(company=company).update(currency="CHF")
    with pytest.raises(AnotherCurrency, match=r"en EUR.*en CHF"):
        load(company, statement(company))


def test_an_amount_no_account_holds_is_refused_in_words(company):
    with pytest.raises(AmountTooLarge):
        load(company, statement(company, [Entry(amount=Decimal(10) ** 15, counterparty="X")]))


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"date;montant\n", b"<html/>", b"<Document><BkToCstmrStmt"])
def test_a_file_that_is_no_statement_is_refused(company, data):
    with pytest.raises(Invalid):
        load(company, data)
    assert not BankStatement.everywhere.filter(company=company).exists()


@pytest.mark.parametrize("filename", ["", "..", "../../etc/passwd", "relevé été.xml", "n" * 400 + ".xml", "a\\b/"])
def test_no_file_name_leads_elsewhere(company, filename, settings):
    [row] = load(company, statement(company), filename=filename)
    assert Path(settings.MEDIA_ROOT) in Path(row.file.path).resolve().parents


def test_a_statement_that_does_not_follow_the_last_one_says_so(company):
    [monday] = load(company, statement(company, opening="100.00", on=date(2026, 11, 9), name="A"))
    [following] = load(company, statement(company, opening="1287.50", on=date(2026, 11, 10), name="B"))
    [later] = load(company, statement(company, opening="9000.00", on=MONDAY, name="C"))
    assert [follows_a_gap(one) for one in (monday, following, later)] == [False, False, True]
    gaps = AuditEvent.everywhere.filter(company=company, tag="payments.bank.imported").order_by("id")
    assert [event.data["gap"] for event in gaps] == [False, False, True]


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_eight_people_importing_one_file_at_once_bring_it_once():
    company = story.a_company()
    money.a_bank_account(company)
    data = statement(company)
    answers = at_once(8, lambda _place: [row.pk for row in load(company, data)])
    assert len({tuple(answer) for answer in answers}) == 1
    assert BankStatement.everywhere.filter(company=company).count() == 1
    assert len(state(company)) == 3


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_on_the_account_only_postgresql_stops_the_second_import(monkeypatch):
    company = story.a_company()
    account = money.a_bank_account(company)
    together = threading.Barrier(4, timeout=30)

    def nobody_waits(_company: Company, found: Any, _chosen: Any) -> list[BankAccount]:
        together.wait()
        return [account for _one in found]

    monkeypatch.setattr(bank, "_lock_accounts", nobody_waits)
    data = statement(company)
    with pytest.raises(IntegrityError, match="each_bank_line_once"):
        at_once(4, lambda _place: load(company, data))
    assert len(state(company)) == 3


def test_a_line_put_aside_and_taken_up_again(company):
    load(company, statement(company))
    line = BankLine.everywhere.get(company=company, amount=Decimal("-48.00"))
    suspend_line(line=line, reason="Frais", actor=ACTOR, at=AT)
    assert line.status == LineStatus.SUSPENSE
    load(company, statement(company, name="AGAIN"))
    line.refresh_from_db()
    assert line.status == LineStatus.SUSPENSE, "an import does not wake a line"
    with pytest.raises(LineNotOpen):
        suspend_line(line=line, reason="Frais", actor=ACTOR, at=AT)
    assert reopen_line(line=line, actor=ACTOR, at=AT).status == LineStatus.OPEN


def test_a_matched_line_is_not_reopened_by_hand(company):
    invoice = story.an_issued_invoice(story.a_customer(company), at=datetime(2026, 11, 1, 9, tzinfo=UTC))
    [line] = money.bank_lines(company, [money.a_credit(str(invoice.balance), remittance=invoice.number)])
    assert reconcile(company=company, actor=ACTOR, at=AT).matched == 1
    line.refresh_from_db()
    with pytest.raises(LineMatched):
        reopen_line(line=line, actor=ACTOR, at=AT)


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_files_that_overlap_imported_at_once_bring_each_movement_once():
    company = story.a_company()
    money.a_bank_account(company)
    entries = [Entry(amount=Decimal(n), counterparty=f"CLIENT {n}", bank_reference=f"BNK{n}") for n in range(1, 9)]
    opening = [str(sum(range(start + 1))) for start in range(4)]
    files = [
        statement(company, entries[start : start + 5], opening=opening[start], name=f"F{start}") for start in range(4)
    ]
    at_once(4, lambda place: load(company, files[place]))
    assert BankStatement.everywhere.filter(company=company).count() == 4
    found = BankLine.everywhere.filter(company=company).values_list("amount", flat=True)
    assert sorted(found) == [Decimal(n) for n in range(1, 9)]


def test_a_file_of_which_the_last_statement_is_damaged_changes_nothing(company):
    good, bad = statement(company, name="A"), statement(company, opening="1187.50", name="B")
    damaged = merged(good, bad.replace(b"2375.00", b"9999.00"))
    with pytest.raises(Invalid, match="Il manque des mouvements"):
        load(company, damaged)
    assert not BankLine.everywhere.filter(company=company).exists()
    assert not list(Path(company_files(company)).glob("**/*.xml"))


def company_files(company: Company) -> str:
    return f"{settings_of_django.MEDIA_ROOT}/statements/{company.pk}"
