"""Messages to customers. The row is the queue; without SMTP the message stays here, readable, and says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.models.invoices import Invoice
from config.kernel.models import CompanyRow, LeasedRow


class EmailKind(models.TextChoices):
    INVOICE = "INVOICE", _("Envoi de facture")
    REMINDER = "REMINDER", _("Relance")
    NOTICE = "NOTICE", _("Avis à l’équipe")


class EmailStatus(models.TextChoices):
    QUEUED = "QUEUED", _("En attente")
    SENDING = "SENDING", _("Envoi en cours")
    SENT = "SENT", _("Acceptée par le serveur de messagerie")
    KEPT = "KEPT", _("Non envoyée : aucun serveur de messagerie")
    UNKNOWN = "UNKNOWN", _("Issue inconnue")
    FAILED = "FAILED", _("Refusée")
    CANCELLED = "CANCELLED", _("Annulée avant envoi")


class Email(LeasedRow):
    """One message. `needs_document` holds it back until the invoice's Factur-X file exists."""

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        # failed before leaving: the document it carries can never be made
        EmailStatus.QUEUED: frozenset({EmailStatus.SENDING, EmailStatus.CANCELLED, EmailStatus.FAILED}),
        EmailStatus.SENDING: frozenset(
            {
                EmailStatus.SENT,
                EmailStatus.KEPT,
                EmailStatus.QUEUED,
                EmailStatus.UNKNOWN,
                EmailStatus.FAILED,
                # a reminder withdrawn by its last guard
                EmailStatus.CANCELLED,
            }
        ),
        EmailStatus.SENT: frozenset(),
        EmailStatus.KEPT: frozenset({EmailStatus.QUEUED}),
        EmailStatus.UNKNOWN: frozenset({EmailStatus.QUEUED}),
        EmailStatus.FAILED: frozenset({EmailStatus.QUEUED}),
        EmailStatus.CANCELLED: frozenset(),
    }

    kind = models.CharField(_("type"), max_length=10, choices=EmailKind.choices)
    status = models.CharField(_("état"), max_length=10, choices=EmailStatus.choices, default=EmailStatus.QUEUED)
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, null=True, related_name="emails")
    recipient = models.EmailField(_("destinataire"))
    subject_line = models.CharField(_("objet"), max_length=200)
    body = models.TextField(_("message"))
    needs_document = models.BooleanField(default=False)
    attempts = models.PositiveSmallIntegerField(_("tentatives"), default=0)
    next_attempt_at = models.DateTimeField(_("prochaine tentative"))
    last_error = models.CharField(_("dernière erreur"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("créé le"))
    sent_at = models.DateTimeField(_("envoyé le"), null=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(status__in=["QUEUED", "SENDING"]), name="email_due"),
            models.Index(fields=["company", "-created_at", "-id"], name="email_by_creation"),
        ]

    def __str__(self) -> str:
        return self.subject_line

    def get_absolute_url(self) -> str:
        return reverse("billing:email-detail", args=[self.pk])
