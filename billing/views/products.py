"""Products: the list, the record with its stock, its form, and movements made by hand."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.db.models import Count
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from billing.columns import PRODUCTS
from billing.forms.products import ProductFilter, ProductForm, StockForm
from billing.models import MovementReason, Product, StockMovement
from billing.panels import Action
from billing.services.products import (
    NoStockKept,
    archive_product,
    count_stock,
    move_stock,
    restore_product,
    save_product,
)
from billing.views.creating import product_values
from config.kernel import parking, typography
from config.kernel.access import MemberRequest, actor_of, member
from config.kernel.editing import as_read
from config.kernel.errors import DomainError
from config.kernel.form_errors import add_domain_error
from config.kernel.lists.shown import ShownList, open_list
from config.kernel.sent_once import sent_once
from config.kernel.timeline import timeline_of

SORTS: dict[str, Any] = {"reference": "reference", "name": "name", "price": "unit_price", "stock": "on_hand"}
MOST_MOVEMENTS = 50


def load_product(pk: int) -> Product:
    return cast(Product, get_object_or_404(Product.objects.select_related("company"), pk=pk))


@require_GET
@member("products")
def product_list(request: HttpRequest) -> HttpResponse:
    filters = ProductFilter(request.GET)
    found = filters.narrow(Product.objects.all())
    listed = open_list(request, PRODUCTS, found, sorts=SORTS, default="name")
    if not isinstance(listed, ShownList):
        return listed
    rows = found.aggregate(rows=Count("pk"))["rows"]
    summary = ngettext("%(rows)s produit", "%(rows)s produits", rows) % {"rows": typography.number(rows)}
    context = {
        "listed": listed,
        "page": listed.page,
        "q": filters.value("q"),
        "filters": filters.controls(),
        "filtered": any(filters.cleaned_data.values()),
        "summary": summary if rows else "",
        "may_edit": cast(MemberRequest, request).membership.may("products.edit"),
    }
    return render(request, "billing/product/list.html", context)


@require_GET
@member("products")
def product_detail(request: HttpRequest, pk: int) -> HttpResponse:
    product = load_product(pk)
    membership = cast(MemberRequest, request).membership
    moves = StockMovement.objects.filter(product=product).select_related("order").order_by("-at", "-id")
    context = {
        "product": product,
        "movements": list(moves[:MOST_MOVEMENTS]) if product.tracks_stock else [],
        "may_edit": membership.may("products.edit"),
        "may_move": membership.may("stock.move") and product.tracks_stock and not product.archived_at,
        "menu": own_actions(product) if membership.may("products.edit") else [],
        "timeline": timeline_of(product, membership.role),
    }
    return render(request, "billing/product/detail.html", context)


def own_actions(product: Product) -> list[Action]:
    here = [product.pk]
    if product.archived_at:
        return [Action(_("Rétablir"), reverse("billing:product-restore", args=here), "undo", post=True)]
    return [Action(_("Archiver"), reverse("billing:product-archive", args=here), "archive", post=True)]


@require_http_methods(["GET", "POST"])
@member("products.edit")
@sent_once
def product_new(request: HttpRequest) -> HttpResponse:
    """A new product; `?name=` is what somebody typed and did not find. `?beside`: in a dialog over the form it is for,
    `?back=`: on a page of its own that leads back there."""
    return _form(request, None)


@require_http_methods(["GET", "POST"])
@member("products.edit")
def product_edit(request: HttpRequest, pk: int) -> HttpResponse:
    return _form(request, load_product(pk))


def _form(request: HttpRequest, product: Product | None) -> HttpResponse:
    sent = request.POST if request.method == "POST" else None
    beside = "beside" in request.GET
    form = ProductForm(
        sent,
        company=cast(MemberRequest, request).membership.company,
        product=product,
        name=request.GET.get("name", "")[:200],
        auto_id="beside_%s" if beside else "id_%s",
    )
    saved = _save(request, product, form) if sent is not None and form.is_valid() else None
    if saved is not None and beside:
        return JsonResponse({"value": saved.pk, "label": saved.name, "fill": product_values(saved)})
    if saved is not None:
        messages.success(request, _("Produit enregistré."))
        return redirect(parking.way_back(request, saved.pk) or saved)
    context = {"product": product, "form": form, "back": parking.way_back(request), "beside": beside}
    return render(request, "billing/product/form.html", context, status=200 if sent is None else 422)


def _save(request: HttpRequest, product: Product | None, form: ProductForm) -> Product | None:
    """The product as written, or None with the refusal put on the form."""
    company_id = cast(MemberRequest, request).membership.company_id
    try:
        with as_read(form, product, lambda row: ProductForm(company=row.company, product=row)):
            return save_product(
                product=product, company_id=company_id, values=form.values(), actor=actor_of(request), at=timezone.now()
            )
    except DomainError as error:
        add_domain_error(form, error)
        return None


@require_http_methods(["GET", "POST"])
@member("stock.move")
@sent_once
def product_stock(request: HttpRequest, pk: int) -> HttpResponse:
    """Goods arrive or come back, or somebody has counted."""
    product = load_product(pk)
    if not product.tracks_stock:
        raise NoStockKept(product=product.name)
    sent = request.POST if request.method == "POST" else None
    form = StockForm(sent)
    if sent is not None and form.is_valid() and _move(request, product, form):
        messages.success(
            request,
            _("Stock de « %(name)s » : %(on_hand)s.")
            % {"name": product.name, "on_hand": typography.number(product.on_hand)},
        )
        return redirect(product)
    context = {"product": product, "form": form}
    return render(request, "billing/product/stock.html", context, status=200 if sent is None else 422)


def _move(request: HttpRequest, product: Product, form: StockForm) -> bool:
    typed = form.cleaned_data
    act: dict[str, Any] = {"actor": actor_of(request), "at": timezone.now(), "note": typed["note"]}
    try:
        if typed["reason"] == MovementReason.COUNT:
            count_stock(product=product, counted=typed["quantity"], **act)
        else:
            reason = MovementReason(typed["reason"])
            move_stock(product=product, quantity=typed["quantity"], reason=reason, **act)
    except DomainError as error:
        add_domain_error(form, error)
        return False
    return True


@require_POST
@member("products.edit")
def product_archive(request: HttpRequest, pk: int) -> HttpResponse:
    product = archive_product(product=load_product(pk), actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Produit archivé : il n’est plus proposé."))
    return redirect(product)


@require_POST
@member("products.edit")
def product_restore(request: HttpRequest, pk: int) -> HttpResponse:
    product = restore_product(product=load_product(pk), actor=actor_of(request), at=timezone.now())
    messages.success(request, _("Produit rétabli."))
    return redirect(product)
