"""The same days in another format bring nothing again, in every pair of formats; true repeats stay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import permutations

import pytest

from payments.statements import Statement, StatementLine
from payments.statements.base import CAMT_052, CAMT_053, CAMT_054, CFONB_120, CSV, MT_940, MT_942, OFX, XLSX, normalise
from payments.statements.imported_line import ImportedLine
from payments.statements.recognition import BATCH, EQUAL, FORMAT, Reading, recognise

IBAN = "FR7630006000011234567890189"
FORMATS = (CAMT_053, CAMT_052, CFONB_120, OFX, MT_940, CSV)
BALANCED = {CAMT_053, CFONB_120, MT_940}
MONDAY = date(2026, 11, 16)
# day, amount, payer, text: two equal card payments and two equal transfers among them
MOVEMENTS = [
    (16, "1200.00", "SOCIETE MAISON LUMIERE ET FILS", "FACTURE FAC-2026-00017"),
    (16, "-12.00", "PARKING INDIGO", "CARTE 1611"),
    (16, "-12.00", "PARKING INDIGO", "CARTE 1611"),
    (16, "120.00", "Éts Dupont & Cie", "ABONNEMENT NOVEMBRE"),
    (17, "120.00", "JEAN MARTIN", "ABONNEMENT NOVEMBRE"),
    (17, "120.00", "ANNE DURAND", "ABONNEMENT NOVEMBRE"),
    (17, "-4.50", "", "FRAIS DE TENUE DE COMPTE"),
    (18, "300.00", "DUPONT", "SOLDE"),
]


def line(format_: str, day: int, amount: str, payer: str, text: str, **values: str) -> StatementLine:
    """A movement with the words and the references that each format has room for."""
    written = {
        CAMT_053: {"counterparty": payer, "remittance": text},
        CAMT_052: {"counterparty": payer.upper(), "remittance": text},
        CFONB_120: {"remittance": f"VIR SEPA {normalise(payer) or normalise(text)}"[:31]},
        OFX: {"counterparty": normalise(payer or text)[:32]},
        MT_940: {"counterparty": normalise(payer)[:27], "remittance": f"REF NOTPROVIDED {normalise(text)}"},
        CSV: {"remittance": f"VIREMENT RECU {payer} {text}"},
    }[format_]
    return StatementLine(
        booked_on=date(2026, 11, day),
        value_on=None,
        amount=Decimal(amount),
        currency="EUR",
        **{**written, **values},
    )


def statement(format_: str, lines: Sequence[StatementLine], opening: str = "1000.00") -> Statement:
    is_balanced = format_ in BALANCED
    moved = sum((one.amount for one in lines), Decimal(0))
    # an OFX file gives the balance of the day it was made on
    closing = Decimal("77777.77") if format_ == OFX else Decimal(opening) + moved if is_balanced else None
    return Statement(
        id="R",
        iban=IBAN,
        account_id=IBAN,
        currency="EUR",
        opened_on=None,
        closed_on=None,
        opening=Decimal(opening) if is_balanced else None,
        closing=closing,
        lines=tuple(lines),
        format=format_,
    )


def whole(format_: str) -> Statement:
    lines = [line(format_, *movement) for movement in MOVEMENTS]
    # banks order the movements of a day otherwise in each format
    return statement(format_, sorted(lines, key=lambda one: (one.booked_on, FORMATS.index(format_) % 2 * one.amount)))


class Account:
    """What is kept, as the importer does it, without a database."""

    def __init__(self) -> None:
        self.kept: list[ImportedLine] = []
        self.count = 0

    def load(self, found: Statement) -> list[Reading]:
        self.count += 1
        readings = recognise(found, self.kept)
        for reading in readings:
            if reading.duplicate_of is None:
                one = reading.line
                self.kept.append(
                    ImportedLine(
                        id=len(self.kept) + 1,
                        look=reading.look,
                        booked_on=one.booked_on,
                        amount=one.amount,
                        balance_before=reading.balance_before,
                        statement_id=self.count,
                        counterparty=one.counterparty,
                        is_from_feed=False,
                        format=found.format,
                        remittance=one.remittance,
                        end_to_end_id=one.end_to_end_id,
                        bank_reference=one.bank_reference,
                    )
                )
        return readings

    def new(self, found: Statement) -> int:
        before = len(self.kept)
        self.load(found)
        return len(self.kept) - before


@pytest.mark.parametrize(("first", "second"), [*permutations(FORMATS, 2)])
def test_the_same_days_in_another_format_bring_nothing(first, second):
    account = Account()
    assert account.new(whole(first)) == len(MOVEMENTS)
    assert account.new(whole(second)) == 0


@pytest.mark.parametrize("order", [FORMATS, FORMATS[::-1], FORMATS[2:] + FORMATS[:2]])
def test_every_format_one_after_the_other_brings_each_movement_once(order):
    account = Account()
    assert [account.new(whole(one)) for one in order] == [len(MOVEMENTS), *[0] * (len(order) - 1)]


@pytest.mark.parametrize(("first", "second"), [*permutations(FORMATS, 2)])
def test_one_more_equal_payment_in_the_second_format_is_new(first, second):
    account = Account()
    account.load(whole(first))
    more = whole(second)
    lines = [*more.lines, line(second, 18, "300.00", "DUPONT", "SOLDE")]
    assert account.new(statement(second, lines)) == 1


@pytest.mark.parametrize(("first", "second"), [*permutations(FORMATS, 2)])
def test_a_payment_of_somebody_else_of_the_same_amount_is_another(first, second):
    account = Account()
    account.load(statement(first, [line(first, 16, "120.00", "JEAN MARTIN", "LOYER")]))
    other = line(second, 16, "120.00", "ANNE DURAND", "SALON")
    # after the first: at another balance, where there is one
    assert account.new(statement(second, [other], opening="1120.00")) == 1


def test_the_second_half_of_a_day_in_another_format_is_new_though_it_looks_like_the_first():
    account = Account()
    account.load(statement(CFONB_120, [line(CFONB_120, 16, "100.00", "DUPONT", "SOLDE")]))
    assert account.new(statement(CAMT_053, [line(CAMT_053, 16, "100.00", "DUPONT", "SOLDE")], opening="1100.00")) == 1


def test_two_end_to_end_references_that_differ_are_two_payments_and_equal_ones_are_one():
    account = Account()
    account.load(statement(CSV, [line(CSV, 16, "50.00", "DUPONT", "SOLDE", end_to_end_id="E1")]))
    assert account.new(statement(CAMT_053, [line(CAMT_053, 16, "50.00", "DUPONT", "SOLDE", end_to_end_id="E2")])) == 1
    [reading] = account.load(statement(MT_940, [line(MT_940, 16, "50.00", "X", "Y", end_to_end_id="E1")]))
    assert reading.reason == FORMAT


@pytest.mark.parametrize("early", [CAMT_052, CAMT_054, MT_942])
def test_the_statement_of_the_day_recognises_what_an_interim_report_or_a_notice_brought(early):
    account = Account()
    lines = [line(CAMT_053, *movement) for movement in MOVEMENTS[:4]]
    interim = replace(statement(CAMT_053, lines[:2]), opening=None, closing=None, format=early)
    account.load(interim)
    readings = account.load(statement(CAMT_053, lines))
    assert sum(1 for reading in readings if reading.duplicate_of) == 2
    assert {reading.reason for reading in readings} <= {"", EQUAL, FORMAT}


@pytest.mark.parametrize("detail_first", [True, False])
def test_a_batch_is_once_in_the_accounts_as_one_sum_or_in_detail(detail_first):
    parts = [
        line(CAMT_053, 16, amount, payer, "", bank_reference="LOT7")
        for amount, payer in (("10.00", "A"), ("20.00", "B"))
    ]
    notice = replace(statement(CAMT_053, parts), opening=None, closing=None, format=CAMT_054)
    lump = statement(CAMT_053, [line(CAMT_053, 16, "30.00", "", "REMISE", bank_reference="LOT7")])
    account = Account()
    account.load(notice if detail_first else lump)
    readings = account.load(lump if detail_first else notice)
    assert {reading.reason for reading in readings} == {BATCH}


def test_a_workbook_after_its_csv_brings_nothing():
    account = Account()
    account.load(whole(CSV))
    assert account.new(replace(whole(CSV), format=XLSX)) == 0
