"""The flow service of XP Z12-013 1.3.0 (Annex A), as a platform would serve it."""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import datetime
from typing import Any
from urllib.parse import quote

from django.conf import settings
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from config.sandbox import faults
from config.sandbox.breaking import cut
from einvoicing.sandbox import flows, reports, stories
from einvoicing.sandbox.access import called, error
from einvoicing.sandbox.models import SandboxFlow
from einvoicing.sandbox.pennylane.supplies import mixed

SYNTAXES = ("CII", "UBL", "Factur-X", "CDAR", "FRR")
RULES = (
    "B2B",
    "B2BInt",
    "B2C",
    "B2G",
    "B2GInt",
    "OutOfScope",
    "B2GOutOfScope",
    "ArchiveOnly",
    "NotApplicable",
    "Undefined",
)
PROFILES = ("Basic", "CIUS", "Extended-CTC-FR", "Undefined")
DOCUMENTS = ("Metadata", "Original", "Converted", "ReadableView")
_SHA256 = re.compile(r"[a-f0-9]{64}")
_FLOW_INFO = {"name", "flowSyntax", "processingRule", "flowProfile", "trackingId", "sha256"}
FLOW_TYPES = (
    "CustomerInvoice",
    "SupplierInvoice",
    "CustomerInvoiceLC",
    "SupplierInvoiceLC",
    "StateCustomerInvoiceLC",
    "StateSupplierInvoiceLC",
    "AggregatedCustomerTransactionReport",
    "UnitaryCustomerTransactionReport",
    "AggregatedCustomerPaymentReport",
    "UnitaryCustomerPaymentReport",
    "UnitarySupplierTransactionReport",
    "MultiFlowReport",
    "StateCustomerInvoice",
    "StateSupplierInvoice",
    "StateTransactionReport",
    "StateTransactionReportLC",
    "StatePaymentReport",
    "StatePaymentReportLC",
    "Undefined",
)
_LISTED = {"processingRule": RULES, "flowType": FLOW_TYPES, "flowDirection": ("In", "Out")}
_CRITERIA = {"updatedAfter", "updatedBefore", "trackingId", "ackStatus", *_LISTED}


def most_bytes() -> int:
    return int(getattr(settings, "SANDBOX_MAX_BYTES", 100 * 1024 * 1024))


@require_POST
@called(faults.DEPOSIT)
def deposit(request: HttpRequest, client_id: str, injected: faults.Faults) -> HttpResponse:
    """POST /v1/flows: multipart with the parts flowInfo (JSON) and file."""
    file, described = request.FILES.get("file"), _described(request)
    if file is None or described is None:
        return error(400, "MISSING_REQUIRED_FIELD", "flowInfo and file are required")
    if file.size is not None and file.size > most_bytes():
        return error(413, "FILE_SIZE_EXCEEDED", "Provided file is too big")
    info, problem = _flow_info(described)
    if info is None:
        return error(400, "INVALID_FIELD", problem)
    flow = flows.deposit(
        flows.Incoming(
            client_id=client_id,
            organization_id=request.headers.get("Organization-Id", "")[:200],
            info=info,
            data=file.read(),
            delivery=next((kind for kind in ("silent", "out-of-order", "duplicate") if kind in injected), ""),
            behaviour=_behaviour(request, injected),
        )
    )
    return _after_acceptance(request, flow, injected)


def _after_acceptance(request: HttpRequest, flow: SandboxFlow, injected: faults.Faults) -> HttpResponse:
    """The deposit is kept; what the client learns of it may be another matter."""
    if "reset-after-accept" in injected:
        cut(request)
    if "accepted-then-500" in injected:
        return error(500, "INTERNAL_ERROR")
    if "empty-body" in injected:
        return HttpResponse(status=202)
    already = any(item["reasonCode"] == "AlreadyExistingFlow" for item in flow.ack_details)
    if already and "refuse-duplicates" in injected:
        return error(422, "AlreadyExistingFlow", "The flow has already been sent and received")
    return JsonResponse(_core(flow) | {"sha256": flow.sha256}, status=202)


def _behaviour(request: HttpRequest, injected: faults.Faults) -> str:
    ordered = injected.value("buyer") or request.headers.get("X-Sandbox-Buyer", "")
    return ordered if ordered in stories.BEHAVIOURS else ""


def _described(request: HttpRequest) -> str | None:
    """The flowInfo part, sent as a JSON part (a file to Django when it has a name) or as plain text."""
    part = request.FILES.get("flowInfo")
    if part is not None:
        return part.read().decode("utf-8", "replace")
    return request.POST.get("flowInfo")


def _flow_info(text: str) -> tuple[dict[str, Any] | None, str]:
    try:
        info = json.loads(text)
    except ValueError:
        return None, "flowInfo is not JSON"
    if not isinstance(info, dict) or not all(isinstance(value, str) for value in info.values()):
        return None, "flowInfo is not an object of strings"
    faulty = sorted(info.keys() - _FLOW_INFO)
    faulty += [
        name
        for name, good in (
            ("name", 0 < len(info.get("name", "")) <= 255),
            ("flowSyntax", info.get("flowSyntax") in SYNTAXES),
            ("processingRule", info.get("processingRule", "Undefined") in RULES),
            ("flowProfile", info.get("flowProfile", "Undefined") in PROFILES),
            ("trackingId", len(info.get("trackingId", "")) <= 64),
            ("sha256", "sha256" not in info or _SHA256.fullmatch(info["sha256"])),
        )
        if not good
    ]
    return (None, f"Invalid: {', '.join(faulty)}") if faulty else (info, "")


@require_POST
@called(faults.SEARCH)
def search(request: HttpRequest, client_id: str, injected: faults.Faults) -> HttpResponse:
    """POST /v1/flows/search: oldest first; the cursor is the last row's place."""
    try:
        query = json.loads(request.body)
        where, limit = query["where"], query.get("limit", 25)
        if query.keys() - {"where", "limit", "cursor"} or type(limit) is not int or not 1 <= limit <= 100:
            raise ValueError
        _check_criteria(where)
        rows = _matching(client_id, where).filter(_behind(query.get("cursor")))
    except (ValueError, KeyError, TypeError, AttributeError):
        return error(400, "MISSING_REQUIRED_FIELD", "Invalid request format")
    asked = set(where.get("flowType", []))
    shown_until = flows.settle(client_id, counts=bool(asked & set(reports.TYPES)))
    found = list(rows.filter(updated_at__lte=shown_until).order_by("updated_at", "id")[: limit + 1])
    answer: dict[str, Any] = {
        "limit": limit,
        "filters": where,
        "results": mixed([_metadata(flow) for flow in found[:limit]], injected),
    }
    if len(found) > limit and "plain-pages" not in injected:
        answer["nextCursor"] = _cursor(found[limit - 1])
    return JsonResponse(answer)


def _check_criteria(where: dict[str, Any]) -> None:
    """At least one criterion, each known, in the standard's own words. Raises ValueError, TypeError."""
    if not where or where.keys() - _CRITERIA or where.get("ackStatus", "Ok") not in ("Pending", "Ok", "Error"):
        raise ValueError
    for name, words in _LISTED.items():
        given = where.get(name, [])
        if not isinstance(given, list) or not set(given) <= set(words):
            raise ValueError


def _matching(client_id: str, where: dict[str, Any]) -> QuerySet[SandboxFlow]:
    """Criteria are all to be met; a list is met by any of its values."""
    rows = SandboxFlow.objects.filter(client_id=client_id)
    for name, column in (
        ("flowType", "flow_type"),
        ("flowDirection", "direction"),
        ("processingRule", "processing_rule"),
    ):
        if name in where:
            rows = rows.filter(**{f"{column}__in": list(where[name])})
    for name, column in (("trackingId", "tracking_id"), ("ackStatus", "ack_status")):
        if name in where:
            rows = rows.filter(**{column: str(where[name])})
    if "updatedAfter" in where:
        rows = rows.filter(updated_at__gt=_instant(where["updatedAfter"]))
    if "updatedBefore" in where:
        rows = rows.filter(updated_at__lt=_instant(where["updatedBefore"]))
    return rows


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment


def _cursor(flow: SandboxFlow) -> str:
    return base64.urlsafe_b64encode(json.dumps([flow.updated_at.isoformat(), flow.pk]).encode()).decode()


def _behind(cursor: object) -> Q:
    if not cursor:
        return Q()
    try:
        at, key = json.loads(base64.urlsafe_b64decode(str(cursor)))
    except binascii.Error:
        raise ValueError from None
    return Q(updated_at__gt=_instant(at)) | Q(updated_at=_instant(at), pk__gt=int(key))


@require_GET
@called(faults.READ)
def flow(request: HttpRequest, client_id: str, injected: faults.Faults, flow_id: str) -> HttpResponse:
    """GET /v1/flows/{flowId}: what is known of a flow, or its file."""
    document_type = request.GET.get("docType", "Metadata")
    if document_type not in DOCUMENTS or request.GET.keys() - {"docType"}:
        return error(400, "INVALID_FIELD", "docType")
    shown_until = flows.settle(client_id)
    row = SandboxFlow.objects.filter(client_id=client_id, flow_id=flow_id, updated_at__lte=shown_until).first()
    if row is None or document_type in {"Converted", "ReadableView"}:
        return error(404, "MISSING_RESOURCE", "Requested resource is Not Found")
    if "empty-body" in injected:
        return HttpResponse(content_type="application/octet-stream")
    if document_type == "Metadata":
        return JsonResponse(_metadata(row))
    headers = {"Content-Disposition": f"attachment;filename*=UTF-8''{quote(row.name)}"}
    return HttpResponse(bytes(row.data), content_type="application/octet-stream", headers=headers)


@require_GET
@called(faults.HEALTH)
def healthcheck(_request: HttpRequest, _client_id: str, _injected: faults.Faults) -> HttpResponse:
    return HttpResponse(status=200)


def _core(flow: SandboxFlow) -> dict[str, Any]:
    facts = {
        "flowId": flow.flow_id,
        "submittedAt": _written(flow.submitted_at),
        "name": flow.name,
        "flowSyntax": flow.syntax,
        "flowProfile": flow.profile,
        "processingRule": flow.processing_rule,
    }
    return facts | ({"trackingId": flow.tracking_id} if flow.tracking_id else {})


def _metadata(flow: SandboxFlow) -> dict[str, Any]:
    acknowledgement: dict[str, Any] = {"status": flow.ack_status}
    if flow.ack_details:
        acknowledgement["details"] = flow.ack_details
    return _core(flow) | {
        "updatedAt": _written(flow.updated_at),
        "flowType": flow.flow_type,
        "flowDirection": flow.direction,
        "processingRuleSource": "Input" if flow.processing_rule != "Undefined" else "Computed",
        "acknowledgement": acknowledgement,
    }


def _written(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
