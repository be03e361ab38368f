"""The lines of the worktable in their order: the first that is open, the ones before and after, the last decision."""

from __future__ import annotations

from typing import cast

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from payments.models import BankLine, LineStatus, Match


def first_open() -> BankLine | None:
    rows = BankLine.objects.filter(status=LineStatus.OPEN).select_related("account", "statement", "company")
    return cast("BankLine | None", rows.order_by("booked_on", "id").first())


def neighbour_of(line: BankLine, *, forward: bool = True) -> BankLine | None:
    """The open line after this one, or before it; after the last comes the first."""
    way, sign = ("gt", "") if forward else ("lt", "-")
    beyond = Q(**{f"booked_on__{way}": line.booked_on}) | Q(**{"booked_on": line.booked_on, f"id__{way}": line.pk})
    rows = BankLine.objects.filter(status=LineStatus.OPEN).exclude(pk=line.pk)
    rows = rows.order_by(f"{sign}booked_on", f"{sign}id")
    return cast("BankLine | None", rows.filter(beyond).first() or rows.first())


def last_decision(request: HttpRequest) -> Match | None:
    """The decision that Ctrl Z takes back, while it stands."""
    key = request.GET.get("done", "")
    rows = Match.objects.filter(undone_at=None).select_related("line")
    return cast("Match | None", rows.filter(pk=key).first() if key.isdecimal() and len(key) < 19 else None)


def onwards(line: BankLine, match: Match) -> HttpResponse:
    following = neighbour_of(line)
    path = reverse("payments:worktable-line", args=[following.pk]) if following else reverse("payments:worktable")
    return redirect(f"{path}?done={match.pk}")
