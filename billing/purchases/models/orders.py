"""What was ordered from a supplier and what came of it: what an invoice is held against before it is approved."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.purchases.models.parts import PurchaseLine
from config.kernel.models import CompanyRow, User
from config.kernel.money import round2
from config.kernel.states import can_move
from customers.models import Customer


class PurchaseOrderStatus(models.TextChoices):
    DRAFT = "DRAFT", _("Brouillon")
    PLACED = "PLACED", _("Passée")
    CLOSED = "CLOSED", _("Soldée")
    CANCELLED = "CANCELLED", _("Annulée")


class PurchaseOrder(CompanyRow):
    """An order to a supplier, by the number that it quotes on its invoice (BT-13)."""

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        PurchaseOrderStatus.DRAFT: frozenset({PurchaseOrderStatus.PLACED, PurchaseOrderStatus.CANCELLED}),
        PurchaseOrderStatus.PLACED: frozenset({PurchaseOrderStatus.CLOSED, PurchaseOrderStatus.CANCELLED}),
        PurchaseOrderStatus.CLOSED: frozenset({PurchaseOrderStatus.PLACED}),
        PurchaseOrderStatus.CANCELLED: frozenset(),
    }

    number = models.CharField(_("numéro"), max_length=20)
    supplier = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="purchase_orders", verbose_name=_("fournisseur")
    )
    status = models.CharField(
        _("état"), max_length=10, choices=PurchaseOrderStatus.choices, default=PurchaseOrderStatus.DRAFT
    )
    order_date = models.DateField(_("date de commande"))
    expected_on = models.DateField(_("attendue le"), null=True, blank=True)
    currency = models.CharField(_("devise"), max_length=3, default="EUR")
    total_net = models.DecimalField(_("total HT"), max_digits=16, decimal_places=2, default=Decimal(0))
    internal_notes = models.TextField(_("notes internes"), blank=True)
    created_at = models.DateTimeField(_("enregistrée le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("commande fournisseur")
        verbose_name_plural = _("commandes fournisseurs")
        constraints = [models.UniqueConstraint(fields=["company", "number"], name="one_purchase_order_per_number")]
        indexes = [models.Index(fields=["company", "-order_date", "-id"], name="purchase_order_by_date")]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("billing:purchase-order-detail", args=[self.pk])

    @property
    def is_editable(self) -> bool:
        return self.status == PurchaseOrderStatus.DRAFT

    @property
    def can_be_placed(self) -> bool:
        return self.is_editable and can_move(self, PurchaseOrderStatus.PLACED)

    @property
    def can_be_received(self) -> bool:
        return self.status == PurchaseOrderStatus.PLACED

    @property
    def can_be_closed(self) -> bool:
        return can_move(self, PurchaseOrderStatus.CLOSED)

    @property
    def can_be_reopened(self) -> bool:
        return self.status == PurchaseOrderStatus.CLOSED and can_move(self, PurchaseOrderStatus.PLACED)

    @property
    def can_be_cancelled(self) -> bool:
        return can_move(self, PurchaseOrderStatus.CANCELLED)


class PurchaseOrderLine(CompanyRow):
    """So much of something at a price without VAT; `account` is proposed to the line of the invoice.

    A product whose stock is kept comes in with each receipt.
    """

    order = models.ForeignKey(PurchaseOrder, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField(_("position"))
    description = models.CharField(_("désignation"), max_length=500)
    quantity = models.DecimalField(_("quantité"), max_digits=14, decimal_places=4)
    unit_price = models.DecimalField(_("prix unitaire HT"), max_digits=16, decimal_places=6)
    account = models.CharField(_("compte"), max_length=10, blank=True)
    product = models.ForeignKey(
        "billing.Product",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="purchase_order_lines",
        verbose_name=_("produit"),
    )

    class Meta(CompanyRow.Meta):
        verbose_name = _("ligne de commande fournisseur")
        verbose_name_plural = _("lignes de commande fournisseur")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["order", "position"], name="one_ordered_line_per_position"),
            models.CheckConstraint(
                condition=Q(quantity__gt=0) & Q(unit_price__gte=0), name="something_is_ordered_at_a_price"
            ),
            models.CheckConstraint(
                condition=Q(account="") | Q(account__regex=r"^[1-7]\d{2,9}$"), name="ordered_account_is_of_the_pcg"
            ),
        ]

    def __str__(self) -> str:
        return self.description

    @property
    def net_amount(self) -> Decimal:
        return round2(self.quantity * self.unit_price)


class Receipt(CompanyRow):
    """What came on a day, by its delivery note."""

    order = models.ForeignKey(PurchaseOrder, on_delete=models.PROTECT, related_name="receipts")
    received_on = models.DateField(_("reçue le"))
    delivery_note = models.CharField(_("bon de livraison"), max_length=60, blank=True)
    received_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    at = models.DateTimeField(_("date"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("réception")
        verbose_name_plural = _("réceptions")
        ordering = ["received_on", "id"]

    def __str__(self) -> str:
        return self.delivery_note or str(self.received_on)


class ReceiptLine(CompanyRow):
    """So much of an ordered line came; negative for what went back."""

    receipt = models.ForeignKey(Receipt, on_delete=models.CASCADE, related_name="lines")
    order_line = models.ForeignKey(PurchaseOrderLine, on_delete=models.PROTECT, related_name="receipts")
    quantity = models.DecimalField(_("quantité"), max_digits=14, decimal_places=4)

    class Meta(CompanyRow.Meta):
        verbose_name = _("ligne de réception")
        verbose_name_plural = _("lignes de réception")
        constraints = [
            models.UniqueConstraint(fields=["receipt", "order_line"], name="one_receipt_line_per_ordered_line"),
            models.CheckConstraint(condition=~Q(quantity=0), name="a_receipt_is_of_something"),
        ]

    def __str__(self) -> str:
        return str(self.quantity)


class OrderMatch(CompanyRow):
    """The ordered line that a line of an invoice bills."""

    purchase_line = models.OneToOneField(PurchaseLine, on_delete=models.CASCADE, related_name="order_match")
    order_line = models.ForeignKey(PurchaseOrderLine, on_delete=models.PROTECT, related_name="matches")

    class Meta(CompanyRow.Meta):
        verbose_name = _("rapprochement de commande")
        verbose_name_plural = _("rapprochements de commandes")

    def __str__(self) -> str:
        return f"{self.purchase_line_id} ← {self.order_line_id}"
