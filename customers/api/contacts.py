"""The people at a customer's, sent as one list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_noop

from config.kernel.actor import Actor
from config.kernel.errors import Invalid
from customers.models import Contact, Customer
from customers.services import remove_contact, save_contact

ELSEWHERE = gettext_noop("Ce contact n’est pas l’un de ceux de ce client.")


def write_contacts(*, customer: Customer, wanted: Sequence[dict[str, Any]], actor: Actor, at: datetime) -> None:
    """Make the customer's contacts those of the list: change those it names, add the others, remove the rest.

    What is as it was is not written again. Raises Invalid at the id of a contact of another customer, or named twice.
    """
    kept = {row.pk: row for row in Contact.objects.filter(customer=customer)}
    problems: dict[str, str] = {}
    for position, values in enumerate(wanted, start=1):
        row = values.pop("id", None)
        stored = kept.pop(row.pk, None) if row else None
        if row and stored is None:
            problems[f"contacts.{position}.id"] = ELSEWHERE
        elif stored is None or any(getattr(stored, name) != value for name, value in values.items()):
            save_contact(contact=stored, customer=customer, values=values, actor=actor, at=at)
    if problems:
        raise Invalid(fields=problems)
    for row in kept.values():
        remove_contact(contact=row, actor=actor, at=at)
