"""The life of an invoice at the simulated Pennylane: sent at once, judged a little later, answered by its buyer."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from config.sandbox.models import SandboxRecord, lock
from einvoicing import validation
from einvoicing.sandbox import flows

SERVICE = "pennylane"
_ARRIVAL = (("submitted", ""), ("sent", ""), ("approved", ""))
STORIES: dict[str, tuple[tuple[str, str], ...]] = {
    "accepts": (*_ARRIVAL, ("accepted", "")),
    "pays": (*_ARRIVAL, ("accepted", ""), ("collected", "")),
    "disputes": (*_ARRIVAL, ("in_dispute", "incorrect_billed_quantity")),
    "refuses": (*_ARRIVAL, ("refused", "contract_completed")),
    "rejects": (("submitted", ""), ("sent", ""), ("rejected", "recipient_error")),
    "silent": (("submitted", ""), ("sent", "")),
    "unreachable": (("submitted", ""),),
    "private": (("submitted", ""),),
}
_REFUSED = (("submitted", ""), ("rejected", "schematron"))


def invoices(client_id: str) -> QuerySet[SandboxRecord]:
    """What this account holds, oldest first."""
    return SandboxRecord.objects.filter(service=SERVICE, kind="invoice", client_id=client_id).order_by("id")


def story(chapters: tuple[tuple[str, str], ...], start: datetime) -> list[list[str]]:
    """The chapters with their times: [time, status, reason]."""
    step = max(flows.pace(), timedelta(microseconds=1))
    return [
        [(start + step * place).isoformat(timespec="microseconds"), status, reason]
        for place, (status, reason) in enumerate(chapters)
    ]


def events(client_id: str) -> list[dict[str, Any]]:
    """Every change up to now, oldest first."""
    now = timezone.now()
    found = []
    for invoice in map(settled, invoices(client_id)):
        times = [chapter[0] for chapter in invoice.facts["story"]] or [
            invoice.created_at.isoformat(timespec="microseconds")
        ]
        for place, at in enumerate(times):
            if datetime.fromisoformat(at) <= now:
                event = {"id": int(invoice.key), "operation": "update" if place else "insert", "processed_at": at}
                found += [event] * (2 if invoice.facts["twice"] else 1)
    return sorted(found, key=lambda event: str(event["processed_at"]))


def settled(record: SandboxRecord) -> SandboxRecord:
    """The invoice with its schematron's verdict, once that is due; it comes after the sending."""
    if record.facts["schematron"] != "pending" or record.facts["behaviour"] == "silent":
        return record
    if timezone.now() < record.created_at + flows.pace():
        return record
    verdict = _verdict(bytes(record.content))
    with transaction.atomic():
        lock()
        record.refresh_from_db()
        record.facts["schematron"] = verdict
        if verdict == "invalid" and record.facts["story"]:
            record.facts["story"] = story(_REFUSED, datetime.fromisoformat(record.facts["story"][0][0]))
        record.save(update_fields=["facts"])
    return record


def _verdict(data: bytes) -> str:
    if not getattr(settings, "SANDBOX_VALIDATES", True):
        return "valid"
    report = validation.check(data)
    if "ENGINE" in report.rules:
        return "pending"
    return "valid" if report.valid else "invalid"
