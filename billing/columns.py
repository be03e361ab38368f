"""The lists of invoices, orders, products, e-mails and rebates as files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice, SalesOrder
from billing.order_standing import standing_of
from billing.standing import chips_of, days_late
from config.kernel import typography
from config.kernel.clock import local_day
from config.kernel.exports import Column, Row
from config.kernel.lists.declared import DeclaredList, Field, list_of

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


INVOICES = DeclaredList(
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
    ("number", "customer", "issued", "due", "state", "gross", "remaining"),
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


ORDERS = DeclaredList(
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
    ("number", "customer", "ordered", "order", "state", "gross"),
)


PRODUCTS = list_of(
    "products",
    _("Produits"),
    Field("reference", _("Référence"), "reference"),
    Field("name", _("Désignation"), "name"),
    Field("description", _("Description"), "description"),
    Field("nature", _("Nature"), lambda product: _("Prestation") if product.is_service else _("Bien")),
    Field("unit", _("Unité"), "get_unit_display"),
    Field("price", _("Prix unitaire HT"), "unit_price", "number"),
    Field("regime", _("Régime de TVA"), "get_vat_category_display"),
    Field("rate", _("Taux de TVA (%)"), "vat_rate", "percent"),
    Field("stock", _("En stock"), lambda product: product.on_hand if product.tracks_stock else None, "number"),
    drawn=("reference", "name", "rate", "stock", "price"),
)

EMAILS = list_of(
    "emails",
    _("E-mails"),
    Field("recipient", _("Destinataire"), "recipient"),
    Field("subject", _("Objet"), "subject_line"),
    Field("kind", _("Type"), "get_kind_display"),
    Field("invoice", _("Facture"), lambda email: email.invoice.number if email.invoice else ""),
    Field("created", _("Préparé le"), "created_at", "date"),
    Field("sent", _("Envoyé le"), "sent_at", "date"),
    Field("state", _("État"), "get_status_display"),
    Field("error", _("Dernière erreur"), "last_error"),
    drawn=("recipient", "subject", "invoice", "created", "state"),
)

REBATES = list_of(
    "rebates",
    _("Remises de fin d’année"),
    Field("name", _("Intitulé"), "name"),
    Field("customer", _("Client"), "customer.name"),
    Field("period", _("Période"), lambda row: f"{typography.day(row.starts_on)} – {typography.day(row.ends_on)}"),
    Field("credited", _("Avoirs préparés le"), "credited_at", "date"),
    Field("turnover", _("Chiffre d’affaires retenu"), "turnover", "money"),
    Field("amount", _("Remise HT"), "amount", "money"),
    drawn=("name", "customer", "period", "", "amount"),
)
