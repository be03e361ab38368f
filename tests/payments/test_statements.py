"""A bank statement is read whole, or refused with the figures that contradict each other."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from config.kernel.errors import Invalid
from payments import statements
from payments.statements import InvalidStatement, read
from payments.statements.base import look
from payments.statements.sample import Entry, camt053

SAMPLES = Path(__file__).parent / "samples"
IBAN = "FR7630006000011234567890189"
SETTLED_ON = date(2026, 11, 20)


def statement_file(*entries, opening="1000.00", identifier="RELEVE-2026-11-20"):
    return camt053(IBAN, Decimal(opening), entries, SETTLED_ON, identifier)


def credit(amount="600.00", **more):
    return Entry(amount=Decimal(amount), counterparty="ATELIERS DUBOIS", **more)


def only(data):
    (statement,) = read(data, filename="releve.xml")
    return statement


def refusal(data, filename="releve.xml"):
    with pytest.raises(Invalid) as refused:
        read(data, filename=filename)
    return str(refused.value)


def replaced(data, *pairs):
    for old, new in pairs:
        assert old.encode() in data, old
        data = data.replace(old.encode(), new.encode())
    return data


BATCH = """<NtryDtls>
  <TxDtls><AmtDtls><TxAmt><Amt Ccy="EUR">400.00</Amt></TxAmt></AmtDtls>
    <RltdPties><Dbtr><Pty><Nm>GARAGE MARTIN</Nm></Pty></Dbtr></RltdPties>
    <RmtInf><Ustrd>FAC-2026-00007</Ustrd></RmtInf></TxDtls>
  <TxDtls><Amt Ccy="EUR">200.00</Amt>
    <RltdPties><Dbtr><Nm>LYCEE HUGO</Nm></Dbtr></RltdPties>
    <RmtInf><Strd><RfrdDocInf><Nb>FAC-2026-00008</Nb></RfrdDocInf></Strd></RmtInf></TxDtls>
</NtryDtls>"""


def with_batch(batch=BATCH):
    data = statement_file(credit())
    start, end = data.index(b"<NtryDtls>"), data.index(b"</NtryDtls>") + len(b"</NtryDtls>")
    return data[:start] + batch.encode() + data[end:]


def test_a_transfer_is_read_with_everything_the_matcher_needs():
    statement = only(
        statement_file(
            credit(
                remittance="Règlement FAC-2026-00001",
                structured_reference="RF69F20260042",
                counterparty_iban="FR7610278060000002012345678",
                end_to_end_id="E2E-1",
            )
        )
    )
    assert (statement.iban, statement.currency) == (IBAN, "EUR")
    assert (statement.opening, statement.closing) == (Decimal("1000.00"), Decimal("1600.00"))
    assert (statement.opened_on, statement.closed_on) == (SETTLED_ON, SETTLED_ON)
    (line,) = statement.lines
    assert (line.amount, line.currency, line.booked_on, line.value_on) == (600, "EUR", SETTLED_ON, SETTLED_ON)
    assert (line.counterparty, line.counterparty_iban) == ("ATELIERS DUBOIS", "FR7610278060000002012345678")
    assert (line.remittance, line.structured_reference) == ("Règlement FAC-2026-00001", "RF69F20260042")
    assert (line.end_to_end_id, line.transaction_code) == ("E2E-1", "PMNT.RCDT.ESCT")
    assert line.bank_reference == "RELEVE-2026-11-20-00001"


def test_a_debit_is_negative_and_names_who_was_paid():
    statement = only(statement_file(Entry(amount=Decimal("-42.10"), counterparty="EDF")))
    assert [(line.amount, line.counterparty) for line in statement.lines] == [(Decimal("-42.10"), "EDF")]


def test_what_was_not_provided_is_not_a_reference():
    assert only(statement_file(credit())).lines[0].end_to_end_id == ""


def test_a_batch_becomes_one_line_per_payer():
    statement = only(with_batch())
    assert [(line.amount, line.counterparty, line.remittance) for line in statement.lines] == [
        (Decimal("400.00"), "GARAGE MARTIN", "FAC-2026-00007"),
        (Decimal("200.00"), "LYCEE HUGO", "FAC-2026-00008"),
    ]


def test_a_batch_that_does_not_add_up_is_refused_with_both_figures():
    said = refusal(with_batch(BATCH.replace("200.00", "199.00")))
    assert "599,00" in said
    assert "600,00" in said


def test_a_batch_without_amounts_stays_whole_with_all_its_words():
    (line,) = only(with_batch(BATCH.replace('<Amt Ccy="EUR">200.00</Amt>', ""))).lines
    assert (line.amount, line.counterparty, line.remittance) == (600, "", "FAC-2026-00007 FAC-2026-00008")


def test_pending_entries_are_left_out():
    data = replaced(
        statement_file(credit(), opening="1000.00"),
        ("<Sts>BOOK</Sts>", "<Sts><Cd>PDNG</Cd></Sts>"),
        (">1600.00<", ">1000.00<"),
    )
    assert only(data).lines == ()


REVERSAL = "<RvslInd>true</RvslInd><Sts>BOOK</Sts>"


def test_a_reversal_moves_the_account_in_the_direction_of_its_entry():
    returned = Entry(amount=Decimal("-600.00"), counterparty="ATELIERS DUBOIS")
    (line,) = only(replaced(statement_file(returned), ("<Sts>BOOK</Sts>", REVERSAL))).lines
    assert (line.amount, line.is_reversal) == (-600, True)


def test_a_reversal_written_the_other_way_is_turned_round_when_the_balances_say_so():
    data = replaced(statement_file(credit()), ("<Sts>BOOK</Sts>", REVERSAL), (">1600.00<", ">400.00<"))
    (line,) = only(data).lines
    assert (line.amount, line.is_reversal) == (-600, True)


def test_balances_that_contradict_the_movements_are_refused_with_the_figures():
    said = refusal(replaced(statement_file(credit()), (">1600.00<", ">1500.00<")))
    for figure in ("1\u202f000,00", "600,00", "1\u202f600,00", "1\u202f500,00"):
        assert figure in said


def test_a_movement_in_another_currency_is_refused():
    said = refusal(replaced(statement_file(credit()), ('<Amt Ccy="EUR">600.00', '<Amt Ccy="USD">600.00')))
    assert "USD" in said
    assert "mouvement 1" in said


@pytest.mark.parametrize("version", ["02", "04", "06", "08", "13"])
def test_every_version_of_the_message_is_read(version):
    data = replaced(statement_file(credit()), ("camt.053.001.02", f"camt.053.001.{version}"))
    assert len(only(data).lines) == 1


def test_several_statements_of_one_file_are_all_read():
    statements = read((SAMPLES / "camt053.v2.multi.statement.xml").read_bytes(), filename="releve.xml")
    assert [(one.opening, one.closing) for one in statements] == [
        (Decimal("18.15"), Decimal("27.00")),
        (Decimal("27.00"), Decimal("20.00")),
    ]
    assert [line.amount for one in statements for line in one.lines] == [Decimal("8.85"), Decimal("-7.00")]


def test_a_statement_with_date_times_and_no_movement_is_read():
    statement = only((SAMPLES / "camt53.only-Dt-with-DtTm.xml").read_bytes())
    assert (statement.opening, statement.currency, statement.opened_on) == (
        Decimal("5442.09"),
        "RON",
        date(2025, 7, 23),
    )


def test_a_balance_in_another_currency_than_the_account_is_refused():
    assert "SEK" in refusal((SAMPLES / "camt053.v4.xml").read_bytes())


def test_amounts_of_five_decimals_are_read_when_they_are_whole_cents():
    data = replaced(statement_file(credit()), (">600.00<", ">600.00000<"), (">1600.00<", ">1600.00000<"))
    assert only(data).lines[0].amount.as_tuple().exponent == -2


def test_a_notification_has_no_balance_and_its_movements_are_read():
    data = replaced(statement_file(credit()), ("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn"), ("Stmt>", "Ntfctn>"))
    head, tail = data.split(b"<Bal>")[0], data[data.rindex(b"</Bal>") + len(b"</Bal>") :]
    statement = only(head + tail)
    assert (statement.format, statement.opening, statement.closing) == ("camt054", None, None)
    assert [line.amount for line in statement.lines] == [Decimal("600.00")]


def test_an_interim_report_gives_the_balance_of_its_moment_and_no_opening():
    data = replaced(statement_file(credit()), ("BkToCstmrStmt", "BkToCstmrAcctRpt"), ("Stmt>", "Rpt>"))
    statement = only(replaced(data, (">CLBD<", ">ITBD<")))
    assert (statement.format, statement.opening, statement.closing) == ("camt052", None, Decimal("1600.00"))


def test_what_is_announced_is_given_when_asked_for():
    data = replaced(statement_file(credit()), ("<Sts>BOOK</Sts>", "<Sts>PDNG</Sts>"), (">1600.00<", ">1000.00<"))
    (statement,) = read(data, filename="releve.xml", pending=True)
    assert [(line.status, line.amount) for line in statement.lines] == [("PDNG", Decimal("600.00"))]


def test_a_refusal_names_the_line_of_the_file():
    data = replaced(statement_file(credit()), (">600.00<", ">600,00<"))
    with pytest.raises(InvalidStatement) as refused:
        read(data, filename="releve.xml")
    assert b"600,00" in data.splitlines()[refused.value.line - 1]


def test_the_number_of_an_entry_in_its_message_is_no_reference():
    (line,) = only(statement_file(credit("9.90")).replace(b"AcctSvcrRef", b"Unknown")).lines
    assert line.bank_reference == ""
    assert look(IBAN, line).startswith("hash:")


def test_the_bank_reference_identifies_a_movement_whatever_its_words():
    worded, reworded = (
        only(statement_file(credit(remittance=words, bank_reference="B-1"))).lines[0]
        for words in ("VIR FAC 1", "Virement facture 1")
    )
    assert look(IBAN, worded) == look(IBAN, reworded)
    assert look(IBAN, worded) != look("FR7610278060000002012345678", worded)


BOMB = b"""<?xml version="1.0"?><!DOCTYPE Document [<!ENTITY a "aaaaaaaaaa">
<!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;">]>
<Document><BkToCstmrStmt><Stmt><Id>&c;</Id></Stmt></BkToCstmrStmt></Document>"""
READER_OF_SECRETS = b"""<!DOCTYPE Document [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<Document><BkToCstmrStmt><Stmt><Id>&x;</Id></Stmt></BkToCstmrStmt></Document>"""


@pytest.mark.parametrize(
    "data",
    [BOMB, READER_OF_SECRETS, READER_OF_SECRETS.decode().encode("utf-16")],
    ids=["entities that grow", "entity of a local file", "the same in UTF-16"],
)
def test_a_file_with_a_doctype_is_refused(data):
    said = refusal(data)
    assert "DOCTYPE" in said
    assert "root:" not in said


def test_a_file_above_the_limit_is_refused_before_it_is_parsed(monkeypatch):
    monkeypatch.setattr(statements, "MOST_BYTES", 1000)
    assert "Mo" in refusal(statement_file(credit()))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xef\xbb\xbf  \n",
        b"PK\x03\x04whatever",
        b"date;libelle\n2026-11-20;VIR\n",
        b"<html><body>Session perdue</body></html>",
        b"<Document",
        b"<Document/>",
        b"<" * 5000,
        b"<a>" * 5000,
        b"\x00\xff" * 100,
        b"<Document><BkToCstmrStmt/></Document>",
        b"<Document><BkToCstmrStmt><Stmt/></BkToCstmrStmt></Document>",
    ],
)
def test_anything_else_is_refused_with_a_sentence(data):
    assert refusal(data).endswith(".")


@pytest.mark.parametrize(
    "amount", ["NaN", "Infinity", "-600.00", "1e3", "1_000", "600,00", "600.001", "", "9" * 30, "٦٠٠"]
)
def test_an_amount_written_any_other_way_is_refused(amount):
    data = statement_file(credit()).replace(b">600.00<", f">{amount}<".encode())
    assert "RELEVE-2026-11-20" in refusal(data)


def test_a_movement_without_a_date_or_a_direction_is_refused():
    data = statement_file(credit())
    undated = data.replace(b"BookgDt", b"Unknown").replace(b"ValDt", b"Unknown")
    assert "date" in refusal(undated)
    head, entry = data.split(b"<Ntry>")
    assert "sens" in refusal(head + b"<Ntry>" + entry.replace(b"CRDT", b"MAYBE"))


def test_every_truncation_of_a_good_file_is_refused():
    data = statement_file(credit(remittance="FAC-2026-00001"), credit("12.00"))
    for length in range(0, len(data.rstrip()) - 1, 37):
        assert refusal(data[:length])
