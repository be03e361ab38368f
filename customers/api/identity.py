"""Who a customer is: the columns a partner sends, and all that is wrong with them at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_noop

from config.kernel.errors import Invalid
from config.kernel.middleware import translated
from customers.models import Customer, CustomerKind
from customers.services import clean_identity

IDENTITY = (
    "kind", "name", "first_name", "last_name", "email", "phone", "siren", "siret", "vat_number", "electronic_address",
    "is_public_body", "service_code", "requires_service_code", "requires_commitment",
    "exemption_code", "terms",
    "reminders_paused_until", "notes",
)  # fmt: skip
NUMBERS = ("siren", "siret", "vat_number", "electronic_address")

# what one kind has, the other is not given; an empty one, read and sent back, is no gift
FOREIGN = {
    CustomerKind.ORGANISATION: ("first_name", "last_name"),
    CustomerKind.INDIVIDUAL: (
        *NUMBERS, "is_public_body", "service_code", "requires_service_code", "requires_commitment",
    ),
}  # fmt: skip
NOT_OF_THIS_KIND = gettext_noop("Ce champ n’existe pas pour ce type de client.")


def corrected(customer: Customer, sent: Mapping[str, Any]) -> dict[str, Any]:
    """The identity as it was with what was sent; what follows from a changed number is left to follow anew."""
    values = {name: getattr(customer, name) for name in IDENTITY}
    number = next((name for name in ("siret", "siren") if name in sent and sent[name] != values[name]), "")
    if number:
        values |= {"siren": "", "electronic_address": ""}
    return values | {name: sent[name] for name in IDENTITY if name in sent}


def wrong_identity(values: Mapping[str, Any], sent: Mapping[str, Any]) -> dict[str, str]:
    """What is wrong with `values`, of which `sent` was sent: a sentence by field, in the caller's language.

    Without a readable kind, only the numbers can be judged.
    """
    kind = values.get("kind")
    problems = {} if kind is None else dict.fromkeys(FOREIGN[CustomerKind(kind)], NOT_OF_THIS_KIND)
    problems = {name: sentence for name, sentence in problems.items() if sent.get(name)}
    try:
        clean_identity({**values, "kind": kind or CustomerKind.ORGANISATION})
    except Invalid as error:
        named = NUMBERS if kind is None else error.fields
        problems |= {name: error.fields[name] for name in named if name in error.fields}
    return {name: translated(sentence) for name, sentence in problems.items()}
