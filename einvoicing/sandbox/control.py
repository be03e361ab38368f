"""The simulator's own doors, which no real platform has: what arrived, and which failures to have next."""

from __future__ import annotations

import json
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_http_methods

from config.sandbox.faults import KINDS, OPERATIONS
from config.sandbox.models import SandboxFault
from einvoicing.sandbox.access import error
from einvoicing.sandbox.models import SandboxFlow

_MOST = 1000


@require_GET
def home(_request: HttpRequest) -> HttpResponse:
    return JsonResponse({"service": "sandbox", "flows": "/flow-service/v1/flows", "ledger": "/sandbox/ledger?number="})


@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    """How often each invoice arrived (`received`) and was taken in (`accepted`), per seller."""
    rows = SandboxFlow.objects.filter(direction="Out").exclude(syntax="CDAR").defer("data").order_by("id")
    for parameter, column in (("number", "invoice_number"), ("seller", "seller"), ("tracking_id", "tracking_id")):
        if value := request.GET.get(parameter):
            rows = rows.filter(**{column: value})
    entries: dict[tuple[str, str], dict[str, Any]] = {}
    for flow in rows[:_MOST]:
        entry = entries.setdefault(
            (flow.seller, flow.invoice_number),
            {"seller": flow.seller, "number": flow.invoice_number, "received": 0, "accepted": 0, "flows": []},
        )
        entry["received"] += 1
        entry["accepted"] += flow.ack_status in {"Pending", "Ok"}
        entry["flows"].append(
            {
                "flowId": flow.flow_id,
                "trackingId": flow.tracking_id,
                "ack": flow.ack_status,
                "reasons": [item["reasonCode"] for item in flow.ack_details],
                "statuses": list(flow.answers.values_list("status_code", flat=True)),
            }
        )
    return JsonResponse({"entries": list(entries.values())})


@require_http_methods(["GET", "POST", "DELETE"])
def fault_rows(request: HttpRequest) -> HttpResponse:
    """GET lists, POST {kind, value?, operation?, client_id?, remaining?} adds one, DELETE clears."""
    if request.method == "DELETE":
        SandboxFault.objects.all().delete()
        return HttpResponse(status=204)
    if request.method == "POST":
        try:
            order = json.loads(request.body)
            fault = SandboxFault(
                kind=str(order["kind"]),
                value=str(order.get("value", ""))[:40],
                operation=str(order.get("operation", "")),
                client_id=str(order.get("client_id", ""))[:200],
                remaining=min(100_000, max(1, int(order.get("remaining", 1)))),
            )
        except (ValueError, KeyError, TypeError):
            return error(400, "INVALID_FIELD", "kind, value, operation, client_id, remaining")
        if fault.kind not in KINDS or fault.operation not in ("", *OPERATIONS):
            return error(400, "INVALID_FIELD", f"kind: {', '.join(KINDS)}; operation: {', '.join(OPERATIONS)}")
        fault.save()
        return JsonResponse({"id": fault.pk}, status=201)
    fields = ("id", "kind", "value", "operation", "client_id", "remaining")
    return JsonResponse({"faults": list(SandboxFault.objects.filter(remaining__gt=0).values(*fields))})
