"""What the installation did for its safekeeping, and how far each company's proof was looked at."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.models.companies import CompanyRow


class SafekeepingKind(models.TextChoices):
    BACKUP = "BACKUP", _("sauvegarde")
    REHEARSAL = "REHEARSAL", _("restauration d’essai")
    CHAIN = "CHAIN", _("chaîne des faits")
    FILES = "FILES", _("fichiers conservés")
    STAMP = "STAMP", _("horodatage")


class SafekeepingRun(models.Model):
    """One run of one care: begun, then ended well or with its `problem`. One without an end was killed, or runs.

    `facts` are its figures: sizes in bytes, counts, the moment of the backup that was rehearsed.
    """

    MUTABLE: ClassVar[tuple[str, ...]] = ("finished_at", "problem", "facts")

    kind = models.CharField(_("soin"), max_length=10, choices=SafekeepingKind)
    started_at = models.DateTimeField(_("commencé le"))
    finished_at = models.DateTimeField(_("terminé le"), null=True)
    problem = models.CharField(_("difficulté"), max_length=500, blank=True)
    facts = models.JSONField(_("chiffres"), default=dict)

    class Meta:
        verbose_name = _("soin de conservation")
        verbose_name_plural = _("soins de conservation")
        ordering = ["-started_at", "-pk"]
        indexes = [models.Index(fields=["kind", "-started_at"], name="safekeeping_latest")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.started_at:%d/%m/%Y %H:%M}"


class ProofProgress(CompanyRow):
    """How far a company's chain and files were looked at: the next night goes on from there.

    The chain holds up to event `length`, whose hash was `head`; `whole_at` is when all of it was computed again last.
    `file` names the last file of the present round ("app.model:id"), begun at `round_at`.
    """

    length = models.PositiveBigIntegerField(_("événements vérifiés"), default=0)
    head = models.CharField(_("empreinte"), max_length=64, blank=True)
    verified_at = models.DateTimeField(_("vérifiée le"), null=True)
    whole_at = models.DateTimeField(_("vérifiée en entier le"), null=True)
    breaks = models.JSONField(_("ruptures"), default=list)
    file = models.CharField(_("dernier fichier lu"), max_length=80, blank=True)
    round_at = models.DateTimeField(_("tour commencé le"), null=True)
    round_ended_at = models.DateTimeField(_("dernier tour achevé le"), null=True)
    round_count = models.PositiveIntegerField(_("fichiers lus dans ce tour"), default=0)

    class Meta(CompanyRow.Meta):
        verbose_name = _("avancement du contrôle")
        verbose_name_plural = _("avancements du contrôle")
        constraints = [models.UniqueConstraint(fields=["company"], name="one_proof_progress_per_company")]

    def __str__(self) -> str:
        return f"{self.company_id}: {self.length}"
