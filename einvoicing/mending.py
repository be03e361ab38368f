"""From a broken rule to the field a person edits: BT and BG numbers of EN 16931 say which page holds it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as n

from billing.models import Invoice
from config.kernel.access import may_open
from config.kernel.roles import allows
from einvoicing.fields import BUYER, BUYER_GROUPS, DRAFT, LINES, SELLER, SELLER_GROUPS
from einvoicing.models import ErrorClass, Transmission, TransmissionStatus
from einvoicing.services.fixing import Fix, fix_for
from einvoicing.validation.report import FATAL, Violation

# rules whose place is known though their term is not told
_RULES = {
    "BR-FR-05": "seller",
    "BR-FR-06": "seller",
    "BR-FR-10": "seller",
    "BR-FR-13": "seller",
    "BR-FR-11": "buyer",
    "BR-FR-12": "buyer",
    "BR-FR-21": "buyer",
}
_TERM = re.compile(r"B([TG])-(\d+)")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: the rule, one sentence, and where."""

    rule: str
    sentence: str
    fatal: bool
    url: str
    label: str
    fix: Fix | None = None  # what one press of a button mends


# what ends a stop, by the kind of its trouble
TO_DO: dict[str, Any] = {
    ErrorClass.AUTH: n(
        "Corrigez l’identifiant et le secret dans les réglages, testez la connexion, puis remettez en file."
    ),
    ErrorClass.NETWORK: n(
        "La plateforme n’a pas répondu malgré tous les essais. Vérifiez qu’elle est en service, puis remettez en file."
    ),
    ErrorClass.FORMAT: n(
        "La plateforme refuse ce fichier. Lisez sa réponse ci-dessous ; si la facture est fausse, faites un avoir."
    ),
    ErrorClass.VALIDATION: n(
        "La facture n’est pas conforme. Corrigez la fiche en cause, puis remettez en file ; sinon faites un avoir."
    ),
}
REJECTED = n(
    "La plateforme a rejeté la facture : elle n’est pas chez le client. "
    "Faites un avoir, corrigez, puis émettez-en une nouvelle."
)


def what_to_do(transmission: Transmission) -> str:
    """The one action that ends a stopped transmission; '' when nobody has to act."""
    if transmission.status == TransmissionStatus.REJECTED:
        return _(REJECTED)
    if transmission.status in {TransmissionStatus.DEAD, TransmissionStatus.INVALID}:
        return _(TO_DO.get(transmission.error_class, TO_DO[ErrorClass.FORMAT]))
    return ""


def problem_of(violation: Violation, invoice: Invoice) -> Problem:
    url, label = place(violation.rule, violation.term, invoice)
    fix = fix_for(violation.rule, invoice)
    return Problem(violation.rule, _(violation.text), violation.severity == FATAL, url, label, fix)


def for_role(problems: Iterable[Problem], role: str) -> list[Problem]:
    """The problems with the buttons that this role may press and the pages that it may open."""
    return [
        replace(
            one,
            fix=one.fix if one.fix and allows(role, one.fix.needs) else None,
            url=one.url if may_open(role, one.url) else "",
        )
        for one in problems
    ]


def problem_stored(violation: Mapping[str, Any], invoice: Invoice) -> Problem:
    """The same, from a violation kept with a transmission."""
    url, label = place(violation["rule"], violation.get("term", ""), invoice)
    return Problem(violation["rule"], _(violation["text"]), violation["severity"] == FATAL, url, label)


def place(rule: str, term: str, invoice: Invoice) -> tuple[str, str]:
    """The page and the name of what to edit; an empty address when no page can mend it."""
    found = _TERM.search(term)
    group, number = (found[1], int(found[2])) if found else ("", 0)
    known = next((where for name, where in _RULES.items() if rule.startswith(name)), "")
    if known == "seller" or number in (SELLER if group == "T" else SELLER_GROUPS):
        return _company(), _("Fiche de la société")
    if known == "buyer" or number in (BUYER if group == "T" else BUYER_GROUPS):
        return customer_url(invoice), _("Fiche du client")
    if not invoice.is_draft:
        return "", ""
    edit = reverse("billing:invoice-edit", args=[invoice.pk])
    if group == "T" and number in DRAFT:
        return f"{edit}#id_{DRAFT[number]}", _("Champ du brouillon")
    if group == "T" and number in LINES:
        return f"{edit}#lines-0", _("Lignes du brouillon")
    return edit, _("Brouillon")


def customer_url(invoice: Invoice) -> str:
    """Where the customer is completed; an archived one is first restored, from its record."""
    if invoice.customer.archived_at is not None:
        return invoice.customer.get_absolute_url()
    return reverse("customers:customer-edit", args=[invoice.customer_id])


def _company() -> str:
    try:
        return reverse("company-settings")
    except NoReverseMatch:
        return ""
