"""Scans wait in a queue of their own, are read with patience and bounds, and partners are told."""

from __future__ import annotations

import pytest
from django.utils import timezone

from config.celery import QUEUES, app
from config.kernel.models import AuditEvent, Company
from config.kernel.scope import company_scope
from einvoicing.models import ReceivedDocument, ReceivedStatus, ReceptionChannel
from einvoicing.reception.queues import RECEIVED, SCANS
from einvoicing.reception.reading import child, process
from einvoicing.reception.reading.result import OCR
from einvoicing.reception.storing import store_document
from tests.einvoicing.reception import buying
from tests.einvoicing.reception.buying import a_recent_invoice, as_page, as_xml, received
from tests.einvoicing.reception.drawn import sheets
from tests.factories import story

pytestmark = pytest.mark.django_db


def stored(company: Company, data: bytes, name: str, **values: object) -> ReceivedDocument:
    with company_scope(company):
        return store_document(
            company_id=company.pk,
            name=name,
            data=data,
            actor=story.ACTOR,
            at=timezone.now(),
            **{"channel": ReceptionChannel.UPLOAD, **values},  # type: ignore[arg-type]
        )


def test_a_scan_leaves_the_first_queue_is_read_in_its_own_and_told_to_partners(transactional_db: None) -> None:
    company = buying.a_buying_company()
    invoice = a_recent_invoice(company)
    scan = stored(company, sheets.as_scan(as_page(invoice), 3), "scan.pdf")
    electronic = stored(company, as_xml(a_recent_invoice(company, number="F-2026-0600")), "facture.xml")
    RECEIVED.sweep()
    scan.refresh_from_db()
    electronic.refresh_from_db()
    # the electronic one behind it did not wait for the engine
    assert (scan.status, scan.syntax) == (ReceivedStatus.STORED, OCR)
    assert electronic.status == ReceivedStatus.RECORDED
    assert not AuditEvent.objects.filter(tag="einvoicing.received.ocr_processed").exists()
    SCANS.sweep()
    scan.refresh_from_db()
    assert (scan.status, scan.number) in {
        (ReceivedStatus.RECORDED, invoice.number),
        (ReceivedStatus.READ, invoice.number),
    }
    told = AuditEvent.objects.get(tag="einvoicing.received.ocr_processed")
    assert told.data["extraction_id"] == str(scan.pk)
    passed = scan.purchase is not None and scan.purchase.is_auto_validated
    assert told.data["auto_validated"] is passed


def test_the_queue_of_scans_works_on_two_at_once_and_tries_twice() -> None:
    queue = next(queue for queue in QUEUES if queue.name == "ocr_processing")
    assert (queue.concurrency, queue.tries) == (2, 2)
    assert app.conf.task_routes["einvoicing.read_scans"] == {"queue": "ocr_processing"}


def test_an_engine_is_bounded_in_pages_memory_and_time() -> None:
    assert child.MEMORY[child.READ_BY_OCR] <= 3 * 1024**3
    assert process.MOST_OCR_PAGES <= 8
    assert process.SECONDS_A_PAGE <= 60


def test_the_same_file_by_another_channel_is_held_and_said() -> None:
    company = buying.a_buying_company()
    data = as_xml(a_recent_invoice(company))
    first = received(company, data, "facture.xml")
    assert first.status == ReceivedStatus.RECORDED
    second = stored(company, data, "scan-0001.xml", channel=ReceptionChannel.FOLDER, remote_id="scan-0001.xml")
    RECEIVED.sweep()
    second.refresh_from_db()
    assert (second.status, second.duplicate_of, second.purchase) == (ReceivedStatus.DUPLICATE, first, None)
