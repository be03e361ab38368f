"""Reminders: friendly, firm, final; at most one per invoice and level. Several of a customer may share one letter."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models import Email, Invoice
from config.kernel.models import CompanyRow


class ReminderLevel(models.IntegerChoices):
    FRIENDLY = 1, _("Amicale")
    FIRM = 2, _("Ferme")
    FINAL = 3, _("Mise en demeure")


class ReminderStatus(models.TextChoices):
    DRAFTED = "DRAFTED", _("À envoyer par une personne")
    QUEUED = "QUEUED", _("En attente d’envoi")
    SENT = "SENT", _("Envoyée")
    CANCELLED = "CANCELLED", _("Annulée avant envoi")
    RETURNED = "RETURNED", _("Revenue : adresse refusée")


# what did not reach anybody: its level is free again
VOID = (ReminderStatus.CANCELLED, ReminderStatus.RETURNED)


class Reminder(CompanyRow):
    """One reminder of one invoice. The guard runs again at the moment of sending.

    `waived` names the guards that a person has set aside for it, and `waived_because` says why.
    """

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        # at once sent where a person has posted it
        ReminderStatus.DRAFTED: frozenset({ReminderStatus.QUEUED, ReminderStatus.CANCELLED, ReminderStatus.SENT}),
        ReminderStatus.QUEUED: frozenset({ReminderStatus.SENT, ReminderStatus.CANCELLED}),
        ReminderStatus.SENT: frozenset({ReminderStatus.RETURNED}),
        ReminderStatus.CANCELLED: frozenset(),
        ReminderStatus.RETURNED: frozenset(),
    }

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="reminders")
    level = models.PositiveSmallIntegerField(_("niveau"), choices=ReminderLevel.choices)
    status = models.CharField(_("état"), max_length=10, choices=ReminderStatus.choices)
    balance = models.DecimalField(_("reste dû"), max_digits=16, decimal_places=2)
    email = models.ForeignKey(Email, on_delete=models.PROTECT, null=True, related_name="reminders")
    waived = models.JSONField(default=list, editable=False)
    waived_because = models.CharField(_("motif de l’envoi malgré tout"), max_length=300, blank=True)
    posted_on = models.DateField(_("postée le"), null=True)
    tracking_number = models.CharField(_("n° de suivi"), max_length=40, blank=True)
    cancelled_because = models.CharField(_("motif d’annulation"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("créée le"))
    sent_at = models.DateTimeField(_("envoyée le"), null=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("relance")
        verbose_name_plural = _("relances")
        constraints = [
            models.UniqueConstraint(
                fields=["invoice", "level"],
                condition=~Q(status__in=["CANCELLED", "RETURNED"]),
                name="one_reminder_per_level",
            )
        ]
        indexes = [models.Index(fields=["company", "-created_at", "-id"], name="reminder_by_creation")]

    def __str__(self) -> str:
        return f"{self.get_level_display()} – {self.invoice}"
