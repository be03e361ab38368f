"""A company's account at a platform: where it is, and the secret that opens it (encrypted, write-only)."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel import secrets
from config.kernel.models import CompanyRow


class PlatformAccount(CompanyRow):
    """How a company reaches its platform. `cursor` is the platform's own clock of what we have read."""

    kind = models.CharField(_("plateforme"), max_length=20)
    name = models.CharField(_("intitulé"), max_length=100)
    base_url = models.URLField(_("adresse du service"), max_length=300)
    token_url = models.URLField(_("adresse des jetons"), max_length=300)
    client_id = models.CharField(_("identifiant client"), max_length=200)
    client_secret_cipher = models.TextField(blank=True, editable=False)
    is_enabled = models.BooleanField(_("active"), default=True)
    sends_automatically = models.BooleanField(_("transmission automatique à l’émission"), default=True)
    cursor = models.TextField(blank=True, editable=False)
    polled_at = models.DateTimeField(_("dernière lecture"), null=True, editable=False)
    last_error = models.CharField(_("dernière erreur"), max_length=500, blank=True, editable=False)

    class Meta(CompanyRow.Meta):
        verbose_name = _("compte de plateforme")
        verbose_name_plural = _("comptes de plateforme")
        constraints = [models.UniqueConstraint(fields=["company", "kind"], name="one_account_per_platform")]

    def __str__(self) -> str:
        return self.name

    def _context(self) -> str:
        return f"platformaccount:{self.company_id}:{self.pk}:client_secret"

    def set_client_secret(self, secret: str) -> None:
        self.client_secret_cipher = secrets.encrypt(secret, context=self._context())

    def client_secret(self) -> str:
        """The secret in clear; raises SecretUnreadable."""
        return secrets.decrypt(self.client_secret_cipher, context=self._context())
