"""Documents whose lines may have come to zero, or come apart, since the last sweep."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.models import CompanyRow


class PendingLettering(CompanyRow):
    """One document, as a trigger noted it: added to by all, changed by nobody, taken away by the sweep."""

    document = models.CharField(_("document"), max_length=60)

    class Meta(CompanyRow.Meta):
        verbose_name = _("lettrage à revoir")
        verbose_name_plural = _("lettrages à revoir")

    def __str__(self) -> str:
        return self.document
