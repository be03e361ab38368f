"""MT940 and MT942: each statement with its own balances, each field at its line."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from payments.statements import InvalidStatement, read


def mt940(*movements, closing="C260131EUR2200,00", account="FR7630006000011234567890189", opening="C260130EUR1000,00"):
    return "\n".join(
        (":20:R1", f":25:{account}", ":28C:1/1", f":60F:{opening}", *movements, f":62F:{closing}", "-")
    ).encode()


CREDIT = ":61:2601310131C1200,00NTRFNONREF//B42\n:86:VIR SEPA DUBOIS FAC-2026-00001"


def only(data):
    (found,) = read(data, filename="releve.sta")
    return found


def test_a_statement_is_read_with_its_balances():
    found = only(mt940(CREDIT))
    assert (found.format, found.iban, found.currency) == ("mt940", "FR7630006000011234567890189", "EUR")
    assert (found.opening, found.closing) == (1000, 2200)
    (line,) = found.lines
    assert (line.amount, line.booked_on, line.bank_reference) == (1200, date(2026, 1, 31), "B42")
    assert line.remittance == "VIR SEPA DUBOIS FAC-2026-00001"


@pytest.mark.parametrize(("mark", "amount"), [("C", 10), ("D", -10), ("RC", -10), ("RD", 10), ("CR", 10), ("DR", -10)])
def test_a_reversal_takes_the_movement_back(mark, amount):
    closing = f"C260131EUR{1000 + amount},00"
    (line,) = only(mt940(f":61:260131{mark}10,NTRFNONREF", closing=closing)).lines
    assert (line.amount, line.is_reversal) == (amount, mark in ("RC", "RD"))


def test_the_day_of_booking_may_be_missing_or_of_the_next_year():
    opening, closing = "C251231EUR0,", "C260102EUR2,"
    data = mt940(":61:251231C1,NTRFNONREF", ":61:2512310102C1,NTRFNONREF", opening=opening, closing=closing)
    assert [(line.booked_on, line.value_on) for line in only(data).lines] == [
        (date(2025, 12, 31), date(2025, 12, 31)),
        (date(2026, 1, 2), date(2025, 12, 31)),
    ]


def test_german_sub_fields_and_words_between_slashes_name_the_payer():
    german = ":61:260131C600,NTRFNONREF\n:86:166?00VIREMENT?20EREF+E2E-1?21SVWZ+FAC-2026-00001?31FR7630006000011234567890189?32DUBOIS"  # noqa: E501
    dutch = (
        ":61:260131C600,NTRFNONREF\n:86:/EREF/E2E-2/IBAN/FR7630006000011234567890189/NAME/MARTIN/REMI/FAC-2026-00002"
    )
    lines = only(mt940(german, dutch)).lines
    assert [(line.counterparty, line.counterparty_iban, line.end_to_end_id) for line in lines] == [
        ("DUBOIS", "FR7630006000011234567890189", "E2E-1"),
        ("MARTIN", "FR7630006000011234567890189", "E2E-2"),
    ]
    assert [line.remittance for line in lines] == ["VIREMENT FAC-2026-00001", "FAC-2026-00002"]


def test_a_direct_debit_tells_its_mandate():
    coded = ":61:260131D12,NDDTNONREF\n:86:105?00PRELEVEMENT?20EREF+PRL42?21MREF+RUM-2026-00007?22SVWZ+Retour"
    worded = ":61:260131D12,NDDTNONREF\n:86:/EREF/PRL43/MREF/RUM-2026-00008/REMI/Retour"
    dutch = ":61:260131D12,NDDTNONREF\n:86:/EREF/PRL44/MARF/NOTPROVIDED/REMI/Retour"
    lines = only(mt940(coded, worded, dutch, closing="C260131EUR964,00")).lines
    assert [line.mandate_reference for line in lines] == ["RUM-2026-00007", "RUM-2026-00008", ""]
    assert [line.end_to_end_id for line in lines] == ["PRL42", "PRL43", "PRL44"]


def test_an_envelope_of_swift_is_left_aside():
    data = b"{1:F01AAAAFRPPXXXX0000000000}{2:I940AAAAFRPPXXXXN}{4:\r\n" + mt940(CREDIT).replace(b"\n-", b"\r\n-}")
    assert len(read(data + b"{5:}" + data, filename="x")) == 2


def test_an_interim_report_is_checked_against_its_sums():
    report = (
        ":20:R1\n:25:12345/678\n:28C:1/1\n:34F:EUR0,\n:13D:2601311200+0100\n"
        ":61:260131C10,NTRFNONREF\n:90D:0EUR0,00\n:90C:1EUR{}\n-"
    )
    found = only(report.format("10,00").encode())
    assert (found.format, found.opening, found.closing, found.account_id) == ("mt942", None, None, "12345/678")
    with pytest.raises(InvalidStatement):
        read(report.format("11,00").encode(), filename="x")


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (mt940(CREDIT, closing="C260131EUR2200,01"), 1),
        (mt940(CREDIT.replace("1200,00", "12.00,00")), 5),
        (mt940(CREDIT.replace("2601310131", "2613310131")), 5),
        (mt940(CREDIT, closing="C260131USD2200,00"), 1),
        (mt940(CREDIT, closing="X"), 7),
        (mt940(CREDIT).replace(b":62F:", b":64:"), 1),
        (mt940(CREDIT, account=""), 1),
        (mt940(CREDIT).replace(b"\n-", b"") + b"\n:61:260131C1,NTRFNONREF", 1),
    ],
)
def test_a_file_is_refused_at_its_line(data, line):
    with pytest.raises(InvalidStatement) as refused:
        read(data, filename="releve.sta")
    assert refused.value.line == line


def test_what_cannot_be_read_is_not_written_into_the_log(caplog):
    with pytest.raises(InvalidStatement):
        read(mt940(":61:SECRET"), filename="x")
    assert "SECRET" not in caplog.text


def test_amounts_keep_their_cents():
    data = mt940(
        ":61:260131C0,10NTRFNONREF", ":61:260131C0,2NTRFNONREF", opening="C260130EUR0,", closing="C260131EUR0,30"
    )
    assert [line.amount for line in only(data).lines] == [Decimal("0.10"), Decimal("0.20")]
