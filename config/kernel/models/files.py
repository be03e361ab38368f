"""Files that were found missing or altered: what people have to restore."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.models.companies import CompanyRow


class DamagedFile(CompanyRow):
    """One kept file that was refused when it was read. The row goes when the file reads well again.

    `file_subject` names the row that holds the file, `record` the one that people know it by.
    """

    file_subject = models.CharField(max_length=60)
    record = models.CharField(max_length=60)
    name = models.CharField(_("fichier"), max_length=255)
    problem = models.CharField(_("difficulté"), max_length=20)
    found_at = models.DateTimeField(_("constaté le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("fichier altéré ou manquant")
        verbose_name_plural = _("fichiers altérés ou manquants")
        constraints = [models.UniqueConstraint(fields=["company", "file_subject"], name="one_row_per_damaged_file")]

    def __str__(self) -> str:
        return self.name
