"""The supplier invoices of the simulated Pennylane: their list, their feed of changes, each with its file's address."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods

from config.sandbox import faults
from config.sandbox.models import SandboxRecord
from einvoicing.sandbox.pennylane import life
from einvoicing.sandbox.pennylane.access import called, problem

KEPT = timedelta(weeks=4)
BUYER_STATUSES = ("approved", "disputed", "refused")


def _invoices(client_id: str) -> QuerySet[SandboxRecord]:
    return SandboxRecord.objects.filter(service=life.SERVICE, kind="supplier_invoice", client_id=client_id)


@require_GET
@called(faults.SEARCH, "filter", "cursor", "limit", "sort")
def listing(request: HttpRequest, client_id: str, injected: faults.Faults) -> HttpResponse:
    """GET /supplier_invoices?cursor&limit&sort=-id: newest first."""
    try:
        limit, cursor = int(request.GET.get("limit", "20")), request.GET.get("cursor", "")
        found = _invoices(client_id).order_by("-id")
        found = found.filter(pk__lt=int(cursor)) if cursor else found
        if not 1 <= limit <= 100:
            raise ValueError
    except ValueError:
        return problem(400, "Bad request", [{"message": "cursor or limit"}])
    shown = list(found[: limit + 1])
    more = len(shown) > limit
    items = mixed([_shown(request, row) for row in shown[:limit]], injected)
    return JsonResponse({"items": items, "has_more": more, "next_cursor": str(shown[limit - 1].pk) if more else None})


@require_GET
@called(faults.READ)
def invoice(request: HttpRequest, client_id: str, injected: faults.Faults, key: str) -> HttpResponse:
    found = _invoices(client_id).filter(key=key).first()
    if found is None:
        return problem(404, "Not found")
    return HttpResponse() if "empty-body" in injected else JsonResponse(_shown(request, found))


@require_GET
@called(faults.SEARCH, "start_date", "cursor", "limit")
def changes(request: HttpRequest, client_id: str, injected: faults.Faults) -> HttpResponse:
    """GET /changelogs/supplier_invoices?start_date or cursor&limit: oldest first, four weeks kept."""
    cursor, start = request.GET.get("cursor", ""), request.GET.get("start_date", "")
    if cursor and start:
        return problem(400, "start_date and cursor cannot be used together")
    try:
        limit = int(request.GET.get("limit", "20"))
        first, place = json.loads(cursor) if cursor else (start, 0)
        since, skipped = datetime.fromisoformat(str(first)), int(place)
        if not 1 <= limit <= 1000 or since.tzinfo is None:
            raise ValueError
    except (ValueError, TypeError):
        return problem(400, "Bad request")
    if since < timezone.now() - KEPT - timedelta(minutes=1):
        return problem(422, "start_date is older than 4 weeks")
    events = [
        {"id": int(row.key), "operation": "insert", "processed_at": row.facts["at"]}
        for row in _invoices(client_id).order_by("id")
        if datetime.fromisoformat(row.facts["at"]) >= since
    ]
    events.sort(key=lambda event: datetime.fromisoformat(str(event["processed_at"])))
    page, rest = events[skipped : skipped + limit], events[skipped + limit :]
    following = json.dumps([since.isoformat(), skipped + limit]) if rest else None
    return JsonResponse({"items": mixed(page, injected), "has_more": bool(rest), "next_cursor": following})


@csrf_exempt
@require_http_methods(["PUT"])
@called(faults.DEPOSIT)
def e_invoice_status(request: HttpRequest, client_id: str, injected: faults.Faults, key: str) -> HttpResponse:
    """PUT /supplier_invoices/{id}/e_invoice_status {status, reason?}: what the buyer says, last word."""
    try:
        body = json.loads(request.body)
        status, reason = body["status"], body.get("reason", "")
    except (ValueError, TypeError, KeyError):
        return problem(400, "Bad request")
    if status not in BUYER_STATUSES or (status != "approved" and not reason):
        return problem(422, "Unprocessable entity", [{"message": "status or reason"}])
    with transaction.atomic():
        found = _invoices(client_id).select_for_update().filter(key=key).first()
        if found is None:
            return problem(404, "Not found")
        found.facts["e_invoicing"] = {"status": status, "reason": reason}
        found.save(update_fields=["facts"])
    return HttpResponse(status=204)


def mixed(rows: list[dict[str, Any]], injected: faults.Faults) -> list[dict[str, Any]]:
    """The rows of a page as a careless service gives them: in another order, some of them twice."""
    if "repeated" in injected:
        rows = [*rows, *rows[: len(rows) // 2]]
    if "shuffled" in injected:
        rows = random.Random(len(rows)).sample(rows, len(rows))  # noqa: S311 - an order, no secret
    return rows


def _shown(request: HttpRequest, record: SandboxRecord) -> dict[str, Any]:
    return {
        "id": int(record.key),
        "filename": record.facts["file"],
        "public_file_url": request.build_absolute_uri(f"/sandbox/pennylane/files/{record.pk}-{record.key}"),
        "e_invoicing": record.facts.get("e_invoicing"),
        "created_at": record.facts["at"],
        "updated_at": record.facts["at"],
    }
