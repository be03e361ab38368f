"""« Créer ce fournisseur » from a document of buying, without JavaScript: the form waits while the supplier is made."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from billing.forms.picking import third_party_chosen
from config.kernel import parking

SUPPLIER = "customer"  # the slot of the form, as it is of every document


def step_aside(request: HttpRequest) -> HttpResponse | None:
    """To the page that creates a supplier, while this form waits; None when that button was not pressed."""
    if request.POST.get("create", "") != SUPPLIER:
        return None
    query = {"name": request.POST.get("customer_text", "")[:200], "back": parking.park(request, SUPPLIER)}
    return redirect(f"{reverse('billing:supplier-new')}?{urlencode(query)}")


def come_back(request: HttpRequest) -> QueryDict | None:
    """What was typed before, with the supplier that was created chosen; None when no form waits for this page."""
    waiting = parking.unpark(request)
    if waiting is None:
        return None
    typed, _slot, made = waiting
    if chosen := third_party_chosen(made):
        typed["customer"], typed["customer_text"] = str(chosen.pk), chosen.name
    return typed
