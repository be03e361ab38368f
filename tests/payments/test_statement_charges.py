"""What was booked is the entry's amount; a charge that explains the difference becomes a line of its own."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from config.kernel.errors import Invalid
from payments.statements import read
from payments.statements.sample import Entry, camt053

CASE = Path(__file__).parents[2].parent / "shared" / "cases" / "camt-batch-charges.xml"
IBAN = "FR7630006000011234567890189"


def charge(amount, direction="DBIT", *, included=True, form="Rcrd"):
    inner = (
        f'<Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{direction}</CdtDbtInd>'
        f"<ChrgInclInd>{str(included).lower()}</ChrgInclInd>"
    )
    if form == "total":
        return f'<Chrgs><TtlChrgsAndTaxAmt Ccy="EUR">{amount}</TtlChrgsAndTaxAmt></Chrgs>'
    return f"<Chrgs>{f'<Rcrd>{inner}</Rcrd>' if form == 'Rcrd' else inner}</Chrgs>"


def detail(amount, name, charges=""):
    sign = "DBIT" if amount.startswith("-") else "CRDT"
    role = "Cdtr" if sign == "DBIT" else "Dbtr"
    return (
        f'<TxDtls><Amt Ccy="EUR">{amount.lstrip("-")}</Amt><CdtDbtInd>{sign}</CdtDbtInd>{charges}'
        f"<RltdPties><{role}><Nm>{name}</Nm></{role}></RltdPties></TxDtls>"
    )


def lines(booked, *details, on_entry=""):
    data = camt053(IBAN, Decimal(0), [Entry(amount=Decimal(booked), counterparty="X")], date(2026, 11, 26), "R")
    start, end = data.index(b"<NtryDtls>"), data.index(b"</NtryDtls>")
    whole = data[:start] + (on_entry + "<NtryDtls>" + "".join(details)).encode() + data[end:]
    (statement,) = read(whole, filename="releve.xml")
    return [(f"{line.amount}", line.counterparty) for line in statement.lines]


def test_a_batch_whose_charges_explain_the_difference_is_read():
    if not CASE.exists():
        pytest.skip(f"{CASE.name} is not beside the project")
    (statement,) = read(CASE.read_bytes(), filename=CASE.name)
    assert [(f"{line.amount}", line.counterparty, line.remittance) for line in statement.lines] == [
        ("1000.00", "FRAIS NETS SARL", "facture un"),
        ("500.00", "SECOND SARL", "facture deux"),
        ("-26.00", "", "Frais bancaires : FRAIS NETS SARL"),
    ]


@pytest.mark.parametrize("form", ["Rcrd", "direct", "total"])
def test_charges_of_the_entry_are_read_in_each_form(form):
    found = lines("1474.00", detail("1000.00", "A"), detail("500.00", "B"), on_entry=charge("26.00", form=form))
    assert found == [("1000.00", "A"), ("500.00", "B"), ("-26.00", "")]


def test_charges_of_a_batch_of_debits_are_debits_too():
    found = lines("-1503.00", detail("-1000.00", "A", charge("3.00")), detail("-500.00", "B"))
    assert found == [("-1000.00", "A"), ("-500.00", "B"), ("-3.00", "")]


def test_one_payer_whose_bank_took_charges_paid_the_whole():
    assert lines("974.00", detail("1000.00", "A", charge("26.00"))) == [("1000.00", "A"), ("-26.00", "")]
    assert lines("-1026.00", detail("-1000.00", "A"), on_entry=charge("26.00")) == [("-1000.00", "A"), ("-26.00", "")]


def test_charges_stated_on_both_levels_or_booked_apart_count_as_the_booking_says():
    twice = charge("26.00")
    assert lines("974.00", detail("1000.00", "A", twice), on_entry=twice) == [("1000.00", "A"), ("-26.00", "")]
    assert lines("1500.00", detail("1000.00", "A", charge("26.00")), detail("500.00", "B")) == [
        ("1000.00", "A"),
        ("500.00", "B"),
    ]


def test_a_charge_given_back_is_a_credit():
    assert lines("1010.00", detail("1000.00", "A", charge("10.00", "CRDT"))) == [("1000.00", "A"), ("10.00", "")]


def test_a_difference_that_no_charge_explains_is_refused_in_a_batch():
    with pytest.raises(Invalid, match="le détail du lot fait"):
        lines("1470.00", detail("1000.00", "A", charge("26.00")), detail("500.00", "B"))
