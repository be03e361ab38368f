"""Invoice Ninja's API in a box: the ping, and the list of payments with its filter, order, pages and inclusions."""

from __future__ import annotations

import json
import random
import re
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from config.sandbox import faults
from config.sandbox.models import SandboxRecord, lock
from payments.sandbox.invoice_ninja import books
from payments.sandbox.invoice_ninja.access import SERVICE, SHARED_ACCOUNT, called

_COLUMNS = ("id", "updated_at", "created_at", "amount", "date", "number", "status_id")
USUAL, MOST = 20, 5000


@called(faults.HEALTH)
def ping(request: HttpRequest, client_id: str) -> HttpResponse:
    return JsonResponse({"company_name": client_id, "user_name": "Simulated User"})


@called(faults.READ)
def payments(request: HttpRequest, client_id: str) -> HttpResponse:
    """GET /payments?updated_at&number&is_deleted&include&sort&per_page&page, deleted ones among them.

    As loose as the server: a parameter it does not know is passed over, and so is a sort it does not understand; rows
    that are equal by the sort come in any order, another one at each call.
    """
    query = request.GET
    rows = [row for row in books.records(client_id, "payment") if _is_meant(query, row.facts)]
    random.shuffle(rows)
    column, _bar, direction = query.get("sort", "").partition("|")
    if column not in _COLUMNS or not direction:
        column, direction = "id", "asc"
    rows.sort(key=lambda row: row.pk if column == "id" else row.facts.get(column, 0), reverse=direction != "asc")
    size, page = min(abs(_number(query.get("per_page"))) or USUAL, MOST), max(1, _number(query.get("page")))
    shown = rows[(page - 1) * size : page * size]
    includes = query.get("include", "").split(",")
    return JsonResponse(
        {
            "data": [books.shown(row, includes=includes) for row in shown],
            "meta": {
                "pagination": {
                    "total": len(rows),
                    "count": len(shown),
                    "per_page": size,
                    "current_page": page,
                    "total_pages": max(1, -(-len(rows) // size)),
                    "links": {},
                }
            },
        }
    )


def _is_meant(query: QueryDict, facts: dict[str, Any]) -> bool:
    return (
        facts["updated_at"] >= _number(query.get("updated_at"))
        and query.get("number", facts["number"]) in ("", facts["number"])
        and query.get("client_id", facts["client_id"]) in ("", facts["client_id"])
        and query.get("is_deleted", str(facts["is_deleted"]).lower()) == str(facts["is_deleted"]).lower()
    )


def _number(text: str | None) -> int:
    """As PHP's (int): what the text begins with, 0 for anything else."""
    found = re.match(r"\s*([+-]?\d+)", text or "")
    return int(found[1]) if found else 0


@csrf_exempt
@require_POST
def write_payment(request: HttpRequest) -> HttpResponse:
    """The simulator's own door: a person there records a payment, or changes the one of that `id`."""
    changes: dict[str, Any] = json.loads(request.body)
    client_id = str(changes.pop("client_id", SHARED_ACCOUNT))
    with transaction.atomic():
        lock()
        row = books.write_payment(client_id, changes)
    return JsonResponse(books.shown(row, includes=["invoices", "client"]), status=201)


@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    """The simulator's own door: the payments and every call of an account."""
    client_id = request.GET.get("client_id", SHARED_ACCOUNT)
    rows = SandboxRecord.objects.filter(service=SERVICE, client_id=client_id).order_by("id")
    return JsonResponse(
        {
            "payments": [books.shown(row, includes=["invoices", "client"]) for row in rows.filter(kind="payment")],
            "calls": [row.facts["call"] for row in rows.filter(kind="call")],
        }
    )
