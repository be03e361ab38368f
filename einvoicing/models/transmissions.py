"""Transmissions: one invoice to one platform. The row is the queue; attempts and facts received are append-only."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice
from config.kernel.models import CompanyRow, LeasedRow
from config.kernel.scope import ScopedManager
from einvoicing.models.accounts import PlatformAccount

REFUSED = "210"


class TransmissionKind(models.TextChoices):
    INVOICE = "INVOICE", _("Facture")
    STATUS = "STATUS", _("Statut")
    COMPLETE = "COMPLETE", _("Complément")
    RECYCLE = "RECYCLE", _("Recyclage")
    RECEIPT = "RECEIPT", _("Encaissement")


# what a person sends back when the platform asks something of an invoice it has
ANSWERS = (TransmissionKind.COMPLETE, TransmissionKind.RECYCLE)


class Priority(models.IntegerChoices):
    FIRST = 1, _("Prioritaire")
    NORMAL = 5, _("Normale")
    BULK = 9, _("En lot")


class ErrorClass(models.TextChoices):
    """What stopped a transmission, hence who can end it."""

    AUTH = "AUTH", _("Identification")
    VALIDATION = "VALIDATION", _("Contrôle")
    NETWORK = "NETWORK", _("Réseau")
    FORMAT = "FORMAT", _("Format")


class TransmissionStatus(models.TextChoices):
    PENDING = "PENDING", _("À transmettre")
    SENDING = "SENDING", _("Transmission en cours")
    UNKNOWN = "UNKNOWN", _("Issue inconnue, vérification en cours")
    DEPOSITED = "DEPOSITED", _("Reçue par la plateforme")
    ACCEPTED = "ACCEPTED", _("Déposée")
    REJECTED = "REJECTED", _("Rejetée")
    INVALID = "INVALID", _("Non conforme, non transmise")
    DEAD = "DEAD", _("Abandonnée, action requise")
    SKIPPED = "SKIPPED", _("Sans objet")


class TransmissionQuerySet(models.QuerySet["Transmission"]):
    def due(self, *, at: datetime) -> TransmissionQuerySet:
        """Those whose time has come, with those being sent: their carrier has died when their lease has ended."""
        in_hand = [TransmissionStatus.PENDING, TransmissionStatus.UNKNOWN, TransmissionStatus.SENDING]
        return self.filter(status__in=in_hand, next_attempt_at__lte=at)


class TransmissionManager(ScopedManager["Transmission"].from_queryset(TransmissionQuerySet)):  # type: ignore[misc]  # dynamic base
    pass


class Transmission(LeasedRow):
    """One thing transmitted to one platform: an invoice, a status of it that we declare, an answer about it, a receipt.

    `content` is the status's message, or the answer or receipt in JSON; `request` is the status that is answered
    (208, 221). `copy_facts` is what a mirror last said of its copy (`services.copies`).
    """

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        TransmissionStatus.PENDING: frozenset(
            {TransmissionStatus.SENDING, TransmissionStatus.INVALID, TransmissionStatus.SKIPPED}
        ),
        TransmissionStatus.SENDING: frozenset(
            {
                TransmissionStatus.DEPOSITED,
                TransmissionStatus.PENDING,
                TransmissionStatus.UNKNOWN,
                TransmissionStatus.REJECTED,
                TransmissionStatus.INVALID,
                TransmissionStatus.DEAD,
                TransmissionStatus.SKIPPED,
            }
        ),
        TransmissionStatus.UNKNOWN: frozenset({TransmissionStatus.SENDING}),
        TransmissionStatus.DEPOSITED: frozenset(
            {
                TransmissionStatus.ACCEPTED,
                TransmissionStatus.REJECTED,
                TransmissionStatus.SKIPPED,  # a copy can be deleted at its mirror
                TransmissionStatus.PENDING,  # lost by an incident of the platform: to be deposited again
                TransmissionStatus.DEAD,
            }
        ),
        TransmissionStatus.ACCEPTED: frozenset({TransmissionStatus.REJECTED, TransmissionStatus.SKIPPED}),
        TransmissionStatus.REJECTED: frozenset({TransmissionStatus.PENDING}),  # a status of ours alone: see `can_retry`
        TransmissionStatus.INVALID: frozenset({TransmissionStatus.PENDING}),
        TransmissionStatus.DEAD: frozenset({TransmissionStatus.PENDING}),
        TransmissionStatus.SKIPPED: frozenset({TransmissionStatus.PENDING}),
    }

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="transmissions")
    account = models.ForeignKey(PlatformAccount, on_delete=models.PROTECT, related_name="transmissions")
    kind = models.CharField(_("type"), max_length=8, choices=TransmissionKind.choices, default=TransmissionKind.INVOICE)
    declared_code = models.CharField(_("statut déclaré"), max_length=3, blank=True)
    content = models.BinaryField(null=True, editable=False)
    request = models.ForeignKey(
        "einvoicing.LifecycleEvent", on_delete=models.PROTECT, null=True, editable=False, related_name="answers"
    )
    priority = models.PositiveSmallIntegerField(_("priorité"), choices=Priority.choices, default=Priority.NORMAL)
    status = models.CharField(_("état"), max_length=10, choices=TransmissionStatus.choices, default="PENDING")
    # ours, given before the first attempt: by it the platform is asked what came of one without an answer
    tracking_id = models.CharField(_("identifiant de suivi"), max_length=64, unique=True)
    document_sha256 = models.CharField("SHA-256", max_length=64, blank=True)
    remote_id = models.CharField(_("identifiant de la plateforme"), max_length=100, blank=True)
    attempts = models.PositiveSmallIntegerField(_("tentatives"), default=0)
    next_attempt_at = models.DateTimeField(_("prochaine tentative"))
    last_error = models.CharField(_("dernière erreur"), max_length=1000, blank=True)
    error_class = models.CharField(_("nature de l’erreur"), max_length=10, choices=ErrorClass.choices, blank=True)
    violations = models.JSONField(_("règles non respectées"), default=list)
    lifecycle_code = models.CharField(_("dernier statut"), max_length=3, blank=True)
    copy_facts = models.JSONField(default=dict, blank=True, editable=False)
    created_at = models.DateTimeField(_("créée le"))
    deposited_at = models.DateTimeField(_("reçue le"), null=True)
    watched_at = models.DateTimeField(null=True, editable=False)
    # the platform's own key of it; what its list says of it now, and said when its history was read last: where they
    # differ, it is to be read
    remote_key = models.CharField(max_length=60, blank=True, editable=False)
    listed_mark = models.CharField(max_length=120, blank=True, editable=False)
    read_mark = models.CharField(max_length=120, blank=True, editable=False)
    seen_at = models.DateTimeField(null=True, editable=False)
    # the platform's latest word, where it has no meaning here
    unknown_status = models.CharField(_("état inconnu"), max_length=100, blank=True, editable=False)
    dismissed_at = models.DateTimeField(_("classée sans suite le"), null=True, editable=False)

    objects: ClassVar[TransmissionManager] = TransmissionManager()
    everywhere: ClassVar[models.Manager[Any]] = models.Manager.from_queryset(TransmissionQuerySet)()

    class Meta(CompanyRow.Meta):
        verbose_name = _("transmission")
        verbose_name_plural = _("transmissions")
        constraints = [
            models.UniqueConstraint(
                fields=["invoice", "account"],
                # the database's word against a second copy: two people who press « Transmettre » at the same moment
                condition=~Q(status__in=["REJECTED"]) & Q(kind="INVOICE"),
                name="one_live_transmission_per_platform",
            ),
            models.CheckConstraint(
                condition=Q(kind="INVOICE", content=None, declared_code="", request=None)
                | (Q(kind="STATUS", content__isnull=False, request=None) & ~Q(declared_code=""))
                | Q(kind__in=["COMPLETE", "RECYCLE"], content__isnull=False, declared_code="", request__isnull=False)
                | Q(kind="RECEIPT", content__isnull=False, declared_code="", request=None),
                name="what_is_sent_is_kept",
            ),
            models.UniqueConstraint(
                fields=["request"], condition=~Q(status="DEAD"), name="one_live_answer_per_request"
            ),
        ]
        indexes = [
            models.Index(
                fields=["priority", "next_attempt_at"],
                condition=Q(status__in=["PENDING", "UNKNOWN", "SENDING"]),
                name="transmission_due",
            ),
            models.Index(fields=["company", "-created_at", "-id"], name="transmission_by_creation"),
        ]

    @property
    def can_retry(self) -> bool:
        """Whether a person may put it back into the queue. A rejected invoice goes as another transmission."""
        if self.status == TransmissionStatus.REJECTED:
            return self.kind == TransmissionKind.STATUS
        return self.status in {TransmissionStatus.INVALID, TransmissionStatus.DEAD, TransmissionStatus.SKIPPED}

    @property
    def is_duplicated(self) -> bool:
        """Whether a mirror gave its copy a legal number of its own, and has not cancelled it."""
        return "finalized" in self.copy_facts and "cancelled" not in self.copy_facts

    @property
    def can_dismiss(self) -> bool:
        """Whether a person may file what stopped as needing nothing more.

        An invoice itself always has to arrive, and is credited when it is refused; a credit note cannot be. A copy
        that was finalized at its mirror is set right there.
        """
        if self.dismissed_at is not None:
            return False
        if self.is_duplicated:
            return True
        if self.kind == TransmissionKind.INVOICE:
            is_refused = self.status == TransmissionStatus.REJECTED or self.lifecycle_code == REFUSED
            return is_refused and self.invoice.is_credit_note
        return self.status in {TransmissionStatus.REJECTED, TransmissionStatus.INVALID, TransmissionStatus.DEAD}

    def __str__(self) -> str:
        return f"{self.invoice} → {self.account}"

    def get_absolute_url(self) -> str:
        return reverse("einvoicing:transmission-detail", args=[self.pk])


class Attempt(CompanyRow):
    """One try, written before the network is touched and closed after. Two facts, one row: start and outcome."""

    transmission = models.ForeignKey(Transmission, on_delete=models.PROTECT, related_name="tries")
    number = models.PositiveSmallIntegerField(_("n°"))
    kind = models.CharField(_("geste"), max_length=8, choices=[("DEPOSIT", _("Dépôt")), ("LOOKUP", _("Vérification"))])
    started_at = models.DateTimeField(_("début"))
    finished_at = models.DateTimeField(_("fin"), null=True)
    outcome = models.CharField(_("issue"), max_length=20, blank=True)
    detail = models.CharField(_("détail"), max_length=1000, blank=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("tentative")
        verbose_name_plural = _("tentatives")
        ordering = ["started_at"]
        constraints = [models.UniqueConstraint(fields=["transmission", "number"], name="one_try_per_number")]

    def __str__(self) -> str:
        return f"{self.transmission_id} #{self.number}"


class RemoteDocument(CompanyRow):
    """What a platform sent us, byte for byte, stored before anything reads it."""

    account = models.ForeignKey(PlatformAccount, on_delete=models.PROTECT, related_name="documents")
    remote_id = models.CharField(_("identifiant de la plateforme"), max_length=100)
    flow_type = models.CharField(_("nature"), max_length=60, blank=True)
    content = models.BinaryField()
    sha256 = models.CharField("SHA-256", max_length=64)
    received_at = models.DateTimeField(_("reçu le"))
    applied_at = models.DateTimeField(_("traité le"), null=True)
    problem = models.CharField(_("difficulté"), max_length=500, blank=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("message de plateforme")
        verbose_name_plural = _("messages de plateforme")
        constraints = [models.UniqueConstraint(fields=["account", "remote_id"], name="each_message_once")]

    def __str__(self) -> str:
        return f"{self.flow_type} {self.remote_id}"


class LifecycleEvent(CompanyRow):
    """One status of an invoice's life (codes 200–228, 501): a fact received, append-only, in any order.

    A platform's word that has no code of ours is filed under '???' with the word as its reason.
    One that we declared ourselves (212…) has no `document`: its `transmission` holds the message.
    """

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="lifecycle")
    transmission = models.ForeignKey(Transmission, on_delete=models.PROTECT, null=True, related_name="lifecycle")
    document = models.ForeignKey(RemoteDocument, on_delete=models.PROTECT, null=True, related_name="events")
    code = models.CharField(_("code"), max_length=3)
    reason_code = models.CharField(_("motif"), max_length=40, blank=True)
    reason = models.CharField(_("précision"), max_length=2000, blank=True)
    occurred_at = models.DateTimeField(_("date"))
    received_at = models.DateTimeField(_("reçu le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("statut de cycle de vie")
        verbose_name_plural = _("statuts de cycle de vie")
        ordering = ["occurred_at", "code"]
        indexes = [models.Index(fields=["invoice", "occurred_at"], name="lifecycle_by_invoice")]

    def __str__(self) -> str:
        return f"{self.code} {self.invoice_id}"
