"""What partner systems are given: keys of the API, and the answers kept so that a call can be repeated safely."""

from __future__ import annotations

import ipaddress
from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.models.companies import CompanyRow
from config.kernel.models.users import User


class ApiKey(CompanyRow):
    """A key for a machine: of one company, with the scopes it was given. Only the digest of its secret is kept.

    A scope is an action of `config.kernel.roles.ACTIONS`, or an area to read ("invoices.read").
    """

    name = models.CharField(_("nom"), max_length=80)
    prefix = models.CharField(_("début de la clé"), max_length=16, unique=True)
    digest = models.CharField("SHA-256", max_length=64, editable=False)
    scopes = ArrayField(models.CharField(max_length=40), verbose_name=_("droits"))
    networks = ArrayField(
        models.CharField(max_length=43), verbose_name=_("adresses IP autorisées"), default=list, blank=True
    )
    expires_at = models.DateTimeField(_("expire le"), null=True, blank=True)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+", verbose_name=_("créée par"))
    created_at = models.DateTimeField(_("créée le"))
    last_used_at = models.DateTimeField(_("dernier usage"), null=True, blank=True)
    last_used_ip = models.GenericIPAddressField(_("dernière adresse"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("révoquée le"), null=True, blank=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("clé d’API")
        verbose_name_plural = _("clés d’API")

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"

    def is_live(self, at: datetime) -> bool:
        return self.revoked_at is None and (self.expires_at is None or at < self.expires_at)

    def accepts(self, address: str) -> bool:
        """True when the caller's address is in the allowed networks, or none are named."""
        if not self.networks:
            return True
        try:
            caller = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(caller in ipaddress.ip_network(network) for network in self.networks)


class IdempotentCall(CompanyRow):
    """The answer given to a call that bore an Idempotency-Key, written with the call's own effects or not at all."""

    key = models.CharField(max_length=255)
    caller = models.CharField(max_length=100)
    method = models.CharField(max_length=6)
    path = models.CharField(max_length=300)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField()
    location = models.TextField(blank=True)  # with the keys of a hundred rows it is long
    body = models.TextField()
    created_at = models.DateTimeField()

    class Meta(CompanyRow.Meta):
        verbose_name = _("appel rejouable")
        verbose_name_plural = _("appels rejouables")
        constraints = [models.UniqueConstraint(fields=["company", "key"], name="one_answer_per_idempotency_key")]
        indexes = [models.Index(fields=["created_at"], name="idempotent_call_by_age")]

    def __str__(self) -> str:
        return f"{self.method} {self.path} {self.key}"
