"""The same invoice twice: the same bytes, the same number of the same supplier, or the same content under another.

Whatever the channel: an invoice comes by the platform, then by mail, then as a scan. The first that was decided on is
the original; a person can say that a copy is none.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q

from einvoicing.models import ReceivedDocument, ReceivedStatus
from einvoicing.reception.reading.result import Reading, plain

BYTES, NUMBER, CONTENT, BOOKS = "BYTES", "NUMBER", "CONTENT", "BOOKS"
# a copy of what is itself held is a copy of the first; what waits to be read will find this one
DECIDED = (
    ReceivedStatus.READ,
    ReceivedStatus.RECORDED,
    ReceivedStatus.UNREADABLE,
    ReceivedStatus.SET_ASIDE,
)
MOST_ALIKE = 200
_LOCK = 0x14_0_05
_NOISE = re.compile(r"[\W_]+")


@dataclass(frozen=True, slots=True)
class Original:
    document: ReceivedDocument
    why: str  # BYTES, NUMBER or CONTENT


def decide_alone(company_id: int) -> None:
    """One decision of a company at a time: two copies read at once must see each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashint8(%s))", [_LOCK, company_id])


def find_original(document: ReceivedDocument) -> Original | None:
    """The document that this one is a copy of, by what was read of it; its earliest."""
    others = ReceivedDocument.everywhere.filter(company_id=document.company_id, status__in=DECIDED)
    others = others.exclude(pk=document.pk).order_by("received_at", "id")
    if same := others.filter(sha256=document.sha256).first():
        return Original(same, BYTES)
    if same := _same_number(document, others):
        return Original(same, NUMBER)
    if document.fingerprint and (same := others.filter(fingerprint=document.fingerprint).first()):
        return Original(same, CONTENT)
    return None


def _same_number(document: ReceivedDocument, others: object) -> ReceivedDocument | None:
    """« F-2026/12 » and « f 2026 12 » are one number, within a year and a kind."""
    wanted = squeezed(document.number)
    if not wanted or not document.supplier_key or document.issue_date is None:
        return None
    alike = ReceivedDocument.everywhere.filter(
        Q(number=document.number) | Q(gross=document.gross),
        company_id=document.company_id,
        status__in=DECIDED,
        supplier_key=document.supplier_key,
        kind=document.kind,
        issue_date__year=document.issue_date.year,
    ).exclude(pk=document.pk)
    rows = alike.order_by("received_at", "id")[:MOST_ALIKE]
    found: ReceivedDocument | None = next((row for row in rows if squeezed(row.number) == wanted), None)
    return found


def squeezed(number: str) -> str:
    """Letters and digits alone.

    >>> squeezed("F-2026/012") == squeezed("f 2026 012")
    True
    """
    return _NOISE.sub("", number).casefold()


def fingerprint_of(reading: Reading, supplier_key: str) -> str:
    """What the document bills, whatever its number; '' where too little was read to tell."""
    if not supplier_key or not reading.lines or reading.value("date") is None or reading.value("gross") is None:
        return ""
    facts = [reading.value(name) for name in ("kind", "date", "currency", "net", "vat", "gross")]
    lines = [[squeezed(line.description), line.quantity, line.net] for line in reading.lines]
    told = json.dumps([supplier_key, plain(facts), plain(lines)], ensure_ascii=False)
    return hashlib.sha256(told.encode()).hexdigest()
