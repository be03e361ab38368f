"""Reminders (friendly, firm, final; at most one per invoice and level), and the rates of late interest by half-year."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models import Email, Invoice
from config.kernel.models import CompanyRow

PERCENT = [MinValueValidator(0), MaxValueValidator(99)]


class ReminderLevel(models.IntegerChoices):
    FRIENDLY = 1, _("Amicale")
    FIRM = 2, _("Ferme")
    FINAL = 3, _("Mise en demeure")


class ReminderStatus(models.TextChoices):
    DRAFTED = "DRAFTED", _("À envoyer par une personne")
    QUEUED = "QUEUED", _("En attente d’envoi")
    SENT = "SENT", _("Envoyée")
    CANCELLED = "CANCELLED", _("Annulée avant envoi")


class Reminder(CompanyRow):
    """One reminder of one invoice. The guard runs again at the moment of sending."""

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        ReminderStatus.DRAFTED: frozenset({ReminderStatus.QUEUED, ReminderStatus.CANCELLED}),
        ReminderStatus.QUEUED: frozenset({ReminderStatus.SENT, ReminderStatus.CANCELLED}),
        ReminderStatus.SENT: frozenset(),
        ReminderStatus.CANCELLED: frozenset(),
    }

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="reminders")
    level = models.PositiveSmallIntegerField(_("niveau"), choices=ReminderLevel.choices)
    status = models.CharField(_("état"), max_length=10, choices=ReminderStatus.choices)
    balance = models.DecimalField(_("reste dû"), max_digits=16, decimal_places=2)
    email = models.OneToOneField(Email, on_delete=models.PROTECT, null=True, related_name="reminder")
    cancelled_because = models.CharField(_("motif d’annulation"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("créée le"))
    sent_at = models.DateTimeField(_("envoyée le"), null=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("relance")
        verbose_name_plural = _("relances")
        constraints = [
            models.UniqueConstraint(
                fields=["invoice", "level"], condition=~Q(status="CANCELLED"), name="one_reminder_per_level"
            )
        ]
        indexes = [models.Index(fields=["company", "-created_at", "-id"], name="reminder_by_creation")]

    def __str__(self) -> str:
        return f"{self.get_level_display()} – {self.invoice}"


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
