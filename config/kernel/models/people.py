"""What is told to people about their accounts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from config.kernel.ids import new_id
from config.kernel.models.queues import Leased


class AccountMailStatus(models.TextChoices):
    WAITING = "WAITING", _("En attente")
    SENT = "SENT", _("Acceptée par le serveur de messagerie")
    KEPT = "KEPT", _("Non envoyée : aucun serveur de messagerie")
    FAILED = "FAILED", _("Refusée")


class AccountMail(Leased):
    """A message to a person that belongs to no document and to no company: an invitation, a link, a warning.

    What fills its text may hold a link, which is a secret: it is kept encrypted, and no longer than it is needed.
    """

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        AccountMailStatus.WAITING: frozenset(
            {AccountMailStatus.SENT, AccountMailStatus.KEPT, AccountMailStatus.FAILED}
        ),
        AccountMailStatus.SENT: frozenset(),
        AccountMailStatus.KEPT: frozenset(),
        AccountMailStatus.FAILED: frozenset(),
    }

    company_id = None

    id = models.BigIntegerField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(_("type"), max_length=40)
    to = models.EmailField(_("destinataire"))
    language = models.CharField(_("langue"), max_length=10)
    context_cipher = models.TextField(blank=True, editable=False)
    status = models.CharField(
        _("état"), max_length=8, choices=AccountMailStatus, default=AccountMailStatus.WAITING, editable=False
    )
    attempts = models.PositiveSmallIntegerField(_("tentatives"), default=0)
    next_attempt_at = models.DateTimeField(_("prochaine tentative"))
    last_error = models.CharField(_("dernière erreur"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("créé le"), db_index=True)
    sent_at = models.DateTimeField(_("envoyé le"), null=True)

    everywhere: ClassVar[models.Manager[Any]] = models.Manager()

    class Meta:
        verbose_name = _("message de compte")
        verbose_name_plural = _("messages de compte")
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(status="WAITING"), name="account_mail_due"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} → {self.to}"

    def get_absolute_url(self) -> str:
        return reverse("admin:kernel_accountmail_change", args=[self.pk])

    @property
    def sealed_as(self) -> str:
        """The place that its cipher text is bound to."""
        return f"{self.subject}:context"
