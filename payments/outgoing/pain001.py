"""A file of SEPA transfers, ISO 20022 pain.001.001.09, in plain Python: written by sepaxml, held against its XSD.

Addresses are structured, as the EPC asks from November 2026 on; the name and the wording keep to SEPA's signs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path

import sepaxml
from lxml import etree

from config.kernel.clock import PARIS
from config.kernel.money import cents
from config.kernel.xml import parse_untrusted

SCHEMA = "pain.001.001.09"
NAMES = {"p": f"urn:iso:std:iso:20022:tech:xsd:{SCHEMA}"}


class NotValid(ValueError):
    """The file breaks the schema: a defect, never sent."""


@dataclass(frozen=True, slots=True)
class Transfer:
    """One transfer in euros. `address`: street_name, postcode, town, country, as far as they are known."""

    name: str
    iban: str
    amount: Decimal
    wording: str
    end_to_end_id: str
    address: Mapping[str, str] = field(default_factory=dict)


def render(
    *, number: str, name: str, iban: str, bic: str, transfers: Sequence[Transfer], executes_on: date, at: datetime
) -> bytes:
    """The file of an order: one batch from one account, on one day. Raises NotValid."""
    config = {"name": name, "IBAN": iban, "batch": True, "currency": "EUR", **({"BIC": bic} if bic else {})}
    file = sepaxml.SepaTransfer(config, schema=SCHEMA)
    for transfer in transfers:
        file.add_payment(
            {
                "name": transfer.name,
                "IBAN": transfer.iban,
                "amount": cents(transfer.amount),
                "execution_date": executes_on,
                "description": transfer.wording,
                "endtoend_id": transfer.end_to_end_id,
                "address": {key: value[:70] for key, value in transfer.address.items() if value},
            }
        )
    root = parse_untrusted(file.export(validate=False), max_elements=None)
    # the library draws these by chance and by the clock: the order's own number and moment stand in their place
    told = {"p:MsgId": number, "p:PmtInfId": number, "p:CreDtTm": f"{at.astimezone(PARIS):%Y-%m-%dT%H:%M:%S}"}
    for path, text in told.items():
        for node in root.iterfind(f".//{path}", NAMES):
            node.text = text
    try:
        _schema().assertValid(root)
    except etree.DocumentInvalid as error:
        raise NotValid(str(error)) from error
    return bytes(etree.tostring(root, xml_declaration=True, encoding="UTF-8"))


@cache
def _schema() -> etree.XMLSchema:
    """Read once: the library reads it again for each file, for longer than it takes to write one."""
    return etree.XMLSchema(file=str(Path(sepaxml.__file__).with_name("schemas") / f"{SCHEMA}.xsd"))
