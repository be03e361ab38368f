"""Sales orders: draft → pending (confirmed) → shipped; cancelled before shipping."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.models.lines import DocumentLine
from config.kernel.models import CompanyRow
from config.kernel.states import can_move
from customers.models import Customer


class OrderStatus(models.TextChoices):
    DRAFT = "DRAFT", _("Brouillon")
    PENDING = "PENDING", _("Confirmée")
    SHIPPED = "SHIPPED", _("Expédiée")
    CANCELLED = "CANCELLED", _("Annulée")


class SalesOrder(CompanyRow):
    """What a customer ordered. Once shipped it offers its invoice."""

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        OrderStatus.DRAFT: frozenset({OrderStatus.PENDING, OrderStatus.CANCELLED}),
        OrderStatus.PENDING: frozenset({OrderStatus.SHIPPED, OrderStatus.CANCELLED}),
        OrderStatus.SHIPPED: frozenset(),
        OrderStatus.CANCELLED: frozenset(),
    }

    number = models.CharField(_("numéro"), max_length=20)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="orders", verbose_name=_("client"))
    status = models.CharField(_("état"), max_length=10, choices=OrderStatus.choices, default=OrderStatus.DRAFT)
    order_date = models.DateField(_("date de commande"))
    purchase_order = models.CharField(_("n° de commande ou d’engagement du client"), max_length=50, blank=True)
    service_code = models.CharField(_("code service"), max_length=100, blank=True)
    delivery = models.JSONField(_("adresse de livraison"), default=dict, blank=True)
    notes = models.TextField(_("notes imprimées"), blank=True)
    currency = models.CharField(_("devise"), max_length=3, default="EUR")
    total_net = models.DecimalField(_("total HT"), max_digits=16, decimal_places=2, default=Decimal("0"))
    total_vat = models.DecimalField(_("TVA"), max_digits=16, decimal_places=2, default=Decimal("0"))
    total_gross = models.DecimalField(_("total TTC"), max_digits=16, decimal_places=2, default=Decimal("0"))
    # the invoice that bills it with other orders; one that bills it alone has it as its `order`
    billed_by = models.ForeignKey(
        "billing.Invoice", on_delete=models.SET_NULL, null=True, editable=False, related_name="grouped_orders"
    )
    shipped_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("commande")
        verbose_name_plural = _("commandes")
        constraints = [models.UniqueConstraint(fields=["company", "number"], name="one_order_per_number")]
        indexes = [
            models.Index(fields=["company", "-order_date", "-id"], name="order_by_date"),
            models.Index(fields=["company", "status", "-order_date"], name="order_by_status"),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("billing:order-detail", args=[self.pk])

    @property
    def is_editable(self) -> bool:
        return self.status == OrderStatus.DRAFT

    @property
    def can_be_confirmed(self) -> bool:
        return can_move(self, OrderStatus.PENDING)

    @property
    def can_be_shipped(self) -> bool:
        return can_move(self, OrderStatus.SHIPPED)

    @property
    def can_be_cancelled(self) -> bool:
        return can_move(self, OrderStatus.CANCELLED)


class OrderLine(DocumentLine):
    order = models.ForeignKey(SalesOrder, on_delete=models.CASCADE, related_name="lines")

    class Meta(DocumentLine.Meta):
        verbose_name = _("ligne de commande")
        verbose_name_plural = _("lignes de commande")

    def __str__(self) -> str:
        return self.description
