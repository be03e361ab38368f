"""Whom a restored copy brings back though they were erased since: the outside trail tells, and they go again."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from config.kernel.actor import Actor
from config.kernel.models import Company
from config.kernel.restoring import departed
from customers.erasing import Person, contact_person, erase_again, individual
from customers.models import Contact, Customer, CustomerKind

TAGS = {"customers.person.erased", "customers.contact.erased"}


@departed("erasures")
def erase_those_erased(company: Company, lines: Sequence[dict[str, Any]], actor: Actor, at: datetime) -> int:
    """How many persons of this copy are erased again, whatever still runs about them here."""
    return sum(
        erase_again(person=person, actor=actor, at=at)
        for line in lines
        if line["tag"] in TAGS
        for key in [str(line.get("subject", "")), *line.get("also", ())]
        for person in _persons(company, str(line["tag"]), key)
    )


def _persons(company: Company, tag: str, key: str) -> list[Person]:
    """Found by key, for the trail outside holds no name; none where the copy does not know the row yet."""
    name, _colon, pk = key.partition(":")
    if tag == "customers.contact.erased":
        contacts = Contact.everywhere.filter(company=company, pk=int(pk or 0)) if name == "customers.contact" else ()
        return [contact_person(row) for row in contacts]
    rows = Customer.everywhere.filter(company=company, pk=int(pk or 0), kind=CustomerKind.INDIVIDUAL)
    return [individual(row) for row in rows.select_related("merged_into")] if name == "customers.customer" else []
