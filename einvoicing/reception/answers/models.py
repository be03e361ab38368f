"""A status of a received invoice that we declare to its supplier. The row is the queue; what was said stays."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.kernel.models import CompanyRow, LeasedRow
from einvoicing import lifecycle
from einvoicing.models.accounts import PlatformAccount
from einvoicing.models.transmissions import ErrorClass
from einvoicing.reception.models import ReceivedDocument


class AnswerStatus(models.TextChoices):
    PENDING = "PENDING", _("À transmettre")
    SENDING = "SENDING", _("Transmission en cours")
    UNKNOWN = "UNKNOWN", _("Issue inconnue, vérification en cours")
    DEPOSITED = "DEPOSITED", _("Reçue par la plateforme")
    ACCEPTED = "ACCEPTED", _("Acceptée")
    REJECTED = "REJECTED", _("Rejetée")
    INVALID = "INVALID", _("Non conforme, non transmise")
    DEAD = "DEAD", _("Abandonnée, action requise")


# what a person has to look at
STOPPED = (AnswerStatus.REJECTED, AnswerStatus.INVALID, AnswerStatus.DEAD)


class SupplierAnswer(LeasedRow):
    """A status (MDT-105) of a received invoice, as the CDAR that carries it.

    `in_doubt`: it left, and nobody knows whether it arrived; the platform is asked before it is sent again.
    """

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        AnswerStatus.PENDING: frozenset({AnswerStatus.SENDING}),
        AnswerStatus.SENDING: frozenset(
            {
                AnswerStatus.DEPOSITED,
                AnswerStatus.ACCEPTED,
                AnswerStatus.PENDING,
                AnswerStatus.UNKNOWN,
                AnswerStatus.INVALID,
                AnswerStatus.DEAD,
            }
        ),
        AnswerStatus.UNKNOWN: frozenset({AnswerStatus.SENDING}),
        AnswerStatus.DEPOSITED: frozenset({AnswerStatus.ACCEPTED, AnswerStatus.REJECTED}),
        AnswerStatus.ACCEPTED: frozenset(),
        AnswerStatus.REJECTED: frozenset({AnswerStatus.PENDING}),
        AnswerStatus.INVALID: frozenset({AnswerStatus.PENDING}),
        AnswerStatus.DEAD: frozenset({AnswerStatus.PENDING}),
    }
    # where it stands on its way
    MUTABLE: ClassVar[tuple[str, ...]] = (
        "status", "in_doubt", "remote_id", "attempts", "next_attempt_at", "last_error", "error_class", "violations",
        "deposited_at", "answered_at", "watched_at", "lease_owner", "lease_until",
    )  # fmt: skip

    document = models.ForeignKey(ReceivedDocument, on_delete=models.PROTECT, related_name="answers")
    account = models.ForeignKey(PlatformAccount, on_delete=models.PROTECT, related_name="answers")
    code = models.CharField(_("statut"), max_length=3)  # MDT-105
    reason_code = models.CharField(_("motif"), max_length=40, blank=True)  # MDT-113
    reason = models.CharField(_("précision"), max_length=300, blank=True)  # MDT-126
    action_code = models.CharField(_("action attendue"), max_length=3, blank=True)  # MDT-121
    amount = models.DecimalField(_("montant payé"), max_digits=16, decimal_places=2, null=True)  # MDT-215 of 211
    content = models.BinaryField(editable=False)
    sha256 = models.CharField("SHA-256", max_length=64)
    status = models.CharField(_("état"), max_length=9, choices=AnswerStatus.choices, default=AnswerStatus.PENDING)
    tracking_id = models.CharField(_("identifiant de suivi"), max_length=64, unique=True)
    remote_id = models.CharField(_("identifiant de la plateforme"), max_length=100, blank=True)
    in_doubt = models.BooleanField(default=False, editable=False)
    attempts = models.PositiveSmallIntegerField(_("tentatives"), default=0)
    next_attempt_at = models.DateTimeField(_("prochaine tentative"))
    last_error = models.CharField(_("dernière erreur"), max_length=1000, blank=True)
    error_class = models.CharField(_("nature de l’erreur"), max_length=10, choices=ErrorClass.choices, blank=True)
    violations = models.JSONField(_("règles non respectées"), default=list)
    created_at = models.DateTimeField(_("créée le"))
    deposited_at = models.DateTimeField(_("reçue le"), null=True)
    answered_at = models.DateTimeField(_("jugée le"), null=True)
    watched_at = models.DateTimeField(null=True, editable=False)

    class Meta(CompanyRow.Meta):
        verbose_name = _("réponse à un fournisseur")
        verbose_name_plural = _("réponses aux fournisseurs")
        ordering = ["created_at", "id"]
        constraints = [
            # refused is refused: the database's word against two who press at the same moment
            models.UniqueConstraint(fields=["document", "code"], condition=Q(code="210"), name="one_refusal_answered"),
            models.CheckConstraint(
                condition=(Q(code="211", amount__isnull=False) & ~Q(amount=0)) | (~Q(code="211") & Q(amount=None)),
                name="what_is_paid_is_said",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"],
                condition=Q(status__in=["PENDING", "UNKNOWN", "SENDING"]),
                name="answer_due",
            ),
            models.Index(fields=["document", "created_at"], name="answer_by_document"),
        ]

    def __str__(self) -> str:
        return f"{self.code} {self.label}"

    def get_absolute_url(self) -> str:
        # of a key alone, as a timeline has it, the document is not known
        return self.document.get_absolute_url() if self.document_id else ""

    @property
    def label(self) -> str:
        return lifecycle.label(self.code)

    @property
    def can_retry(self) -> bool:
        return self.status in STOPPED
