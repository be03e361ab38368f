"""What a customer was promised on the turnover of a period, and the credit notes that gave it."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.models.invoices import Invoice
from billing.models.products import Product
from config.kernel.models import CompanyRow
from customers.models import Customer


class RebateAgreement(CompanyRow):
    """A year-end rebate. `turnover` and `amount` are what was credited, as computed then; NULL until it is."""

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="rebates", verbose_name=_("client"))
    name = models.CharField(_("intitulé"), max_length=80)
    starts_on = models.DateField(_("du"))
    ends_on = models.DateField(_("au"))
    is_marginal = models.BooleanField(_("par tranche"), default=False)
    turnover = models.DecimalField(_("chiffre d’affaires retenu"), max_digits=16, decimal_places=2, null=True)
    amount = models.DecimalField(_("remise HT"), max_digits=16, decimal_places=2, null=True)
    credited_at = models.DateTimeField(_("préparée le"), null=True)
    created_at = models.DateTimeField(_("créé le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("remise de fin d’année")
        verbose_name_plural = _("remises de fin d’année")
        constraints = [
            models.CheckConstraint(condition=Q(ends_on__gte=F("starts_on")), name="a_rebate_has_a_period"),
            models.CheckConstraint(
                condition=Q(credited_at=None, amount=None, turnover=None)
                | Q(credited_at__isnull=False, amount__gt=0, turnover__gt=0),
                name="a_credited_rebate_has_its_figures",
            ),
        ]
        indexes = [models.Index(fields=["company", "-ends_on", "-id"], name="rebates_by_period")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("billing:rebate-detail", args=[self.pk])


class RebateTier(CompanyRow):
    agreement = models.ForeignKey(RebateAgreement, on_delete=models.CASCADE, related_name="tiers", db_index=False)
    above = models.DecimalField(_("à partir de (HT)"), max_digits=16, decimal_places=2)
    rate = models.DecimalField(_("taux"), max_digits=5, decimal_places=2)

    class Meta(CompanyRow.Meta):
        verbose_name = _("palier de remise")
        verbose_name_plural = _("paliers de remise")
        constraints = [
            models.UniqueConstraint(fields=["agreement", "above"], name="one_rate_per_tier"),
            models.CheckConstraint(
                condition=Q(above__gte=0, rate__gt=0, rate__lte=Decimal(100)), name="a_tier_gives_a_share"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.above} : {self.rate} %"


class RebateProduct(CompanyRow):
    """A product whose sales count; all count where an agreement names none."""

    agreement = models.ForeignKey(RebateAgreement, on_delete=models.CASCADE, related_name="products", db_index=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT, related_name="+")

    class Meta(CompanyRow.Meta):
        verbose_name = _("produit d’une remise")
        verbose_name_plural = _("produits d’une remise")
        constraints = [models.UniqueConstraint(fields=["agreement", "product"], name="a_rebate_names_a_product_once")]

    def __str__(self) -> str:
        return f"{self.product_id}"


class RebateNote(CompanyRow):
    """A credit note that gives its part; a draft that is thrown away takes this row with it."""

    agreement = models.ForeignKey(RebateAgreement, on_delete=models.PROTECT, related_name="notes")
    note = models.OneToOneField(Invoice, on_delete=models.CASCADE, related_name="rebate")

    class Meta(CompanyRow.Meta):
        verbose_name = _("avoir d’une remise")
        verbose_name_plural = _("avoirs d’une remise")

    def __str__(self) -> str:
        return f"{self.note_id}"
