"""Pennylane's API v2 in a box: import of e-invoices, their two statuses, the feed of changes, the limit of requests.

Addresses, parameters and answers are those of its documentation; what is not documented (whether a copy is refused)
follows the harder case for a client: copies are taken in, unless the fault refuse-duplicates says otherwise.
"""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from config.sandbox import faults
from config.sandbox.breaking import cut
from config.sandbox.models import SandboxRecord, lock
from einvoicing.sandbox import reading, stories
from einvoicing.sandbox.pennylane import life
from einvoicing.sandbox.pennylane.access import called, problem

KEPT = timedelta(weeks=4)


@require_GET
@called(faults.HEALTH)
def me(_request: HttpRequest, client_id: str, _injected: faults.Faults) -> HttpResponse:
    return JsonResponse({"user": {"email": f"{client_id}@example.fr"}, "company": {"name": client_id}})


@require_POST
@called(faults.DEPOSIT, "send_to_pa", "invoice_options")
def imports(request: HttpRequest, client_id: str, injected: faults.Faults) -> HttpResponse:
    """POST /customer_invoices/e_invoices/imports: multipart file, send_to_pa, invoice_options (JSON)."""
    file = request.FILES.get("file")
    if file is None:
        return problem(400, "Bad request", [{"message": "file is missing"}])
    data = file.read()
    try:
        json.loads(request.POST.get("invoice_options") or "{}")
        syntax = _syntax(data)
        head = reading.heading(reading.xml_of(data, syntax), syntax)
    except (ValueError, reading.Unreadable) as error:
        return problem(422, "The e-invoice cannot be read", [{"message": str(error)}])
    behaviour = injected.value("buyer") or ("silent" if "silent" in injected else stories.behaviour_of(head))
    with transaction.atomic():
        lock()
        if "refuse-duplicates" in injected and life.invoices(client_id).filter(number=head.number).exists():
            return problem(422, "Invoice number has already been taken")
        sent = request.POST.get("send_to_pa", "").lower() == "true"
        facts = {
            "file": file.name,
            "factur_x": syntax == "Factur-X",
            "date": str(head.issued_on or ""),
            "behaviour": behaviour,
            "twice": "duplicate" in injected,
            "schematron": "pending",
            "story": life.story(life.STORIES.get(behaviour, life.STORIES["accepts"]), timezone.now()) if sent else [],
        }
        last = SandboxRecord.objects.filter(service=life.SERVICE).order_by("id").last()
        invoice = SandboxRecord.objects.create(
            service=life.SERVICE,
            kind="invoice",
            key=str(1000 + (last.pk if last else 0)),
            client_id=client_id,
            number=head.number,
            facts=facts,
            content=data,
        )
    return _after_acceptance(request, invoice, injected)


def _after_acceptance(request: HttpRequest, invoice: SandboxRecord, injected: faults.Faults) -> HttpResponse:
    """The invoice is kept; what the client learns of it may be another matter."""
    if "reset-after-accept" in injected:
        cut(request)
    if "accepted-then-500" in injected:
        return problem(500, "Internal server error")
    if "empty-body" in injected:
        return HttpResponse(status=201)
    return JsonResponse({"id": int(invoice.key), "url": _url(request, f"customer_invoices/{invoice.key}")}, status=201)


def _syntax(data: bytes) -> str:
    if data[:5] == b"%PDF-":
        return "Factur-X"
    return "CII" if b"CrossIndustryInvoice" in data[:2000] else "UBL"


def _url(request: HttpRequest, path: str) -> str:
    return request.build_absolute_uri(f"/api/external/v2/{path}")


@require_POST
@called(faults.READ)
def send_to_pa(_request: HttpRequest, client_id: str, _injected: faults.Faults, key: str) -> HttpResponse:
    """204 as soon as it is asked for; 422 when it was sent already."""
    with transaction.atomic():
        lock()
        invoice = life.invoices(client_id).filter(key=key).first()
        if invoice is None:
            return problem(404, "Not found")
        if invoice.facts["story"]:
            return problem(422, "The invoice has already been sent to the PA")
        invoice.facts["story"] = life.story(life.STORIES[invoice.facts["behaviour"]], timezone.now())
        invoice.save(update_fields=["facts"])
    return HttpResponse(status=204)


@require_GET
@called(faults.SEARCH, "filter", "cursor", "limit", "sort")
def listing(request: HttpRequest, client_id: str, _injected: faults.Faults) -> HttpResponse:
    """GET /customer_invoices?filter=[{field, operator, value}]&cursor&limit: newest first."""
    try:
        conditions = json.loads(request.GET.get("filter") or "[]")
        limit = int(request.GET.get("limit", "20"))
        found = life.invoices(client_id).order_by("-id")
        for condition in conditions:
            if (condition["field"], condition["operator"]) != ("invoice_number", "eq"):
                raise ValueError
            found = found.filter(number=condition["value"])
        if not 1 <= limit <= 100:
            raise ValueError
        if cursor := request.GET.get("cursor"):
            found = found.filter(pk__lt=int(cursor))
    except (ValueError, KeyError, TypeError):
        return problem(400, "Bad request", [{"message": "filter, cursor or limit"}])
    shown = list(found[: limit + 1])
    more = len(shown) > limit
    items = [_shown(request, life.settled(invoice)) for invoice in shown[:limit]]
    return JsonResponse({"items": items, "has_more": more, "next_cursor": str(shown[limit - 1].pk) if more else None})


@require_GET
@called(faults.READ)
def invoice(request: HttpRequest, client_id: str, injected: faults.Faults, key: str) -> HttpResponse:
    found = life.invoices(client_id).filter(key=key).first()
    if found is None:
        return problem(404, "Not found")
    if "empty-body" in injected:
        return HttpResponse()
    return JsonResponse(_shown(request, life.settled(found)))


@require_GET
@called(faults.SEARCH, "start_date", "cursor", "limit")
def changes(request: HttpRequest, client_id: str, _injected: faults.Faults) -> HttpResponse:
    """GET /changelogs/customer_invoices?start_date or cursor&limit: oldest first, four weeks kept."""
    cursor, start = request.GET.get("cursor", ""), request.GET.get("start_date", "")
    if cursor and start:
        return problem(400, "start_date and cursor cannot be used together")
    try:
        limit = int(request.GET.get("limit", "20"))
        first, place = json.loads(cursor) if cursor else (start, 0)
        skipped = int(place)
        since = datetime.fromisoformat(str(first)) if first else timezone.now() - KEPT
        if not 1 <= limit <= 1000 or since.tzinfo is None:
            raise ValueError
    except (ValueError, TypeError):
        return problem(400, "Bad request")
    if since < timezone.now() - KEPT - timedelta(minutes=1):
        return problem(422, "start_date is older than 4 weeks")
    after = since.isoformat(timespec="microseconds")
    found = [event for event in life.events(client_id) if event["processed_at"] >= after]
    page, rest = found[skipped : skipped + limit], found[skipped + limit :]
    following = json.dumps([since.isoformat(), skipped + limit]) if rest else None
    return JsonResponse({"items": page, "has_more": bool(rest), "next_cursor": following})


def _shown(request: HttpRequest, record: SandboxRecord) -> dict[str, Any]:
    now = timezone.now()
    past = [chapter for chapter in record.facts["story"] if datetime.fromisoformat(chapter[0]) <= now]
    last = past[-1] if past else None
    return {
        "id": int(record.key),
        "invoice_number": record.number,
        "date": record.facts["date"],
        "draft": False,
        "filename": record.facts["file"],
        "public_file_url": request.build_absolute_uri(f"/sandbox/pennylane/files/{record.pk}-{record.key}"),
        "e_invoicing": {"status": last[1], "reason": last[2] or None} if last else None,
        "factur_x": record.facts["factur_x"],
        "schematron_validation_status": record.facts["schematron"],
        "created_at": record.created_at.isoformat(),
        "updated_at": last[0] if last else record.created_at.isoformat(),
    }


@require_GET
def file(request: HttpRequest, place: str) -> HttpResponse:
    """Where public_file_url leads: another host in truth, open to who knows the address, closed to tokens."""
    if "Authorization" in request.headers:
        return HttpResponse("only one auth mechanism allowed", status=400, content_type="text/plain")
    primary, _, key = place.partition("-")
    record = SandboxRecord.objects.filter(service=life.SERVICE, pk=primary, key=key).first()
    return (
        HttpResponse(bytes(record.content), content_type="application/octet-stream")
        if record
        else HttpResponse(status=404)
    )


@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    """The simulator's own door: what arrived under this number, and what became of it."""
    found = SandboxRecord.objects.filter(service=life.SERVICE, kind="invoice", number=request.GET.get("number", ""))
    if client_id := request.GET.get("client_id"):
        found = found.filter(client_id=client_id)
    entries = [
        {"id": row.key, "client_id": row.client_id, "sent": bool(row.facts["story"]), "facts": row.facts}
        for row in found.order_by("id")
    ]
    return JsonResponse({"received": len(entries), "entries": entries})


@require_POST
def change_status(request: HttpRequest) -> HttpResponse:
    """The simulator's own door: the network says {status, reason} of the invoice {id}, now."""
    order = json.loads(request.body)
    with transaction.atomic():
        lock()
        record = SandboxRecord.objects.get(service=life.SERVICE, key=str(order["id"]))
        now = timezone.now().isoformat(timespec="microseconds")
        record.facts["story"] = [chapter for chapter in record.facts["story"] if chapter[0] < now]
        record.facts["story"].append([now, str(order["status"]), str(order.get("reason", ""))])
        record.save(update_fields=["facts"])
    return HttpResponse(status=204)
