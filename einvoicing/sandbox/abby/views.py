"""Abby's API in a box: what each call does once the description has let it through (`description`, `access`)."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse, JsonResponse

from config.sandbox.models import SandboxRecord, lock
from einvoicing.sandbox.abby import billing, shapes
from einvoicing.sandbox.abby.access import SERVICE, Call, problem

_PDF = b"%PDF-1.4\n% the simulated copy of "
MEANS = range(1, 10)
KINDS_OF_SALE = range(1, 6)


def me(call: Call) -> HttpResponse:
    return JsonResponse(shapes.me(call.client_id))


def _page(call: Call, rows: QuerySet[SandboxRecord], show: Callable[[SandboxRecord], dict[str, Any]]) -> HttpResponse:
    page, limit = call.query.get("page", 1), call.query.get("limit", 20)
    if page < 1 or not 1 <= limit <= 100:
        return problem(400, ["page must not be less than 1", "limit must not be greater than 100"])
    every = [show(row) for row in rows]
    term = str(call.query.get("search", "")).casefold()
    found = [row for row in every if term in json.dumps(row, ensure_ascii=False).casefold()]
    start, pages = (page - 1) * limit, -(-len(found) // limit)
    return JsonResponse(
        {
            "docs": found[start : start + limit],
            "countWithoutFilters": len(every),
            "totalDocs": len(found),
            "limit": limit,
            "page": page,
            "totalPages": pages,
            "hasNextPage": page < pages,
            "hasPrevPage": page > 1,
            "nextPage": min(page + 1, max(pages, 1)),
            "prevPage": max(page - 1, 1),
        }
    )


def organizations(call: Call) -> HttpResponse:
    return _page(call, billing.records(call.client_id, "organization"), shapes.organization)


def contacts(call: Call) -> HttpResponse:
    return _page(call, billing.records(call.client_id, "contact"), shapes.contact_in_list)


def organization(call: Call) -> HttpResponse:
    if not call.body["name"]:
        return problem(400, ["name should not be empty"])
    row = billing.made(call.client_id, "organization", dict(call.body) | {"createdAt": billing.now()})
    return JsonResponse(shapes.organization(row), status=201)


def contact(call: Call) -> HttpResponse:
    if not call.body["firstname"] or not call.body["lastname"]:
        return problem(400, ["firstname and lastname should not be empty"])
    row = billing.made(call.client_id, "contact", dict(call.body) | {"createdAt": billing.now()})
    return JsonResponse(shapes.contact(row), status=201)


def create(call: Call, key: str) -> HttpResponse:
    """A draft for the customer `key`."""
    customers = SandboxRecord.objects.filter(service=SERVICE, kind__in=("organization", "contact"))
    customer = customers.filter(client_id=call.client_id, key=key).first()
    if customer is None:
        return problem(404, "Customer not found")
    now = billing.now()
    facts = {"type": "invoice", "state": "draft", "customer": shapes.customer(customer), "createdAt": now}
    row = billing.made(call.client_id, "billing", facts | {"emittedAt": now, "updatedAt": now, "dueAt": now})
    return JsonResponse(billing.shown(row), status=201)


def create_asset(call: Call, key: str) -> HttpResponse:
    """A draft credit note with the lines of the invoice `key`; a draft owes nothing that could be given back."""
    row = _billing(call, key)
    if row is None or row.facts["type"] != "invoice":
        return problem(404, "Invoice not found")
    if row.facts["state"] == "draft":
        return problem(400, "invoice.must_be_finalized")
    now = billing.now()
    taken = {name: row.facts[name] for name in ("customer", "lines", "discount") if name in row.facts}
    facts = {"type": "asset", "state": "draft", "parent": key, "createdAt": now, "emittedAt": now, "updatedAt": now}
    return JsonResponse(billing.shown(billing.made(call.client_id, "billing", facts | taken)))


def _billing(call: Call, key: str) -> SandboxRecord | None:
    return billing.records(call.client_id, "billing").filter(key=key).first()


def read(call: Call, key: str) -> HttpResponse:
    row = _billing(call, key)
    return JsonResponse(billing.shown(row)) if row else problem(404, "Billing not found")


def download(call: Call, key: str) -> HttpResponse:
    row = _billing(call, key)
    if row is None:
        return problem(404, "Billing not found")
    return HttpResponse(_PDF + row.number.encode() + b"\n%%EOF\n", content_type="application/pdf")


def delete(call: Call, key: str) -> HttpResponse:
    row = _billing(call, key)
    if row is None:
        return problem(404, "Document not found")
    if row.facts["state"] != "draft":
        return problem(400, "billing.not_deletable")
    row.delete()
    return HttpResponse(status=204)


def _changed(call: Call, key: str, changes: dict[str, Any], number: str = "") -> HttpResponse:
    """Write to a draft; what is finalized is closed."""
    with transaction.atomic():
        lock()
        row = _billing(call, key)
        if row is None:
            return problem(404, "Billing not found")
        if row.facts["state"] != "draft":
            return problem(400, "Billing is already finalized")
        row.facts |= changes | {"updatedAt": billing.now()}
        row.number = number[:100] or row.number
        row.save(update_fields=["facts", "number"])
    return JsonResponse(billing.shown(row))


def title(call: Call, key: str) -> HttpResponse:
    text = call.body["title"] or ""
    return _changed(call, key, {"title": text}, number=text.split(" ")[0])


def lines(call: Call, key: str) -> HttpResponse:
    wrong = [
        f"lines.{place}: {problem}"
        for place, line in enumerate(call.body["lines"])
        for problem in billing.line_problems(line)
    ]
    if wrong:
        return problem(400, wrong)
    return _changed(call, key, {"lines": call.body["lines"], "discount": call.body.get("discount")})


def timeline(call: Call, key: str) -> HttpResponse:
    body = call.body
    if any(type(body.get(name) or 0) is not int for name in ("emittedAt", "customDueDate", "deliveryDate")):
        return problem(400, ["timestamps must be seconds"])
    if body["paymentDelay"] == "other" and not body.get("customDueDate"):
        return problem(400, ["customDueDate should not be empty"])
    kept = {name: body.get(name) for name in ("emittedAt", "paymentDelay", "deliveryDate")}
    return _changed(call, key, kept | {"dueAt": body.get("customDueDate") or body["emittedAt"]})


def general_informations(call: Call, key: str) -> HttpResponse:
    """Of an invoice or an asset: the texts around the lines; the others stand beside them."""
    notes = {name: value for name, value in call.body.items() if name in shapes.NOTES}
    return _changed(call, key, {name: call.body[name] for name in call.body if name not in notes} | {"notes": notes})


def finalize(call: Call, key: str) -> HttpResponse:
    """Gives a legal number, for good: what the mirror must never ask for."""
    row = _billing(call, key)
    return problem(404, "Billing not found") if row is None else _changed(call, key, billing.finalized(row))


def income(call: Call) -> HttpResponse:
    """An entry of the book of receipts, which takes money that came in, on a day that has come."""
    body = call.body
    wrong = [
        f"{name} must be a positive integer"
        for name in ("priceTotalTax", "priceWithoutTax")
        if type(body[name]) is not int or body[name] <= 0
    ]
    try:
        datetime.fromisoformat(body["paidAt"])
    except ValueError:
        wrong.append("paidAt must be a valid ISO 8601 date string")
    if body["productType"] not in KINDS_OF_SALE or body["paymentMethodUsed"]["value"] not in MEANS:
        wrong.append("productType or paymentMethodUsed.value is not one of the enumeration")
    if wrong:
        return problem(400, wrong)
    row = billing.made(call.client_id, "income", dict(body), number=body["reference"].split(" ")[0])
    return JsonResponse({"_id": row.key, **body}, status=201)
