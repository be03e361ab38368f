"""Messages to and from partner systems. Both ways the rows are the queue: what is due, tried, done or given up."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.kernel import secrets
from config.kernel.inbound.senders import SENDERS
from config.kernel.models.companies import CompanyRow
from config.kernel.models.queues import LeasedRow


class WebhookEndpoint(CompanyRow):
    """Where a partner wants to be told what happens. Signed with its secret, and for a while with the one before."""

    url = models.URLField(_("adresse"), max_length=500)
    description = models.CharField(_("description"), max_length=200, blank=True)
    events = ArrayField(models.CharField(max_length=60), verbose_name=_("événements"))  # names, or "*"
    secret_cipher = models.TextField(editable=False)
    previous_secret_cipher = models.TextField(blank=True, editable=False)
    previous_secret_until = models.DateTimeField(null=True, blank=True, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    failing_since = models.DateTimeField(_("en échec depuis"), null=True, blank=True)
    disabled_at = models.DateTimeField(_("désactivée le"), null=True, blank=True)
    disabled_reason = models.CharField(_("motif de désactivation"), max_length=200, blank=True)
    created_at = models.DateTimeField(_("créée le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("destination de webhooks")
        verbose_name_plural = _("destinations de webhooks")

    def __str__(self) -> str:
        return self.url

    def wants(self, event: str) -> bool:
        return self.is_active and ("*" in self.events or event in self.events)

    def set_secret(self, secret: str) -> None:
        """Sign with this secret from now on."""
        self.secret_cipher = secrets.encrypt(secret, context=f"webhookendpoint:{self.pk}:secret")

    def secrets_at(self, at: datetime) -> list[str]:
        """The live secrets in clear, newest first; raises SecretUnreadable."""
        live = [self.secret_cipher]
        if self.previous_secret_cipher and self.previous_secret_until and at < self.previous_secret_until:
            live.append(self.previous_secret_cipher)
        return [secrets.decrypt(cipher, context=f"webhookendpoint:{self.pk}:secret") for cipher in live]


class WebhookEvent(CompanyRow):
    """One thing to tell, worded once: every endpoint and every repeat carries these very bytes."""

    name = models.CharField(_("événement"), max_length=60)
    subject = models.CharField(_("objet"), max_length=100)
    body = models.TextField(_("message"))
    occurred_at = models.DateTimeField(_("survenu le"))
    # the key of the audit event told: events of one object are delivered in its order
    sequence = models.BigIntegerField(unique=True, editable=False)

    class Meta(CompanyRow.Meta):
        verbose_name = _("événement à annoncer")
        verbose_name_plural = _("événements à annoncer")

    def __str__(self) -> str:
        return f"{self.name} {self.subject}"

    @property
    def message_id(self) -> str:
        """What a receiver tells a repeated message by (`webhook-id`)."""
        return f"msg_{self.pk}"


class DeliveryStatus(models.TextChoices):
    PENDING = "PENDING", _("En attente")
    DELIVERED = "DELIVERED", _("Remis")
    FAILED = "FAILED", _("Abandonné")


class WebhookDelivery(LeasedRow):
    """One event to one endpoint: at least once, retried, in order per object."""

    endpoint = models.ForeignKey(
        WebhookEndpoint, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("destination")
    )
    event = models.ForeignKey(
        WebhookEvent, on_delete=models.CASCADE, related_name="deliveries", verbose_name=_("événement")
    )
    status = models.CharField(_("état"), max_length=10, choices=DeliveryStatus.choices, default=DeliveryStatus.PENDING)
    attempts = models.PositiveIntegerField(_("tentatives"), default=0)
    next_attempt_at = models.DateTimeField(_("prochaine tentative"))
    delivered_at = models.DateTimeField(_("remis le"), null=True, blank=True)
    failing_since = models.DateTimeField(_("en échec depuis"), null=True, blank=True)
    # the event's own, kept here so that what must wait is found by one index
    subject = models.CharField(max_length=100, editable=False)
    sequence = models.BigIntegerField(editable=False)

    class Meta(CompanyRow.Meta):
        verbose_name = _("envoi de webhook")
        verbose_name_plural = _("envois de webhooks")
        constraints = [models.UniqueConstraint(fields=["endpoint", "event"], name="one_delivery_per_endpoint")]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(status="PENDING"), name="webhook_delivery_due"),
            models.Index(
                fields=["endpoint", "subject", "sequence"], condition=Q(status="PENDING"), name="webhook_delivery_order"
            ),
            models.Index(fields=["endpoint", "-sequence"], name="webhook_delivery_by_endpoint"),
        ]

    def __str__(self) -> str:
        return f"{self.event_id} → {self.endpoint_id}"


class WebhookAttempt(CompanyRow):
    """One try of a delivery, as it went. Append-only."""

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="tries")
    at = models.DateTimeField(_("le"))
    http_status = models.PositiveSmallIntegerField(_("réponse HTTP"), null=True)
    milliseconds = models.PositiveIntegerField(_("durée (ms)"))
    error = models.CharField(_("erreur"), max_length=300, blank=True)
    answer = models.CharField(_("début de la réponse"), max_length=500, blank=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("tentative d’envoi")
        verbose_name_plural = _("tentatives d’envoi")
        indexes = [models.Index(fields=["delivery", "at"], name="webhook_attempt_by_delivery")]

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.at}"


class WebhookSource(CompanyRow):
    """A remote system allowed to call us: its unguessable address, and the secret it signs with where it signs."""

    source = models.CharField(_("système"), max_length=15)  # a key of SENDERS
    token = models.CharField(max_length=64, unique=True, editable=False)
    # the row of ours it speaks about: a platform account, a bank account
    reference = models.CharField(max_length=100, blank=True, editable=False)
    secret_cipher = models.TextField(blank=True, editable=False)
    previous_secret_cipher = models.TextField(blank=True, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("créée le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("système appelant")
        verbose_name_plural = _("systèmes appelants")

    def __str__(self) -> str:
        return str(SENDERS[self.source].label)

    def set_secret(self, secret: str) -> None:
        """Sign with this secret from now on; the one before stays good until the next change."""
        self.previous_secret_cipher = self.secret_cipher
        self.secret_cipher = secrets.encrypt(secret, context=f"webhooksource:{self.pk}:secret")

    def live_secrets(self) -> list[str]:
        """The secrets in clear, newest first; raises SecretUnreadable."""
        ciphers = (self.secret_cipher, self.previous_secret_cipher)
        return [secrets.decrypt(cipher, context=f"webhooksource:{self.pk}:secret") for cipher in ciphers if cipher]


class ReceivedStatus(models.TextChoices):
    RECEIVED = "RECEIVED", _("Reçu")
    APPLIED = "APPLIED", _("Appliqué")
    IGNORED = "IGNORED", _("Sans objet")
    FAILED = "FAILED", _("En échec")


class ReceivedWebhook(LeasedRow):
    """A message as it came, byte for byte, kept before anything is read in it; applied once for ever."""

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        ReceivedStatus.RECEIVED: frozenset({ReceivedStatus.APPLIED, ReceivedStatus.IGNORED, ReceivedStatus.FAILED}),
        ReceivedStatus.FAILED: frozenset({ReceivedStatus.RECEIVED}),
        ReceivedStatus.APPLIED: frozenset(),
        ReceivedStatus.IGNORED: frozenset(),
    }
    MUTABLE: ClassVar[tuple[str, ...]] = (
        "status", "attempts", "next_attempt_at", "applied_at", "problem", "lease_owner", "lease_until",
    )  # fmt: skip

    origin = models.ForeignKey(
        WebhookSource, on_delete=models.PROTECT, related_name="received", verbose_name=_("système")
    )
    event_id = models.CharField(_("identifiant"), max_length=200)
    name = models.CharField(_("événement"), max_length=60, blank=True)
    body = models.BinaryField(editable=False)
    sha256 = models.CharField("SHA-256", max_length=64)
    received_at = models.DateTimeField(_("reçu le"))
    status = models.CharField(_("état"), max_length=10, choices=ReceivedStatus.choices, default=ReceivedStatus.RECEIVED)
    attempts = models.PositiveSmallIntegerField(_("tentatives"), default=0)
    next_attempt_at = models.DateTimeField(_("prochaine tentative"))
    applied_at = models.DateTimeField(_("appliqué le"), null=True, blank=True)
    problem = models.CharField(_("problème"), max_length=300, blank=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("webhook reçu")
        verbose_name_plural = _("webhooks reçus")
        constraints = [models.UniqueConstraint(fields=["origin", "event_id"], name="one_row_per_received_event")]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(status="RECEIVED"), name="received_webhook_due")
        ]

    def __str__(self) -> str:
        return str(self.name or _("Message sans nom"))
