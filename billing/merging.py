"""What of billing follows a customer into another record, and what holds a merge up."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Q
from django.utils.translation import gettext_noop as n

from billing.models import Invoice, InvoiceStatus, OrderStatus, RebateAgreement, SalesOrder
from billing.purchases.models import (
    PurchaseInvoice,
    PurchaseOrder,
    PurchaseOrderStatus,
    PurchaseStatus,
    SupplierIban,
    SupplierRule,
)
from customers.merging import register as register_merging
from customers.models import Customer

UNBOOKED = (PurchaseStatus.TO_CHECK, PurchaseStatus.TO_APPROVE, PurchaseStatus.APPROVED)


def register() -> None:
    register_merging(blocks=in_flight, follows=_follow)


def in_flight(customer: Customer) -> Iterator[str]:
    """What a confirmed document says of its customer is frozen: it goes to its end first."""
    open_orders = SalesOrder.objects.filter(customer=customer, billed_by=None)
    if open_orders.filter(status__in=[OrderStatus.PENDING, OrderStatus.SHIPPED]).exists():
        yield n("une commande confirmée n’est pas facturée : facturez-la ou annulez-la.")
    deposits = Q(amount_deposited__gt=0) | Q(deposits_ahead__number__isnull=False)
    if Invoice.objects.filter(deposits, customer=customer, status=InvoiceStatus.DRAFT).exists():
        yield n("un brouillon déduit un acompte : émettez-le ou supprimez-le.")
    if PurchaseOrder.objects.filter(supplier=customer, status=PurchaseOrderStatus.PLACED).exists():
        yield n("une commande passée à ce fournisseur court : soldez-la ou annulez-la.")
    if PurchaseInvoice.objects.filter(supplier=customer, status__in=UNBOOKED).exists():
        yield n("une facture de ce fournisseur n’est pas comptabilisée : menez-la à son terme.")
    if RebateAgreement.objects.filter(customer=customer, credited_at=None).exists():
        yield n("un accord de remise n’est pas encore crédité : menez-le à son terme.")


def _follow(kept: Customer, absorbed: Customer) -> dict[str, int]:
    """Drafts follow, but for corrections of what the absorbed record was billed."""
    drafts = Invoice.objects.filter(customer=absorbed, status=InvoiceStatus.DRAFT, corrects=None, order=None)
    known = SupplierIban.objects.filter(supplier=kept).values("iban")
    moved = {
        "drafts": drafts.update(customer=kept),
        "orders": SalesOrder.objects.filter(customer=absorbed, status=OrderStatus.DRAFT).update(customer=kept),
        "purchase_orders": PurchaseOrder.objects.filter(supplier=absorbed, status=PurchaseOrderStatus.DRAFT).update(
            supplier=kept
        ),
        "ibans": SupplierIban.objects.filter(supplier=absorbed).exclude(iban__in=known).update(supplier=kept),
    }
    if not SupplierRule.objects.filter(supplier=kept).exists():
        moved["rules"] = SupplierRule.objects.filter(supplier=absorbed).update(supplier=kept)
    return moved
