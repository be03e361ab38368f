"""Revolut's API in a box: accounts, details, transactions with its exact paging, and the simulator's own doors."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.utils import timezone
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.sandbox import faults
from config.sandbox.models import SandboxRecord, lock
from payments.sandbox.revolut.access import BAD_PARAMETER, FORBIDDEN, NOT_FOUND, SERVICE, called, client_of, problem

MOST, USUAL = 1000, 100
RECENT = timedelta(days=90)
FIRST_MINUTES = timedelta(minutes=5)  # after the first consent, everything is open
_STATES = ("created", "pending", "completed", "declined", "failed", "reverted")
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
    if row is None:
        return problem(404, NOT_FOUND, "Account not found")
    return JsonResponse(row.facts["details"], safe=False)


@called(faults.SEARCH, "from", "to", "account", "count", "type", "state")
def transactions(request: HttpRequest, client_id: str) -> HttpResponse:
    """GET /transactions: created from `from` on and strictly before `to`, newest first, `count` of them."""
    query = request.GET
    try:
        since = _instant(query["from"]) if "from" in query else timezone.now() - RECENT
        to = _instant(query["to"]) if "to" in query else timezone.now() + RECENT
        count = int(query.get("count", USUAL))
    except ValueError:
        return problem(400, BAD_PARAMETER, "from, to or count")
    if not 1 <= count <= MOST or not set(query.getlist("state")) <= set(_STATES):
        return problem(400, BAD_PARAMETER, "count must be between 1 and 1000; state")
    if _is_closed(client_id, since):
        return problem(403, FORBIDDEN, "This action is forbidden")
    found = [(_instant(row.facts["created_at"]), row.facts) for row in _records(client_id, "transaction")]
    rows = [(at, facts) for at, facts in found if since <= at < to and _is_meant(query, facts)]
    rows.sort(key=lambda row: row[0], reverse=True)
    return JsonResponse([facts for _at, facts in rows[:count]], safe=False)


def _is_meant(query: QueryDict, facts: dict[str, Any]) -> bool:
    states, account = query.getlist("state"), query.get("account")
    return (
        (not states or facts["state"] in states)
        and query.get("type", facts["type"]) == facts["type"]
        and (not account or any(leg["account_id"] == account for leg in facts["legs"]))
    )


def _is_closed(client_id: str, since: datetime) -> bool:
    """Freelancer plans (PSD2): what is older than ninety days is open for five minutes after the first consent."""
    client, now = client_of(client_id), timezone.now()
    consented_at = datetime.fromisoformat(client.facts["consented_at"]) if client else now
    return since < now - RECENT and now > consented_at + FIRST_MINUTES


def _instant(text: str) -> datetime:
    """A day is its first instant (UTC). Raises ValueError."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None and len(text) > len("2026-01-31"):
        raise ValueError
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


@called(faults.READ)
def one_transaction(_request: HttpRequest, client_id: str, key: str) -> HttpResponse:
    row = _records(client_id, "transaction").filter(key=key).first()
    if row is None:
        return problem(404, NOT_FOUND, "Transaction not found")
    if _is_closed(client_id, _instant(row.facts["created_at"])):
        return problem(403, FORBIDDEN, "This action is forbidden")
    return JsonResponse(row.facts)


# -- the simulator's own doors -------------------------------------------------------------------------------------


_PAGE = """<!doctype html><meta charset="utf-8"><title>Revolut (simulateur)</title><h1>Revolut (simulateur)</h1>
<form method="post"><p><label>Certificat<br>
<textarea name="certificate" rows="12" cols="70" required></textarea></label>
<p><label>Adresse de redirection<br><input name="redirect_uri" size="70" required></label>
<p><label>IBAN du compte<br><input name="iban" size="40" required></label><p><button>Déposer</button></form>"""
_MADE = """<!doctype html><meta charset="utf-8"><title>Revolut (simulateur)</title><h1>Revolut (simulateur)</h1>
<p>Client ID : <code id="client-id">%s</code></p>"""


@require_http_methods(["GET", "POST"])
def register(request: HttpRequest) -> HttpResponse:
    """A person uploads a {certificate} for a redirect address on {issuer}: the client id Revolut gives it.

    In a browser it is a form, which opens an account of that IBAN as well, with a first movement.
    """
    if request.method == "GET":
        return HttpResponse(_PAGE)
    if request.content_type == "application/json":
        body = json.loads(request.body)
        return JsonResponse({"client_id": _new_client(body["certificate"], body["issuer"])}, status=201)
    key = _new_client(request.POST["certificate"].strip(), urlsplit(request.POST["redirect_uri"]).hostname or "")
    _open_account(key, "".join(request.POST["iban"].split()))
    return HttpResponse(_MADE % key, status=201)


def _new_client(certificate: str, issuer: str) -> str:
    key = uuid.uuid4().hex
    facts = {"certificate": certificate, "issuer": issuer}
    SandboxRecord.objects.create(service=SERVICE, kind="client", key=key, facts=facts)
    return key


def _open_account(client_id: str, iban: str) -> None:
    account, now = str(uuid.uuid4()), timezone.now().isoformat()
    details = [{"iban": iban, "bic": "REVOFRP2", "beneficiary": "Simulateur", "pooled": False}]
    leg = {
        "leg_id": str(uuid.uuid4()),
        "account_id": account,
        "amount": 100.0,
        "currency": "EUR",
        "description": "Top-up",
    }
    rows: dict[str, dict[str, Any]] = {
        "account": {"id": account, "name": "Main", "currency": "EUR", "balance": 100.0, "details": details},
        "transaction": {
            "id": str(uuid.uuid4()), "type": "topup", "state": "completed", "legs": [leg],
            "created_at": now, "updated_at": now, "completed_at": now,
        },
    }  # fmt: skip
    for kind, facts in rows.items():
        SandboxRecord.objects.create(
            service=SERVICE, kind=kind, key=facts["id"], client_id=client_id, facts=_complete(kind, facts)
        )


@require_POST
def write_facts(request: HttpRequest) -> HttpResponse:
    """What happens in the business {client_id}: rows of {accounts} and {transactions} as the API shows them, by id.

    A row that is there is changed; {revoked} takes the consent back; {consented_at}: when the first one was given.
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
        client = SandboxRecord.objects.get(service=SERVICE, kind="client", key=client_id)
        client.facts |= {name: body[name] for name in ("revoked", "consented_at") if name in body}
        client.save(update_fields=["facts"])
    return HttpResponse(status=204)


@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    """Every call of a business, in order."""
    calls = [row.facts["call"] for row in _records(request.GET.get("client_id", ""), "call")]
    return JsonResponse({"calls": calls})
