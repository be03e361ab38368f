"""Acts on many rows of a list: the run that somebody started, and each row with what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.models.companies import CompanyRow
from config.kernel.models.queues import LeasedRow


class BulkStatus(models.TextChoices):
    RUNNING = "RUNNING", _("En cours")
    DONE = "DONE", _("Terminé")
    STOPPED = "STOPPED", _("Arrêté")


class BulkRun(LeasedRow):
    """What somebody asked for, of rows that were frozen as they were chosen. `rows_of` and `act` are declared names."""

    MOVES: ClassVar[Mapping[str, frozenset[str]]] = {
        BulkStatus.RUNNING: frozenset({BulkStatus.DONE, BulkStatus.STOPPED}),
        BulkStatus.DONE: frozenset(),
        BulkStatus.STOPPED: frozenset(),
    }

    rows_of = models.CharField(_("liste"), max_length=30)
    act = models.CharField(_("acte"), max_length=30)
    options = models.JSONField(_("réglages"), default=dict, blank=True)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("demandé par")
    )
    language = models.CharField(_("langue"), max_length=10)
    total = models.PositiveIntegerField(_("lignes"))
    status = models.CharField(_("état"), max_length=8, choices=BulkStatus, default=BulkStatus.RUNNING)
    requested_at = models.DateTimeField(_("demandé le"))
    # when a worker last let go of it: the runs take turns
    turn_at = models.DateTimeField(editable=False)
    finished_at = models.DateTimeField(_("terminé le"), null=True)

    class Meta(LeasedRow.Meta):
        verbose_name = _("acte groupé")
        verbose_name_plural = _("actes groupés")
        indexes = [
            models.Index(fields=["turn_at"], condition=models.Q(status="RUNNING"), name="bulk_runs_waiting"),
            models.Index(fields=["company", "-requested_at", "-id"], name="bulk_runs_by_day"),
        ]

    def __str__(self) -> str:
        return f"{self.act} {self.pk}"


class BulkRowStatus(models.TextChoices):
    WAITING = "WAITING", _("En attente")
    DONE = "DONE", _("Fait")
    REFUSED = "REFUSED", _("Refusé")


class BulkRow(CompanyRow):
    """One row of a run: `record` is its key, `label` how it was called, `sentence` what became of it."""

    run = models.ForeignKey(BulkRun, on_delete=models.CASCADE, related_name="rows", db_index=False)
    position = models.PositiveIntegerField(_("ligne"))
    record = models.BigIntegerField()
    label = models.CharField(_("désignation"), max_length=200)
    status = models.CharField(_("état"), max_length=8, choices=BulkRowStatus, default=BulkRowStatus.WAITING)
    attempts = models.PositiveSmallIntegerField(_("essais"), default=0)
    sentence = models.CharField(_("résultat"), max_length=500, blank=True)
    done_at = models.DateTimeField(_("fait le"), null=True)

    class Meta(CompanyRow.Meta):
        verbose_name = _("ligne d’un acte groupé")
        verbose_name_plural = _("lignes d’actes groupés")
        constraints = [models.UniqueConstraint(fields=["run", "record"], name="a_run_has_a_record_once")]
        indexes = [models.Index(fields=["run", "status", "position"], name="bulk_rows_by_state")]

    def __str__(self) -> str:
        return self.label
