"""Of documents: what should be in the books of the period and is not yet."""

from __future__ import annotations

from collections.abc import Iterator

from django.db.models import Count, Min, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from billing.invoiced import is_invoiced
from billing.ledger.calendar import DAY
from billing.ledger.checks import Check, Finding, Period
from billing.models import Invoice, InvoiceStatus, OrderStatus, PurchaseInvoice, SalesOrder
from billing.purchases.models import PurchaseStatus
from config.kernel.clock import start_of_day
from config.kernel.todo import counted, one_or_list


def drafts(period: Period) -> Iterator[Finding]:
    """Drafts of what was delivered in the period, or was begun in it where they say no day: issued, or deleted."""
    begun = Q(supply_date=None, created_at__lt=start_of_day(period.through + DAY))
    of_period = Q(supply_date__lte=period.through) | begun
    row = Invoice.objects.filter(of_period, status=InvoiceStatus.DRAFT).aggregate(count=Count("pk"), only=Min("pk"))
    if row["count"]:
        sentence = ngettext(
            "%(n)s brouillon de facture de la période",
            "%(n)s brouillons de factures de la période",
            row["count"],
        )
        yield Finding(
            sentence=counted(sentence, row["count"]),
            detail=_("Émis plus tard, il serait comptabilisé plus tard que sa livraison."),
            action=_("Émettre ou supprimer"),
            url=one_or_list(
                row["count"], row["only"], "billing:invoice-detail", "billing:invoice-list", "status=draft"
            ),
        )


def shipped(period: Period) -> Iterator[Finding]:
    """Shipped and not invoiced: to invoice, or invoices to be drawn up (4181)."""
    end = start_of_day(period.through + DAY)
    orders = SalesOrder.objects.annotate(invoiced=is_invoiced())
    orders = orders.filter(status=OrderStatus.SHIPPED, invoiced=False, shipped_at__lt=end)
    row = orders.aggregate(count=Count("pk"), only=Min("pk"))
    if row["count"]:
        sentence = ngettext(
            "%(n)s commande expédiée et non facturée", "%(n)s commandes expédiées et non facturées", row["count"]
        )
        url = one_or_list(row["count"], row["only"], "billing:order-detail", "billing:order-list", "status=TO_INVOICE")
        yield Finding(
            sentence=counted(sentence, row["count"]),
            detail=_("À facturer, ou à constater en factures à établir (4181)."),
            action=_("Facturer"),
            url=url,
        )


WAITING = (PurchaseStatus.TO_CHECK, PurchaseStatus.TO_APPROVE, PurchaseStatus.APPROVED)


def purchases(period: Period) -> Iterator[Finding]:
    """Supplier invoices of the period that are not booked."""
    of_period = Q(status__in=WAITING, issue_date__lte=period.through)
    row = PurchaseInvoice.objects.filter(of_period).order_by().aggregate(count=Count("pk"), only=Min("pk"))
    if row["count"]:
        sentence = ngettext(
            "%(n)s facture fournisseur de la période n’est pas comptabilisée",
            "%(n)s factures fournisseurs de la période ne sont pas comptabilisées",
            row["count"],
        )
        url = one_or_list(
            row["count"], row["only"], "billing:purchase-detail", "billing:purchase-list", "status=to_check"
        )
        yield Finding(
            sentence=counted(sentence, row["count"]),
            detail=_("Validée après la clôture, elle sera comptabilisée au premier jour ouvert."),
            action=_("Vérifier"),
            url=url,
        )


CHECKS = (
    Check("drafts", gettext_lazy("Factures de vente"), gettext_lazy("Aucun brouillon n’attend."), drafts),
    Check("shipped", gettext_lazy("Livraisons"), gettext_lazy("Tout ce qui est expédié est facturé."), shipped),
    Check(
        "purchases", gettext_lazy("Achats"), gettext_lazy("Toutes les factures reçues sont comptabilisées."), purchases
    ),
)
