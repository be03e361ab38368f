"""What paying adds to the record of a purchase: what paid it, the run it is in, and the button for money."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.urls import reverse
from django.utils.translation import gettext as _

from billing.panels import Action
from billing.purchases import panels
from billing.purchases.models import PurchaseInvoice, PurchaseStatus
from customers.panels import Panel
from payments.models import PaymentRunLine, SupplierShare


def register() -> None:
    """Called once, when the app is ready."""
    panels.register(panels=side_panels, actions=actions)


def side_panels(purchase: PurchaseInvoice) -> Iterator[Panel]:
    """Two queries."""
    shares = list(SupplierShare.objects.filter(purchase=purchase).select_related("payment").order_by("-at", "-id"))
    line = PaymentRunLine.objects.filter(purchase=purchase, ended_at=None).select_related("run").first()
    if shares or line:
        context = {"shares": shares, "line": line, "purchase": purchase}
        yield Panel(_("Règlements"), "payments/supplier_payment/_purchase_panel.html", context)


def actions(purchase: PurchaseInvoice, on: date) -> Iterator[Action]:
    if purchase.status == PurchaseStatus.BOOKED and not purchase.is_credit_note:
        url = reverse("payments:supplier-payment-new", args=[purchase.pk])
        label = _("Enregistrer un règlement")
        yield Action(label, url, "coins", primary_rank=panels.PAY, needs="purchases.pay")
