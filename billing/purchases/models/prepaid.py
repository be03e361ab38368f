"""Charges paid in advance: the share of each month, taken off 486 when the month ends."""

from __future__ import annotations

from datetime import date
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.purchases.models.parts import PurchaseLine
from config.kernel.models import CompanyRow
from config.kernel.scope import ScopedManager


class PrepaidShareQuerySet(models.QuerySet["PrepaidShare"]):
    def due(self, *, on: date) -> PrepaidShareQuerySet:
        """Whose month is over, and that are not booked yet."""
        return self.filter(booked_on=None, cancelled_at=None, due_on__lte=on)


class PrepaidShareManager(ScopedManager["PrepaidShare"].from_queryset(PrepaidShareQuerySet)):  # type: ignore[misc]  # dynamic base
    pass


class PrepaidShare(CompanyRow):
    """What of a line belongs to a month. Negative for a credit note."""

    line = models.ForeignKey(PurchaseLine, on_delete=models.PROTECT, related_name="shares")
    due_on = models.DateField(_("échue le"))  # the last day of the month, or of the period
    amount = models.DecimalField(_("montant"), max_digits=16, decimal_places=2)
    booked_on = models.DateField(_("comptabilisée le"), null=True, blank=True)
    cancelled_at = models.DateTimeField(_("annulée le"), null=True, blank=True)

    objects: ClassVar[PrepaidShareManager] = PrepaidShareManager()
    everywhere: ClassVar[models.Manager[Any]] = models.Manager.from_queryset(PrepaidShareQuerySet)()

    class Meta(CompanyRow.Meta):
        verbose_name = _("part de charge constatée d’avance")
        verbose_name_plural = _("parts de charges constatées d’avance")
        ordering = ["due_on", "id"]
        constraints = [
            models.UniqueConstraint(fields=["line", "due_on"], name="one_prepaid_share_per_line_and_month"),
            models.CheckConstraint(condition=~Q(amount=0), name="a_prepaid_share_is_something"),
        ]
        indexes = [
            models.Index(
                fields=["company", "due_on"],
                condition=Q(booked_on=None, cancelled_at=None),
                name="prepaid_share_to_book",
            )
        ]

    def __str__(self) -> str:
        return f"{self.due_on}: {self.amount}"
