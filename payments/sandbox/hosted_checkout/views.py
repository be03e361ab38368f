"""The simulated provider's interface, its page of payment, and its own doors for tests."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.utils.html import format_html
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from config.sandbox import breaking, faults
from config.sandbox.faults import Faults
from config.sandbox.models import SandboxRecord, lock
from payments.sandbox.hosted_checkout import books
from payments.sandbox.hosted_checkout.access import SERVICE, called, problem, webhook_faults

FIELDS = {"reference", "amount", "currency", "description", "return_url", "language"}
PAGE = """<!doctype html><html lang="fr"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Paiement simulé</title>
<link rel="icon" href="data:,"></head>
<body><main><h1>Paiement simulé</h1><p>{} : {} {}</p>
<form method="post"><button name="act" value="pay">Payer</button> <button name="act" value="leave">Abandonner</button>
</form></main></body></html>"""


@require_http_methods(["GET", "POST"])
@csrf_exempt
def checkouts(request: HttpRequest) -> HttpResponse:
    answer: HttpResponse = _create(request) if request.method == "POST" else _search(request)
    return answer


@called(faults.DEPOSIT)
def _create(request: HttpRequest, account: str, failures: Faults) -> HttpResponse:
    """POST /v1/checkouts with Idempotency-Key."""
    key = request.headers.get("Idempotency-Key", "")
    body = json.loads(request.body)
    amount = body.get("amount")
    if not key or set(body) != FIELDS or not isinstance(amount, int) or amount <= 0:
        return problem(400, "invalid_request", "Idempotency-Key, or a field")
    with transaction.atomic():
        lock()
        row = books.make_checkout(account, body, key)
    if row.facts["amount"] != amount:
        return problem(409, "idempotency_mismatch", "The key was used for another request")
    if "reset-after-accept" in failures:
        breaking.cut(request)
    if "accepted-then-500" in failures:
        return problem(500, "broken", "An unexpected error occurred")
    return JsonResponse(books.shown(row), status=201)


@called(faults.SEARCH)
def _search(request: HttpRequest, account: str, failures: Faults) -> HttpResponse:
    """GET /v1/checkouts?reference="""
    rows = SandboxRecord.objects.filter(service=SERVICE, kind="checkout", client_id=account)
    wanted = request.GET.get("reference", "")
    return JsonResponse({"data": [books.shown(row) for row in rows if row.facts["reference"] == wanted]})


@require_GET
@called(faults.READ)
def checkout(request: HttpRequest, account: str, failures: Faults, key: str) -> HttpResponse:
    row = books.find("checkout", key)
    if row is None or row.client_id != account:
        return problem(404, "not_found", "Unknown checkout")
    return JsonResponse(books.shown(row))


@csrf_exempt
@require_POST
@called(faults.DEPOSIT)
def expire(request: HttpRequest, account: str, failures: Faults, key: str) -> HttpResponse:
    """POST /v1/checkouts/{id}/expire: its page is closed, unless somebody paid."""
    with transaction.atomic():
        lock()
        row = books.find("checkout", key)
        if row is None or row.client_id != account:
            return problem(404, "not_found", "Unknown checkout")
        if row.facts["status"] == "open" and "silent" not in failures:
            books.change(row, status="expired")
    if "reset-after-accept" in failures:
        breaking.cut(request)
    return JsonResponse(books.shown(row))


@require_GET
@called(faults.READ)
def payouts(request: HttpRequest, account: str, failures: Faults) -> HttpResponse:
    since = request.GET.get("since", "")
    rows = SandboxRecord.objects.filter(service=SERVICE, kind="payout", client_id=account).order_by("id")
    return JsonResponse({"data": [row.facts for row in rows if row.facts["arrival_date"] >= since]})


@csrf_exempt
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest, key: str) -> HttpResponse:
    """Where a customer pays: the message leaves before the customer is sent back."""
    row = books.find("checkout", key)
    if row is None:
        return HttpResponse("Unknown checkout", status=404)
    if request.method == "GET":
        amount = f"{row.facts['amount'] / 100:.2f}"
        return HttpResponse(format_html(PAGE, row.facts["description"], amount, row.facts["currency"]))
    if request.POST.get("act") == "pay":
        with transaction.atomic():
            lock()
            row.refresh_from_db()
            if row.facts["status"] not in {"open", "paid"}:
                return HttpResponse("This payment is closed", status=410)
            books.pay(row)
        books.tell(row, "checkout.paid", webhook_faults(request, row.client_id))
    return HttpResponseRedirect(row.facts["return_url"])


@csrf_exempt
@require_POST
def tell(request: HttpRequest) -> HttpResponse:
    """The simulator's own door: something happens to a checkout there, and its message leaves."""
    wanted: dict[str, Any] = json.loads(request.body)
    row = next(
        row
        for row in SandboxRecord.objects.filter(service=SERVICE, kind="checkout")
        if row.facts["reference"] == wanted["reference"]
    )
    with transaction.atomic():
        lock()
        if wanted.get("status") == "paid":
            books.pay(row)
        elif "status" in wanted:
            books.change(row, status=wanted["status"])
        if "payment" in wanted:
            books.change(row, payment={**row.facts["payment"], **wanted["payment"]})
    books.tell(row, wanted.get("event", "checkout.changed"), webhook_faults(request, row.client_id))
    return JsonResponse(books.shown(row), status=201)


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """The simulator's own door: where an account wants its messages, and what signs them."""
    wanted = json.loads(request.body)
    facts = {"url": wanted["url"], "secret": wanted["secret"]}
    SandboxRecord.objects.update_or_create(
        service=SERVICE, kind="webhook", key=wanted["account"], defaults={"facts": facts}
    )
    return JsonResponse(facts, status=201)


@csrf_exempt
@require_POST
def payout(request: HttpRequest) -> HttpResponse:
    """The simulator's own door: it transfers what it holds for an account."""
    account = json.loads(request.body)["account"]
    with transaction.atomic():
        lock()
        row = books.make_payout(account)
    books.tell(row, "payout.paid", webhook_faults(request, account))
    return JsonResponse(row.facts, status=201)
