"""The rooms of the accountant, as cards of the first page: each page adds its own line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Room:
    """A card: what stands behind it, the name of its address, the area or the act that it asks of the role.

    `law`: the country of whose companies alone it is; '' of all.
    """

    title: Any
    sentence: Any
    url_name: str
    needs: str = "books"
    icon: str = "book"
    law: str = ""


ROOMS: tuple[Room, ...] = (
    Room(_("Écritures"), _("Chercher, saisir, contre-passer"), "billing:entry-list"),
    Room(_("Lettrage"), _("Solder les lignes d’un tiers"), "billing:lettering"),
    Room(_("À-nouveaux"), _("Reprendre les soldes d’un autre logiciel"), "billing:opening", "books.write"),
    Room(_("Plan comptable"), _("Comptes, journaux, comptes de vente"), "billing:account-list"),
    Room(_("TVA"), _("Déclarations CA3, par période"), "billing:vat-list", icon="file", law="FR"),
    Room(_("Clôture"), _("Contrôles, mois et exercices"), "billing:closing", icon="lock"),
    Room(_("FEC"), _("Fichier des écritures, dossier de contrôle"), "billing:fec", icon="file", law="FR"),
    Room(
        _("Dossier de contrôle"), _("Écritures de l’exercice, pièces et chaîne"), "billing:fec", icon="file", law="CH"
    ),
)
