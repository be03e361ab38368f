"""Links given to customers, what customers told through them, and how long a company lets its links live."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice
from config.kernel.models import CompanyRow
from customers.models import Customer
from payments.models.payments import Method

USUAL_DAYS, MOST_DAYS = 180, 730
USUAL_PAUSE, LONGEST_PAUSE = 7, 30


class PortalSettings(CompanyRow):
    """A company's choices about its customers' pages; without a row, those of a new one."""

    is_open = models.BooleanField(_("pages ouvertes"), default=True)
    link_days = models.PositiveSmallIntegerField(
        _("durée d’un lien (jours)"),
        default=USUAL_DAYS,
        validators=[MinValueValidator(1), MaxValueValidator(MOST_DAYS)],
    )
    pause_days = models.PositiveSmallIntegerField(
        _("relances suspendues après « J’ai payé » (jours)"),
        default=USUAL_PAUSE,
        validators=[MaxValueValidator(LONGEST_PAUSE)],
    )

    class Meta(CompanyRow.Meta):
        verbose_name = _("réglages des pages des clients")
        verbose_name_plural = _("réglages des pages des clients")
        constraints = [models.UniqueConstraint(fields=["company"], name="one_portal_per_company")]

    def __str__(self) -> str:
        return str(_("Pages des clients"))


class CustomerLink(CompanyRow):
    """One link for one recipient: to an invoice, or without one to all that the customer has open.

    `public_id` is 128 random bits; what opens the page is that and a signature (`payments.portal.tokens`), which is
    written nowhere. `recipient` is the address it was sent to; '' for one that a person copied.
    """

    MUTABLE: ClassVar[tuple[str, ...]] = ("expires_at", "revoked_at", "opened_at")

    public_id = models.CharField(max_length=26, unique=True, editable=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="portal_links")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, null=True, related_name="portal_links")
    recipient = models.EmailField(_("destinataire"), blank=True)
    made_at = models.DateTimeField(_("créé le"))
    expires_at = models.DateTimeField(_("valable jusqu’au"))
    opened_at = models.DateTimeField(_("ouvert la première fois le"), null=True)
    revoked_at = models.DateTimeField(_("révoqué le"), null=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("lien de client")
        verbose_name_plural = _("liens de clients")
        constraints = [
            models.UniqueConstraint(
                fields=["invoice", "recipient"], condition=Q(revoked_at=None), name="one_live_link_per_recipient"
            ),
            models.UniqueConstraint(
                fields=["customer", "recipient"],
                condition=Q(revoked_at=None, invoice=None),
                name="one_live_statement_per_recipient",
            ),
        ]

    def __str__(self) -> str:
        return self.recipient or str(_("lien copié"))

    def opens(self, at: datetime) -> bool:
        return self.revoked_at is None and at < self.expires_at


class NoticeKind(models.TextChoices):
    PAID = "PAID", _("Dit avoir payé")
    DISPUTED = "DISPUTED", _("Conteste")


class CustomerNotice(CompanyRow):
    """What a customer told about an invoice on its page: a task for the team until somebody has dealt with it.

    « J’ai payé » records no payment: only the bank, a cheque or the till proves one. It holds reminders of the invoice
    back until `paused_until`, that day included.
    """

    MUTABLE: ClassVar[tuple[str, ...]] = ("handled_at", "paused_until")

    link = models.ForeignKey(CustomerLink, on_delete=models.PROTECT, related_name="notices")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="notices")
    kind = models.CharField(_("message"), max_length=10, choices=NoticeKind.choices)
    paid_on = models.DateField(_("payée le"), null=True)
    method = models.CharField(_("moyen"), max_length=10, blank=True, choices=Method.choices)
    text = models.CharField(_("référence ou motif"), max_length=300, blank=True)
    paused_until = models.DateField(_("relances suspendues jusqu’au"), null=True)
    # the form as it was sent: sent twice, it is one message
    form_key = models.CharField(max_length=64, editable=False)
    at = models.DateTimeField(_("reçu le"))
    handled_at = models.DateTimeField(_("traité le"), null=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("message de client")
        verbose_name_plural = _("messages de clients")
        constraints = [models.UniqueConstraint(fields=["link", "form_key"], name="one_notice_per_form")]
        indexes = [
            models.Index(fields=["company", "-at", "-id"], name="notice_by_date"),
            models.Index(fields=["invoice"], condition=Q(handled_at=None), name="notice_open"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} – {self.invoice}"
