"""What the line sheet of orders and invoices asks while it is typed: totals, nets, and products by name."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, cast

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from billing.forms.lines import LineForm, line_formset, typed_row
from billing.models import Product
from billing.pasting import LONGEST, REFERENCE, TOTAL, Pasted, read_paste
from billing.services.lines import LineInput, preview
from billing.views.creating import product_values
from config.kernel import typography
from config.kernel.access import MemberRequest, member
from config.kernel.errors import DomainError
from config.kernel.folding import holds
from config.kernel.form_errors import filled_forms
from config.kernel.models import Company
from config.kernel.money import UnknownCurrency, check_currency

MOST_OPTIONS = 10
# columns of a pasted table that are none of the sheet’s
OTHER_COLUMNS = {REFERENCE: gettext_lazy("Référence"), TOTAL: gettext_lazy("total (recalculé)")}


@require_POST
@member("products")
def line_totals(request: HttpRequest) -> HttpResponse:
    """The totals of lines being typed, and each row's net. Rows not yet complete are left out."""
    company = cast(MemberRequest, request).membership.company
    formset = line_formset(request.POST, company=company)
    formset.is_valid()
    currency = typed_currency(request.POST.get("currency"), company)
    nets = [
        {
            "id": f"{form.prefix}-net",
            "net": _net(company, form, currency),
            "errors": form.prefix,
            "problems": _problems(form),
        }
        for form in formset.forms
    ]
    context = {"totals": totals_of(company, formset, (), currency), "nets": nets, "currency": currency}
    return render(request, "billing/invoice/_line_totals.html", context)


def typed_currency(typed: str | None, company: Company) -> str:
    """The currency of the sheet, that of the books where none is chosen or it is none."""
    try:
        return check_currency(typed or company.currency)
    except UnknownCurrency:
        return company.currency


def _problems(form: Any) -> list[str]:
    """What is wrong in the row, in words; what is only missing is no fault while one types."""
    return [
        f"{form.fields[name].label} : {error.messages[0]}"
        for name, errors in (form.errors.as_data() if form.has_changed() else {}).items()
        for error in errors
        if error.code != "required" and name in form.fields
    ]


def _net(company: Company, form: Any, currency: str) -> Decimal | None:
    if form.errors or not form.has_changed():
        return None
    try:
        return preview(company, [form.line()], currency).net
    except DomainError:
        return None


def totals_of(company: Company, formset: Any, stored: Any, currency: str = "EUR") -> str:
    """The figures at the foot of the sheet, of what is typed or, before anything is, of the stored lines."""
    left_out: list[int] = []
    if formset.is_bound:
        formset.is_valid()
        filled = filled_forms(formset)
        inputs = [cast(LineForm, form).line() for form in filled if not form.errors]
        left_out = [number for number, form in enumerate(filled, start=1) if form.errors]
    else:
        inputs = [LineInput(**{name: getattr(row, name) for name in LineInput.__slots__}) for row in stored]
    try:
        computed = preview(company, inputs, currency) if inputs else None
    except DomainError:
        computed = None
    if computed is None and not left_out:
        return ""
    figures = {"net": computed.net, "vat": computed.subtotals, "total": computed.gross} if computed else {}
    omission = (
        ngettext(
            "Sans la ligne %(lines)s, incomplète ou illisible.",
            "Sans les lignes %(lines)s, incomplètes ou illisibles.",
            len(left_out),
        )
        % {"lines": ", ".join(map(str, left_out))}
        if left_out
        else ""
    )
    return render_to_string(
        "billing/invoice/_sheet_totals.html",
        {"figures": figures, "left_out": omission, "currency": currency, **figures},
    )


@require_POST
@member("products")
def lines_paste(request: HttpRequest) -> JsonResponse:
    """A pasted table as rows of the sheet: what each input takes, and in words how the columns were read."""
    pasted = read_paste(request.POST.get("text", "")[:LONGEST])
    references = [str(row.cells[REFERENCE]) for row in pasted.rows if REFERENCE in row.cells]
    found = Product.objects.filter(archived_at=None, reference__in=references)
    products = {product.reference: product for product in found}
    return JsonResponse({"rows": [typed_row(row, products) for row in pasted.rows], "words": _reading(pasted)})


def _reading(pasted: Pasted) -> str:
    names = {**{name: field.label for name, field in LineForm.base_fields.items()}, **OTHER_COLUMNS}
    columns = ", ".join(f"{head} → {names[name]}" for head, name in pasted.columns)
    count = len(pasted.rows)
    counted = ngettext("%(count)s ligne collée.", "%(count)s lignes collées.", count) % {"count": count}
    return f"{counted} " + _("Colonnes lues : %(columns)s.") % {"columns": columns}


@require_GET
@member("products")
def product_options(request: HttpRequest) -> HttpResponse:
    """What a typed description could mean: a few products, each with what it fills in its row."""
    text = request.GET.get("q", "").strip()[:100]
    found = Product.objects.filter(archived_at=None).filter(holds(text, "name", "reference"))
    rows = found.order_by("name", "id")[:MOST_OPTIONS]
    context = {"options": [_option(row) for row in rows], "query": text}
    if text and cast(MemberRequest, request).membership.may("products.edit"):
        context["create_url"] = f"{reverse('billing:product-new')}?{urlencode({'name': text})}"
    return render(request, "components/_options.html", context)


def _option(product: Product) -> dict[str, Any]:
    detail = f"{product.reference} · {typography.price(product.unit_price)} €"
    fill = json.dumps(product_values(product))
    return {"value": product.pk, "label": product.name, "detail": detail, "fill": fill}
