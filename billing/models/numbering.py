"""The counters of legal numbers: one locked row per company, series and year (CGI ann. II 242 nonies A, I-7°)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.models import CompanyRow


class NumberSequence(CompanyRow):
    """The last number given in a series of a year, and the day it bears: days in a series never go back."""

    series = models.CharField(_("série"), max_length=10)
    year = models.PositiveSmallIntegerField(_("année"))
    last = models.PositiveIntegerField(_("dernier numéro"), default=0)
    last_day = models.DateField(_("dernière date"), null=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("série de numéros")
        verbose_name_plural = _("séries de numéros")
        constraints = [
            models.UniqueConstraint(fields=["company", "series", "year"], name="one_counter_per_series_and_year")
        ]

    def __str__(self) -> str:
        return f"{self.series}-{self.year}"
