"""What a line of an order and a line of an invoice share (BG-25)."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models.products import Product, Unit, VatCategory
from billing.totals import PricedLine
from config.kernel.models import CompanyRow


class DocumentLine(CompanyRow):
    """A priced line. `net_amount` is BT-131, written by the service from billing.totals."""

    position = models.PositiveSmallIntegerField(_("position"))
    product = models.ForeignKey(Product, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    description = models.CharField(_("désignation"), max_length=500)
    is_service = models.BooleanField(_("prestation de service"), default=False)
    quantity = models.DecimalField(_("quantité"), max_digits=14, decimal_places=4)
    unit = models.CharField(_("unité"), max_length=3, choices=Unit.choices, default=Unit.PIECE)
    unit_price = models.DecimalField(_("prix unitaire HT"), max_digits=16, decimal_places=6)
    discount_percent = models.DecimalField(_("remise %"), max_digits=5, decimal_places=2, default=Decimal("0"))
    vat_category = models.CharField(_("régime de TVA"), max_length=2, choices=VatCategory.choices, default="S")
    vat_rate = models.DecimalField(_("taux de TVA"), max_digits=5, decimal_places=2, default=Decimal("20.00"))
    exemption_code = models.CharField(_("motif d’exonération (VATEX)"), max_length=30, blank=True)
    net_amount = models.DecimalField(_("montant HT"), max_digits=16, decimal_places=2, default=Decimal("0"))

    class Meta(CompanyRow.Meta):
        abstract = True
        ordering = ["position"]
        constraints = [
            models.CheckConstraint(condition=Q(unit_price__gte=0), name="%(class)s_price_is_not_negative"),
            models.CheckConstraint(
                condition=Q(discount_percent__gte=0) & Q(discount_percent__lte=100),
                name="%(class)s_discount_is_a_percent",
            ),
            models.CheckConstraint(
                condition=Q(vat_rate__gte=0) & (Q(vat_category="S") | Q(vat_rate=0)),
                name="%(class)s_rate_fits_category",
            ),
        ]

    def priced(self) -> PricedLine:
        """The line as billing.totals reads it."""
        return PricedLine(
            quantity=self.quantity,
            unit_price=self.unit_price,
            discount_percent=self.discount_percent,
            vat_category=self.vat_category,
            vat_rate=self.vat_rate,
            exemption_code=self.exemption_code,
        )
