"""The simulator's own door, which Chorus Pro does not have: how often each invoice arrived."""

from __future__ import annotations

from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_GET

from config.sandbox.models import SandboxRecord
from einvoicing.sandbox.chorus_pro import flows

_MOST = 1000
_TURNED_AWAY = {"IN_REJETE", "IN_INCIDENTE"}


@require_GET
def ledger(request: HttpRequest) -> HttpResponse:
    """How often each invoice arrived (`received`), was taken in (`accepted`) and answered for, per seller."""
    flows.settle()
    rows = SandboxRecord.objects.filter(service=flows.SERVICE, kind=flows.FLOW).defer("content").order_by("id")
    number = request.GET.get("number")
    if number:
        rows = rows.filter(Q(number=number) | Q(facts__numbers__contains=[number]))
    entries: dict[tuple[str, str], dict[str, Any]] = {}
    for flow in rows[:_MOST]:
        for key in zip(flow.facts["sellers"], flow.facts["numbers"], strict=True):
            if number in {None, key[1]}:
                _count(entries, key, flow)
    invoices = SandboxRecord.objects.filter(service=flows.SERVICE, kind=flows.INVOICE, number__in=_numbers(entries))
    for invoice in invoices:
        held = entries.get((invoice.facts["seller"], invoice.number))
        if held is not None:
            held["answers"] += invoice.facts.get("answers", [])
    return JsonResponse({"entries": list(entries.values())})


def _count(entries: dict[tuple[str, str], dict[str, Any]], key: tuple[str, str], flow: SandboxRecord) -> None:
    empty = {"seller": key[0], "number": key[1], "received": 0, "accepted": 0, "flows": [], "answers": []}
    entry = entries.setdefault(key, empty)
    entry["received"] += 1
    refused = key[1] in {error["numeroDP"] for error in flow.facts["invoices"]}
    entry["accepted"] += flow.facts["state"] not in _TURNED_AWAY and not refused
    entry["flows"].append({"numeroFluxDepot": flow.key, "state": flow.facts["state"]})


def _numbers(entries: dict[tuple[str, str], dict[str, Any]]) -> list[str]:
    return [number for _seller, number in entries]
