"""Invoices, orders and products as the search finds them: by number, name, reference, amount."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice, Product, SalesOrder
from billing.purchases.models import PurchaseInvoice, PurchaseOrder
from billing.purchases.order_standing import chip_of_order, with_order_standing
from billing.purchases.standing import chip_of, with_standing
from billing.standing import chips_of
from config.kernel import typography
from config.kernel.folding import holds
from config.kernel.search import SHORTEST, Hit, SearchSection, SearchTerms, declare
from customers.models import Customer


def _find_invoices(terms: SearchTerms) -> QuerySet[Invoice]:
    named = holds(terms.text, "number", "buyer_name", "external_reference", "customer__name")
    named |= Q(payment_reference=terms.compact) | terms.is_amount("total_gross")
    return Invoice.objects.select_related("customer").filter(named).order_by("-created_at", "-id")


def _invoice_hits(rows: Sequence[Invoice], on: date) -> list[Hit]:
    chips = chips_of(rows, on)
    return [
        Hit(
            str(row),
            row.buyer_name or row.customer.name,
            row.get_absolute_url(),
            chips[row.pk].label,
            chips[row.pk].tone,
            typography.money(row.total_gross, row.currency),
        )
        for row in rows
    ]


def _find_purchases(terms: SearchTerms) -> QuerySet[PurchaseInvoice]:
    named = holds(terms.text, "number", "reference", "supplier_name", "supplier__name", "order_reference")
    named |= terms.is_amount("total_gross")
    if terms.iban:
        named |= Q(iban=terms.iban)
    rows = with_standing(PurchaseInvoice.objects.select_related("supplier"))
    return rows.filter(named).order_by("-received_on", "-id")


def _purchase_hits(rows: Sequence[PurchaseInvoice], on: date) -> list[Hit]:
    hits = []
    for row in rows:
        chip = chip_of(row, on)
        detail = f"{row.reference} · {row.supplier.name}"
        total = typography.money(row.sign * row.total_gross, row.currency)
        hits.append(Hit(row.number, detail, row.get_absolute_url(), chip.label, chip.tone, total))
    return hits


def _find_suppliers(terms: SearchTerms) -> QuerySet[Customer]:
    rows = Customer.objects.active().suppliers()
    found = rows.matching(terms.text)
    if len(terms.compact) > SHORTEST:
        found = found | rows.filter(vat_number__istartswith=terms.compact)
    if terms.iban:
        found = found | rows.filter(ibans__iban=terms.iban)
    return found.order_by("name", "id")


def _supplier_hits(rows: Sequence[Customer], _on: date) -> list[Hit]:
    return [
        Hit(
            row.name,
            f"SIREN {typography.siren(row.siren)}" if row.siren else row.vat_number or row.email,
            reverse("billing:supplier-detail", args=[row.pk]),
        )
        for row in rows
    ]


def _find_orders(terms: SearchTerms) -> QuerySet[SalesOrder]:
    named = holds(terms.text, "number", "customer__name", "purchase_order") | terms.is_amount("total_gross")
    return SalesOrder.objects.select_related("customer").filter(named).order_by("-order_date", "-id")


def _order_hits(rows: Sequence[SalesOrder], _on: date) -> list[Hit]:
    return [
        Hit(
            row.number,
            row.customer.name,
            row.get_absolute_url(),
            row.get_status_display(),
            amount=typography.money(row.total_gross, row.currency),
        )
        for row in rows
    ]


def _find_purchase_orders(terms: SearchTerms) -> QuerySet[PurchaseOrder]:
    named = holds(terms.text, "number", "supplier__name") | terms.is_amount("total_net")
    return PurchaseOrder.objects.select_related("supplier").filter(named).order_by("-order_date", "-id")


def _purchase_order_hits(rows: Sequence[PurchaseOrder], on: date) -> list[Hit]:
    standing = with_order_standing(PurchaseOrder.objects.filter(pk__in=[row.pk for row in rows]), on)
    chips = {row.pk: chip_of_order(row.standing) for row in standing} if rows else {}  # type: ignore[attr-defined]
    return [
        Hit(
            row.number,
            row.supplier.name,
            row.get_absolute_url(),
            chips[row.pk].label,
            chips[row.pk].tone,
            typography.money(row.total_net, row.currency),
        )
        for row in rows
    ]


def _find_products(terms: SearchTerms) -> QuerySet[Product]:
    return Product.objects.filter(holds(terms.text, "reference", "name"), archived_at=None).order_by("name", "id")


def _product_hits(rows: Sequence[Product], _on: date) -> list[Hit]:
    return [
        Hit(row.name, row.reference, row.get_absolute_url(), amount=f"{typography.price(row.unit_price)} € HT")
        for row in rows
    ]


declare(
    SearchSection(
        area="invoices",
        label=_("Factures"),
        kind=_("Facture"),
        icon="invoice",
        list_page="billing:invoice-list",
        find=_find_invoices,
        hits=_invoice_hits,
        numbered=Invoice,
    ),
    SearchSection(
        area="purchases",
        label=_("Factures fournisseurs"),
        kind=_("Facture fournisseur"),
        icon="bag",
        list_page="billing:purchase-list",
        find=_find_purchases,
        hits=_purchase_hits,
    ),
    SearchSection(
        area="purchases",
        name="suppliers",
        label=_("Fournisseurs"),
        kind=_("Fournisseur"),
        icon="users",
        list_page="billing:supplier-list",
        find=_find_suppliers,
        hits=_supplier_hits,
    ),
    SearchSection(
        area="purchases",
        name="purchase-orders",
        label=_("Commandes fournisseurs"),
        kind=_("Commande fournisseur"),
        icon="cart",
        list_page="billing:purchase-order-list",
        find=_find_purchase_orders,
        hits=_purchase_order_hits,
        numbered=PurchaseOrder,
    ),
    SearchSection(
        area="orders",
        label=_("Commandes"),
        kind=_("Commande"),
        icon="cart",
        list_page="billing:order-list",
        find=_find_orders,
        hits=_order_hits,
        numbered=SalesOrder,
    ),
    SearchSection(
        area="products",
        label=_("Produits"),
        kind=_("Produit"),
        icon="box",
        list_page="billing:product-list",
        find=_find_products,
        hits=_product_hits,
    ),
)
