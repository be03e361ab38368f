"""The lists of supplier invoices and of suppliers as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.columns import TOTALS
from billing.purchases.models import PurchaseInvoice, PurchaseOrder
from billing.purchases.order_standing import chip_of_order
from billing.purchases.standing import chip_of
from config.kernel.clock import local_day
from config.kernel.exports import Column, Row
from config.kernel.lists.declared import DeclaredList
from customers.columns import IDENTITY, identity_cells
from customers.models import Customer


def _purchases(purchases: Sequence[PurchaseInvoice]) -> Iterator[Row]:
    today = local_day(timezone.now())
    for purchase in purchases:
        yield {
            "reference": purchase.reference,
            "number": purchase.number,
            "kind": purchase.get_kind_display(),
            "supplier": purchase.supplier.name,
            "siren": purchase.supplier.siren,
            "received": purchase.received_on,
            "issued": purchase.issue_date,
            "due": purchase.due_date,
            "state": chip_of(purchase, today).label,
            "currency": purchase.currency,
            "net": purchase.sign * purchase.total_net,
            "vat": purchase.sign * purchase.total_vat,
            "gross": purchase.sign * purchase.total_gross,
            "remaining": purchase.sign * purchase.balance if purchase.is_booked else None,
        }


PURCHASES = DeclaredList(
    "purchases",
    _("Achats"),
    (
        Column("reference", _("Référence")),
        Column("number", _("Numéro")),
        Column("kind", _("Type")),
        Column("supplier", _("Fournisseur")),
        Column("siren", "SIREN"),
        Column("received", _("Reçue le"), "date"),
        Column("issued", _("Date"), "date"),
        Column("due", _("Échéance"), "date"),
        Column("state", _("État")),
        *TOTALS,
        Column("remaining", _("Reste à régler"), "money"),
    ),
    _purchases,
    ("number", "supplier", "issued", "due", "state", "gross", "remaining"),
)


def _suppliers(suppliers: Sequence[Customer]) -> Iterator[Row]:
    for supplier, cells in zip(suppliers, identity_cells(suppliers), strict=True):
        rule = getattr(supplier, "purchase_rule", None)
        yield {
            **cells,
            "account": rule.account if rule else "",
            "owed": supplier.owed,  # type: ignore[attr-defined]  # of suppliers_with_owed
        }


def _purchase_orders(orders: Sequence[PurchaseOrder]) -> Iterator[Row]:
    for order in orders:
        yield {
            "number": order.number,
            "supplier": order.supplier.name,
            "siren": order.supplier.siren,
            "ordered": order.order_date,
            "expected": order.expected_on,
            "state": chip_of_order(order.standing).label,  # type: ignore[attr-defined]  # of with_order_standing
            "currency": order.currency,
            "net": order.total_net,
        }


PURCHASE_ORDERS = DeclaredList(
    "purchase-orders",
    _("Commandes fournisseurs"),
    (
        Column("number", _("Numéro")),
        Column("supplier", _("Fournisseur")),
        Column("siren", "SIREN"),
        Column("ordered", _("Date"), "date"),
        Column("expected", _("Attendue le"), "date"),
        Column("state", _("État")),
        Column("currency", _("Devise")),
        Column("net", _("Total HT"), "money"),
    ),
    _purchase_orders,
    ("number", "supplier", "ordered", "expected", "state", "net"),
)

SUPPLIERS = DeclaredList(
    "suppliers",
    _("Fournisseurs"),
    (*IDENTITY, Column("account", _("Compte de charge")), Column("owed", _("Reste à régler"), "money")),
    _suppliers,
    ("name", "siren", "terms", "account", "", "owed"),
)
