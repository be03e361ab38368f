"""Failures on demand: by the header X-Sandbox-Fault of a request, or by rows that serve a number of times.

Kinds: latency=SECONDS, 429=SECONDS (or silent), 500, 503, expired-token, empty-body, reset-after-accept,
accepted-then-500, refuse-duplicates, duplicate, out-of-order, silent, wrong-signature, plain-pages, cut-history,
shuffled, repeated (the rows of a list), and buyer=BEHAVIOUR.

Of Chorus Pro alone, states that last while they are ordered: unsubscribed=API (factures, structures, transverses,
utilisateurs, engagementsJuridiques; several joined by +), unattached, expired-password, password-ends=YYYY-MM-DD.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.db.models import F, Q
from django.http import HttpRequest

from config.sandbox.models import SandboxFault

TOKEN, DEPOSIT, ANSWER, SEARCH, READ, HEALTH = "token", "deposit", "answer", "search", "read", "health"
OPERATIONS = (TOKEN, DEPOSIT, ANSWER, SEARCH, READ, HEALTH)
_CALLS = (DEPOSIT, ANSWER, SEARCH, READ, HEALTH)

# where each failure can happen
KINDS: dict[str, tuple[str, ...]] = {
    "latency": OPERATIONS,
    "429": _CALLS,
    "500": _CALLS,
    "503": _CALLS,
    "expired-token": _CALLS,
    "empty-body": (DEPOSIT, ANSWER, READ),
    "reset-after-accept": (DEPOSIT, ANSWER),
    "accepted-then-500": (DEPOSIT, ANSWER),
    "refuse-duplicates": (DEPOSIT,),
    "duplicate": (DEPOSIT, ANSWER),
    "out-of-order": (DEPOSIT, ANSWER),
    "silent": (DEPOSIT, ANSWER),
    "wrong-signature": (ANSWER,),
    "buyer": (DEPOSIT,),
    "plain-pages": (SEARCH,),
    "shuffled": (SEARCH,),
    "repeated": (SEARCH,),
    "unsubscribed": _CALLS,
    "unattached": (DEPOSIT, READ),
    "expired-password": _CALLS,
    "password-ends": (READ,),
    "cut-history": (READ,),
}


@dataclass(frozen=True, slots=True)
class Faults:
    """The failures this request is to have: kind → value."""

    found: dict[str, str]

    def __contains__(self, kind: str) -> bool:
        return kind in self.found

    def seconds(self, kind: str, default: float) -> float:
        try:
            return min(120.0, float(self.found.get(kind, "")))
        except ValueError:
            return default

    def value(self, kind: str) -> str:
        return self.found.get(kind, "")


def of(request: HttpRequest, *, operation: str, client_id: str) -> Faults:
    """The header's failures and those of the rows, whose count goes down by one each."""
    found: dict[str, str] = {}
    for item in request.headers.get("X-Sandbox-Fault", "").split(","):
        kind, _, value = item.strip().partition("=")
        if operation in KINDS.get(kind, ()):
            found[kind] = value
    with transaction.atomic():
        rows = SandboxFault.objects.select_for_update().filter(
            Q(client_id="") | Q(client_id=client_id), Q(operation="") | Q(operation=operation), remaining__gt=0
        )
        taken = []
        for row in rows:
            if operation in KINDS.get(row.kind, ()) and row.kind not in found:
                found[row.kind] = row.value
                taken.append(row.pk)
        if taken:
            SandboxFault.objects.filter(pk__in=taken).update(remaining=F("remaining") - 1)
    return Faults(found)
