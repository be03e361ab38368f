"""Revolut's API in a box: accounts, details, transactions with its exact paging, and the simulator's own doors."""

from __future__ import annotations

import json
import uuid
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.http import require_GET, require_POST

from config.sandbox import faults
from config.sandbox.models import SandboxRecord, lock
from payments.sandbox.revolut.access import SERVICE, called, problem

MOST, USUAL = 1000, 100
_DETAILS = {
    "beneficiary_address": {"country": "FR", "postcode": "75002"},
    "schemes": ["sepa"],
    "estimated_time": {"unit": "days", "max": 1},
}


def _records(client_id: str, kind: str) -> QuerySet[SandboxRecord]:
    return SandboxRecord.objects.filter(service=SERVICE, kind=kind, client_id=client_id).order_by("id")


def _complete(kind: str, facts: dict[str, Any]) -> dict[str, Any]:
    """A row with the fields that the description says are always there."""
    if kind == "transaction":
        return facts
    now = timezone.now().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    usual = {"state": "active", "balance": 0.0, "public": False, "created_at": now, "updated_at": now}
    details = [_DETAILS | row for row in facts.get("details", [])]
    return usual | facts | {"details": details}


@called(faults.READ)
def accounts(_request: HttpRequest, client_id: str) -> HttpResponse:
    rows = [
        {name: value for name, value in row.facts.items() if name != "details"}
        for row in _records(client_id, "account")
    ]
    return JsonResponse(rows, safe=False)


@called(faults.READ)
def bank_details(_request: HttpRequest, client_id: str, key: str) -> HttpResponse:
    row = _records(client_id, "account").filter(key=key).first()
    return JsonResponse(row.facts["details"], safe=False) if row else problem(404, "Account not found")


@called(faults.SEARCH)
def transactions(request: HttpRequest, client_id: str) -> HttpResponse:
    """GET /transactions: created from `from` on and strictly before `to`, newest first, `count` of them."""
    query = request.GET
    try:
        since = _instant(query["from"]) if "from" in query else None
        to = _instant(query["to"]) if "to" in query else None
        count = int(query.get("count", USUAL))
    except ValueError:
        return problem(400, "from, to or count")
    if not 1 <= count <= MOST:
        return problem(400, "count must be between 1 and 1000")
    found = [(_instant(row.facts["created_at"]), row.facts) for row in _records(client_id, "transaction")]
    rows = [(at, facts) for at, facts in found if (since is None or since <= at) and (to is None or at < to)]
    if account := query.get("account"):
        rows = [(at, facts) for at, facts in rows if any(leg["account_id"] == account for leg in facts["legs"])]
    rows.sort(key=lambda row: row[0], reverse=True)
    return JsonResponse([facts for _at, facts in rows[:count]], safe=False)


def _instant(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError
    return moment


@called(faults.READ)
def one_transaction(_request: HttpRequest, client_id: str, key: str) -> HttpResponse:
    row = _records(client_id, "transaction").filter(key=key).first()
    return JsonResponse(row.facts) if row else problem(404, "Transaction not found")


# -- the simulator's own doors -------------------------------------------------------------------------------------


@require_POST
def register(request: HttpRequest) -> HttpResponse:
    """A person uploads a {certificate} for a redirect address on {issuer}: the client id Revolut gives it."""
    body = json.loads(request.body)
    key = uuid.uuid4().hex
    SandboxRecord.objects.create(
        service=SERVICE,
        kind="client",
        key=key,
        facts={"certificate": body["certificate"], "issuer": body["issuer"]},
    )
    return JsonResponse({"client_id": key}, status=201)


@require_POST
def write_facts(request: HttpRequest) -> HttpResponse:
    """What happens in the business {client_id}: rows of {accounts} and {transactions} as the API shows them, by id.

    A row that is there is changed; {revoked} takes the consent back.
    """
    body: dict[str, Any] = json.loads(request.body)
    client_id = str(body["client_id"])
    with transaction.atomic():
        lock()
        for kind in ("account", "transaction"):
            for facts in body.get(f"{kind}s", []):
                row, _new = SandboxRecord.objects.get_or_create(
                    service=SERVICE, kind=kind, key=str(facts["id"]), client_id=client_id
                )
                row.facts = _complete(kind, row.facts | facts)
                row.save(update_fields=["facts"])
        if "revoked" in body:
            client = SandboxRecord.objects.get(service=SERVICE, kind="client", key=client_id)
            client.facts["revoked"] = bool(body["revoked"])
            client.save(update_fields=["facts"])
    return HttpResponse(status=204)


@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    """Every call of a business, in order."""
    calls = [row.facts["call"] for row in _records(request.GET.get("client_id", ""), "call")]
    return JsonResponse({"calls": calls})
