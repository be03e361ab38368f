"""The lists of invoices, orders, products and e-mails as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models import Email, Invoice, Product, SalesOrder
from billing.order_standing import standing_of
from billing.standing import chips_of, days_late
from config.kernel.clock import local_day
from config.kernel.exports import Column, Row
from config.kernel.list_files import ListFile

TOTALS = (
    Column("currency", _("Devise")),
    Column("net", _("Total HT"), "money"),
    Column("vat", _("TVA"), "money"),
    Column("gross", _("Total TTC"), "money"),
)


def _invoices(invoices: Sequence[Invoice]) -> Iterator[Row]:
    today = local_day(timezone.now())
    chips = chips_of(invoices, today)
    for invoice in invoices:
        sign = -1 if invoice.is_credit_note else 1
        yield {
            "number": invoice.number,
            "kind": invoice.get_kind_display(),
            "customer": invoice.buyer_name or invoice.customer.name,
            "siren": invoice.customer.siren,
            "issued": invoice.issue_date,
            "due": None if invoice.is_credit_note else invoice.due_date,
            "late": days_late(invoice, today) or None,
            "state": chips[invoice.pk].label,
            "order": invoice.purchase_order,
            "reference": invoice.external_reference,
            "currency": invoice.currency,
            "net": sign * invoice.total_net,
            "vat": sign * invoice.total_vat,
            "gross": sign * invoice.total_gross,
            "deposited": sign * invoice.amount_deposited,
            "paid": sign * invoice.amount_paid,
            "credited": invoice.amount_credited,
            "remaining": invoice.balance if invoice.can_be_paid else None,
        }


INVOICES = ListFile(
    "invoices",
    _("Factures"),
    (
        Column("number", _("Numéro")),
        Column("kind", _("Type")),
        Column("customer", _("Client")),
        Column("siren", "SIREN"),
        Column("issued", _("Date"), "date"),
        Column("due", _("Échéance"), "date"),
        Column("late", _("Jours de retard"), "number"),
        Column("state", _("État")),
        Column("order", _("N° de commande du client")),
        Column("reference", _("Référence externe")),
        *TOTALS,
        Column("deposited", _("Acomptes déduits"), "money"),
        Column("paid", _("Payé"), "money"),
        Column("credited", _("Crédité"), "money"),
        Column("remaining", _("Reste à payer"), "money"),
    ),
    _invoices,
)


def _orders(orders: Sequence[SalesOrder]) -> Iterator[Row]:
    for order in orders:
        yield {
            "number": order.number,
            "customer": order.customer.name,
            "ordered": order.order_date,
            "state": standing_of(order, invoiced=order.invoiced)["label"],  # type: ignore[attr-defined]  # of the filter
            "order": order.purchase_order,
            "shipped": order.shipped_at,
            "currency": order.currency,
            "net": order.total_net,
            "vat": order.total_vat,
            "gross": order.total_gross,
        }


ORDERS = ListFile(
    "orders",
    _("Commandes"),
    (
        Column("number", _("Numéro")),
        Column("customer", _("Client")),
        Column("ordered", _("Date"), "date"),
        Column("state", _("État")),
        Column("order", _("N° de commande du client")),
        Column("shipped", _("Expédiée le"), "date"),
        *TOTALS,
    ),
    _orders,
)


def _products(products: Sequence[Product]) -> Iterator[Row]:
    for product in products:
        yield {
            "reference": product.reference,
            "name": product.name,
            "description": product.description,
            "nature": _("Prestation") if product.is_service else _("Bien"),
            "unit": product.get_unit_display(),
            "price": product.unit_price,
            "regime": product.get_vat_category_display(),
            "rate": product.vat_rate,
            "stock": product.on_hand if product.tracks_stock else None,
        }


PRODUCTS = ListFile(
    "products",
    _("Produits"),
    (
        Column("reference", _("Référence")),
        Column("name", _("Désignation")),
        Column("description", _("Description")),
        Column("nature", _("Nature")),
        Column("unit", _("Unité")),
        Column("price", _("Prix unitaire HT"), "number"),
        Column("regime", _("Régime de TVA")),
        Column("rate", _("Taux de TVA (%)"), "percent"),
        Column("stock", _("En stock"), "number"),
    ),
    _products,
)


def _emails(emails: Sequence[Email]) -> Iterator[Row]:
    for email in emails:
        yield {
            "recipient": email.recipient,
            "subject": email.subject_line,
            "kind": email.get_kind_display(),
            "invoice": email.invoice.number if email.invoice else "",
            "created": email.created_at,
            "sent": email.sent_at,
            "state": email.get_status_display(),
            "error": email.last_error,
        }


EMAILS = ListFile(
    "emails",
    _("E-mails"),
    (
        Column("recipient", _("Destinataire")),
        Column("subject", _("Objet")),
        Column("kind", _("Type")),
        Column("invoice", _("Facture")),
        Column("created", _("Préparé le"), "date"),
        Column("sent", _("Envoyé le"), "date"),
        Column("state", _("État")),
        Column("error", _("Dernière erreur")),
    ),
    _emails,
)
