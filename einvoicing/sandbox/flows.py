"""The simulated platform's work: take a deposit, judge it, and let its story unfold as time passes.

Nothing runs in the background: what is due is done when somebody looks, under one advisory lock, and the messages to
come are rows whose time is in the future. So the state survives any kill.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from config.sandbox.models import lock
from einvoicing import validation
from einvoicing.sandbox import counting, reading, reports, stories
from einvoicing.sandbox.models import SandboxFlow, new_flow_id

_AT_ONCE = 20
_TICK = timedelta(microseconds=1)

Detail = dict[str, str]


@dataclass(frozen=True, slots=True)
class Incoming:
    """What a client deposits."""

    client_id: str
    organization_id: str
    info: dict[str, Any]
    data: bytes
    delivery: str = ""
    behaviour: str = ""


def pace() -> timedelta:
    """Between two statuses. Zero: everything has happened at the first look."""
    return timedelta(seconds=float(getattr(settings, "SANDBOX_PACE", 0.5)))


def detail(reason: str, message: str, item: str = "file", level: str = "Error") -> Detail:
    return {"level": level, "item": item[:500], "reasonCode": reason, "reasonMessage": message[:1000]}


@transaction.atomic
def deposit(incoming: Incoming) -> SandboxFlow:
    """Keep the file. Copies of what is already held are kept too, refused as AlreadyExistingFlow."""
    lock()
    now = timezone.now()
    info, data = incoming.info, incoming.data
    flow = SandboxFlow(
        client_id=incoming.client_id,
        organization_id=incoming.organization_id,
        direction="Out",
        flow_type=_flow_type(info["flowSyntax"], data),
        tracking_id=info.get("trackingId", ""),
        name=info["name"],
        syntax=info["flowSyntax"],
        profile=info.get("flowProfile", "Undefined"),
        processing_rule=info.get("processingRule", "Undefined"),
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        delivery=incoming.delivery,
        behaviour=incoming.behaviour,
        submitted_at=now,
        updated_at=now,
    )
    refused = _refusal(flow, announced=str(info.get("sha256", "")))
    if refused:
        flow.ack_status, flow.ack_details = "Error", [refused]
    else:
        flow.holds_number = flow.syntax != "CDAR"
    flow.save()
    return flow


def _flow_type(syntax: str, data: bytes) -> str:
    """A status is of a customer's invoice where its seller gives it, of a supplier's where its buyer does."""
    if syntax != "CDAR":
        return "CustomerInvoice"
    return "SupplierInvoiceLC" if reading.is_of_buyer(data) else "CustomerInvoiceLC"


def _refusal(flow: SandboxFlow, *, announced: str) -> Detail | None:
    """The checks made at the door: integrity, type, uniqueness."""
    data = bytes(flow.data)
    if not data:
        return detail("EmptyFlow", "Le fichier est vide.")
    if announced and announced != flow.sha256:
        return detail("ChecksumMismatch", "L’empreinte SHA-256 annoncée n’est pas celle du fichier reçu.", "sha256")
    if flow.syntax == "FRR":
        try:
            report = reports.heading(data)
        except reading.Unreadable as error:
            return detail(error.reason, error.sentence)
        flow.invoice_number, flow.seller, flow.flow_type = report.report_id[:100], report.siren, report.flow_type
    elif flow.syntax != "CDAR":
        try:
            head = reading.heading(reading.xml_of(data, flow.syntax), flow.syntax)
        except reading.Unreadable as error:
            return detail(error.reason, error.sentence)
        flow.invoice_number, flow.seller = head.number[:100], (head.seller_siren or head.seller_name)[:100]
        flow.behaviour = flow.behaviour or stories.behaviour_of(head)
    elif not reading.is_lifecycle(data):
        return detail("FlowTypeError", "Le document n’est pas un message de cycle de vie.")
    held = holder(flow)
    if held is not None:
        return detail("AlreadyExistingFlow", f"Ce flux a déjà été reçu ({held.flow_id}).", "flow")
    return None


def holder(flow: SandboxFlow) -> SandboxFlow | None:
    """The deposit that stands in this one's way: same tracking id, or same seller and number."""
    standing = SandboxFlow.objects.filter(direction="Out", ack_status__in=["Pending", "Ok"])
    if flow.tracking_id:
        same = standing.filter(client_id=flow.client_id, tracking_id=flow.tracking_id).first()
        if same:
            return same
    if not flow.invoice_number:
        return None
    return standing.filter(seller=flow.seller, invoice_number=flow.invoice_number, holds_number=True).first()


@transaction.atomic
def settle(client_id: str, *, counts: bool = False) -> datetime:
    """Do what is due for this client, oldest first; returns the instant up to which messages may be shown.

    `counts`: its e-reporting too, which is asked for.

    All under the lock, so that no message ever appears behind a cursor already given.
    """
    lock()
    now = timezone.now()
    waiting = SandboxFlow.objects.filter(client_id=client_id, direction="Out", ack_status="Pending")
    for flow in waiting.filter(submitted_at__lte=now - pace()).order_by("submitted_at", "id")[:_AT_ONCE]:
        judge(flow)
    if counts:
        counting.produce(client_id)
    return timezone.now()


def judge(flow: SandboxFlow) -> None:
    """Give the acknowledgement, and write the messages to come. Rules that cannot be run leave it pending."""
    report = _report(flow)
    if report is not None and "ENGINE" in report.rules:
        return
    flow.ack_details = [] if report is None else _details(report)
    failed = report is not None and not report.valid
    objection = reports.objection(flow) if flow.syntax == "FRR" and not failed else ""
    if objection:
        flow.ack_details, failed = [detail("OtherTechnicalError", objection, "ReportPeriod")], True
    flow.ack_status = "Error" if failed else "Ok"
    flow.updated_at = timezone.now()
    if failed:
        flow.holds_number = False
    elif flow.syntax not in {"CDAR", "FRR"} and flow.delivery != "silent":
        write_story(flow, reading.heading(reading.xml_of(bytes(flow.data), flow.syntax), flow.syntax))
    flow.save(update_fields=["ack_status", "ack_details", "updated_at", "holds_number"])


def _report(flow: SandboxFlow) -> validation.Report | None:
    """The official rules' verdict, unless this simulator is set to take everything."""
    if not getattr(settings, "SANDBOX_VALIDATES", True):
        return None
    data = bytes(flow.data)
    return reports.check(data) if flow.syntax == "FRR" else validation.check(data)


def _details(report: validation.Report) -> list[Detail]:
    found = [
        detail(
            "InvalidSchema",
            f"{item.rule}: {item.text}",
            item.location or item.term or "document",
            "Warning" if item.severity == "warning" else "Error",
        )
        for item in report.violations
    ]
    if not report.valid and not report.fatal:
        found.append(detail("InvalidSchema", "Le document n’est pas conforme.", "document"))
    return found[:50]


def write_story(flow: SandboxFlow, head: reading.Heading) -> None:
    """Write the whole story at once, each message visible from its own time on."""
    chapters = stories.BEHAVIOURS.get(flow.behaviour, stories.BEHAVIOURS[stories.DEFAULT])
    step = max(pace(), _TICK)
    times = [flow.updated_at + step * place for place in range(len(chapters))]
    visible = list(times)
    if flow.delivery == "out-of-order":
        visible.reverse()
    rows = []
    for chapter, at, shown_at in zip(chapters, times, visible, strict=True):
        data = stories.message(head, chapter, received_at=flow.submitted_at, at=at, serial=flow.flow_id[:8])
        rows.append(_answer(flow, chapter.code, data, shown_at))
        if flow.delivery == "duplicate":
            rows.append(_answer(flow, chapter.code, data, shown_at))
    SandboxFlow.objects.bulk_create(rows)
    if chapters[-1].code == "213":
        flow.holds_number = False


def _answer(flow: SandboxFlow, code: str, data: bytes, at: datetime) -> SandboxFlow:
    return SandboxFlow(
        flow_id=new_flow_id(),
        client_id=flow.client_id,
        organization_id=flow.organization_id,
        origin=flow,
        direction="In",
        flow_type="CustomerInvoiceLC",
        name=f"{flow.invoice_number}_{code}.xml",
        syntax="CDAR",
        processing_rule=flow.processing_rule,
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        seller=flow.seller,
        invoice_number=flow.invoice_number,
        status_code=code,
        ack_status="Ok",
        submitted_at=at,
        updated_at=at,
    )
