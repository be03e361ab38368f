"""What can be done with many drafts, orders and supplier invoices at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.forms.invoices import InvoiceFilter
from billing.forms.orders import OrderFilter
from billing.forms.purchases.filters import PurchaseFilter
from billing.models import Invoice, InvoiceStatus, OrderStatus, SalesOrder
from billing.purchases.approving import approve_purchase
from billing.purchases.models import PurchaseInvoice, PurchaseStatus
from billing.services.generating import generate_invoice
from billing.services.invoices import delete_draft
from config.kernel import typography
from config.kernel.actor import Actor
from config.kernel.bulk.acts import BulkAct, BulkList, declare_acts, declare_list


def _named(invoice: Invoice) -> str:
    total = typography.money(invoice.total_gross, invoice.currency)
    return f"{invoice} – {invoice.buyer_name or invoice.customer.name} – {total}"


def drafts(invoices: QuerySet[Any], _on: date) -> QuerySet[Any]:
    return invoices.filter(status=InvoiceStatus.DRAFT)


def _delete(invoice: Invoice, _options: Mapping[str, Any], actor: Actor, at: datetime) -> str:
    delete_draft(invoice=invoice, actor=actor, at=at)
    return gettext("Brouillon supprimé")


declare_list(
    BulkList(
        name="invoices",
        label=_("Factures"),
        field="invoice",
        area="invoices",
        page="billing:invoice-list",
        model=Invoice,
        found=lambda query, on: InvoiceFilter(query).narrow(Invoice.objects.all(), on=on),
        named=_named,
        related=("customer__terms", "company", "order", "corrects"),
    )
)
declare_acts(
    "invoices",
    BulkAct(
        name="delete",
        label=_("Supprimer les brouillons"),
        icon="trash",
        needs="invoices.edit",
        effect=_("Ces brouillons disparaissent avec leurs lignes. Aucun numéro n’avait été pris."),
        warning=_("Un brouillon supprimé ne revient pas."),
        takes=drafts,
        work=_delete,
        amount="total_gross",
        danger=True,
    ),
)


def _to_invoice(orders: QuerySet[Any], _on: date) -> QuerySet[Any]:
    return orders.filter(status=OrderStatus.SHIPPED, invoiced=False)


def _generate(order: SalesOrder, _options: Mapping[str, Any], actor: Actor, at: datetime) -> str:
    invoice = generate_invoice(order=order, actor=actor, at=at)
    total = typography.money(invoice.total_gross, invoice.currency)
    return gettext("Brouillon de facture préparé : %(total)s") % {"total": total}


declare_list(
    BulkList(
        name="orders",
        label=_("Commandes"),
        field="order",
        area="orders",
        page="billing:order-list",
        model=SalesOrder,
        found=lambda query, _on: OrderFilter(query).narrow(SalesOrder.objects.all()),
        named=lambda order: f"{order.number} – {order.customer.name}",
        related=("customer",),
    )
)
declare_acts(
    "orders",
    BulkAct(
        name="generate",
        label=_("Générer une facture par commande"),
        icon="invoice",
        needs="invoices.edit",
        effect=_("Chaque commande expédiée donne un brouillon de facture, à relire avant d’être émis."),
        takes=_to_invoice,
        work=_generate,
        amount="total_gross",
    ),
)


def _to_approve(purchases: QuerySet[Any], _on: date) -> QuerySet[Any]:
    return purchases.filter(status=PurchaseStatus.TO_APPROVE)


def _approve(purchase: PurchaseInvoice, _options: Mapping[str, Any], actor: Actor, at: datetime) -> str:
    approved = approve_purchase(purchase=purchase, actor=actor, at=at)
    if approved.status == PurchaseStatus.TO_APPROVE:
        return gettext("Accord donné : d’autres sont encore attendus")
    return gettext("Bon à payer donné")


declare_list(
    BulkList(
        name="purchases",
        label=_("Factures fournisseurs"),
        field="purchase",
        area="purchases",
        page="billing:purchase-list",
        model=PurchaseInvoice,
        found=lambda query, on: PurchaseFilter(query).narrow(PurchaseInvoice.objects.all(), on=on),
        named=lambda row: f"{row.number} – {row.supplier.name} – {typography.money(row.total_gross, row.currency)}",
        related=("supplier",),
        order=("due_date", "id"),
    )
)
declare_acts(
    "purchases",
    BulkAct(
        name="approve",
        label=_("Donner le bon à payer"),
        icon="check",
        needs="purchases.approve",
        effect=_("Votre accord est donné à chacune ; avec le dernier accord attendu, elle est comptabilisée."),
        warning=_("Une facture comptabilisée ne se modifie plus. Celles confiées à d’autres sont refusées."),
        takes=_to_approve,
        work=_approve,
        amount="total_gross",
    ),
)
