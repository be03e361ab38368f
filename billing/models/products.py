"""Products and their stock: the quantity on hand is the sum of append-only movements."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from config.kernel.models import CompanyRow


class VatCategory(models.TextChoices):
    """The categories accepted in France (BR-FR-15, BT-151)."""

    STANDARD = "S", _("TVA au taux indiqué")
    EXEMPT = "E", _("Exonéré")
    REVERSE_CHARGE = "AE", _("Autoliquidation")
    INTRA_EU = "K", _("Livraison intracommunautaire")
    EXPORT = "G", _("Exportation")
    OUTSIDE = "O", _("Hors champ")
    ZERO = "Z", _("Taux zéro")


class Unit(models.TextChoices):
    """UN/ECE Recommendation 20 codes (BT-130) that a French back-office uses."""

    PIECE = "C62", _("unité")
    HOUR = "HUR", _("heure")
    DAY = "DAY", _("jour")
    MONTH = "MON", _("mois")
    KILOGRAM = "KGM", _("kg")
    METRE = "MTR", _("m")
    SQUARE_METRE = "MTK", _("m²")
    LITRE = "LTR", _("litre")
    LUMP_SUM = "LS", _("forfait")


class Product(CompanyRow):
    """What is sold: goods with stock, or a service."""

    reference = models.CharField(_("référence"), max_length=40)
    name = models.CharField(_("désignation"), max_length=200)
    description = models.TextField(_("description"), blank=True)
    is_service = models.BooleanField(_("prestation de service"), default=False)
    unit = models.CharField(_("unité"), max_length=3, choices=Unit.choices, default=Unit.PIECE)
    unit_price = models.DecimalField(_("prix unitaire HT"), max_digits=16, decimal_places=6)
    vat_category = models.CharField(_("régime de TVA"), max_length=2, choices=VatCategory.choices, default="S")
    vat_rate = models.DecimalField(_("taux de TVA"), max_digits=5, decimal_places=2, default=Decimal("20.00"))
    exemption_code = models.CharField(_("motif d’exonération (VATEX)"), max_length=30, blank=True)
    tracks_stock = models.BooleanField(_("suivi en stock"), default=False)
    on_hand = models.DecimalField(_("en stock"), max_digits=14, decimal_places=4, default=Decimal("0"), editable=False)
    archived_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("produit")
        verbose_name_plural = _("produits")
        constraints = [
            models.UniqueConstraint(fields=["company", "reference"], name="one_product_per_reference"),
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="product_price_is_not_negative"),
            models.CheckConstraint(condition=Q(on_hand__gte=0), name="stock_is_not_negative"),
            models.CheckConstraint(
                condition=Q(is_service=False) | Q(tracks_stock=False), name="a_service_has_no_stock"
            ),
        ]
        indexes = [
            models.Index(fields=["company", "name", "id"], name="product_by_name"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} – {self.name}"

    def get_absolute_url(self) -> str:
        return reverse("billing:product-detail", args=[self.pk])


class MovementReason(models.TextChoices):
    RECEIPT = "RECEIPT", _("Entrée")
    SHIPMENT = "SHIPMENT", _("Expédition")
    RETURN = "RETURN", _("Retour")
    COUNT = "COUNT", _("Inventaire")


class StockMovement(CompanyRow):
    """One change of stock, positive in, negative out. Append-only."""

    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="movements")
    quantity = models.DecimalField(_("quantité"), max_digits=14, decimal_places=4)
    reason = models.CharField(_("motif"), max_length=10, choices=MovementReason.choices)
    order = models.ForeignKey("billing.SalesOrder", on_delete=models.PROTECT, null=True, related_name="movements")
    note = models.CharField(_("note"), max_length=200, blank=True)
    at = models.DateTimeField(_("date"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("mouvement de stock")
        verbose_name_plural = _("mouvements de stock")
        constraints = [models.CheckConstraint(condition=~Q(quantity=0), name="a_movement_moves_something")]
        indexes = [models.Index(fields=["product", "-at"], name="movement_by_product")]

    def __str__(self) -> str:
        return f"{self.quantity:+f} {self.product_id}"
