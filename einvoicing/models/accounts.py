"""A company's account at a platform: where it is, and the secret that opens it (encrypted, write-only)."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel import secrets
from config.kernel.models import CompanyRow, LeasedRow


class Environment(models.TextChoices):
    PRODUCTION = "production", _("Production")
    QUALIFICATION = "qualification", _("Qualification")


class DocumentFormat(models.TextChoices):
    FACTURX = "Factur-X", _("Factur-X (PDF et XML)")
    CII = "CII", _("CII (XML)")
    UBL = "UBL", _("UBL (XML)")


class PlatformAccount(LeasedRow):
    """How a company reaches its platform. `cursor` is the platform's own clock of what we have read.

    `failures` and `open_until` are the circuit breaker: too many failures in a row, and nothing is tried until then.
    """

    kind = models.CharField(_("plateforme"), max_length=20)
    name = models.CharField(_("intitulé"), max_length=100)
    base_url = models.URLField(_("adresse du service"), max_length=300)
    token_url = models.URLField(_("adresse des jetons"), max_length=300)
    client_id = models.CharField(_("identifiant client"), max_length=200, blank=True)
    client_secret_cipher = models.TextField(blank=True, editable=False)
    environment = models.CharField(
        _("environnement"), max_length=13, choices=Environment.choices, default=Environment.PRODUCTION
    )
    service_name = models.CharField(_("nom du service de flux"), max_length=60, default="flow-service")
    directory_name = models.CharField(_("nom du service d’annuaire"), max_length=60, default="directory-service")
    organization_id = models.CharField(_("identifiant d’organisation"), max_length=100, blank=True)
    login = models.CharField(_("compte technique"), max_length=200, blank=True)
    password_cipher = models.TextField(blank=True, editable=False)
    default_format = models.CharField(
        _("format par défaut"), max_length=8, choices=DocumentFormat.choices, default=DocumentFormat.FACTURX
    )
    is_enabled = models.BooleanField(_("active"), default=True)
    sends_automatically = models.BooleanField(_("transmission automatique à l’émission"), default=True)
    writes_receipts = models.BooleanField(
        _("inscrire les encaissements au livre des recettes (appel non publié)"), default=False
    )
    is_offline = models.BooleanField(_("hors ligne : tout reste en file"), default=False)
    failures = models.PositiveSmallIntegerField(default=0, editable=False)
    open_until = models.DateTimeField(_("suspendue jusqu’au"), null=True, editable=False)
    compared_at = models.DateTimeField(_("dernière comparaison"), null=True, editable=False)
    cursor = models.TextField(blank=True, editable=False)
    polled_at = models.DateTimeField(_("dernière lecture"), null=True, editable=False)
    password_expires_on = models.DateField(_("fin du mot de passe"), null=True, editable=False)
    last_error = models.CharField(_("dernière erreur"), max_length=500, blank=True, editable=False)

    class Meta(CompanyRow.Meta):
        verbose_name = _("compte de plateforme")
        verbose_name_plural = _("comptes de plateforme")
        constraints = [models.UniqueConstraint(fields=["company", "kind"], name="one_account_per_platform")]

    def __str__(self) -> str:
        return self.name

    def is_suspended(self, *, at: datetime) -> bool:
        """Whether nothing may be tried now: offline by choice, or after too many failures."""
        return self.is_offline or (self.open_until is not None and at < self.open_until)

    def _context(self, name: str) -> str:
        return f"platformaccount:{self.company_id}:{self.pk}:{name}"

    def set_client_secret(self, secret: str) -> None:
        self.client_secret_cipher = secrets.encrypt(secret, context=self._context("client_secret"))

    def client_secret(self) -> str:
        """The secret in clear; raises SecretUnreadable."""
        return secrets.decrypt(self.client_secret_cipher, context=self._context("client_secret"))

    def set_password(self, password: str) -> None:
        self.password_cipher = secrets.encrypt(password, context=self._context("password"))

    def password(self) -> str:
        """The second credential in clear, '' where there is none; raises SecretUnreadable."""
        return secrets.decrypt(self.password_cipher, context=self._context("password")) if self.password_cipher else ""
