"""How many calls an application makes at its platform: PISTE counts them by application, whosever account it is."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from einvoicing.models.accounts import Environment


class ApplicationCalls(models.Model):
    """The calls of one application within the minute and the day that began then, and the end of a pause (429).

    Of no company: several share the application of this installation, and one quota with it.
    """

    environment = models.CharField(_("environnement"), max_length=13, choices=Environment.choices)
    client_id = models.CharField(_("identifiant client"), max_length=200)
    minute = models.DateTimeField(_("minute"), null=True)
    calls_in_minute = models.PositiveIntegerField(_("appels de la minute"), default=0)
    day = models.DateField(_("jour"), null=True)
    calls_in_day = models.PositiveIntegerField(_("appels du jour"), default=0)
    resumes_at = models.DateTimeField(_("ralentie jusqu’au"), null=True)

    class Meta:
        verbose_name = _("appels d’une application")
        verbose_name_plural = _("appels des applications")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["environment", "client_id"], name="calls_counted_once_per_application")
        ]

    def __str__(self) -> str:
        return f"{self.client_id} ({self.get_environment_display()})"

    def is_paused(self, at: datetime) -> bool:
        return self.resumes_at is not None and self.resumes_at > at
