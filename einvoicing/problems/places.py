"""The page where a broken rule is mended: BT and BG numbers of EN 16931 say which record holds it."""

from __future__ import annotations

import re

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from billing.models import Invoice
from einvoicing.problems.fields import BUYER, BUYER_GROUPS, DRAFT, LINES, SELLER, SELLER_GROUPS

# rules whose record is known though their term is not
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


def place_of(rule: str, term: str, invoice: Invoice) -> tuple[str, str]:
    """The page and the name of what to edit; an empty address when no page can mend it."""
    found = _TERM.search(term)
    group, number = (found[1], int(found[2])) if found else ("", 0)
    record = next((record for name, record in _RULES.items() if rule.startswith(name)), "")
    if record == "seller" or number in (SELLER if group == "T" else SELLER_GROUPS):
        return _company_url(), _("Fiche de la société")
    if record == "buyer" or number in (BUYER if group == "T" else BUYER_GROUPS):
        return customer_url(invoice), _("Fiche du client")
    if not invoice.is_draft:
        return "", ""
    edit = draft_url(invoice)
    if group == "T" and number in DRAFT:
        return f"{edit}#id_{DRAFT[number]}", _("Champ du brouillon")
    if group == "T" and number in LINES:
        return f"{edit}#lines-0", _("Lignes du brouillon")
    return edit, _("Brouillon")


def draft_url(invoice: Invoice) -> str:
    return reverse("billing:invoice-edit", args=[invoice.pk])


def customer_url(invoice: Invoice) -> str:
    """Where the customer is completed; an archived one is first restored, from its record."""
    if invoice.customer.archived_at is not None:
        return invoice.customer.get_absolute_url()
    return reverse("customers:customer-edit", args=[invoice.customer_id])


def _company_url() -> str:
    try:
        return reverse("company-settings")
    except NoReverseMatch:
        return ""
