"""The files of a dossier, each with its bytes piece by piece; the apps above add theirs in AppConfig.ready."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.db import connection

from billing.ledger.calendar import Year
from billing.ledger.fec import Fec
from billing.models import Closing, Invoice, InvoiceDocument, JournalEntry
from config.kernel import chain
from config.kernel.canonical import canonical
from config.kernel.kept import FileRefused, check_kept
from config.kernel.models import AuditEvent, Company
from config.kernel.stamps import stamps_of

HERE = Path(__file__).parent
AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the dossier. `subject` names the sealed row that says its SHA-256."""

    name: str
    chunks: Iterable[bytes]
    subject: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """A kept file that is not handed out, and why."""

    subject: str
    name: str
    problem: str


Parts = Callable[[Company, Year], Iterator[Part]]
_declared: list[Parts] = []


def declare_part(parts: Parts) -> None:
    _declared.append(parts)


def parts_of(company: Company, fec: Fec) -> Iterator[Part | Missing]:
    for name in ("LISEZMOI.txt", "verify.py"):
        yield Part(name, [(HERE / name).read_bytes()])
    yield Part(fec.name, fec.chunks())
    yield Part("chaine/faits.jsonl", _facts(company, fec))
    for stamp in stamps_of(company):
        yield Part(f"chaine/horodatages/{stamp.sequence}.txt", [stamp.text])
        yield Part(f"chaine/horodatages/{stamp.sequence}.tsr", [stamp.answer])
    yield Part("numeros.csv", as_csv(("Suite", "Dernier numéro", "Donnés", "Manquants"), _numbers(company, fec.year)))
    for declared in _declared:
        yield from declared(company, fec.year)
    yield from _documents(company, fec)


def events_lines(company: Company) -> Iterator[AuditEvent]:
    yield from AuditEvent.everywhere.filter(company=company).order_by("sequence", "id").iterator(AT_A_TIME)


def event_line(event: AuditEvent) -> bytes:
    told = {
        "sequence": event.sequence,
        "content": canonical(event.facts()),
        "content_hash": event.content_hash,
        "previous_hash": event.previous_hash,
        "hash": event.hash,
    }
    return f"{json.dumps(told, ensure_ascii=False)}\n".encode()


def _facts(company: Company, fec: Fec) -> Iterator[bytes]:
    """What the chain sealed of the fiscal year, row by row."""
    days = (fec.year.starts_on, fec.through)
    kinds: Sequence[tuple[Any, dict[str, Any]]] = (
        (JournalEntry, {"day__range": days}),
        (Invoice, {"issue_date__range": days}),
        (InvoiceDocument, {"invoice__issue_date__range": days}),
        (Closing, {"through__range": days}),
    )
    for model, filters in kinds:
        for subject, content in chain.sealed_contents(model.everywhere.filter(company=company, **filters)):
            yield f"{json.dumps({'subject': subject, 'content': content}, ensure_ascii=False)}\n".encode()


def _documents(company: Company, fec: Fec) -> Iterator[Part | Missing]:
    rows = InvoiceDocument.everywhere.filter(
        company=company, invoice__issue_date__range=(fec.year.starts_on, fec.through)
    )
    for row in rows.select_related("invoice").order_by("created_at", "id").iterator(AT_A_TIME):
        number = str(row.invoice.number).replace("/", "-")
        name = f"documents/{number}/{row.kind.lower()}-{Path(row.file.name).name}"
        try:
            yield Part(name, [check_kept(row)], row.subject)
        except FileRefused as error:
            yield Missing(row.subject, name, error.sentence)


# the numbers of entries bear the civil year in which their fiscal year ends, those of documents that of their day
_SERIES = """
WITH numbered AS (
  SELECT number FROM billing_journalentry WHERE company_id = %(company)s AND day BETWEEN %(start)s AND %(end)s
  UNION ALL
  SELECT number FROM billing_invoice
  WHERE company_id = %(company)s AND issue_date BETWEEN %(start)s AND %(end)s AND number IS NOT NULL),
placed AS (
  SELECT regexp_replace(number, '[0-9]+$', '') AS series, substring(number FROM '[0-9]+$')::bigint AS place
  FROM numbered),
gaps AS (
  SELECT series, place, lag(place) OVER (PARTITION BY series ORDER BY place) AS before FROM placed)
SELECT regexp_replace(series, '-$', ''), max(place), count(*),
       string_agg((before + 1) || '–' || (place - 1), ' ') FILTER (WHERE place > before + 1)
FROM gaps GROUP BY series ORDER BY series
"""


def _numbers(company: Company, year: Year) -> Iterator[Sequence[Any]]:
    with connection.cursor() as cursor:
        cursor.execute(_SERIES, {"company": company.pk, "start": year.starts_on, "end": year.ends_on})
        yield from cursor.fetchall()


def as_csv(head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[bytes]:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow(["" if value is None else str(value) for value in row])
        if text.tell() > 32_768:
            yield text.getvalue().encode()
            text.seek(0)
            text.truncate()
    yield text.getvalue().encode()
