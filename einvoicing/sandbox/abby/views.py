"""Abby's API in a box: the calls it publishes for customers, invoices and receipts, as strict about their bodies."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET, require_POST

from config.sandbox import faults
from config.sandbox.models import SandboxRecord, lock
from einvoicing.sandbox.abby import billing
from einvoicing.sandbox.abby.access import SERVICE, Call, called, problem

_PDF = b"%PDF-1.4\n% the simulated copy of "


@called("GET", faults.HEALTH)
def me(call: Call) -> HttpResponse:
    return JsonResponse({"company": {"id": call.client_id, "isInTestMode": True}, "preferences": {}, "user": {}})


def _page(call: Call, rows: QuerySet[SandboxRecord], show: Any) -> HttpResponse:
    try:
        page, limit = int(call.query("page")), int(call.query("limit"))
    except ValueError:
        return problem(400, "page and limit are required")
    if page < 1 or not 1 <= limit <= 100:
        return problem(400, "page or limit")
    found = [show(row) for row in rows]
    if term := call.query("search").casefold():
        found = [row for row in found if term in json.dumps(row, ensure_ascii=False).casefold()]
    start, pages = (page - 1) * limit, -(-len(found) // limit)
    return JsonResponse(
        {
            "docs": found[start : start + limit],
            "totalDocs": len(found),
            "limit": limit,
            "page": page,
            "totalPages": pages,
            "hasNextPage": page < pages,
            "hasPrevPage": page > 1,
        }
    )


@called("GET", faults.SEARCH)
def organizations(call: Call) -> HttpResponse:
    return _page(call, billing.records(call.client_id, "organization"), lambda row: {"id": row.key, **row.facts})


@called("GET", faults.SEARCH)
def contacts(call: Call) -> HttpResponse:
    def show(row: SandboxRecord) -> dict[str, Any]:
        facts = row.facts
        return {
            "id": row.key,
            "fullname": f"{facts['firstname']} {facts['lastname']}",
            "emails": facts.get("emails", []),
        }

    return _page(call, billing.records(call.client_id, "contact"), show)


@called("POST", faults.DEPOSIT, "customer")
def organization(call: Call) -> HttpResponse:
    if not call.body.get("name"):
        return problem(400, "name should not be empty")
    row = billing.made(call.client_id, "organization", call.body)
    return JsonResponse({"id": row.key, **row.facts}, status=201)


@called("POST", faults.DEPOSIT, "customer")
def contact(call: Call) -> HttpResponse:
    if not call.body.get("firstname") or not call.body.get("lastname"):
        return problem(400, "firstname and lastname should not be empty")
    row = billing.made(call.client_id, "contact", call.body)
    return JsonResponse({"id": row.key, **row.facts}, status=201)


@called("GET", faults.SEARCH)
def billings(call: Call) -> HttpResponse:
    rows = billing.records(call.client_id, "billing")
    if customer := call.query("customerId"):
        rows = rows.filter(facts__customer__id=customer)
    return _page(call, rows, billing.listed)


def invoice(request: HttpRequest, key: str) -> HttpResponse:
    """POST makes a draft for the customer `key`; GET reads the invoice `key`: one address, as at Abby."""
    return create(request, key) if request.method == "POST" else read(request, key)


@called("POST", faults.DEPOSIT, "create")
def create(call: Call, key: str) -> HttpResponse:
    customer = SandboxRecord.objects.filter(
        service=SERVICE, kind__in=("organization", "contact"), client_id=call.client_id, key=key
    ).first()
    if customer is None:
        return problem(404, "Customer not found")
    name = "organizationId" if customer.kind == "organization" else "contactId"
    facts = {"state": "draft", "customer": {"id": key, name: key}, "createdAt": billing.now()}
    return JsonResponse(billing.shown(billing.made(call.client_id, "billing", facts)), status=201)


@called("GET", faults.READ)
def read(call: Call, key: str) -> HttpResponse:
    row = billing.records(call.client_id, "billing").filter(key=key).first()
    return JsonResponse(billing.shown(row)) if row else problem(404, "Billing not found")


@called("GET", faults.READ)
def download(call: Call, key: str) -> HttpResponse:
    row = billing.records(call.client_id, "billing").filter(key=key).first()
    if row is None:
        return problem(404, "Billing not found")
    return HttpResponse(_PDF + row.number.encode() + b"\n%%EOF\n", content_type="application/pdf")


def _changed(call: Call, key: str, changes: dict[str, Any], number: str = "") -> HttpResponse:
    """Write to a draft; what is finalized is closed."""
    with transaction.atomic():
        lock()
        row = billing.records(call.client_id, "billing").filter(key=key).first()
        if row is None:
            return problem(404, "Billing not found")
        if row.facts["state"] != "draft":
            return problem(409, "Billing is already finalized")
        row.facts |= changes | {"updatedAt": billing.now()}
        row.number = number[:100] or row.number
        row.save(update_fields=["facts", "number"])
    return JsonResponse(billing.shown(row))


@called("PATCH", faults.DEPOSIT, "title")
def title(call: Call, key: str) -> HttpResponse:
    if not isinstance(call.body.get("title"), str):
        return problem(400, "title must be a string")
    return _changed(call, key, {"title": call.body["title"]}, number=call.body["title"].split(" ")[0])


@called("PATCH", faults.DEPOSIT, "lines")
def lines(call: Call, key: str) -> HttpResponse:
    found = call.body.get("lines")
    if not isinstance(found, list):
        return problem(400, "lines must be an array")
    wrong = next(filter(None, map(billing.line_problem, found)), "")
    return problem(400, wrong) if wrong else _changed(call, key, {"lines": found})


@called("PATCH", faults.DEPOSIT, "timeline")
def timeline(call: Call, key: str) -> HttpResponse:
    body = call.body
    if type(body.get("emittedAt")) is not int or body.get("paymentDelay") not in billing.DELAYS:
        return problem(400, "emittedAt or paymentDelay")
    if body["paymentDelay"] == "other" and type(body.get("customDueDate")) is not int:
        return problem(400, "customDueDate")
    due = {"dueAt": body["customDueDate"]} if body["paymentDelay"] == "other" else {}
    kept = {name: body[name] for name in ("emittedAt", "paymentDelay", "deliveryDate") if name in body}
    return _changed(call, key, kept | due)


@called("PATCH", faults.DEPOSIT, "general")
def general_informations(call: Call, key: str) -> HttpResponse:
    return _changed(call, key, {"billingLegals": call.body})


@called("PATCH", faults.READ)
def finalize(call: Call, key: str) -> HttpResponse:
    """Gives a legal number, for good: what the mirror must never ask for."""
    return _changed(call, key, {"state": "finalized", "number": f"F-{key}", "finalizedAt": billing.now()})


@called("POST", faults.DEPOSIT, "income")
def income(call: Call) -> HttpResponse:
    body = call.body
    whole = all(type(body.get(name)) is int for name in ("priceWithoutTax", "priceTotalTax"))
    if not body.get("client") or not whole or body.get("productType") not in {1, 2, 3, 4, 5}:
        return problem(400, "client, priceWithoutTax, priceTotalTax or productType")
    number = str(body.get("reference", "")).split(" ")[0]
    row = billing.made(call.client_id, "income", body, number=number)
    return JsonResponse({"_id": row.key, **body}, status=201)


@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    """The simulator's own door: the copies and receipts of this invoice, or every call of an account."""
    rows = SandboxRecord.objects.filter(service=SERVICE).order_by("id")
    if client_id := request.GET.get("client_id"):
        rows = rows.filter(client_id=client_id)
        calls = [row.facts["call"] for row in rows.filter(kind="call")]
    else:
        calls = []
    found = rows.filter(number=request.GET["number"]) if "number" in request.GET else rows
    copies = [billing.shown(row) for row in found.filter(kind="billing")]
    incomes = [{"id": row.key, **row.facts} for row in found.filter(kind="income")]
    return JsonResponse({"received": len(copies), "copies": copies, "incomes": incomes, "calls": calls})


@require_POST
def change_state(request: HttpRequest) -> HttpResponse:
    """The simulator's own door: a person at Abby puts the document {id} into {state}, or deletes it (state '')."""
    order = json.loads(request.body)
    with transaction.atomic():
        lock()
        row = SandboxRecord.objects.get(service=SERVICE, kind="billing", key=str(order["id"]))
        if not order["state"]:
            row.delete()
        else:
            row.facts |= {"state": order["state"], "updatedAt": billing.now(), f"{order['state']}At": billing.now()}
            row.save(update_fields=["facts"])
    return HttpResponse(status=204)
