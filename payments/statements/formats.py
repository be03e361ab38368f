"""What format a statement is in, by what the file holds and never by its name."""

from __future__ import annotations

import re

from payments.statements.base import (
    CAMT_052,
    CAMT_053,
    CAMT_054,
    CFONB_120,
    CSV,
    MT_940,
    MT_942,
    OFX,
    XLSX,
    UnknownFormat,
)
from payments.statements.tables import guess, is_workbook
from payments.statements.tables.rows import encoding_of

HEAD = 4_096
BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
BLANKS = b" \t\r\n\x0b\x0c\x00\x01\x1a\xa0"
MESSAGES = {"BkToCstmrAcctRpt": CAMT_052, "BkToCstmrStmt": CAMT_053, "BkToCstmrDbtCdtNtfctn": CAMT_054}
CFONB_RECORD = re.compile(r"0[1457][0-9 ]{5}.{4}[0-9 ]{5}.{3,104}")
SWIFT_TAG = re.compile(r"^(:(20|25|28C?|60[FM]|61|62[FM]|13D?|34F|86|64|90[CD]|NS):|\{1:F)", re.MULTILINE)
# what only an interim report has: MT942 gives no balance, and sums its movements instead
INTERIM_TAG = re.compile(r"^:(34F|13D?|90[CD]):", re.MULTILINE)
BALANCE_TAG = re.compile(r"^:6[02][FM]:", re.MULTILINE)


def start_of(data: bytes) -> bytes:
    """The first bytes, without what may stand before the signature: a byte order mark, blanks, zeros of UTF-16."""
    start = data[: 4 * HEAD]
    for mark in BYTE_ORDER_MARKS:
        start = start.removeprefix(mark)
    return start.lstrip(BLANKS).replace(b"\x00", b"")[:HEAD]


def recognise_format(data: bytes) -> str:
    """One of the formats of `base`; "" when the file is none of them."""
    start = start_of(data)
    if start.startswith(b"PK\x03\x04"):
        return XLSX if is_workbook(data) else ""
    text = start.decode("latin-1")
    if text.startswith("<"):
        return _of_tags(text)
    return _of_text(data, text)


def _of_tags(text: str) -> str:
    found = re.search(r"<(?:[\w.-]+:)?(BkToCstmr(?:AcctRpt|Stmt|DbtCdtNtfctn))", text)
    if found is not None:
        return MESSAGES[found[1]]
    if re.search(r"<(\?OFX|OFX)\b", text, re.IGNORECASE):
        return OFX
    # the message stands behind a long header or a comment
    named = re.search(r"camt\.05([234])\.", text)
    return {"2": CAMT_052, "3": CAMT_053, "4": CAMT_054}[named[1]] if named is not None else ""


def _of_text(data: bytes, text: str) -> str:
    if re.match(r"OFXHEADER\s*[:=]", text, re.IGNORECASE) or re.search(r"<OFX>", text, re.IGNORECASE):
        return OFX
    first = next((line for line in text.splitlines() if line.strip()), "")
    if CFONB_RECORD.fullmatch(first.rstrip()[:120]) and ";" not in first:
        return CFONB_120
    if SWIFT_TAG.search(text):
        whole = data.decode("latin-1")
        return MT_942 if INTERIM_TAG.search(whole) and not BALANCE_TAG.search(whole) else MT_940
    if b"\x00" in data[:HEAD] and encoding_of(data) != "utf-16":
        return ""
    try:
        guess(data)
    except UnknownFormat:
        return ""
    return CSV
