"""What each background process tells of itself every few seconds: it lives, and its work goes on."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Heartbeat(models.Model):
    """The last sign of whoever works under this name: a queue's worker, or the clock. Of no company."""

    name = models.CharField(_("nom"), max_length=40, primary_key=True)
    place = models.CharField(_("machine et processus"), max_length=120)
    started_at = models.DateTimeField(_("démarré le"))
    seen_at = models.DateTimeField(_("dernier signe le"))
    # a task begun or ended, or nothing but busy threads; of the clock, a turn
    moved_at = models.DateTimeField(_("dernière avancée le"))
    busy = models.PositiveIntegerField(_("tâches en cours"))

    class Meta:
        verbose_name = _("signe de vie")
        verbose_name_plural = _("signes de vie")

    def __str__(self) -> str:
        return self.name
