"""The pictures that companies print on documents. None is ever changed: an issued document names its own by hash."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.models.companies import CompanyRow

WIDEST, HIGHEST = Decimal(78), Decimal(20)  # mm on paper
A_PIXEL = Decimal("25.4") / 150  # mm: a PNG is not drawn coarser than 150 points an inch


def _path(logo: Any, name: str) -> str:
    return f"logos/{logo.company_id}/{name}"


class Logo(CompanyRow):
    """A PNG or an SVG as `config.kernel.logos` made it, kept byte for byte. `width` and `height` in its own units."""

    file = models.FileField(_("fichier"), upload_to=_path, max_length=255)
    sha256 = models.CharField("SHA-256", max_length=64)
    size = models.PositiveIntegerField(_("taille"))
    media_type = models.CharField(_("type"), max_length=20)
    width = models.PositiveIntegerField(_("largeur"))
    height = models.PositiveIntegerField(_("hauteur"))
    created_at = models.DateTimeField(_("créé le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("logo")
        verbose_name_plural = _("logos")
        constraints = [models.UniqueConstraint(fields=["company", "sha256"], name="one_logo_per_hash")]

    def __str__(self) -> str:
        return self.sha256[:12]

    @property
    def on_paper(self) -> str:
        """Its style: width and height in mm, within WIDEST and HIGHEST; a small PNG stays small."""
        scale = min(WIDEST / self.width, HIGHEST / self.height)
        if self.media_type == "image/png":
            scale = min(scale, A_PIXEL)
        return f"width:{self.width * scale:.2f}mm;height:{self.height * scale:.2f}mm"
