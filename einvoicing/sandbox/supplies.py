"""What other companies send through the simulated platforms to an account: supplier invoices, good or spoiled.

A document appears when it is supplied, whatever time it bears: many may bear the same, or an old one, as when a
platform publishes late.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods

from config.sandbox.models import SandboxRecord
from einvoicing.sandbox.access import error
from einvoicing.sandbox.models import SandboxFlow, new_flow_id
from einvoicing.sandbox.pennylane import life

AFNOR, PENNYLANE = "afnor", "pennylane"
SUPPLIER_INVOICE, SUPPLIER_STATUS = "SupplierInvoice", "SupplierInvoiceLC"


def supply(
    *,
    service: str,
    client_id: str,
    name: str,
    data: bytes,
    at: datetime | None = None,
    flow_type: str = SUPPLIER_INVOICE,
) -> str:
    """Have one more document for the account; `at`: the time it bears, now when None. Returns its identifier."""
    moment = at or timezone.now()
    if service == PENNYLANE:
        return _supply_pennylane(client_id, name, data, moment)
    flow = SandboxFlow.objects.create(
        flow_id=new_flow_id(),
        client_id=client_id,
        direction="In",
        flow_type=flow_type,
        name=name,
        syntax="CDAR" if flow_type == SUPPLIER_STATUS else _syntax(data),
        processing_rule="B2B",
        data=data,
        sha256=hashlib.sha256(data).hexdigest(),
        ack_status="Ok",
        submitted_at=moment,
        updated_at=moment,
    )
    return flow.flow_id


def _syntax(data: bytes) -> str:
    if data[:5] == b"%PDF-":
        return "Factur-X"
    return "CII" if b"CrossIndustryInvoice" in data[:2000] else "UBL"


def _supply_pennylane(client_id: str, name: str, data: bytes, moment: datetime) -> str:
    last = SandboxRecord.objects.filter(service=life.SERVICE).order_by("id").last()
    key = str(5000 + (last.pk if last else 0))
    at = moment.isoformat(timespec="microseconds")
    facts: dict[str, Any] = {"file": name, "at": at}
    SandboxRecord.objects.create(
        service=life.SERVICE, kind="supplier_invoice", key=key, client_id=client_id, facts=facts, content=data
    )
    return key


@require_http_methods(["POST", "DELETE"])
def supplies(request: HttpRequest) -> JsonResponse:
    """The simulator's own door: multipart file, client_id, service (afnor, pennylane), updated_at, flow_type.

    DELETE ?id= withdraws a flow.
    """
    if request.method == "DELETE":
        SandboxFlow.objects.filter(flow_id=request.GET.get("id", ""), direction="In").delete()
        return JsonResponse({})
    file, client_id = request.FILES.get("file"), request.POST.get("client_id", "")
    service, flow_type = request.POST.get("service", AFNOR), request.POST.get("flow_type", SUPPLIER_INVOICE)
    known = service in {AFNOR, PENNYLANE} and flow_type in {SUPPLIER_INVOICE, SUPPLIER_STATUS}
    if file is None or not client_id or not known:
        return error(400, "INVALID_FIELD", "file, client_id, service, flow_type, updated_at")
    moment = request.POST.get("updated_at", "")
    key = supply(
        service=service,
        client_id=client_id,
        name=str(file.name),
        data=file.read(),
        at=datetime.fromisoformat(moment) if moment else None,
        flow_type=flow_type,
    )
    return JsonResponse({"id": key}, status=201)


@require_GET
def supplied(request: HttpRequest) -> JsonResponse:
    """The simulator's own door: what was supplied to the account {client_id}, by identifier and SHA-256."""
    client_id = request.GET.get("client_id", "")
    flows = SandboxFlow.objects.filter(client_id=client_id, direction="In", flow_type=SUPPLIER_INVOICE)
    found = [{"id": flow_id, "sha256": sha256} for flow_id, sha256 in flows.values_list("flow_id", "sha256")]
    rows = SandboxRecord.objects.filter(service=life.SERVICE, kind="supplier_invoice", client_id=client_id)
    found += [{"id": row.key, "sha256": hashlib.sha256(bytes(row.content)).hexdigest()} for row in rows]
    return JsonResponse({"supplied": found})
