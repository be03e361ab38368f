"""« Mes dossiers »: each company that the person works in, with what waits in each; for whoever keeps many.

As many queries for three hundred companies as for one: each kind of thing that waits is counted for all of them.
"""

from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from django.db.models.functions import Concat, Lower
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from config.kernel import listing, typography
from config.kernel.access import MemberRequest, member
from config.kernel.folding import holds
from config.kernel.models import Membership
from config.kernel.roles import allows
from config.kernel.tallies import TALLIES, Tally, counted_in
from config.kernel.todo import Today

# the most pressing first
ORDER = (
    "transmissions", "emails", "late-invoices", "doubtful", "received", "purchases", "approvals", "payment-runs",
    "bank", "drafts", "closing",
)  # fmt: skip
SORTS: dict[str, Any] = {"name": Lower("company__name"), "siren": Concat("company__siren", "company__uid")}
OPTIONS = 12

Waiting = dict[str, dict[int, int]]  # by the tally's name and the company


@require_GET
@member("company")
def dossiers(request: HttpRequest) -> HttpResponse:
    """Filtered by name, SIREN or IDE, and by what waits; each count leads to its list, in its company."""
    own = cast(MemberRequest, request)
    waiting = _waiting(own, Today(timezone.now()))
    rows = _found(own, request.GET.get("q", "").strip())
    if (chosen := request.GET.get("waiting", "")) in waiting:
        rows = rows.filter(company_id__in=list(waiting[chosen]))
    page = listing.page(rows, sorts=SORTS, default="name", query=request.GET)
    context = {
        "page": page,
        "rows": [{"row": row, "todo": _todo_of(row, waiting)} for row in page],
        "q": request.GET.get("q", ""),
        "filters": [_control(chosen, waiting)],
        "is_alone": len(own.memberships) == 1,
    }
    return render(request, "dossiers/list.html", context)


def _found(request: MemberRequest, text: str) -> QuerySet[Membership]:
    rows = Membership.objects.filter(user=request.user.pk).select_related("company")
    return rows.filter(holds(text, "company__name", "company__siren", "company__uid")) if text else rows


def _waiting(request: MemberRequest, today: Today) -> Waiting:
    """What waits, in the companies where the person's role does it."""
    return {name: counted_in(TALLIES[name], today, _may_do(request, TALLIES[name])) for name in ORDER}


def _may_do(request: MemberRequest, tally: Tally) -> list[int]:
    return [row.company_id for row in request.memberships if allows(row.role, tally.needs)]


def _todo_of(row: Membership, waiting: Waiting) -> list[dict[str, str]]:
    found = ((TALLIES[name], counts.get(row.company_id, 0)) for name, counts in waiting.items())
    return [
        {"words": tally.sentence_of(count), "tone": tally.tone, "url": tally.url} for tally, count in found if count
    ]


def _control(chosen: str, waiting: Waiting) -> dict[str, Any]:
    choices = [
        (name, f"{TALLIES[name].label} ({typography.number(sum(counts.values()))})")
        for name, counts in waiting.items()
        if counts or name == chosen
    ]
    return {"name": "waiting", "label": _("Ce qui attend"), "kind": "select", "choices": choices, "value": chosen}


@require_GET
@member("company")
def company_options(request: HttpRequest) -> HttpResponse:
    """The person's companies that answer `?q=`, for the switcher."""
    rows = _found(cast(MemberRequest, request), request.GET.get("q", "").strip())
    found = rows.order_by(Lower("company__name"), "pk")[:OPTIONS]
    options = [{"value": row.company_id, "label": row.company.name} for row in found]
    return render(request, "components/_options.html", {"options": options})
