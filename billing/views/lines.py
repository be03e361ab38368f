"""What the line sheet of orders and invoices asks while it is typed: totals, nets, and products by name."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, cast

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from billing.forms.lines import LineForm, line_formset
from billing.models import Product
from billing.services.lines import LineInput, preview
from billing.views.creating import product_values
from config.kernel import typography
from config.kernel.access import MemberRequest, member
from config.kernel.errors import DomainError
from config.kernel.form_errors import filled_forms
from config.kernel.models import Company

MOST_OPTIONS = 10


@require_POST
@member()
def line_totals(request: HttpRequest) -> HttpResponse:
    """The totals of lines being typed, and each row's net. Rows not yet complete are left out."""
    formset = line_formset(request.POST)
    company = cast(MemberRequest, request).membership.company
    formset.is_valid()
    nets = [{"id": f"{form.prefix}-net", "net": _net(company, form)} for form in formset.forms]
    context = {"totals": totals_of(company, formset, ()), "nets": nets}
    return render(request, "billing/invoice/_line_totals.html", context)


def _net(company: Company, form: Any) -> Decimal | None:
    if form.errors or not form.has_changed():
        return None
    try:
        return preview(company, [form.line()]).net
    except DomainError:
        return None


def totals_of(company: Company, formset: Any, stored: Any) -> str:
    """The figures at the foot of the sheet, of what is typed or, before anything is, of the stored lines."""
    if formset.is_bound:
        formset.is_valid()
        inputs = [cast(LineForm, form).line() for form in filled_forms(formset) if not form.errors]
    else:
        inputs = [LineInput(**{name: getattr(row, name) for name in LineInput.__slots__}) for row in stored]
    try:
        computed = preview(company, inputs) if inputs else None
    except DomainError:
        computed = None
    if computed is None:
        return ""
    figures = {"net": computed.net, "vat": computed.subtotals, "total": computed.gross}
    return render_to_string("components/_figures.html", figures)


@require_GET
@member()
def product_options(request: HttpRequest) -> HttpResponse:
    """What a typed description could mean: a few products, each with what it fills in its row."""
    text = request.GET.get("q", "").strip()[:100]
    found = Product.objects.filter(archived_at=None).filter(Q(name__icontains=text) | Q(reference__icontains=text))
    rows = found.order_by("name", "id")[:MOST_OPTIONS]
    context = {"options": [_option(row) for row in rows], "query": text}
    if text and cast(MemberRequest, request).membership.may("products.edit"):
        context["create_url"] = f"{reverse('billing:product-new')}?{urlencode({'name': text})}"
    return render(request, "components/_options.html", context)


def _option(product: Product) -> dict[str, Any]:
    detail = f"{product.reference} · {typography.price(product.unit_price)} €"
    fill = json.dumps(product_values(product))
    return {"value": product.pk, "label": product.name, "detail": detail, "fill": fill}
