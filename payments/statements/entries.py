"""One entry (Ntry) of a CAMT message as the lines of a statement.

A batched entry becomes one line per transaction; their sum, with the charges stated beside them, must be the entry,
whose amount is what was booked. The indicator CdtDbtInd is the direction of the entry itself and RvslInd only says that
it undoes an earlier one (ISO 20022 message definition).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

from lxml.etree import _Element as Element

from config.kernel.money import ZERO
from payments.statements.base import BOOKED, PENDING, InvalidStatement, StatementLine, french
from payments.statements.charges import charge_lines, explaining
from payments.statements.elements import amount_of, children, day, first, line_of, text

NOT_PROVIDED = frozenset({"", "NOTPROVIDED", "NOT PROVIDED", "NONREF", "NOREF", "NONE", "NULL", "NA", "N/A", "UNKNOWN"})
# FUTR is a movement to come; INFO tells of one that does not move the account
STATUSES = {"": BOOKED, "BOOK": BOOKED, "PDNG": PENDING, "FUTR": PENDING}
# where the day of a transaction is written when its entry gives none, as notifications do
RELATED_DATES = ("IntrBkSttlmDt", "AccptncDtTm", "TxDtTm", "StartDt")


def read_entry(entry: Element, label: str, otherwise: date | None = None) -> list[StatementLine]:
    """The lines of one entry; none when it only informs. Undated, it is of the day `otherwise`."""
    # Sts became a choice with Cd in version 8 (2019); before, the code was its text
    status = STATUSES.get(text(entry, "Sts", "Cd") or text(entry, "Sts"))
    if status is None:
        return []
    whole = read_whole(entry, label, status, otherwise)
    details = list(children(entry, "NtryDtls", "TxDtls"))
    if not details:
        return read_single(replace(whole, remittance=text(entry, "AddtlNtryInf")), entry, entry, label)
    if len(details) == 1:
        return read_single(describe(whole, details[0], entry), details[0], entry, label)
    amounts = [detail_amount(detail, whole, label) for detail in details]
    stated = [amount for amount in amounts if amount is not None]
    described = [describe(whole, detail, entry) for detail in details]
    if len(stated) < len(details):
        # The bank names the payers without their amounts: the entry stays whole, with all their texts.
        return [join(described)]
    lines = [replace(line, amount=amount) for line, amount in zip(described, stated, strict=True)]
    found = charge_lines(whole, entry, zip(details, lines, strict=True), label)
    charges = explaining(whole.amount - sum(stated, ZERO), found)
    if charges is None:
        raise InvalidStatement(
            "Relevé %(where)s : le détail du lot fait %(details)s, le mouvement %(entry)s. "
            "Demandez à la banque un fichier corrigé.",
            where=label,
            details=french(sum(stated, ZERO)),
            entry=french(whole.amount),
            line=line_of(entry),
        )
    return [*lines, *charges]


def read_single(line: StatementLine, detail: Element, entry: Element, label: str) -> list[StatementLine]:
    """The movement of one payer: what he paid, and the charges beside it when they explain what was booked."""
    paid = detail_amount(detail, line, label, of_entry=detail is entry)
    if paid is None or paid == line.amount:
        return [line]
    details = [] if detail is entry else [(detail, line)]
    charges = explaining(line.amount - paid, charge_lines(line, entry, details, label))
    return [line] if charges is None else [replace(line, amount=paid), *charges]


def join(lines: list[StatementLine]) -> StatementLine:
    """One line with the texts of all its transactions, and nothing that is of one of them alone."""
    batches = {line.batch_reference for line in lines}
    return replace(
        lines[0],
        counterparty="",
        counterparty_iban="",
        end_to_end_id="",
        remittance=" ".join(line.remittance for line in lines if line.remittance),
        structured_reference=" ".join(line.structured_reference for line in lines if line.structured_reference),
        return_code="",
        mandate_reference="",
        batch_reference=batches.pop() if len(batches) == 1 else "",
        instructed_amount=None,
        instructed_currency="",
    )


def booked_day(entry: Element, status: str, otherwise: date | None) -> date | None:
    """The day of booking; for what is announced, or of an undated message, the nearest one that is written."""
    written = day(entry, "BookgDt") or day(entry, "ValDt")
    if written is not None or (otherwise is None and status == BOOKED):
        return written
    related = (day(entry, "NtryDtls", "TxDtls", "RltdDts", name) for name in RELATED_DATES)
    return next((found for found in related if found is not None), otherwise)


def read_whole(entry: Element, label: str, status: str, otherwise: date | None) -> StatementLine:
    """The entry as one line, before its details are read. Raises InvalidStatement."""
    line = line_of(entry)
    amount, currency = amount_of(first(entry, "Amt"), label, line)
    booked_on = booked_day(entry, status, otherwise)
    direction = text(entry, "CdtDbtInd")
    if booked_on is None:
        raise InvalidStatement("Relevé %(where)s : la date de comptabilisation manque.", where=label, line=line)
    if direction not in ("CRDT", "DBIT"):
        raise InvalidStatement("Relevé %(where)s : le sens (débit ou crédit) manque.", where=label, line=line)
    return StatementLine(
        booked_on=booked_on,
        value_on=day(entry, "ValDt"),
        amount=-amount if direction == "DBIT" else amount,
        currency=currency,
        # NtryRef numbers the entries of one message: it identifies nothing outside it
        bank_reference=bank_reference_of(entry, "AcctSvcrRef"),
        transaction_code=transaction_code(entry),
        is_reversal=text(entry, "RvslInd") in ("true", "1"),
        batch_reference=batch_reference_of(entry, "NtryDtls", "Btch"),
        status=status,
        place=line or 0,
    )


def describe(line: StatementLine, detail: Element, entry: Element) -> StatementLine:
    """`line` with the counterparty, remittance and references of its TxDtls."""
    # A reversal keeps the roles of the movement it undoes: the other side of our own transfer is its creditor.
    role = "Dbtr" if (line.amount >= 0) is not line.is_reversal else "Cdtr"
    instructed = first(detail, "AmtDtls", "InstdAmt", "Amt")
    instructed_amount, instructed_currency = amount_of(instructed, "") if instructed is not None else (None, "")
    return replace(
        line,
        counterparty=party_name(detail, role) or party_name(detail, f"Ultmt{role}"),
        counterparty_iban=text(detail, "RltdPties", f"{role}Acct", "Id", "IBAN").replace(" ", "").upper(),
        remittance=remittance(detail) or text(detail, "AddtlTxInf") or text(entry, "AddtlNtryInf"),
        structured_reference=" ".join(references(detail)),
        end_to_end_id=reference_of(detail, "Refs", "EndToEndId"),
        bank_reference=bank_reference_of(detail, "Refs", "AcctSvcrRef") or line.bank_reference,
        transaction_code=transaction_code(detail) or line.transaction_code,
        return_code=text(detail, "RtrInf", "Rsn", "Cd"),
        mandate_reference=reference_of(detail, "Refs", "MndtId"),
        batch_reference=batch_reference_of(detail, "Refs") or line.batch_reference,
        instructed_amount=instructed_amount,
        instructed_currency=instructed_currency,
    )


def reference_of(element: Element, *path: str) -> str:
    """The reference at `path`; empty when what stands there only says that there is none (NONREF, 0000, ---)."""
    reference = text(element, *path)
    return "" if reference.upper() in NOT_PROVIDED or not reference.strip("0-_./* ") else reference


def batch_reference_of(element: Element, *path: str) -> str:
    """The order that the movement is of: its batch (PmtInfId), else its message (MsgId)."""
    return reference_of(element, *path, "PmtInfId") or reference_of(element, *path, "MsgId")


def bank_reference_of(element: Element, *path: str) -> str:
    """The bank's own reference. Words without a figure (« SANS REFERENCE », « SEPA ») identify no movement."""
    reference = reference_of(element, *path)
    return reference if any(sign.isdigit() for sign in reference) else ""


def party_name(detail: Element, role: str) -> str:
    """RltdPties/<role>: the name, '' when it is absent or a placeholder."""
    name = text(detail, "RltdPties", role, "Pty", "Nm") or text(detail, "RltdPties", role, "Nm")
    return "" if name.upper() in NOT_PROVIDED else name


def remittance(detail: Element) -> str:
    """Free texts first, then the document numbers and remarks of structured remittance."""
    paths = (
        ("RmtInf", "Ustrd"),
        ("RmtInf", "Strd", "RfrdDocInf", "Nb"),
        ("RmtInf", "Strd", "AddtlRmtInf"),
    )
    parts = (" ".join((found.text or "").split()) for path in paths for found in children(detail, *path))
    return " ".join(part for part in parts if part.upper() not in NOT_PROVIDED)


def references(detail: Element) -> list[str]:
    """Structured creditor references (Strd/CdtrRefInf), without spaces."""
    found = [
        *children(detail, "RmtInf", "Strd", "CdtrRefInf", "Ref"),
        *children(detail, "RmtInf", "Strd", "CdtrRefInf", "CdtrRef"),  # version 1
    ]
    return [reference for reference in ("".join((element.text or "").split()) for element in found) if reference]


def transaction_code(element: Element) -> str:
    """BkTxCd as PMNT.RCDT.ESCT, else the bank's own code."""
    domain = first(element, "BkTxCd", "Domn")
    if domain is None:
        return text(element, "BkTxCd", "Prtry", "Cd")
    codes = (text(domain, "Cd"), text(domain, "Fmly", "Cd"), text(domain, "Fmly", "SubFmlyCd"))
    return ".".join(code for code in codes if code)


def detail_amount(detail: Element, whole: StatementLine, label: str, *, of_entry: bool = False) -> Decimal | None:
    """The signed amount of one transaction, stated in the currency of the entry. Ntry/Amt itself is the booking."""
    paths = (("Amt",), ("AmtDtls", "TxAmt", "Amt"), ("AmtDtls", "InstdAmt", "Amt"))
    for path in paths[of_entry:]:
        found = first(detail, *path)
        if found is not None:
            amount, currency = amount_of(found, label)
            # InstdAmt may be in the payer's currency, before exchange: then it says nothing of what was booked
            if currency == whole.currency:
                direction = text(detail, "CdtDbtInd") or ("CRDT" if whole.amount >= 0 else "DBIT")
                return -amount if direction == "DBIT" else amount
    return None
