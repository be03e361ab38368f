"""Invoice Ninja's API in a box: the ping, and the list of payments with its filter, order, pages and inclusions."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from config.sandbox import faults
from config.sandbox.models import SandboxRecord, lock
from payments.sandbox.invoice_ninja import books
from payments.sandbox.invoice_ninja.access import SERVICE, SHARED_ACCOUNT, called, problem

_SORTS = ("id", "updated_at", "created_at", "amount", "date", "number")


@called(faults.HEALTH)
def ping(request: HttpRequest, client_id: str) -> HttpResponse:
    return JsonResponse({"company_name": client_id, "user_name": "Simulated User"})


@called(faults.READ)
def payments(request: HttpRequest, client_id: str) -> HttpResponse:
    """GET /payments?updated_at&include&sort&per_page&page, deleted ones among them."""
    query, wrong = _query(request)
    if wrong:
        return problem(422, "The given data was invalid.", **wrong)
    rows = list(books.records(client_id, "payment"))
    rows = [row for row in rows if row.facts["updated_at"] >= query["updated_at"]]
    column, _bar, direction = request.GET.get("sort", "id|asc").partition("|")
    rows.sort(key=lambda row: row.pk if column == "id" else row.facts.get(column, 0), reverse=direction == "desc")
    start, pages = (query["page"] - 1) * query["per_page"], max(1, -(-len(rows) // query["per_page"]))
    shown = rows[start : start + query["per_page"]]
    with_invoices = "invoices" in request.GET.get("include", "").split(",")
    return JsonResponse(
        {
            "data": [books.shown(row, with_invoices=with_invoices) for row in shown],
            "meta": {
                "pagination": {
                    "total": len(rows),
                    "count": len(shown),
                    "per_page": query["per_page"],
                    "current_page": query["page"],
                    "total_pages": pages,
                    "links": {},
                }
            },
        }
    )


def _query(request: HttpRequest) -> tuple[dict[str, int], dict[str, list[str]]]:
    """The numbers of the query, and what is wrong with it."""
    query, wrong = {}, {}
    for name, usual, least in (("updated_at", 0, 0), ("page", 1, 1), ("per_page", 20, 1)):
        given = request.GET.get(name, str(usual))
        if given.isdecimal() and int(given) >= least:
            query[name] = int(given)
        else:
            wrong[name] = [f"The {name} must be a number."]
    column, bar, direction = request.GET.get("sort", "id|asc").partition("|")
    if column not in _SORTS or not bar or direction not in ("asc", "desc"):
        wrong["sort"] = ["The selected sort is invalid."]
    return query, wrong


@csrf_exempt
@require_POST
def write_payment(request: HttpRequest) -> HttpResponse:
    """The simulator's own door: a person there records a payment, or changes the one of that `id`."""
    changes: dict[str, Any] = json.loads(request.body)
    client_id = str(changes.pop("client_id", SHARED_ACCOUNT))
    with transaction.atomic():
        lock()
        row = books.write_payment(client_id, changes)
    return JsonResponse(books.shown(row, with_invoices=True), status=201)


@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    """The simulator's own door: the payments and every call of an account."""
    client_id = request.GET.get("client_id", SHARED_ACCOUNT)
    rows = SandboxRecord.objects.filter(service=SERVICE, client_id=client_id).order_by("id")
    return JsonResponse(
        {
            "payments": [books.shown(row, with_invoices=True) for row in rows.filter(kind="payment")],
            "calls": [row.facts["call"] for row in rows.filter(kind="call")],
        }
    )
