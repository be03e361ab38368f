"""The queues of reception: sources to read, documents to read, scans, and verdicts. The rows are the queues.

Each document is opened in a process of its own; one that breaks it is written down, and the next is reached. Scans
wait apart: a page takes seconds, and electronic invoices do not wait behind it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.kept import FileRefused, FileUnreadable
from config.kernel.models import Company
from config.kernel.queue import FREE, Clock, Queue, held
from config.kernel.tries import OCR_TRIES, RECEIVED_TRIES
from einvoicing.models import ReceivedDocument, ReceivedStatus
from einvoicing.reception.deciding import decide, give_up
from einvoicing.reception.reading import read_document
from einvoicing.reception.reading.process import needs_ocr
from einvoicing.reception.reading.result import OCR, XML, Reading
from einvoicing.reception.storing import read_content
from einvoicing.services.verdicts import ENGINE, official_verdict
from einvoicing.validation.report import FATAL

CLERK = Actor.beat("lecture des documents reçus")
STOPPED = "La lecture de ce document s’est arrêtée plusieurs fois : demandez-en une autre copie."
SILENT = "Rien n’a pu être lu sur ce document."
MOST_VIOLATIONS = 30


def own_numbers(company: Company) -> set[str]:
    """The SIREN of who receives: it stands on each document, and is never the supplier's."""
    return {company.siren} if company.siren else set()


def read_one(document: ReceivedDocument, now: Clock, *, ocr: bool) -> bool:
    """Read it, and decide. False when it waits for an engine, or another worker has it."""
    try:
        data = read_content(document, at=now())
    except FileUnreadable:
        raise  # the disk is away: its lease ends, and it is read again
    except FileRefused as error:
        return _close(document, None, str(error.sentence), now())
    if document.attempts > (OCR_TRIES if ocr else RECEIVED_TRIES):
        return _close(document, None, STOPPED, now())
    reading = read_document(data, own=own_numbers(document.company), ocr=ocr)
    if not ocr and needs_ocr(reading):
        with held(document, status=ReceivedStatus.STORED) as row:
            if row is not None:
                ReceivedDocument.everywhere.filter(pk=row.pk).update(syntax=OCR, attempts=0, **FREE)
        return False
    problem = "" if reading.is_read else " ".join(str(one) for one in reading.problems) or SILENT
    return _close(document, reading, problem, now())


def _close(document: ReceivedDocument, reading: Reading | None, problem: str, at: datetime) -> bool:
    with held(document, status=ReceivedStatus.STORED) as row:
        if row is None:
            return False
        if reading is None or problem:
            give_up(row, problem, actor=CLERK, at=at)
        else:
            decide(row, reading, actor=CLERK, at=at)
        if document.syntax == OCR:
            _tell_scan(row, at)
    return True


def _tell_scan(document: ReceivedDocument, at: datetime) -> None:
    """`ocr.processed`, to partners too: what was read of a scan, or that nothing could be."""
    purchase = document.purchase if document.status == ReceivedStatus.RECORDED else None
    data = {
        "extraction_id": str(document.pk),
        "auto_validated": purchase is not None and purchase.is_auto_validated,
        "status": str(document.status),
    }
    audit.record("einvoicing.received.ocr_processed", subject=document, actor=CLERK, at=at, data=data)


def _count(document: ReceivedDocument, _at: datetime) -> bool:
    # before it is opened: one that ends the process each time must not end it for ever
    ReceivedDocument.everywhere.filter(pk=document.pk).update(attempts=F("attempts") + 1)
    document.attempts += 1
    return True


def _due(at: datetime) -> QuerySet[ReceivedDocument]:
    rows: QuerySet[ReceivedDocument] = ReceivedDocument.everywhere.due(at=at).exclude(syntax=OCR)
    return rows.order_by("next_attempt_at", "id")


def _scans(at: datetime) -> QuerySet[ReceivedDocument]:
    rows: QuerySet[ReceivedDocument] = ReceivedDocument.everywhere.due(at=at).filter(syntax=OCR)
    return rows.order_by("next_attempt_at", "id")


def _unjudged(_at: datetime) -> QuerySet[ReceivedDocument]:
    rows: QuerySet[ReceivedDocument] = ReceivedDocument.everywhere.filter(Q(syntax=XML, verdict={}))
    return rows.exclude(status=ReceivedStatus.STORED).order_by("id")


def judge_one(document: ReceivedDocument, now: Clock) -> bool:
    """What the official rules say of its XML: it informs, and holds nothing back. False while they cannot be asked."""
    try:
        report = official_verdict(read_content(document, at=now()))
    except FileUnreadable:
        raise
    except FileRefused as error:
        return _judged(document, {"valid": None, "problem": str(error.sentence)})
    if ENGINE in report.rules:
        return False
    broken = sorted(report.violations, key=lambda one: one.severity != FATAL)[:MOST_VIOLATIONS]
    shown = [{"rule": one.rule, "severity": one.severity, "text": one.text, "term": one.term} for one in broken]
    verdict = {"valid": report.valid, "profile": report.profile, "checks": list(report.checks), "violations": shown}
    return _judged(document, verdict)


def _judged(document: ReceivedDocument, verdict: dict[str, object]) -> bool:
    with held(document) as row:
        if row is None:
            return False
        ReceivedDocument.everywhere.filter(pk=row.pk).update(verdict=verdict, **FREE)
    return True


# beyond the computing time of a child and the patience given to a busy machine
RECEIVED: Queue[ReceivedDocument] = Queue(
    name="lecture des documents reçus",
    due=_due,
    work=lambda document, now: read_one(document, now, ocr=False),
    lease=timedelta(minutes=2),
    take=_count,
)
# nine minutes of computing for eight pages, and as many again on a busy machine
SCANS: Queue[ReceivedDocument] = Queue(
    name="lecture des documents numérisés",
    due=_scans,
    work=lambda document, now: read_one(document, now, ocr=True),
    lease=timedelta(hours=1),
    take=_count,
)
VERDICTS: Queue[ReceivedDocument] = Queue(
    name="contrôle des factures reçues", due=_unjudged, work=judge_one, lease=timedelta(minutes=5)
)
