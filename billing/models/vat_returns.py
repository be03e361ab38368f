"""A VAT return (CA3) as it was filed."""

from __future__ import annotations

from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from config.kernel.models import CompanyRow


class VatRhythm(models.TextChoices):
    MONTH = "month", _("Chaque mois")
    QUARTER = "quarter", _("Chaque trimestre")


class VatSchedule(CompanyRow):
    """From which day VAT is declared here, and by which periods. What was before was declared elsewhere."""

    rhythm = models.CharField(_("rythme"), max_length=7, choices=VatRhythm.choices)
    starts_on = models.DateField(_("première période du"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("rythme de la TVA")
        verbose_name_plural = _("rythmes de la TVA")
        constraints = [models.UniqueConstraint(fields=["company"], name="one_vat_schedule_per_company")]

    def __str__(self) -> str:
        return f"{self.get_rhythm_display()} {self.starts_on:%d/%m/%Y}"


class VatReturn(CompanyRow):
    """The boxes of a period as they were declared, in whole euros. Append-only; periods follow one another.

    `boxes` holds {"base": "1200", "tax": "240"} under the code of each. Its settlement entry names it as its source.
    """

    starts_on = models.DateField(_("du"))
    ends_on = models.DateField(_("au"))
    edition = models.CharField(_("formulaire"), max_length=40)
    boxes = models.JSONField(_("cases"))
    to_pay = models.DecimalField(_("à payer"), max_digits=16, decimal_places=2)
    carried = models.DecimalField(_("crédit reporté"), max_digits=16, decimal_places=2)
    refund = models.DecimalField(_("remboursement demandé"), max_digits=16, decimal_places=2, default=Decimal("0"))
    filed_at = models.DateTimeField(_("déclarée le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("déclaration de TVA")
        verbose_name_plural = _("déclarations de TVA")
        constraints = [
            models.UniqueConstraint(fields=["company", "starts_on"], name="one_vat_return_per_start"),
            models.UniqueConstraint(fields=["company", "ends_on"], name="one_vat_return_per_end"),
            models.CheckConstraint(condition=Q(ends_on__gt=F("starts_on")), name="a_vat_return_ends_after_its_start"),
            models.CheckConstraint(
                condition=Q(to_pay__gte=0, carried__gte=0, refund__gte=0), name="a_vat_return_is_not_negative"
            ),
        ]

    def __str__(self) -> str:
        return f"TVA {self.code}"

    @property
    def code(self) -> str:
        """2026-11 for a month, 2026-T4 for a quarter."""
        if (self.ends_on - self.starts_on).days > 31:
            return f"{self.starts_on.year}-T{(self.starts_on.month + 2) // 3}"
        return f"{self.starts_on:%Y-%m}"

    def get_absolute_url(self) -> str:
        # of a key alone, as a timeline has it, the period is not known
        return reverse("billing:vat-period", args=[self.code]) if self.starts_on else ""
