"""No movement of the bank is lost and none comes twice, in whatever order and pieces the bank's files arrive."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from config.kernel import chain
from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.imported import import_sentence
from payments.models import BankAccount, BankLine, BankStatement
from payments.services.bank import import_statement
from payments.services.storing import keep_lines
from payments.statements import read
from payments.statements.sample import Entry, camt053
from tests.factories import money, story
from tests.trust.at_once import a_share

CASES = Path(__file__).parents[2].parent / "shared" / "cases"
IBAN = "FR7630006000011234567890189"
AT, ACTOR = story.AT, story.ACTOR
DAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def company(db: None) -> Iterator[Company]:
    row = story.a_company(iban=IBAN)
    money.a_bank_account(row)
    with company_scope(row):
        yield row


def load(company: Company, *files: bytes) -> list[BankStatement]:
    return [
        row
        for data in files
        for row in import_statement(company=company, data=data, filename="releve.xml", actor=ACTOR, at=AT)
    ]


def amounts() -> list[str]:
    return sorted(f"{amount}" for amount in BankLine.objects.values_list("amount", flat=True))


def statement(name: str, opening: str | None, *entries: str, on: date = DAY, iban: str = IBAN) -> bytes:
    """Movements « amount payer », as a bank that gives no reference of its own tells them."""
    rows = [Entry(amount=Decimal(amount), counterparty=payer) for amount, payer in (one.split(" ") for one in entries)]
    data = camt053(iban, Decimal(opening or 0), rows, on, name).replace(b"AcctSvcrRef", b"NoRef")
    return data if opening is not None else data.replace(b">OPBD<", b">XXXX<").replace(b">CLBD<", b">XXXX<")


def case(name: str) -> bytes:
    path = CASES / name
    if not path.exists():
        pytest.skip(f"{path.name} is not beside the project")
    return path.read_bytes()


@pytest.mark.parametrize("turned", [False, True], ids=["in order", "the later first"])
@pytest.mark.parametrize(
    ("kind", "kept"),
    [("same", ["100.00", "100.00"]), ("nonref", ["55.00", "55.00"]), ("overlap", ["11.00", "22.00", "33.00"])],
)
def test_two_files_of_a_day_bring_each_movement_once_and_twice_nothing_more(company, kind, kept, turned):
    files = [case(f"camt-{kind}-{row}.xml") for row in (1, 2)]
    load(company, *(files[::-1] if turned else files))
    assert amounts() == kept
    load(company, *files)
    again = [data.replace(b"<Stmt><Id>", b"<Stmt><Id>ENCORE-").replace(b"<MsgId>", b"<MsgId>X-") for data in files]
    load(company, *again, *again[::-1])
    assert amounts() == kept


@pytest.mark.django_db(transaction=True)
def test_the_proof_holds_over_statements_that_overlap():
    company = story.a_company(iban=IBAN)
    money.a_bank_account(company)
    with company_scope(company):
        load(company, *INTRADAY, WHOLE)
    assert chain.verify(company) == []


INTRADAY = [
    statement("A", "7000", "100 DUPONT"),
    statement("B", "7100", "100 DUPONT", "20 DURAND"),
    statement("C", "7220", "100 DUPONT"),
]
WHOLE = statement("D", "7000", "100 DUPONT", "100 DUPONT", "20 DURAND", "100 DUPONT")
LATEST_FIRST = statement("E", "7000", "100 DUPONT", "20 DURAND", "100 DUPONT", "100 DUPONT")
PART = statement("F", "7100", "100 DUPONT", "20 DURAND", "100 DUPONT")


@pytest.mark.trust
@pytest.mark.parametrize("order", a_share(list(permutations(range(4))), 3))
def test_equal_payments_of_one_payer_are_counted_right_in_every_order_of_pieces_and_whole(company, order):
    files = [*INTRADAY, WHOLE]
    load(company, *(files[place] for place in order))
    assert amounts() == ["100.00", "100.00", "100.00", "20.00"]


@pytest.mark.parametrize(
    "files",
    [[WHOLE, LATEST_FIRST], [LATEST_FIRST, WHOLE], [*INTRADAY, LATEST_FIRST], [PART, WHOLE], [WHOLE, PART]],
    ids=["other order", "other order first", "pieces, other order", "part first", "part after"],
)
def test_a_day_written_in_another_order_or_in_part_is_the_same_day(company, files):
    load(company, *files)
    assert amounts() == ["100.00", "100.00", "100.00", "20.00"]


def test_without_balances_equal_movements_are_counted(company):
    load(company, statement("A", None, "100 DUPONT"), statement("B", None, "100 DUPONT", "100 DUPONT"))
    assert amounts() == ["100.00", "100.00"]


def in_one_file(*files: bytes) -> bytes:
    first, *others = files
    more = b"".join(data[data.index(b"<Stmt>") : data.index(b"</Stmt>") + len(b"</Stmt>")] for data in others)
    return first.replace(b"</Stmt>", b"</Stmt>" + more, 1)


DAY_OF_ONE = statement("A", "7000", "100 DUPONT")
DAY_OF_TWO = statement("W", "7000", "100 DUPONT", "20 DURAND")
NEXT = statement("N", "7100", "100 DUPONT")


@pytest.mark.parametrize(
    ("files", "kept"),
    [
        ([in_one_file(DAY_OF_ONE, DAY_OF_ONE)], ["100.00"]),
        ([in_one_file(DAY_OF_ONE, DAY_OF_TWO)], ["100.00", "20.00"]),
        ([DAY_OF_ONE, in_one_file(DAY_OF_TWO, DAY_OF_ONE)], ["100.00", "20.00"]),
        ([in_one_file(DAY_OF_ONE, NEXT)], ["100.00", "100.00"]),
        ([in_one_file(DAY_OF_ONE, NEXT), in_one_file(NEXT, DAY_OF_ONE)], ["100.00", "100.00"]),
    ],
    ids=["twice the same", "part and whole", "known twice", "one after the other", "in another order"],
)
def test_statements_of_one_file_that_overlap_bring_each_movement_once(company, files, kept):
    load(company, *files)
    assert amounts() == kept


def test_statements_of_one_file_without_balances_are_counted_together(company):
    files = [statement(name, None, "100 DUPONT") for name in "AB"]
    load(company, in_one_file(*files), in_one_file(*files, statement("C", None, "100 DUPONT")))
    assert amounts() == ["100.00", "100.00", "100.00"]


def test_another_account_knows_nothing_of_it(company):
    other = "DE89370400440532013000"
    BankAccount.objects.create(company=company, iban=other, name="Second compte", ledger_account="512900")
    load(company, statement("A", "7000", "100 DUPONT"), statement("A", "7000", "100 DUPONT", iban=other))
    assert amounts() == ["100.00", "100.00"]


@pytest.mark.parametrize(
    "placeholder", ["NONREF", "notprovided", "0000000", "-", "None", "NON REF", "SANS REFERENCE", "SEPA", "1"]
)
def test_a_reference_that_says_there_is_none_identifies_nothing(company, placeholder):
    files = [
        statement(name, opening, f"55 {payer}").replace(
            b"<BkTxCd>", f"<AcctSvcrRef>{placeholder}</AcctSvcrRef><BkTxCd>".encode()
        )
        for name, opening, payer in (("A", "100", "UN"), ("B", "155", "DEUX"))
    ]
    load(company, *files)
    assert amounts() == ["55.00", "55.00"]


def test_what_the_feed_brought_is_not_brought_again_by_a_file_and_a_second_equal_one_is(company):
    found = read(statement("A", "0", "100 DUPONT"), filename="flux")[0]
    account = BankAccount.objects.get()
    keep_lines(account=account, found=found, keys=["leg:1"], data=b"{}", filename="flux.json", actor=ACTOR, at=AT)
    file = statement("B", "7000", "100 DUPONT-JEAN", "100 DUPONT-JEAN")
    [row] = load(company, file)
    assert (row.new_count, [known["reason"] for known in row.already_known]) == (1, ["feed"])
    load(company, file.replace(b">B<", b">B2<"))
    assert amounts() == ["100.00", "100.00"]


def test_fewer_new_lines_than_read_are_named_with_the_reason(company):
    load(company, statement("A", "8000", "11 ALPHA", "22 BETA"))
    [row] = load(company, statement("B", "8011", "22 BETA", "33 GAMMA"))
    assert (row.line_count, row.new_count) == (2, 1)
    [known] = row.already_known
    assert known["line_id"] == BankLine.objects.get(amount=22).pk
    sentence = import_sentence([row])
    assert "déjà connues : 1" in sentence
    assert "22,00" in sentence
    assert "BETA (même mouvement entre les mêmes soldes)" in sentence
