"""OFX is read whether its tags are closed (2.x) or left open (1.x), as banks write it and not as it should be."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from payments.statements import InvalidStatement, read, recognise_format

HEADER = "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:USASCII\nCHARSET:1252\n\n"
MOVEMENT = "<STMTTRN>\n<TRNTYPE>CREDIT\n<DTPOSTED>20260131\n<TRNAMT>+1200.00\n<FITID>F1\n<NAME>DUBOIS\n<MEMO>FAC-2026-00001\n</STMTTRN>\n"  # noqa: E501


def ofx(
    movements=MOVEMENT, account="<BANKID>30006<BRANCHID>00001<ACCTID>12345678901", currency="EUR", balance="1200.00"
):
    return (
        f"{HEADER}<OFX><BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO</STATUS><STMTRS>\n"
        f"<CURDEF>{currency}\n<BANKACCTFROM>{account}<ACCTTYPE>CHECKING</BANKACCTFROM>\n"
        f"<BANKTRANLIST><DTSTART>20260101<DTEND>20260131\n{movements}</BANKTRANLIST>\n"
        f"<LEDGERBAL><BALAMT>{balance}<DTASOF>20260131</LEDGERBAL></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    ).encode("cp1252")


def closed(data: bytes) -> bytes:
    """The same file with every element closed, as version 2 writes it."""
    text = data.decode("cp1252").split("\n\n", 1)[1]
    for name in ("TRNUID", "CODE", "SEVERITY", "CURDEF", "BANKID", "BRANCHID", "ACCTID", "ACCTTYPE", "DTSTART", "DTEND",
                 "TRNTYPE", "DTPOSTED", "TRNAMT", "FITID", "NAME", "MEMO", "BALAMT", "DTASOF"):  # fmt: skip
        parts = text.split(f"<{name}>")
        text = parts[0] + "".join(
            f"<{name}>{value}</{name}>{rest}"
            for value, rest in ((part[: cut(part)], part[cut(part) :]) for part in parts[1:])
        )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<?OFX OFXHEADER="200" VERSION="211"?>\n{text}'.encode()


def cut(part: str) -> int:
    return min(place for place in (part.find("<"), part.find("\n")) if place >= 0)


def only(data):
    (found,) = read(data, filename="releve.ofx")
    return found


@pytest.mark.parametrize("data", [ofx(), closed(ofx()), ofx().lower().replace(b"\n", b"\r\n")], ids=["1", "2", "lower"])
def test_a_statement_is_read_in_every_version(data):
    found = only(data.replace(b"eur", b"EUR"))
    assert recognise_format(data) == "ofx"
    assert (found.iban, found.currency, found.closing) == ("FR7630006000011234567890189", "EUR", Decimal("1200.00"))
    (line,) = found.lines
    assert (line.amount, line.booked_on) == (Decimal("1200.00"), date(2026, 1, 31))
    assert (line.counterparty.upper(), line.bank_reference.upper()) == ("DUBOIS", "F1")


@pytest.mark.parametrize(
    ("written", "amount"), [("-12,50", "-12.50"), ("+00012.5000", "12.50"), (".5", "0.50"), ("1200", "1200")]
)
def test_amounts_are_read_as_banks_write_them(written, amount):
    assert only(ofx(MOVEMENT.replace("+1200.00", written))).lines[0].amount == Decimal(amount)


@pytest.mark.parametrize("written", ["20260131", "20260131120000", "20260131230000.000[-5:EST]", "2026-01-31"])
def test_the_day_is_the_one_that_the_bank_writes(written):
    data = ofx(MOVEMENT.replace("<DTPOSTED>20260131", f"<DTPOSTED>{written}"))
    assert only(data).lines[0].booked_on == date(2026, 1, 31)


def test_empty_elements_left_open_swallow_nothing():
    data = ofx(MOVEMENT.replace("<NAME>DUBOIS\n", "<NAME>\n<CHECKNUM>\n<REFNUM>\n"))
    assert only(data).lines[0].remittance == "FAC-2026-00001"


def test_signs_of_html_and_a_lonely_less_than_are_text():
    data = ofx(MOVEMENT.replace("DUBOIS", "DUPOND &amp; FILS < 3 &eacute;t&eacute;"))
    assert only(data).lines[0].counterparty == "DUPOND & FILS < 3 été"


def test_an_identifier_that_several_movements_bear_identifies_none():
    assert [line.bank_reference for line in only(ofx(MOVEMENT * 2)).lines] == ["", ""]
    assert only(ofx(MOVEMENT.replace("F1", ""))).lines[0].bank_reference == ""


def test_a_file_without_movement_or_balance_is_read():
    found = only(ofx("", balance=" "))
    assert (found.lines, found.closing, found.opened_on) == ((), None, date(2026, 1, 1))


def test_pending_movements_are_left_out_unless_asked_for():
    data = ofx().replace(
        b"</STMTRS>", b"<BANKTRANLISTP><STMTTRNP><DTTRAN>20260201<TRNAMT>-5<NAME>CB</STMTTRNP></BANKTRANLISTP></STMTRS>"
    )
    assert len(only(data).lines) == 1
    assert [line.status for line in read(data, filename="x", pending=True)[0].lines] == ["BOOK", "PDNG"]


@pytest.mark.parametrize(
    "data",
    [
        ofx(MOVEMENT.replace("20260131", "20260231")),
        ofx(MOVEMENT.replace("+1200.00", "12.345")),
        ofx(MOVEMENT.replace("+1200.00", "1.200,00")),
        ofx(MOVEMENT.replace("<FITID>", "<CURRENCY><CURRATE>1.1<CURSYM>USD</CURRENCY><FITID>")),
        ofx(account="<BANKID>1"),
        ofx(currency=""),
        ofx()[:-40],
        ofx().replace(b"</STMTTRN>", b""),
        ofx().replace(b"<SEVERITY>INFO", b"<SEVERITY>ERROR"),
        b"OFXHEADER:100\n\n<OFX></OFX>",
        b'<!DOCTYPE OFX [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + closed(ofx()),
    ],
)
def test_what_cannot_be_trusted_is_refused(data):
    with pytest.raises(InvalidStatement) as refused:
        read(data, filename="releve.ofx")
    assert "root:" not in str(refused.value)
