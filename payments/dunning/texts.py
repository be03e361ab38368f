"""The words of the letters: the product's own in French and English, a company's, a customer's; and their variables.

A text is written with variables in braces. Only those of VARIABLES exist, and filling one in never reads anything else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db.models import Q
from django.template.loader import get_template
from django.utils.translation import gettext_lazy as _

from config.kernel.models import Company
from customers.models import Customer
from payments.dunning.law import FRANCE, LateLaw, law_of
from payments.dunning.models import ReminderLevel, ReminderText

VARIABLES: Mapping[str, object] = {
    "factures": _("le numéro de la facture, ou des factures"),
    "liste": _("une ligne par facture : numéro, date, échéance, reste dû"),
    "total": _("le total dû"),
    "jours": _("le retard de la plus ancienne, en jours"),
    "promesse": _("la promesse de règlement qui n’a pas été tenue, s’il y en a une"),
    "penalites": _("les pénalités de retard, et l’indemnité de 40 € entre professionnels de France"),
    "paiement": _("IBAN, BIC et référence à rappeler"),
    "delai": _("le délai laissé par la mise en demeure, en jours"),
    "client": _("le nom du client"),
    "signature": _("votre nom, votre adresse e-mail et votre téléphone"),
}
# without them a letter would ask for money without saying how much, or where to send it
REQUIRED = ("liste", "paiement")
_VARIABLE = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class Wording:
    """A subject and a text, with their variables still open."""

    subject_line: str
    body: str


def unknown_variables(text: str) -> list[str]:
    """What stands in braces and is no variable, as it was typed; a brace alone too."""
    strange = [f"{{{name}}}" for name in _VARIABLE.findall(text) if name not in VARIABLES]
    return strange + [brace for brace in "{}" if brace in _VARIABLE.sub("", text)]


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its variables filled; a line left empty by one disappears with it."""
    filled = _VARIABLE.sub(lambda found: values.get(found[1], ""), text)
    return re.sub(r"\n{3,}", "\n\n", filled).strip()


def wording_of(company: Company, customer_id: int, level: ReminderLevel, language: str) -> Wording:
    """The customer's own words, or those of the record it was merged into; else the company's, else the product's."""
    rows = ReminderText.everywhere.filter(company=company, level=level, language=language)
    kept = Customer.everywhere.filter(pk=customer_id).values("merged_into")
    wanted = Q(customer=None) | Q(customer=customer_id) | Q(customer__in=kept)
    # the record that goes on before the other, and the company's last
    row = min(
        rows.filter(wanted), key=lambda row: (row.customer_id is None, row.customer_id == customer_id), default=None
    )
    return Wording(row.subject_line, row.body) if row else standard(level, language, law_of(company))


@cache
def standard(level: ReminderLevel, language: str, law: LateLaw = FRANCE) -> Wording:
    """The product's own words: the first line of their file is the subject."""
    template: Any = get_template(law.text(level.name.lower(), language))
    subject_line, _blank, body = template.template.source.partition("\n\n")
    return Wording(subject_line, body.strip())
