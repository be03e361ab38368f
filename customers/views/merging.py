"""Two records of one customer side by side: what is kept of each, what follows, and what does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from config.kernel.access import actor_of, member
from config.kernel.errors import DomainError
from config.kernel.middleware import say, translated
from config.kernel.sent_once import sent_once
from customers.merging import ADDRESS, CHOICES, InFlight, billing_of, check_mergeable, merge_customers, shown_of
from customers.models import Customer
from customers.views.customers import load_customer

MOST_FOUND = 10


@require_http_methods(["GET", "POST"])
@member("customers.edit")
@sent_once
def customer_merge(request: HttpRequest, pk: int) -> HttpResponse:
    """`?customer=` is the other record, or `customer_text` what was typed of it; POST makes them one."""
    kept = load_customer(pk)
    query, text = request.GET, request.GET.get("customer_text", "").strip()[:100]
    key = query.get("customer", "")
    if not (key.isascii() and key.isdigit() and len(key) < 19):
        others = Customer.objects.active().exclude(pk=kept.pk).filter(kind=kept.kind)
        found = others.matching(text or kept.name).order_by("name", "pk")[:MOST_FOUND]
        return render(request, "customers/customer/merge_with.html", {"customer": kept, "found": found, "text": text})
    absorbed = load_customer(int(key))
    context: dict[str, Any] = {"customer": kept, "absorbed": absorbed}
    try:
        check_mergeable(kept, absorbed)
        if request.method == "POST":
            merge_customers(
                kept=kept,
                absorbed=absorbed,
                chosen=[name for name in (*CHOICES, ADDRESS) if request.POST.get(name) == "absorbed"],
                shown=request.POST.get("shown", ""),
                actor=actor_of(request),
                at=timezone.now(),
            )
            messages.success(request, _("« %(name)s » est réunie à cette fiche.") % {"name": absorbed.name})
            return redirect(kept)
    except DomainError as error:
        context["refusal"] = _refusal(error)
    context |= {"rows": list(_rows(kept, absorbed)), "shown": shown_of(kept, absorbed)}
    return render(request, "customers/customer/merge.html", context, status=422 if "refusal" in context else 200)


def _refusal(error: DomainError) -> str:
    if isinstance(error, InFlight):
        return _(error.message) % {"name": error.params["name"], "reasons": " ".join(map(_, error.reasons))}
    return " ".join(map(translated, error.fields.values())) or say(error)


def _rows(kept: Customer, absorbed: Customer) -> Iterator[dict[str, Any]]:
    for name, (label, columns) in CHOICES.items():
        yield _row(name, label, *(_said(row, columns) for row in (kept, absorbed)))
    addresses = (str(billing_of(row) or "").strip(", ") for row in (kept, absorbed))
    yield _row(ADDRESS, _("Adresse de facturation"), *addresses)


def _row(name: str, label: Any, mine: str, other: str) -> dict[str, Any]:
    return {"name": name, "label": label, "kept": mine, "absorbed": other, "takes": bool(other and not mine)}


def _said(customer: Customer, columns: tuple[str, ...]) -> str:
    """The values that are written, as one text; what is a yes or a no goes with them."""
    values = [getattr(customer, name) for name in columns]
    return " · ".join(str(value) for value in values[:2] if value and value is not True)
