"""Whether this database is the one that was left: a restored copy is quiet until an owner releases it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.models.users import User


class Installation(models.Model):
    """Where this database lives: one row, written when its tables were made and at each release.

    `fingerprint` is what `kernel_fingerprint()` said then, of the server, of the database and of this very table. A
    dump that is restored, anywhere, brings another: PostgreSQL then gives no number, and nothing leaves.
    """

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    fingerprint = models.CharField(max_length=100)

    class Meta:
        verbose_name = _("installation")
        verbose_name_plural = _("installations")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="there_is_one_installation")]

    def __str__(self) -> str:
        return self.fingerprint


class Restoration(models.Model):
    """A copy was found in the place of the database that was left. Released by somebody who has seen what it ignores.

    `last_known_at` is the latest thing that it remembers; `findings`, by company and place, what was found elsewhere
    (where, what, number), None for a place that could not be asked.
    """

    MUTABLE: ClassVar[tuple[str, ...]] = ("released_at", "released_by_id", "compared_at", "findings")

    fingerprint = models.CharField(max_length=100, unique=True)
    last_known_at = models.DateTimeField(_("dernier fait connu"), null=True)
    noticed_at = models.DateTimeField(_("constatée le"))
    compared_at = models.DateTimeField(_("comparée le"), null=True)
    released_at = models.DateTimeField(_("levée le"), null=True)
    released_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+", verbose_name=_("par"))
    findings = models.JSONField(_("constats"), default=dict)

    class Meta:
        verbose_name = _("restauration")
        verbose_name_plural = _("restaurations")
        ordering = ["-noticed_at"]

    def __str__(self) -> str:
        return f"{self.noticed_at:%d/%m/%Y %H:%M}"
