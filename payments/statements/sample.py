"""A CAMT.053 statement such as a French bank sends, built from a few entries: for the journey, the demo and tests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from lxml import etree

from config.kernel.money import exact, round2

NAMESPACE = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"
DEFAULT_NAMESPACE: dict[Any, str] = {None: NAMESPACE}  # lxml's own way to say "no prefix"


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One movement: a credit when `amount` is positive."""

    amount: Decimal
    counterparty: str
    remittance: str = ""  # 140 characters at most, as SEPA carries them
    structured_reference: str = ""
    counterparty_iban: str = ""
    end_to_end_id: str = "NOTPROVIDED"
    bank_reference: str = ""
    code: str = "ESCT"  # the bank's sub-family of the movement, as RRTN for a return
    return_code: str = ""
    instructed: Decimal | None = None  # before charges
    instructed_in: str = "EUR"
    mandate_reference: str = ""
    batch_reference: str = ""


def add(parent: etree._Element, path: str, text: str = "", **attributes: str) -> etree._Element:
    """The element at the end of `path` (new at its last step), with its text."""
    *steps, last = path.split("/")
    for step in steps:
        found = parent.find(f"{{{NAMESPACE}}}{step}")
        parent = found if found is not None else etree.SubElement(parent, f"{{{NAMESPACE}}}{step}")
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}{last}", attributes)
    element.text = text or None
    return element


def camt053(iban: str, opening: Decimal, entries: Sequence[Entry], on: date, statement_id: str) -> bytes:
    """The statement of one day: opening balance, `entries`, closing balance."""
    closing = round2(exact(opening)) + sum((round2(exact(entry.amount)) for entry in entries), Decimal("0.00"))
    root = etree.Element(f"{{{NAMESPACE}}}Document", nsmap=DEFAULT_NAMESPACE)
    message = add(root, "BkToCstmrStmt")
    add(message, "GrpHdr/MsgId", statement_id)
    add(message, "GrpHdr/CreDtTm", f"{on.isoformat()}T22:30:00+01:00")
    statement = add(message, "Stmt")
    add(statement, "Id", statement_id)
    add(statement, "CreDtTm", f"{on.isoformat()}T22:30:00+01:00")
    add(statement, "Acct/Id/IBAN", iban)
    add(statement, "Acct/Ccy", "EUR")
    add_balance(statement, "OPBD", opening, on)
    add_balance(statement, "CLBD", closing, on)
    for row, entry in enumerate(entries, start=1):
        add_entry(statement, entry, on, entry.bank_reference or f"{statement_id}-{row:05}")
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True))


def add_balance(statement: etree._Element, code: str, amount: Decimal, on: date) -> None:
    balance = add(statement, "Bal")
    add(balance, "Tp/CdOrPrtry/Cd", code)
    add_amount(balance, amount)
    add(balance, "Dt/Dt", on.isoformat())


def add_amount(parent: etree._Element, amount: Decimal) -> None:
    add(parent, "Amt", f"{abs(round2(exact(amount))):f}", Ccy="EUR")
    add(parent, "CdtDbtInd", "DBIT" if amount < 0 else "CRDT")


def add_entry(statement: etree._Element, entry: Entry, on: date, reference: str) -> None:
    movement = add(statement, "Ntry")
    add(movement, "NtryRef", reference)
    add_amount(movement, entry.amount)
    add(movement, "Sts", "BOOK")
    add(movement, "BookgDt/Dt", on.isoformat())
    add(movement, "ValDt/Dt", on.isoformat())
    add(movement, "AcctSvcrRef", reference)
    add(movement, "BkTxCd/Domn/Cd", "PMNT")
    add(movement, "BkTxCd/Domn/Fmly/Cd", "ICDT" if entry.amount < 0 else "RCDT")
    add(movement, "BkTxCd/Domn/Fmly/SubFmlyCd", entry.code)
    if entry.batch_reference:
        add(movement, "NtryDtls/Btch/PmtInfId", entry.batch_reference)
    details = add(movement, "NtryDtls/TxDtls")
    add(details, "Refs/EndToEndId", entry.end_to_end_id)
    if entry.mandate_reference:
        add(details, "Refs/MndtId", entry.mandate_reference)
    if entry.instructed is not None:
        add(details, "AmtDtls/InstdAmt/Amt", f"{entry.instructed:f}", Ccy=entry.instructed_in)
    role = "Cdtr" if entry.amount < 0 else "Dbtr"
    add(details, f"RltdPties/{role}/Nm", entry.counterparty[:70])
    if entry.counterparty_iban:
        add(details, f"RltdPties/{role}Acct/Id/IBAN", entry.counterparty_iban)
    if entry.remittance:
        add(details, "RmtInf/Ustrd", entry.remittance[:140])
    if entry.structured_reference:
        add(details, "RmtInf/Strd/CdtrRefInf/Tp/CdOrPrtry/Cd", "SCOR")
        add(details, "RmtInf/Strd/CdtrRefInf/Ref", entry.structured_reference)
    if entry.return_code:
        add(details, "RtrInf/Rsn/Cd", entry.return_code)
    add(
        movement, "AddtlNtryInf", ("VIR SEPA EMIS " if entry.amount < 0 else "VIR SEPA RECU ") + entry.counterparty[:35]
    )
