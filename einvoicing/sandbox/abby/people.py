"""The simulator's own doors: what a person does at Abby by hand, and what the simulator knows."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from config.sandbox.models import SandboxRecord, lock
from einvoicing.sandbox.abby import billing
from einvoicing.sandbox.abby.access import SERVICE, problem


@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    """The copies and receipts of an invoice, or of an account with every call it made."""
    rows = SandboxRecord.objects.filter(service=SERVICE).order_by("id")
    if client_id := request.GET.get("client_id"):
        rows = rows.filter(client_id=client_id)
    found = rows.filter(number=request.GET["number"]) if "number" in request.GET else rows
    copies = [billing.shown(row) for row in found.filter(kind="billing")]
    incomes = [{"id": row.key, **row.facts} for row in found.filter(kind="income")]
    calls = [row.facts["call"] for row in rows.filter(kind="call")] if client_id else []
    return JsonResponse({"received": len(copies), "copies": copies, "incomes": incomes, "calls": calls})


@csrf_exempt
@require_POST
def act(request: HttpRequest) -> HttpResponse:
    """{id, act}: finalize, send, pay (of {amount} cents, else whole), sign, refuse, cancel, delete, or another state.

    {at}: when, in seconds since 1970; now where it is not said.
    """
    order = json.loads(request.body)
    with transaction.atomic():
        lock()
        row = SandboxRecord.objects.get(service=SERVICE, kind="billing", key=str(order["id"]))
        refusal = _do(row, str(order["act"]), order)
    return problem(409, refusal) if refusal else HttpResponse(status=204)


def _do(row: SandboxRecord, what: str, order: dict[str, Any]) -> str:
    """Do it; why not, where Abby would not."""
    at = int(order.get("at") or billing.now())
    if what == "delete":
        if row.facts["state"] != "draft":
            return "a finalized document cannot be deleted"
        row.delete()
        return ""
    if what == "pay" and row.facts["state"] not in {"finalized", "signed"}:
        return "a draft cannot be paid"
    if what == "finalize" and row.facts["state"] != "draft":
        return "already finalized"
    row.facts |= {"updatedAt": at} | _changes(row, what, order, at)
    row.save(update_fields=["facts"])
    return ""


def _changes(row: SandboxRecord, what: str, order: dict[str, Any], at: int) -> dict[str, Any]:
    if what == "pay":
        gross = billing.shown(row)["total"]["amountWithTaxAfterDiscount"]
        received = min(row.facts.get("received", 0) + int(order.get("amount") or gross), gross)
        return {"received": received} | ({"state": "paid", "paidAt": at} if received == gross else {})
    if what == "finalize":
        return billing.finalized(row, at)
    known: dict[str, dict[str, Any]] = {
        "send": {"lastSendByEmailAt": at}, "cancel": {"canceledAt": at}, "sign": {"state": "signed"},
        "refuse": {"state": "refused"},
    }  # fmt: skip
    return known.get(what, {"state": what})


@csrf_exempt
@require_POST
def open_unpublished(request: HttpRequest) -> HttpResponse:
    """Give the account {client_id} the calls that Abby does not publish."""
    client_id = str(json.loads(request.body)["client_id"])
    SandboxRecord.objects.get_or_create(service=SERVICE, kind="unpublished", key="incomeBook", client_id=client_id)
    return HttpResponse(status=204)
