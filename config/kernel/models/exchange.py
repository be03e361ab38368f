"""What one unit of a currency is in another, on a day, and who says so."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from config.kernel.models.companies import CompanyRow


class ExchangeRate(CompanyRow):
    """On `day`, one `base` is `rate` of `currency`.

    Each company has its own table: one's file or figure changes nothing of another's books. `is_typed`: a person's own
    figure, that no file replaces.
    """

    base = models.CharField(_("monnaie de base"), max_length=3, default="EUR")
    currency = models.CharField(_("devise"), max_length=3)
    day = models.DateField(_("jour"))
    rate = models.DecimalField(_("cours"), max_digits=18, decimal_places=8)
    source = models.CharField(_("source"), max_length=200)
    is_typed = models.BooleanField(_("saisi"), default=False)

    class Meta(CompanyRow.Meta):
        verbose_name = _("cours de change")
        verbose_name_plural = _("cours de change")
        constraints = [
            # by which the last one before a day is found as well
            models.UniqueConstraint(fields=["company", "base", "currency", "day"], name="one_exchange_rate_per_day"),
            models.CheckConstraint(condition=Q(rate__gt=0), name="exchange_rate_is_positive"),
            models.CheckConstraint(condition=~Q(base=F("currency")), name="exchange_rate_is_of_two_currencies"),
            models.CheckConstraint(
                condition=Q(base__regex="^[A-Z]{3}$") & Q(currency__regex="^[A-Z]{3}$"), name="exchange_rate_is_of_iso"
            ),
            models.CheckConstraint(condition=~Q(source=""), name="exchange_rate_has_a_source"),
        ]

    def __str__(self) -> str:
        return f"{self.day} 1 {self.base} = {self.rate.normalize():f} {self.currency}"
