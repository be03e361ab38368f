"""The file that asks the bank to debit: ISO 20022 pain.008.001.08, written by sepaxml and checked with its schema.

What sepaxml draws at random (message and batch names, the time) is set to ours, so that the same order gives the same
bytes and the statement's batch reference is known; the schema is asked again after that.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import sepaxml
from lxml import etree
from sepaxml import SepaDD
from sepaxml.validation import ValidationError

from config.kernel.xml import parse_untrusted

SCHEMA = "pain.008.001.08"
NAMESPACE = f"urn:iso:std:iso:20022:tech:xsd:{SCHEMA}"
LONGEST_TOWN, LONGEST_STREET, LONGEST_POSTCODE = 35, 70, 16


@dataclass(frozen=True, slots=True)
class PostalAddress:
    """Structured, as SEPA asks since November 2026: street, postcode, town and country, in fields of their own."""

    street: str
    postcode: str
    town: str
    country: str

    def fields(self) -> dict[str, str]:
        return {
            "street_name": self.street[:LONGEST_STREET],
            "postcode": self.postcode[:LONGEST_POSTCODE],
            "town": self.town[:LONGEST_TOWN],
            "country": self.country,
        }


@dataclass(frozen=True, slots=True)
class Creditor:
    name: str
    iban: str
    bic: str
    creditor_identifier: str
    address: PostalAddress


@dataclass(frozen=True, slots=True)
class Collection:
    """One debit. `amount` in euros, two decimals."""

    end_to_end_id: str
    amount: Decimal
    collected_on: date
    sequence: str
    mandate_reference: str
    signed_on: date
    debtor_name: str
    iban: str
    bic: str
    address: PostalAddress | None
    text: str


@dataclass(frozen=True, slots=True)
class OrderFile:
    """The file, and by end-to-end id the batch that each debit is in."""

    data: bytes
    batches: dict[str, str]


def write_order(
    number: str, scheme: str, creditor: Creditor, collections: Sequence[Collection], *, made_at: datetime
) -> OrderFile:
    """The file; batches are named `number`-1, -2…, one for each sequence and day.

    Raises sepaxml's ValidationError where the schema refuses it.
    """
    config: dict[str, Any] = {
        "name": creditor.name,
        "IBAN": creditor.iban,
        "batch": True,
        "creditor_id": creditor.creditor_identifier,
        "currency": "EUR",
        "instrument": scheme,
        "address": creditor.address.fields(),
    }
    if creditor.bic:
        config["BIC"] = creditor.bic
    writer = SepaDD(config, schema=SCHEMA, clean=True)
    for one in collections:
        writer.add_payment(_payment(one))
    root = parse_untrusted(writer.export(validate=False))
    batches = _name(root, number, made_at)
    data: bytes = etree.tostring(root, xml_declaration=True, encoding="UTF-8")
    try:
        _schema().assertValid(root)
    except etree.DocumentInvalid as error:
        raise ValidationError(str(error)) from error
    return OrderFile(data, batches)


@cache
def _schema() -> etree.XMLSchema:
    """Read once: the library reads it again for each file, for longer than it takes to write one."""
    return etree.XMLSchema(file=str(Path(sepaxml.__file__).with_name("schemas") / f"{SCHEMA}.xsd"))


def _payment(one: Collection) -> dict[str, Any]:
    payment: dict[str, Any] = {
        "name": one.debtor_name,
        "IBAN": one.iban,
        "amount": int(one.amount * 100),
        "type": one.sequence,
        "collection_date": one.collected_on,
        "mandate_id": one.mandate_reference,
        "mandate_date": one.signed_on,
        "description": one.text,
        "endtoend_id": one.end_to_end_id,
    }
    if one.bic:
        payment["BIC"] = one.bic
    if one.address:
        payment["address"] = one.address.fields()
    return payment


def _name(root: Any, number: str, made_at: datetime) -> dict[str, str]:
    """Our names and our time in place of random ones; the batch of each end-to-end id."""
    spaces = {"p": NAMESPACE}
    (message,) = root.iterfind(".//p:GrpHdr/p:MsgId", spaces)
    (created,) = root.iterfind(".//p:GrpHdr/p:CreDtTm", spaces)
    message.text, created.text = number, f"{made_at:%Y-%m-%dT%H:%M:%S}"
    batches: dict[str, str] = {}
    for position, batch in enumerate(root.iterfind(".//p:PmtInf", spaces), start=1):
        name = batch.find("p:PmtInfId", spaces)
        name.text = f"{number}-{position}"
        batches |= {str(identity.text): name.text for identity in batch.iterfind(".//p:EndToEndId", spaces)}
    return batches
