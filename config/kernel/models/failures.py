"""What a background loop could not do, until a later run does it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.models.companies import Company, CompanyRow


class LoopFailure(CompanyRow):
    """One row that a loop could not treat. It goes when a later run of the same loop treats the row.

    Of no company where the row is of none: the superusers' home page shows it.
    """

    company = models.ForeignKey(  # type: ignore[assignment]  # of none where the row is of none
        Company, on_delete=models.PROTECT, null=True, related_name="+"
    )
    loop = models.CharField(_("traitement"), max_length=60)
    row = models.CharField(_("enregistrement"), max_length=60)
    name = models.CharField(_("intitulé"), max_length=200)
    problem = models.CharField(_("difficulté"), max_length=500)
    failed_at = models.DateTimeField(_("dernier échec"))
    failing_since = models.DateTimeField(_("en échec depuis"))
    times = models.PositiveIntegerField(_("échecs"), default=1)

    class Meta(CompanyRow.Meta):
        verbose_name = _("échec d’un traitement")
        verbose_name_plural = _("échecs de traitements")
        constraints = [models.UniqueConstraint(fields=["loop", "row"], name="one_failure_per_row")]

    def __str__(self) -> str:
        return f"{self.loop} : {self.name}"
