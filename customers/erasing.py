"""A person is erased where no law keeps them (GDPR, art. 17): what goes, what stays, until when and why.

An individual goes under all records that were merged into one; a contact of an organisation alone. What is frozen stays
as it was written: the law has it kept (GDPR, art. 17(3)(b)). An app above registers, in its AppConfig.ready, what holds
an erasure up, what of its rows goes, and what it keeps.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Any

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Stale
from customers.models import Address, AddressKind, Contact, Customer

NAME = "Personne effacée"  # stands where a name must
BLANK: Mapping[str, str] = {"line": "", "extra": "", "postcode": "", "city": ""}


@dataclass(frozen=True, slots=True)
class Person:
    """Who is erased: the records of an individual, the one that goes on first; or a contact of the one customer."""

    records: Sequence[Customer]
    contact: Contact | None = None

    @property
    def name(self) -> str:
        return self.contact.name if self.contact else self.records[0].name

    def addressed(self, column: str) -> Q:
        """The rows whose address is the person's: of an individual's own rows each one is."""
        if self.contact is None:
            return Q()
        return Q(**{f"{column}__iexact": self.contact.email}) if self.contact.email else Q(pk=None)


@dataclass(frozen=True, slots=True)
class Erased:
    """Rows that go, or whose `columns` are written over."""

    label: Any
    rows: models.QuerySet[Any]
    columns: Mapping[str, Any] | None = None

    def erase(self) -> None:
        if self.columns is None:
            self.rows.delete()
        else:
            self.rows.update(**self.columns)


@dataclass(frozen=True, slots=True)
class Kept:
    """How many rows stay, until which day (None: as long as what they belong to), and by which law or need."""

    label: Any
    count: int
    until: date | None
    because: Any


@dataclass(frozen=True, slots=True)
class Plan:
    """What an erasure does: French sentences of what holds it up, the rows that go, what stays."""

    reasons: list[str]
    erased: list[tuple[Erased, int]]
    kept: list[Kept]

    @property
    def shown(self) -> str:
        """Stands for what the page showed: what is confirmed is what is done."""
        facts = [[str(one.label), count] for one, count in self.erased], [[str(k.label), k.count] for k in self.kept]
        return hashlib.sha256(repr(facts).encode()).hexdigest()[:32]


class StillNeeded(DomainError):
    """`reasons`: French sentences, one for each thing that must end first."""

    code = "person_still_needed"
    message = "« %(name)s » ne peut pas encore être effacée : %(reasons)s"


class NoPerson(DomainError):
    code = "no_person"
    message = "Une organisation n’est pas une personne : choisissez un de ses contacts."


Blocks = Callable[[Person], Iterable[str]]
Erases = Callable[[Person, datetime], Iterable[Erased]]
Keeps = Callable[[Person], Iterable[Kept]]
_blocks: list[Blocks] = []
_erases: list[Erases] = []
_keeps: list[Keeps] = []


def register(*, blocks: Blocks, erases: Erases, keeps: Keeps) -> None:
    """Called once by each app that has rows about persons."""
    _blocks.append(blocks)
    _erases.append(erases)
    _keeps.append(keeps)


def individual(customer: Customer) -> Person:
    """All records of the individual, wherever they were merged. Raises NoPerson of an organisation."""
    if not customer.is_individual:
        raise NoPerson
    root = customer.merged_into or customer
    merged = Customer.everywhere.filter(company=root.company_id, merged_into=root).order_by("created_at", "pk")
    return Person([root, *merged])


def contact_person(contact: Contact) -> Person:
    return Person([contact.customer], contact)


def persons_at(company_id: int, email: str) -> list[Person]:
    """Who has the address in the company: individuals, and contacts of customers, each once."""
    rows = Customer.everywhere.filter(company=company_id, email__iexact=email, kind="INDIVIDUAL").order_by("pk")
    found = {person.records[0].pk: person for person in map(individual, rows.select_related("merged_into"))}
    contacts = Contact.everywhere.filter(company=company_id, email__iexact=email).select_related("customer")
    # an individual's own contacts go with the individual
    others = (row for row in contacts.order_by("pk") if row.customer_id not in found)
    return [*found.values(), *map(contact_person, others)]


def plan_of(person: Person, *, at: datetime) -> Plan:
    """What erasing the person would do now. Writes nothing."""
    erased = [*_own(person, at), *(one for erase in _erases for one in erase(person, at))]
    counted = [(one, one.rows.count()) for one in erased]
    return Plan(
        reasons=[reason for block in _blocks for reason in block(person)],
        erased=[(one, count) for one, count in counted if count],
        kept=[one for keep in _keeps for one in keep(person) if one.count],
    )


def _own(person: Person, at: datetime) -> Iterator[Erased]:
    if person.contact:
        yield Erased(_("Nom, fonction, adresse et téléphone"), Contact.everywhere.filter(pk=person.contact.pk))
        return
    records = Customer.everywhere.filter(pk__in=[row.pk for row in person.records])
    addresses = Address.everywhere.filter(customer__in=records)
    identity = {"first_name": "", "last_name": NAME, "name": NAME, "email": "", "phone": "", "notes": "", "group": ""}
    dates = {"reminders_paused_until": None, "archived_at": at, "erased_at": at}
    yield Erased(_("Nom, adresse e-mail, téléphone et notes"), records.filter(erased_at=None), identity | dates)
    yield Erased(_("Adresse de facturation"), addresses.filter(kind=AddressKind.BILLING).exclude(**BLANK), BLANK)
    yield Erased(_("Adresses de livraison"), addresses.filter(kind=AddressKind.DELIVERY))
    yield Erased(_("Contacts"), Contact.everywhere.filter(customer__in=records))


@transaction.atomic
def erase_person(*, person: Person, shown: str, actor: Actor, at: datetime) -> Plan:
    """Erase what no law keeps. It is not undone. `shown`: the print of the plan that was shown.

    Raises StillNeeded, and Stale where the plan is another by now.
    """
    _lock(person)
    plan = plan_of(person, at=at)
    if plan.reasons:
        raise StillNeeded(name=person.name, reasons=" ".join(plan.reasons))
    if plan.shown != shown:
        raise Stale
    _carry_out(person, plan, actor, at)
    return plan


@transaction.atomic
def erase_again(*, person: Person, actor: Actor, at: datetime) -> bool:
    """In a copy that came back from before an erasure, whatever still runs there; False where nothing was left."""
    _lock(person)
    plan = plan_of(person, at=at)
    if plan.erased:
        _carry_out(person, plan, actor, at)
    return bool(plan.erased)


def _lock(person: Person) -> None:
    keys = sorted(row.pk for row in person.records)
    list(Customer.everywhere.select_for_update(no_key=True, of=("self",)).filter(pk__in=keys).order_by("pk"))


def _carry_out(person: Person, plan: Plan, actor: Actor, at: datetime) -> None:
    first, *others = person.records
    also = [person.contact] if person.contact else others
    data = {"rows": sum(count for _one, count in plan.erased)}
    write = partial(audit.record, actor=actor, at=at, data=data)
    write("customers.contact.erased" if person.contact else "customers.person.erased", subject=first, also=also)
    for one, _count in plan.erased:
        one.erase()
