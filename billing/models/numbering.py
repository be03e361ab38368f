"""The counters of legal numbers: one locked row per company, series and year (CGI ann. II 242 nonies A, I-7°)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.models import CompanyRow


class NumberSequence(CompanyRow):
    """The last number given in a series of a year, and the day it bears: days in a series never go back.

    A series whose numbers are not written SERIES-YEAR-PLACE is named by all that stands before the place, its year 0.
    """

    series = models.CharField(_("série"), max_length=20)
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
        return f"{self.series}-{self.year}" if self.year else self.series


class NumberedKind(models.TextChoices):
    """What is numbered apart. A corrected invoice (384) is numbered among the invoices."""

    INVOICE = "380", _("Factures")
    DEPOSIT = "386", _("Factures d’acompte")
    CREDIT_NOTE = "381", _("Avoirs")


class NumberPattern(CompanyRow):
    """How the next number of a kind is written, where the company chose. `first`: the place of the first of `stem`."""

    kind = models.CharField(_("documents"), max_length=3, choices=NumberedKind.choices)
    pattern = models.CharField(_("modèle"), max_length=40)
    first = models.PositiveIntegerField(_("premier numéro"), default=1)
    stem = models.CharField(_("début des numéros"), max_length=20, blank=True)
    changed_at = models.DateTimeField(_("modifié le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("modèle de numéros")
        verbose_name_plural = _("modèles de numéros")
        constraints = [models.UniqueConstraint(fields=["company", "kind"], name="one_pattern_per_kind")]

    def __str__(self) -> str:
        return self.pattern
