"""The rates of late interest, by half-year (C. com. L441-10 II)."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.models import CompanyRow

PERCENT = [MinValueValidator(0), MaxValueValidator(99)]


class LateInterestRate(CompanyRow):
    """One half-year, in percent, and where it was read (C. com. L441-10 II).

    PostgreSQL gives a new company those that are known.
    """

    year = models.PositiveSmallIntegerField(_("année"), validators=[MinValueValidator(2000), MaxValueValidator(2100)])
    half = models.PositiveSmallIntegerField(
        _("semestre"), choices=[(1, _("premier semestre")), (2, _("second semestre"))]
    )
    ecb = models.DecimalField(_("taux de refinancement BCE (%)"), max_digits=5, decimal_places=2, validators=PERCENT)
    legal = models.DecimalField(_("taux d’intérêt légal (%)"), max_digits=5, decimal_places=2, validators=PERCENT)
    source = models.CharField(_("source"), max_length=200)

    class Meta(CompanyRow.Meta):
        verbose_name = _("taux de retard")
        verbose_name_plural = _("taux de retard")
        ordering = ["-year", "-half"]
        constraints = [
            models.UniqueConstraint(fields=["company", "year", "half"], name="one_rate_per_half_year"),
            models.CheckConstraint(condition=models.Q(half__in=[1, 2]), name="a_year_has_two_halves"),
        ]

    def __str__(self) -> str:
        return f"{self.get_half_display()} {self.year}"
