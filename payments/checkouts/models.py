"""A company's account at a payment provider, the checkouts asked of it, and the transfers that it sends to the bank."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import ClassVar
from urllib.parse import urlsplit

from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice
from config.kernel import secrets
from config.kernel.models import CompanyRow, LeasedRow
from payments.models.payments import Payment
from payments.providers.registry import PROVIDERS

WALLET, FEES = "511500", "627000"


class ProviderAccount(LeasedRow):
    """What opens the provider (encrypted, write-only), where its page stands, and the accounts of the journal.

    Money of a checkout waits on `ledger_account` until the provider's transfer reaches the bank.
    """

    kind = models.CharField(_("service"), max_length=30, choices=[(key, row.label) for key, row in PROVIDERS.items()])
    base_url = models.URLField(_("adresse du service"), max_length=300)
    page_origin = models.CharField(_("origine de la page de paiement"), max_length=300)
    secret_cipher = models.TextField(blank=True, editable=False)
    ledger_account = models.CharField(_("compte d’attente (511500 ou 467…)"), max_length=10, default=WALLET)
    fee_account = models.CharField(_("compte des frais"), max_length=10, default=FEES)
    is_enabled = models.BooleanField(_("en service"), default=False)
    read_at = models.DateTimeField(_("dernière lecture"), null=True, editable=False)
    last_error = models.CharField(_("dernière erreur"), max_length=500, blank=True, editable=False)
    created_at = models.DateTimeField(_("créé le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("service de paiement")
        verbose_name_plural = _("services de paiement")
        constraints = [
            models.UniqueConstraint(fields=["company"], name="one_provider_per_company"),
            models.CheckConstraint(
                condition=Q(ledger_account__regex=r"^(467|511)[0-9]{3,7}$"), name="a_wallet_is_booked_on_467_or_511"
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_kind_display())

    def set_secret(self, secret: str) -> None:
        self.secret_cipher = secrets.encrypt(secret, context=self._context())

    def secret(self) -> str:
        """In clear, '' where there is none; raises SecretUnreadable."""
        return secrets.decrypt(self.secret_cipher, context=self._context()) if self.secret_cipher else ""

    def leads_to_its_page(self, url: str) -> bool:
        """Whether a customer may be sent there: nowhere but to the page that was configured (open redirects)."""
        try:
            target = urlsplit(url)
        except ValueError:
            return False
        return f"{target.scheme}://{target.netloc}" == self.page_origin and url.isprintable() and "\\" not in url

    def _context(self) -> str:
        return f"provideraccount:{self.company_id}:{self.pk}:secret"


class CheckoutStatus(models.TextChoices):
    NEW = "NEW", _("Demandé")
    OPEN = "OPEN", _("En cours")
    PAID = "PAID", _("Payé")
    EXPIRED = "EXPIRED", _("Expiré")
    FAILED = "FAILED", _("Échoué")


class Checkout(LeasedRow):
    """One payment by card asked of the provider. `reference` is ours: the provider's idempotency key and its label.

    The row waits to be asked about until it is over; what the provider says late (paid after it had expired) is obeyed.
    """

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        CheckoutStatus.NEW: frozenset(
            {CheckoutStatus.OPEN, CheckoutStatus.PAID, CheckoutStatus.EXPIRED, CheckoutStatus.FAILED}
        ),
        CheckoutStatus.OPEN: frozenset({CheckoutStatus.PAID, CheckoutStatus.EXPIRED, CheckoutStatus.FAILED}),
        CheckoutStatus.EXPIRED: frozenset({CheckoutStatus.PAID}),
        CheckoutStatus.FAILED: frozenset({CheckoutStatus.PAID}),
        CheckoutStatus.PAID: frozenset(),
    }

    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT, related_name="checkouts")
    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="checkouts")
    status = models.CharField(_("état"), max_length=8, choices=CheckoutStatus.choices, default=CheckoutStatus.NEW)
    reference = models.CharField(_("référence"), max_length=40)
    amount = models.DecimalField(_("montant"), max_digits=16, decimal_places=2)
    currency = models.CharField(_("devise"), max_length=3, default="EUR")
    remote_id = models.CharField(_("identifiant là-bas"), max_length=100, blank=True)
    page_url = models.CharField(_("page de paiement"), max_length=1000, blank=True)
    expires_at = models.DateTimeField(_("expire le"), null=True)
    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, null=True, related_name="checkout")
    paid_at = models.DateTimeField(_("payé le"), null=True)
    fee = models.DecimalField(_("frais"), max_digits=16, decimal_places=2, null=True)
    refunded = models.DecimalField(_("remboursé"), max_digits=16, decimal_places=2, default=Decimal("0.00"))
    is_disputed = models.BooleanField(_("impayé par carte"), default=False)
    # what a person should look at; '' for nothing, or once somebody has
    alert = models.CharField(_("à vérifier"), max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(_("tentatives"), default=0)
    next_attempt_at = models.DateTimeField(_("prochaine question"))
    last_error = models.CharField(_("dernière erreur"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("créé le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("paiement par carte")
        verbose_name_plural = _("paiements par carte")
        constraints = [
            models.UniqueConstraint(fields=["company", "reference"], name="one_checkout_per_reference"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="a_checkout_asks_for_money"),
            models.CheckConstraint(
                condition=Q(status="PAID", payment__isnull=False) | ~Q(status="PAID") & Q(payment=None),
                name="a_paid_checkout_has_its_payment",
            ),
        ]
        indexes = [
            models.Index(fields=["next_attempt_at"], condition=Q(status__in=["NEW", "OPEN"]), name="checkout_due"),
            models.Index(fields=["company", "-created_at", "-id"], name="checkout_by_creation"),
            models.Index(fields=["company"], condition=~Q(alert=""), name="checkout_alert"),
        ]

    def __str__(self) -> str:
        return self.reference

    def is_live(self, at: datetime) -> bool:
        """Whether a customer may still be sent to its page."""
        is_over = self.expires_at is not None and self.expires_at <= at
        return self.status in {CheckoutStatus.NEW, CheckoutStatus.OPEN} and not is_over


class Payout(CompanyRow):
    """A transfer of a payment service to the bank, with its report: for each transaction gross, fee and net.

    Read at the provider (`account`), or in a file that somebody dropped (`account` is None).
    """

    account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT, null=True, related_name="payouts")
    remote_id = models.CharField(_("identifiant là-bas"), max_length=100)
    amount = models.DecimalField(_("montant"), max_digits=16, decimal_places=2)
    currency = models.CharField(_("devise"), max_length=3)
    arrives_on = models.DateField(_("attendu le"))
    bank_reference = models.CharField(_("référence bancaire"), max_length=140, blank=True)
    # kind, reference, gross, fee, net: texts with two decimals; of a file also references, text and invoice, the
    # number of the one that a person named
    entries = models.JSONField(_("transactions"), default=list)
    read_at = models.DateTimeField(_("lu le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("versement du service de paiement")
        verbose_name_plural = _("versements du service de paiement")
        constraints = [
            models.UniqueConstraint(fields=["account", "remote_id"], name="one_payout_per_report"),
            models.UniqueConstraint(
                fields=["company", "remote_id"], condition=Q(account=None), name="one_payout_per_file_report"
            ),
        ]
        indexes = [models.Index(fields=["company", "-arrives_on", "-id"], name="payout_by_day")]

    def __str__(self) -> str:
        return self.bank_reference or self.remote_id

    def get_absolute_url(self) -> str:
        return reverse("payments:payout-detail", args=[self.pk])

    @property
    def fee_account(self) -> str:
        return self.account.fee_account if self.account else FEES
