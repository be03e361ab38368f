"""What e-invoicing puts into the chain of facts: what was received, statuses and documents, and what was reported."""

from __future__ import annotations

from typing import Any

from config.kernel import chain
from einvoicing.models import LifecycleEvent, ReceivedDocument, RemoteDocument, Report, SupplierAnswer, SupplierStatus

MESSAGES = """
SELECT id, remote_id FROM einvoicing_remotedocument
WHERE company_id = %(company)s AND encode(sha256(content), 'hex') <> sha256 ORDER BY id
"""
REPORTS = """
SELECT id, tracking_id FROM einvoicing_report
WHERE company_id = %(company)s AND encode(sha256(content), 'hex') <> sha256 ORDER BY id
"""
ANSWERS = """
SELECT id, tracking_id FROM einvoicing_supplieranswer
WHERE company_id = %(company)s AND encode(sha256(content), 'hex') <> sha256 ORDER BY id
"""


def _reported(report: Report) -> dict[str, Any]:
    return chain.columns(report, *Report.MUTABLE, "content")


def _answered(answer: SupplierAnswer) -> dict[str, Any]:
    return chain.columns(answer, *SupplierAnswer.MUTABLE, "content")


def _received(document: ReceivedDocument) -> dict[str, Any]:
    fixed = chain.columns(document, "file", *(name.removesuffix("_id") for name in ReceivedDocument.MUTABLE))
    return {**fixed, "file": document.file.name}


def _supplier_status(status: SupplierStatus) -> dict[str, Any]:
    return chain.columns(status, "document")


def declare() -> None:
    chain.recompute(RemoteDocument, MESSAGES, "the message is not the one of its SHA-256")
    chain.seal_rows_of(LifecycleEvent, facts=chain.columns, rows=lambda events: events.order_by("received_at", "id"))
    chain.recompute(Report, REPORTS, "the file is not the one of its SHA-256")
    chain.seal_rows_of(Report, facts=_reported, rows=lambda reports: reports.order_by("made_at", "id"))
    chain.seal_rows_of(
        ReceivedDocument, facts=_received, rows=lambda documents: documents.order_by("received_at", "id")
    )
    chain.seal_rows_of(
        SupplierStatus, facts=_supplier_status, rows=lambda statuses: statuses.order_by("received_at", "id")
    )
    chain.recompute(SupplierAnswer, ANSWERS, "the message is not the one of its SHA-256")
    chain.seal_rows_of(SupplierAnswer, facts=_answered, rows=lambda answers: answers.order_by("created_at", "id"))
