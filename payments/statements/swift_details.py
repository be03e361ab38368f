"""What field 86 tells of a movement: German sub-fields (?20…), words between slashes (/NAME/…), or free text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mt940.models import Transactions
from mt940.processors import transaction_details_post_processor
from mt940.tags import TransactionDetails
from stdnum import iban as ibans
from stdnum import iso11649

from payments.statements.tables.contents import is_iban

CODED = re.compile(r"\d{3}\s*\?\d{2}")
WORD = re.compile(
    r"/(EREF|KREF|MREF|PREF|NAME|IBAN|BIC|REMI|BENM|ORDP|CNTP|TRTP|CSID|MARF|ISDT|RTRN|ADDR|ID|PURP|SVCL|USTD|STRD|CDTRREF"
    r"|ULTC|ULTD|ULTB|INIT)/"
)
IBAN = re.compile(r"\b[A-Z]{2}\d{2}[A-Z0-9]{10,30}\b")
RF = re.compile(r"\bRF\d{2}(?: ?[A-Z0-9]){1,21}\b")
NO_REFERENCE = frozenset({"", "NOTPROVIDED", "NOT PROVIDED", "NONREF"})
DETAILS = TransactionDetails()


@dataclass(frozen=True, slots=True, kw_only=True)
class SwiftDetails:
    """What a movement's texts say of the other side."""

    remittance: str = ""
    counterparty: str = ""
    iban: str = ""
    reference: str = ""
    end_to_end_id: str = ""
    mandate_reference: str = ""


def details_of(texts: Sequence[str], beside: str, collection: Transactions) -> SwiftDetails:
    """The 86 fields of one movement, with what its 61 field adds (`beside`)."""
    text = "\n".join(texts)
    if CODED.match(text):
        return _coded(text, beside, collection)
    words = _words(text)
    if words:
        return _between_slashes(words, beside)
    whole = " ".join(f"{beside} {text}".split())
    return SwiftDetails(remittance=whole, iban=_iban(whole), reference=_creditor_reference(whole))


def _coded(text: str, beside: str, collection: Transactions) -> SwiftDetails:
    raw = DETAILS.parse(collection, re.sub(r"^(\d{3})\s*\?", r"\1?", text))
    data: dict[str, Any] = transaction_details_post_processor(collection, DETAILS, raw, dict(raw))
    texts = [beside, *(str(data.get(name) or "") for name in ("posting_text", "purpose", "additional_purpose"))]
    iban = str(data.get("applicant_iban") or data.get("gvc_applicant_iban") or "").replace(" ", "").upper()
    remittance = " ".join(" ".join(texts).split())
    end_to_end = " ".join(str(data.get("end_to_end_reference") or "").split())
    return SwiftDetails(
        remittance=remittance,
        counterparty=" ".join(str(data.get("applicant_name") or "").split()),
        iban=iban if is_iban(iban) else "",
        reference=_creditor_reference(remittance),
        end_to_end_id=_told(end_to_end),
        # what the library calls MREF+
        mandate_reference=_told(" ".join(str(data.get("additional_position_reference") or "").split())[:35]),
    )


def _words(text: str) -> dict[str, str]:
    """The text behind each word; a line that is full goes on in the next one."""
    joined = "".join(line if len(line) >= 60 else f"{line} " for line in text.split("\n"))
    marks = list(WORD.finditer(joined))
    found: dict[str, str] = {}
    for count, mark in enumerate(marks):
        end = marks[count + 1].start() if count + 1 < len(marks) else len(joined)
        found.setdefault(mark[1], " ".join(joined[mark.end() : end].split()).strip("/ "))
    return found


def _between_slashes(words: dict[str, str], beside: str) -> SwiftDetails:
    name, iban = words.get("NAME", ""), words.get("IBAN", "").replace(" ", "").upper()
    if words.get("CNTP"):
        # account/BIC/name/town
        parts = [part.strip() for part in words["CNTP"].split("/")]
        iban = iban or parts[0].replace(" ", "")
        name = name or next(iter(parts[2:3]), "")
    texts = [beside, *(words.get(word, "") for word in ("TRTP", "REMI", "USTD", "RTRN", "PURP", "KREF", "PREF"))]
    remittance = " ".join(filter(None, texts))
    return SwiftDetails(
        remittance=remittance,
        counterparty=name,
        iban=iban if is_iban(iban) else _iban(beside),
        reference=_creditor_reference(f"{words.get('STRD', '')} {words.get('CDTRREF', '')} {remittance}"),
        end_to_end_id=_told(words.get("EREF", "")),
        mandate_reference=_told((words.get("MREF") or words.get("MARF", ""))[:35]),
    )


def _told(reference: str) -> str:
    return "" if reference.upper() in NO_REFERENCE else reference


def _iban(text: str) -> str:
    return next((str(found) for found in IBAN.findall(text.upper()) if ibans.is_valid(found)), "")


def _creditor_reference(text: str) -> str:
    """The RF reference of the text, without spaces."""
    for found in RF.findall(text.upper()):
        compact = found.replace(" ", "")
        if iso11649.is_valid(compact):
            return str(compact)
    return ""
