"""Sums of dated facts: those folded by day and month, what each customer owes, and what waits to be folded."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.models import CompanyRow
from customers.models import Customer


class Measure(models.TextChoices):
    """What is summed; the signs are those of the money, VAT included where it is not said."""

    OWED = "OWED", _("Dû par les clients")
    CREDIT = "CREDIT", _("Crédits non affectés")
    NET = "NET", _("Facturé HT")
    VAT = "VAT", _("TVA facturée")
    RECEIVED = "RECEIVED", _("Encaissé")
    REFUNDED = "REFUNDED", _("Remboursé")
    PAID_OUT = "PAID_OUT", _("Réglé aux fournisseurs")


class Span(models.TextChoices):
    DAY = "D", _("Jour")
    MONTH = "M", _("Mois")


class PendingSum(CompanyRow):
    """One fact, as a trigger noted it: added to by all, changed by nobody, taken away by the fold."""

    measure = models.CharField(_("mesure"), max_length=8, choices=Measure.choices)
    currency = models.CharField(_("devise"), max_length=3)
    day = models.DateField(_("date"))
    due_date = models.DateField(_("échéance"), null=True)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, db_index=False, related_name="+")
    amount = models.DecimalField(_("montant"), max_digits=18, decimal_places=2)

    class Meta(CompanyRow.Meta):
        verbose_name = _("somme à reporter")
        verbose_name_plural = _("sommes à reporter")

    def __str__(self) -> str:
        return f"{self.measure} {self.day} {self.amount}"


class DatedSum(CompanyRow):
    """All facts of a measure and currency on a day, or in the month that begins on `day`; OWED by due date."""

    measure = models.CharField(_("mesure"), max_length=8, choices=Measure.choices)
    currency = models.CharField(_("devise"), max_length=3)
    span = models.CharField(_("période"), max_length=1, choices=Span.choices)
    day = models.DateField(_("date"))
    # of other measures than OWED: the day again
    due_date = models.DateField(_("échéance"))
    amount = models.DecimalField(_("montant"), max_digits=20, decimal_places=2)

    class Meta(CompanyRow.Meta):
        verbose_name = _("somme datée")
        verbose_name_plural = _("sommes datées")
        constraints = [
            models.UniqueConstraint(
                fields=["company", "currency", "span", "measure", "day", "due_date"], name="one_dated_sum"
            )
        ]

    def __str__(self) -> str:
        return f"{self.measure} {self.day} {self.amount}"


class CustomerBalance(CompanyRow):
    """What a customer owes in a currency, as far as it is folded."""

    currency = models.CharField(_("devise"), max_length=3)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, related_name="+", verbose_name=_("client"), db_index=False
    )
    amount = models.DecimalField(_("montant"), max_digits=20, decimal_places=2)

    class Meta(CompanyRow.Meta):
        verbose_name = _("solde d’un client")
        verbose_name_plural = _("soldes des clients")
        constraints = [
            models.UniqueConstraint(fields=["company", "currency", "customer"], name="one_balance_per_customer")
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.amount}"
