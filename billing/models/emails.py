"""Messages to customers. The row is the queue; without SMTP the message stays here, readable, and says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

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


NO_ADDRESS = "effacee@personne.invalid"  # of who was erased (RFC 2606: no such host will ever be)


class EmailStatus(models.TextChoices):
    QUEUED = "QUEUED", _("En attente")
    SENDING = "SENDING", _("Envoi en cours")
    SENT = "SENT", _("Acceptée par le serveur de messagerie")
    KEPT = "KEPT", _("Non envoyée : aucun serveur de messagerie")
    UNKNOWN = "UNKNOWN", _("Issue inconnue")
    FAILED = "FAILED", _("Refusée")
    CANCELLED = "CANCELLED", _("Annulée avant envoi")
    BOUNCED = "BOUNCED", _("Revenue : adresse refusée")


def _attachment_path(attachment: Any, name: str) -> str:
    return f"emails/{attachment.company_id}/{attachment.email_id}/{name}"


class Email(LeasedRow):
    """One message. `needs_document` holds it back until the invoice's Factur-X file exists."""

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        # failed before leaving: the document it carries can never be made
        # unknown: it waited in a copy of the database that was restored
        EmailStatus.QUEUED: frozenset(
            {EmailStatus.SENDING, EmailStatus.CANCELLED, EmailStatus.FAILED, EmailStatus.UNKNOWN}
        ),
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
        # accepted by our server, refused by the recipient's
        EmailStatus.SENT: frozenset({EmailStatus.BOUNCED}),
        EmailStatus.KEPT: frozenset({EmailStatus.QUEUED}),
        EmailStatus.UNKNOWN: frozenset({EmailStatus.QUEUED, EmailStatus.BOUNCED}),
        EmailStatus.FAILED: frozenset({EmailStatus.QUEUED}),
        EmailStatus.CANCELLED: frozenset(),
        EmailStatus.BOUNCED: frozenset({EmailStatus.QUEUED}),
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


class EmailAttachment(CompanyRow):
    """A file that left with the message, or will: kept byte for byte, so that what was sent can be shown."""

    email = models.ForeignKey(Email, on_delete=models.PROTECT, related_name="attachments")
    name = models.CharField(_("nom"), max_length=120)
    file = models.FileField(_("fichier"), upload_to=_attachment_path, max_length=255)
    sha256 = models.CharField("SHA-256", max_length=64)
    size = models.PositiveIntegerField(_("taille"))
    created_at = models.DateTimeField(_("créé le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("pièce jointe")
        verbose_name_plural = _("pièces jointes")
        constraints = [models.UniqueConstraint(fields=["email", "name"], name="one_attachment_per_name")]

    def __str__(self) -> str:
        return self.name


class BounceSource(models.TextChoices):
    MAILBOX = "MAILBOX", _("Boîte de retour")
    PROVIDER = "PROVIDER", _("Fournisseur d’envoi")


class Bounce(CompanyRow):
    """What the recipient's server said against one message (RFC 3464). A permanent one stops mails to its address.

    `cleared_at`: a person says that the address works again. `address` is in lower case.
    """

    email = models.ForeignKey(Email, on_delete=models.PROTECT, related_name="bounces")
    address = models.CharField(_("adresse"), max_length=254)
    status_code = models.CharField(_("code"), max_length=12, blank=True)
    diagnostic = models.CharField(_("réponse du serveur"), max_length=300, blank=True)
    is_permanent = models.BooleanField(_("définitif"))
    source = models.CharField(_("appris par"), max_length=10, choices=BounceSource.choices)
    at = models.DateTimeField(_("le"))
    cleared_at = models.DateTimeField(_("levé le"), null=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("retour d’e-mail")
        verbose_name_plural = _("retours d’e-mail")
        constraints = [models.UniqueConstraint(fields=["email", "is_permanent"], name="one_bounce_of_a_kind_per_email")]
        indexes = [
            models.Index(
                fields=["company", "address"], condition=Q(is_permanent=True, cleared_at=None), name="refused_address"
            )
        ]

    def __str__(self) -> str:
        return self.address
