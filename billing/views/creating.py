"""« Créer » from a document's form, without JavaScript: the form waits while its customer or product is made."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

from billing.forms.lines import written
from billing.forms.picking import customer_chosen
from billing.models import Product
from billing.services.lines import LineInput
from config.kernel import parking
from config.kernel.access import MemberRequest

CUSTOMER = "customer"
ROW = re.compile(r"lines-[0-9]{1,3}")


def step_aside(request: HttpRequest) -> HttpResponse | None:
    """To the page that creates what a button `create` of the sent form names; None when none was pressed."""
    slot = request.POST.get("create", "")
    if slot == CUSTOMER:
        address, name = reverse("customers:customer-new"), request.POST.get("customer_text", "")
    elif ROW.fullmatch(slot):
        address, name = reverse("billing:product-new"), request.POST.get(f"{slot}-description", "")
    else:
        return None
    return redirect(f"{address}?{urlencode({'name': name[:200], 'back': parking.park(request, slot)})}")


def come_back(request: HttpRequest) -> QueryDict | None:
    """What was typed before, with what was created chosen; None when no form waits for this page."""
    waiting = parking.unpark(request)
    if waiting is None:
        return None
    typed, slot, made = waiting
    if slot == CUSTOMER:
        chosen = customer_chosen(made)
        if chosen:
            typed["customer"], typed["customer_text"] = str(chosen.pk), chosen.name
    elif made.isascii() and made.isdigit() and len(made) < 20:
        product = Product.objects.filter(pk=int(made)).first()
        for name, value in (product_values(product) if product else {}).items():
            typed[f"{slot}-{name}"] = "on" if value is True else value or ""
    return typed


def product_values(product: Product) -> dict[str, Any]:
    """What the product fills into its row."""
    return written(LineInput.of_product(product, Decimal(1)))


def may_create(request: HttpRequest) -> dict[str, bool]:
    """What the form offers to create, by the person's role."""
    may = cast(MemberRequest, request).membership.may
    return {"may_create_customer": may("customers.edit"), "may_create_product": may("products.edit")}
