"""How a person wants to see a list: its filter, order and columns under a name, their own or the whole company's."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from config.kernel.models.companies import CompanyRow
from config.kernel.models.users import User


class SavedView(CompanyRow):
    """What the address of a list says, under a name. `page`: the address's own name; `query`: what stands behind it."""

    page = models.CharField(max_length=80)
    name = models.CharField(_("nom"), max_length=60)
    query = models.CharField(max_length=2000, blank=True)
    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+", verbose_name=_("personne"))
    is_shared = models.BooleanField(_("partagée avec la société"), default=False)
    created_at = models.DateTimeField(_("créée le"))

    class Meta(CompanyRow.Meta):
        verbose_name = _("vue enregistrée")
        verbose_name_plural = _("vues enregistrées")
        constraints = [
            models.UniqueConstraint(fields=["company", "owner", "page", "name"], name="a_view_has_its_own_name"),
        ]

    def __str__(self) -> str:
        return self.name


class DefaultView(CompanyRow):
    """The view in which a list opens for one person."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    page = models.CharField(max_length=80)
    view = models.ForeignKey(SavedView, on_delete=models.CASCADE, related_name="+")

    class Meta(CompanyRow.Meta):
        verbose_name = _("vue par défaut")
        verbose_name_plural = _("vues par défaut")
        constraints = [
            models.UniqueConstraint(fields=["company", "user", "page"], name="a_list_opens_in_one_view"),
        ]

    def __str__(self) -> str:
        return f"{self.page} {self.view_id}"
