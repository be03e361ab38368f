"""CFONB 120, the French banks' own statement, is read record by record and refused at the record that is wrong."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from payments.statements import InvalidStatement, read
from payments.statements.rib import iban_of


def overpunched(cents: int) -> str:
    signs = "{ABCDEFGHI" if cents >= 0 else "}JKLMNOPQR"
    return f"{abs(cents) // 10:013}{signs[abs(cents) % 10]}"


def record(kind, cents, label="", *, on="310126", number="12345678901", currency="EUR", reject="  ", reference=""):
    head = f"{kind}30006    00001{currency}2 {number}05{on}{reject}{on}{label:31}"
    return f"{head}  0000000  {overpunched(cents)}{reference:16}"


def detail(qualifier, text, number="12345678901"):
    return f"0530006    00001EUR2 {number}05310126     {qualifier}{text}".ljust(120)


def statement(*records, opening=100000, closing=None, ending="\n"):
    closing = opening if closing is None else closing
    return ending.join((record("01", opening), *records, record("07", closing))).encode("latin-1")


def lines(data):
    (found,) = read(data, filename="releve.txt")
    return found.lines


def refused(data):
    with pytest.raises(InvalidStatement) as error:
        read(data, filename="releve.txt")
    return error.value.line


def test_a_statement_is_read_with_its_balances_and_its_account():
    (found,) = read(statement(record("04", -1070, "PRLV EDF"), closing=98930), filename="x")
    assert (found.format, found.currency, found.opening, found.closing) == ("cfonb120", "EUR", 1000, Decimal("989.30"))
    assert found.iban == iban_of("30006", "00001", "12345678901") == found.account_id
    assert (found.lines[0].amount, found.lines[0].booked_on) == (Decimal("-10.70"), date(2026, 1, 31))


@pytest.mark.parametrize("cents", [0, 1, -1, 9, -9, 10, -10, 123456789, -123456789])
def test_the_last_character_of_an_amount_bears_its_sign(cents):
    (line,) = lines(statement(record("04", cents), opening=0, closing=cents))
    assert line.amount == Decimal(cents) / 100


def test_the_details_say_who_paid_what_and_under_which_reference():
    (line,) = lines(
        statement(
            record("04", 120000, "VIR SEPA RECU"),
            detail("NPY", "ATELIERS DUBOIS"),
            detail("RCN", "E2E-00042".ljust(35) + "ACOMPTE"),
            detail("LCC", "REGLEMENT FAC-2026-00001"),
            detail("LC2", "ET FAC-2026-00002"),
            detail("REF", "RF69F20260042"),
            detail("MMO", "USD200000000130000"),
            detail("ZZZ", "INCONNU"),
            opening=0,
            closing=120000,
        )
    )
    assert (line.counterparty, line.end_to_end_id, line.structured_reference) == (
        "ATELIERS DUBOIS",
        "E2E-00042",
        "RF69F20260042",
    )
    assert line.remittance == ("VIR SEPA RECU REGLEMENT FAC-2026-00001 ET FAC-2026-00002 RF69F20260042 ACOMPTE INCONNU")
    assert (line.instructed_amount, line.instructed_currency) == (Decimal("1300.00"), "USD")


def test_a_direct_debit_tells_its_mandate():
    told = [detail("RUM", "RUM-2026-00007".ljust(35) + "RCUR"), detail("RCN", "PRL42".ljust(35))]
    [line] = lines(statement(record("04", -1200, "REJET PRLV"), *told, closing=98800))
    assert (line.mandate_reference, line.end_to_end_id) == ("RUM-2026-00007", "PRL42")
    assert "RUM" not in line.remittance


def test_who_is_paid_is_named_for_what_goes_out():
    (line,) = lines(statement(record("04", -500), detail("NPY", "NOUS"), detail("NBE", "EDF"), opening=0, closing=-500))
    assert line.counterparty == "EDF"


def test_a_reject_code_says_that_a_movement_comes_back():
    (line,) = lines(statement(record("04", -500, reject="04"), opening=0, closing=-500))
    assert (line.is_reversal, line.amount) == (True, Decimal("-5.00"))


def test_many_statements_blank_lines_and_lost_spaces_are_read():
    one = statement(record("04", 100), closing=100100, ending="\r\n")
    other = one.replace(b"12345678901", b"00000000042")
    data = b"\r\n\r\n".join((one, b"   ", other.replace(b" \r\n", b"\r\n")))
    assert [found.lines[0].amount for found in read(data, filename="x")] == [1, 1]


def test_records_without_line_ends_are_cut_at_120():
    data = statement(record("04", 100), closing=100100).replace(b"\n", b"")
    assert [line.amount for line in lines(data)] == [1]


def test_a_file_is_refused_at_the_record_that_is_wrong():
    good = record("04", 100)
    assert refused(statement(good, closing=100000)) == 3  # the balances disagree
    assert refused(statement(record("04", 100, on="310226"), closing=100100)) == 2
    assert refused(statement(detail("LIB", "SEUL"), closing=100000)) == 2
    assert refused(statement(good.replace("EUR", "USD"), closing=100100)) == 2
    assert refused(statement(record("04", 100, number="99999999999"), closing=100100)) == 2
    assert refused(statement(good[:103] + "?" + good[104:], closing=100100)) == 2
    assert refused(statement(good, "PAS UN ENREGISTREMENT", closing=100100)) == 3
    assert refused(record("01", 0).encode()) == 1
    assert refused(good.encode()) == 1
    assert refused("\n".join((record("01", 0), record("01", 0))).encode()) == 2


def test_the_rib_gives_the_iban():
    assert iban_of("30006", "00001", "12345678901") == "FR7630006000011234567890189"
    assert iban_of("20041", "01005", "0500013M026") == "FR1420041010050500013M02606"
    assert iban_of("", "00001", "12345678901") == ""
