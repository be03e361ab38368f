"""The details (05 records) of a CFONB movement, by their qualifiers; an unknown one is told in the label.

LIB free label · NPY, NBE name of payer, of payee · NPO, NBU ultimate ones · RCN client's reference and purpose · REF
reference of the remittance · IPY, IBE identifier of payer, of payee · IBN IBAN · MMO original amount, its decimals and
rate · FEE charges · LCC, LC2, LCS remittance · RUM mandate of a direct debit, and its sequence.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from stdnum import iban as ibans

from payments.statements.base import StatementLine

if TYPE_CHECKING:
    from payments.statements.cfonb import Record

REMITTANCE = ("LIB", "LCC", "LC2", "LCS")
NO_REFERENCE = frozenset({"", "NOTPROVIDED", "NOT PROVIDED", "NONREF"})
KNOWN = frozenset({"LIB", "LCC", "LC2", "LCS", "NPY", "NBE", "NPO", "NBU", "RCN", "REF", "MMO", "RUM"})
IBAN = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}")
MMO = re.compile(r"([A-Z]{3})(\d)(\d{1,14})")


@dataclass(slots=True)
class Details:
    """The texts of each qualifier, in their order."""

    texts: dict[str, list[str]] = field(default_factory=dict)

    def add(self, record: str) -> None:
        """Take one 05 record."""
        self.texts.setdefault(record[45:48].upper(), []).append(record[48:118])

    def all(self, *qualifiers: str) -> list[str]:
        """What they say, on one line each."""
        return [text for name in qualifiers for one in self.texts.get(name, ()) if (text := " ".join(one.split()))]

    def first(self, *qualifiers: str) -> str:
        return next(iter(self.all(*qualifiers)), "")


def line_of(record: Record, details: Details) -> StatementLine:
    """The movement of a 04 record and its 05 ones. Raises InvalidStatement."""
    amount, booked_on = record.amount(), record.date(34)
    if booked_on is None:
        raise record.undated(record.text[34:40])
    label = " ".join(record.text[48:79].split())
    client = next(iter(details.texts.get("RCN", ())), "")
    end_to_end, purpose = client[:35].strip(), " ".join(client[35:].split())
    mandate = next(iter(details.texts.get("RUM", ())), "")[:35].strip()
    others = [text for name in details.texts if name not in KNOWN for text in details.all(name)]
    references = " ".join(details.all("REF"))
    texts = [label, *details.all(*REMITTANCE), references, purpose, *others]
    instructed, currency = _instructed(details, amount)
    return StatementLine(
        booked_on=booked_on,
        value_on=record.date(42),
        amount=amount,
        currency=record.currency or "EUR",
        counterparty=_counterparty(details, amount),
        counterparty_iban=_iban(details),
        remittance=" ".join(dict.fromkeys(filter(None, texts))),
        structured_reference=references,
        end_to_end_id="" if end_to_end.upper() in NO_REFERENCE else end_to_end,
        mandate_reference="" if mandate.upper() in NO_REFERENCE else mandate,
        bank_reference=_bank_reference(record.text),
        transaction_code=record.text[32:34].strip(),
        # a reject code is the interbank reason for which an earlier movement comes back
        is_reversal=bool(record.text[40:42].strip(" 0")),
        instructed_amount=instructed,
        instructed_currency=currency,
        place=record.place,
    )


def _counterparty(details: Details, amount: Decimal) -> str:
    """The payer of what comes in, the payee of what goes out; a bank that names one side only names the other one."""
    sides = (("NPY", "NPO"), ("NBE", "NBU"))
    own, other = sides if amount >= 0 else sides[::-1]
    return details.first(*own) or details.first(*other)


def _iban(details: Details) -> str:
    """The account of the other side, where an identifier (IBN, IPY, IBE) is one."""
    for text in details.all("IBN", "IPY", "IBE"):
        for found in IBAN.findall(text.replace(" ", "").upper()):
            if ibans.is_valid(found):
                return str(found)
    return ""


def _bank_reference(text: str) -> str:
    """The reference of the movement, else its number; both are often left at zero."""
    for written in (text[104:120].strip(), text[81:88].strip()):
        if written.strip("0 ") and any(sign.isdigit() for sign in written):
            return written
    return ""


def _instructed(details: Details, amount: Decimal) -> tuple[Decimal | None, str]:
    """The amount before exchange (MMO: currency, decimals, 14 figures), signed as the movement is."""
    text = next(iter(details.texts.get("MMO", ())), "")
    found = MMO.match(text)
    if found is None:
        return None, ""
    original = Decimal(found[3]).scaleb(-int(found[2]))
    return (-original if amount < 0 else original), found[1]
