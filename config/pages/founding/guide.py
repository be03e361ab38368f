"""The five steps of a new company, each done or not as its rows say, whoever did it and wherever."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from billing.models import Invoice, NumberPattern
from config.kernel.models import Company

USUAL_COLOUR = Company._meta.get_field("accent_color").get_default()


@dataclass(frozen=True, slots=True)
class Step:
    title: Any
    detail: Any
    action: Any
    url: str
    is_done: bool
    is_optional: bool = False


def steps_of(company: Company) -> list[Step]:
    """In their order; the first one was taken by founding the company. Two queries."""
    dressed = bool(company.logo_id or company.footer or company.accent_color != USUAL_COLOUR)
    issued = Invoice.objects.issued().exists()
    return [
        Step(
            _("L’identité de la société"),
            _("Raison sociale, SIREN, adresse, régime de TVA : ce que la loi veut lire sur chaque facture."),
            _("Revoir"),
            reverse("company-settings"),
            True,
        ),
        Step(
            _("Le compte bancaire"),
            _("Vos factures demandent à être payées dessus ; ses relevés disent qui a payé."),
            _("Revoir") if company.iban else _("Indiquer l’IBAN"),
            reverse("company-settings" if company.iban else "founding-bank"),
            bool(company.iban),
        ),
        Step(
            _("L’apparence de vos documents"),
            _("Logo, couleurs, pied de page et mentions, vus sur un spécimen."),
            _("Choisir"),
            reverse("look-settings"),
            dressed,
            is_optional=True,
        ),
        Step(
            _("Les numéros et les conditions de règlement"),
            _("La suite de vos factures, à partir de zéro ou derrière votre ancien logiciel. L’usuel convient."),
            _("Choisir"),
            reverse("numbering-settings"),
            issued or NumberPattern.objects.exists(),
            is_optional=True,
        ),
        Step(
            _("La première facture"),
            _("Un client, une ligne : elle est jugée par les règles officielles avant de prendre son numéro."),
            _("Préparer la facture"),
            reverse("billing:invoice-new"),
            issued,
        ),
    ]
