"""What a deposited flow holds: one file, or a tar.gz of several; and what Chorus Pro lists of an invoice."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from dataclasses import dataclass
from typing import Any

from lxml import etree

from config.kernel.xml import parse_untrusted
from einvoicing.sandbox import reading, stories
from einvoicing.sandbox.chorus_pro import recipients
from einvoicing.sandbox.reading import Heading

SYNTAXES = {
    "IN_DP_E2_CII_FACTURX": "Factur-X",
    "IN_DP_E1_CII_16B": "CII",
    "IN_DP_E1_UBL_INVOICE": "UBL",
}
TYPES = {"381": "AVOIR", "386": "ACOMPTE"}  # typeFacture; every other code is a FACTURE
_GZIP = b"\x1f\x8b"
_SAME = {"disputes": "suspends"}
_SUMS = "//*[local-name()='SpecifiedTradeSettlementHeaderMonetarySummation' or local-name()='LegalMonetaryTotal']"
_NET = f"{_SUMS}/*[local-name()='TaxBasisTotalAmount' or local-name()='TaxExclusiveAmount']"
_GROSS = f"{_SUMS}/*[local-name()='GrandTotalAmount' or local-name()='TaxInclusiveAmount']"


class Refused(Exception):
    """The flow, or one invoice of it (`number`), is turned away; `code` is that of a technical error."""

    def __init__(self, sentence: str, *, code: str = "", number: str = "") -> None:
        super().__init__(sentence)
        self.sentence, self.code, self.number = sentence, code, number


@dataclass(frozen=True, slots=True)
class Reading:
    """One invoice found in a flow; `data` is its file."""

    data: bytes
    number: str
    seller: str
    behaviour: str
    recipient: recipients.Recipient
    listed: dict[str, Any]  # typeFacture, dateFacture, montantHT, montantTTC


def files(data: bytes) -> list[bytes]:
    """The files of a flow. Raises Refused for an archive that cannot be read."""
    if not data.startswith(_GZIP):
        return [data]
    try:
        with tarfile.open(fileobj=io.BytesIO(gzip.decompress(data))) as archive:
            members = [archive.extractfile(member) for member in archive if member.isfile()]
            found = [member.read() for member in members if member is not None]
    except (OSError, EOFError, zlib.error, tarfile.TarError) as error:
        raise Refused("L’archive est illisible", code="FlowTypeError") from error
    if not found:
        raise Refused("L’archive est vide", code="FlowTypeError")
    return found


def heads(data: bytes, syntax: str) -> list[tuple[str, str]]:
    """(seller, number) of each invoice, for the ledger; ('', '') for one that cannot be read."""
    try:
        return [_head(file, syntax) for file in files(data)]
    except Refused:
        return [("", "")]


def _head(data: bytes, syntax: str) -> tuple[str, str]:
    try:
        head = reading.heading(reading.xml_of(data, SYNTAXES[syntax]), SYNTAXES[syntax])
    except (reading.Unreadable, KeyError):
        return "", ""
    return seller_of(head), head.number[:100]


def seller_of(head: Heading) -> str:
    return (head.seller_siren or head.seller_name)[:100]


def read(data: bytes, syntax: str, behaviour: str) -> Reading:
    """Raises Refused."""
    known = SYNTAXES.get(syntax, "")
    try:
        xml = reading.xml_of(data, known)
        head = reading.heading(xml, known)
    except reading.Unreadable as error:
        raise Refused(error.sentence, code=error.reason) from error
    ordered = behaviour or stories.behaviour_of(head)
    return Reading(
        data=data,
        number=head.number[:100],
        seller=seller_of(head),
        behaviour=_SAME.get(ordered, ordered),
        recipient=recipients.read(xml),
        listed=_listed(xml, head),
    )


def _listed(xml: bytes, head: Heading) -> dict[str, Any]:
    root = parse_untrusted(xml)
    return {
        "typeFacture": TYPES.get(head.type_code, "FACTURE"),
        "dateFacture": head.issued_on.isoformat() if head.issued_on else "",
        "montantHT": _amount(root, _NET),
        "montantTTC": _amount(root, _GROSS),
        "designationDestinataire": head.buyer_name[:100],
    }


def _amount(root: etree._Element, path: str) -> float:
    """As Chorus Pro answers: a JSON number."""
    found = root.xpath(path)
    first = found[0] if isinstance(found, list) and found else None
    try:
        return float(str(getattr(first, "text", None) or "0"))
    except ValueError:
        return 0.0
