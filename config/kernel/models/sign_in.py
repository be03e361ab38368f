"""How often a sign-in was tried, counted in PostgreSQL: a limit that goes with the broker is none."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class SignInTries(models.Model):
    """Wrong tries at one key (a person, an address, or both, where a success forgets), and until when none is taken."""

    key = models.CharField(_("empreinte"), max_length=64, primary_key=True)  # a digest: nothing tells whose
    tries = models.PositiveIntegerField(_("essais"), default=0)
    tried_at = models.DateTimeField(_("dernier essai le"))
    paused_until = models.DateTimeField(_("en pause jusqu’au"), null=True)

    class Meta:
        verbose_name = _("essais de connexion")
        verbose_name_plural = _("essais de connexion")

    def __str__(self) -> str:
        return f"{self.key[:8]} : {self.tries}"


class KnownPlace(models.Model):
    """An address or a browser from which a person signed in: tries made elsewhere do not count there."""

    key = models.CharField(_("empreinte"), max_length=64, primary_key=True)  # a digest: nothing tells whose, nor where
    seen_at = models.DateTimeField(_("vu le"), db_index=True)

    class Meta:
        verbose_name = _("lieu de connexion connu")
        verbose_name_plural = _("lieux de connexion connus")

    def __str__(self) -> str:
        return self.key[:8]
