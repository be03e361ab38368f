"""What the bank tells within the day, announces, or writes in a format of its own: kept once, and only once booked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.models import BankAccount, BankLine, BankStatement
from payments.services.balances import balance_at_bank
from payments.services.bank import import_statement
from payments.services.previews import preview
from payments.services.storing import SourceFile
from payments.statements import read
from payments.statements.sample import Entry, camt053
from tests.factories import money, story

MONDAY = date(2026, 11, 2)
ENTRIES = [
    Entry(amount=Decimal("1200.00"), counterparty="MAISON LUMIERE", remittance="FAC-2026-00001"),
    Entry(amount=Decimal("-48.00"), counterparty="BANQUE", remittance="FRAIS"),
    Entry(amount=Decimal("35.50"), counterparty="JEAN DUPONT", remittance="MERCI"),
]


@pytest.fixture
def company(db: None, settings: Any, tmp_path: Path) -> Iterator[Company]:
    settings.MEDIA_ROOT = str(tmp_path)
    row = story.a_company()
    money.a_bank_account(row)
    with company_scope(row):
        yield row


def load(company: Company, data: bytes, filename: str = "r") -> list[BankStatement]:
    return import_statement(company=company, data=data, filename=filename, actor=story.ACTOR, at=story.AT)


def of_the_day(company: Company) -> bytes:
    return camt053(company.iban, Decimal("100.00"), ENTRIES, MONDAY, "JOUR")


def interim(company: Company, kind: str) -> bytes:
    """The first two movements, as a report within the day (052) or a notice (054) tells them: without balances."""
    message, one = {"052": ("BkToCstmrAcctRpt", "Rpt"), "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn")}[kind]
    text = camt053(company.iban, Decimal("100.00"), ENTRIES[:2], MONDAY, "JOUR").decode()
    text = re.sub(r"<Bal>.*?</Bal>\s*", "", text, flags=re.DOTALL)
    text = text.replace("camt.053", f"camt.{kind}").replace("BkToCstmrStmt", message)
    return re.sub(r"(</?)Stmt>", rf"\1{one}>", text).encode()


@pytest.mark.parametrize("kind", ["052", "054"])
def test_the_statement_of_the_day_knows_what_came_within_it(company, kind):
    [early] = load(company, interim(company, kind))
    assert (early.opening, early.closing, early.new_count, early.format) == (None, None, 2, f"camt{kind}")
    account = BankAccount.objects.get()
    assert balance_at_bank(account, MONDAY) is None
    [day] = load(company, of_the_day(company))
    assert (day.line_count, day.new_count) == (3, 1)
    known = balance_at_bank(account, MONDAY)
    assert known is not None
    assert known.amount == Decimal("1287.50")
    assert load(company, interim(company, kind).replace(b">JOUR<", b">SOIR<"))[0].new_count == 0


def test_what_is_only_announced_is_said_and_not_kept(company):
    pending = interim(company, "052").replace(b"<Sts>BOOK</Sts>", b"<Sts>PDNG</Sts>", 1)
    found = read(pending, filename="r", pending=True)
    shown = preview(company, found, SourceFile("r", pending), chosen=None, at=story.AT)
    assert (shown["statements"][0]["pending"], shown["new"]) == (1, 1)
    load(company, pending)
    assert BankLine.objects.count() == 1
    load(company, of_the_day(company))
    assert BankLine.objects.count() == 3, "booked, it came with the statement of the day"


def cfonb(company: Company, *movements: tuple[str, str], opening: str) -> bytes:
    """A CFONB 120 statement of one day, account and amounts as French banks write them."""
    bank, branch, account = company.iban[4:9], company.iban[9:14], company.iban[14:25]
    head = f"{bank}{'':4}{branch}EUR2{'':1}{account}"
    day = f"{MONDAY:%d%m%y}"
    total = Decimal(opening) + sum((Decimal(amount) for amount, _label in movements), Decimal(0))
    rows = [f"01{head}{'':2}{day}{'':50}{_over(Decimal(opening))}{'':16}"]
    for amount, label in movements:
        rows.append(f"04{head}05{day}{'':2}{day}{label[:31]:31}{'':2}0000000{'':2}{_over(Decimal(amount))}{'':16}")
    rows.append(f"07{head}{'':2}{day}{'':50}{_over(total)}{'':16}")
    assert {len(row) for row in rows} == {120}
    return "\r\n".join(rows).encode("latin-1")


def _over(amount: Decimal) -> str:
    digits = f"{abs(int(amount * 100)):014d}"
    return digits[:-1] + ("}JKLMNOPQR" if amount < 0 else "{ABCDEFGHI")[int(digits[-1])]


def test_the_bank_s_own_format_and_then_camt_are_one_day(company):
    movements = [("1200.00", "VIR SEPA MAISON LUMIERE"), ("-48.00", "FRAIS"), ("35.50", "VIR JEAN DUPONT")]
    [own] = load(company, cfonb(company, *movements, opening="100.00"))
    assert (own.format, own.opening, own.closing, own.new_count) == ("cfonb120", 100, Decimal("1287.50"), 3)
    [same] = load(company, of_the_day(company))
    assert same.new_count == 0
    assert {known["reason"] for known in same.already_known} == {"format"}
