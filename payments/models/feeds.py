"""Feeds: the remote services whose movements and payments are read, and what opens them (encrypted, write-only)."""

from __future__ import annotations

from datetime import datetime

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel import secrets
from config.kernel.models import CompanyRow, LeasedRow


class FeedKind(models.TextChoices):
    REVOLUT = "revolut", "Revolut Business"
    INVOICE_NINJA = "invoice_ninja", "Invoice Ninja"


class Feed(LeasedRow):
    """A service the company reads. Read only: nothing is ever written there.

    The key is what the company holds: Revolut's private key (PEM), Invoice Ninja's API token. The grant is what the
    service gave back once a person consented, Revolut's refresh token: without it a Revolut feed waits for consent.
    """

    kind = models.CharField(_("service"), max_length=20, choices=FeedKind.choices)
    base_url = models.URLField(_("adresse du service"), max_length=300)
    client_id = models.CharField(_("identifiant client"), max_length=200, blank=True)
    key_cipher = models.TextField(blank=True, editable=False)
    certificate = models.TextField(blank=True, editable=False)  # public: what the person uploads at Revolut
    grant_cipher = models.TextField(blank=True, editable=False)
    token_cipher = models.TextField(blank=True, editable=False)
    token_until = models.DateTimeField(null=True, editable=False)
    is_enabled = models.BooleanField(_("active"), default=True)
    cursor = models.CharField(max_length=100, blank=True, editable=False)  # the service's own clock of what we read
    # the accounts there that are not read, by their names
    left_out = models.JSONField(_("comptes non lus"), default=list, blank=True, editable=False)
    read_at = models.DateTimeField(_("dernière lecture"), null=True, editable=False)
    failing_since = models.DateTimeField(_("en échec depuis"), null=True, editable=False)
    last_error = models.CharField(_("dernière erreur"), max_length=500, blank=True, editable=False)
    created_at = models.DateTimeField(_("créé le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("flux")
        verbose_name_plural = _("flux")
        constraints = [models.UniqueConstraint(fields=["company", "kind"], name="one_feed_per_service")]

    def __str__(self) -> str:
        return FeedKind(self.kind).label

    def set_secret(self, name: str, secret: str) -> None:
        """Keep `key`, `grant` or `token` encrypted, bound to this row; '' forgets it."""
        cipher = secrets.encrypt(secret, context=self._context(name)) if secret else ""
        setattr(self, f"{name}_cipher", cipher)

    def secret(self, name: str) -> str:
        """`key`, `grant` or `token` in clear, '' where there is none; raises SecretUnreadable."""
        cipher = getattr(self, f"{name}_cipher")
        return secrets.decrypt(cipher, context=self._context(name)) if cipher else ""

    def token_at(self, at: datetime) -> str:
        """The access token while it is still good; '' after."""
        return self.secret("token") if self.token_until is not None and at < self.token_until else ""

    def _context(self, name: str) -> str:
        return f"feed:{self.company_id}:{self.pk}:{name}"
