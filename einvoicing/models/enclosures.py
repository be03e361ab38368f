"""The documents that go with an answer to a platform, kept byte for byte."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.models import CompanyRow
from einvoicing.models.transmissions import Transmission


def _path(enclosure: Any, name: str) -> str:
    return f"answers/{enclosure.company_id}/{enclosure.transmission_id}/{name}"


class Enclosure(CompanyRow):
    """One supporting document. `name` is the person's own; `media_type` its MIME type."""

    transmission = models.ForeignKey(Transmission, on_delete=models.PROTECT, related_name="enclosures")
    position = models.PositiveSmallIntegerField(_("position"))
    name = models.CharField(_("nom"), max_length=200)
    media_type = models.CharField(_("type"), max_length=100)
    file = models.FileField(_("fichier"), upload_to=_path, max_length=255)
    sha256 = models.CharField("SHA-256", max_length=64)
    size = models.PositiveIntegerField(_("taille"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("pièce jointe")
        verbose_name_plural = _("pièces jointes")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["transmission", "position"], name="enclosures_in_order")]

    def __str__(self) -> str:
        return self.name
