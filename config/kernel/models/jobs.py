"""Work that somebody asked for, from the request to the end of all that it set going."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.models.companies import CompanyRow


class JobStatus(models.TextChoices):
    RUNNING = "RUNNING", _("En cours")
    COMPLETED = "COMPLETED", _("Terminé")
    FAILED = "FAILED", _("En échec")


class Job(CompanyRow):
    """`parts`: kind and key of the rows of the queues that must end before it has."""

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        JobStatus.RUNNING: frozenset({JobStatus.COMPLETED, JobStatus.FAILED}),
        JobStatus.COMPLETED: frozenset(),
        JobStatus.FAILED: frozenset(),
    }

    kind = models.CharField(_("nature"), max_length=40)
    queue = models.CharField(_("file d’attente"), max_length=40)
    status = models.CharField(_("état"), max_length=10, choices=JobStatus, default=JobStatus.RUNNING)
    started_at = models.DateTimeField(_("demandé le"))
    finished_at = models.DateTimeField(_("terminé le"), null=True)
    parts = models.JSONField(_("suites"), default=list, blank=True)
    problem = models.CharField(_("difficulté"), max_length=500, blank=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("travail demandé")
        verbose_name_plural = _("travaux demandés")
        indexes = [models.Index(fields=["started_at"], condition=models.Q(status="RUNNING"), name="running_jobs")]

    def __str__(self) -> str:
        return f"{self.kind} {self.pk}"
