"""What one can do with customers: keep them, correct them, archive them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext_noop

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.identifiers import electronic_address, siren, siret, vat
from config.kernel.rows import edit, lock
from customers.exemptions import is_motive
from customers.models import Address, AddressKind, Contact, Customer, CustomerKind, PaymentTerms


class CustomerExists(DomainError):
    code = "customer_exists"
    message = "Un client porte déjà ce SIRET (et ce code service)."


class CustomerArchived(DomainError):
    code = "customer_archived"
    message = "Le client « %(name)s » est archivé : rétablissez-le depuis sa fiche pour travailler avec lui."

    def __init__(self, customer: Customer) -> None:
        super().__init__(name=customer.name)
        self.fields = {"customer": self.sentence}


class PersonErased(DomainError):
    code = "person_erased"
    message = "Cette personne a été effacée : sa fiche ne change plus."


def check_not_erased(customer: Customer) -> None:
    """Raises PersonErased: what was erased is not written again."""
    if customer.erased_at is not None:
        raise PersonErased


ADDRESS_WANTED = gettext_noop("Indiquez l’adresse qui reçoit les factures ou les relances.")
ORGANISATION_COLUMNS = ("siren", "siret", "vat_number", "electronic_address", "service_code")


def clean_identity(values: Mapping[str, Any]) -> dict[str, Any]:
    """The columns of a customer, checked and made consistent. Raises Invalid with a sentence per field.

    SIREN follows from SIRET; the electronic address (scheme 0225) follows from SIREN; an individual has neither.
    """
    clean = dict(values)
    individual = clean["kind"] == CustomerKind.INDIVIDUAL
    problems = _clean_individual(clean) if individual else _clean_organisation(clean)
    code = clean.get("exemption_code", "")
    if code and not is_motive(code, "E"):
        problems["exemption_code"] = "Ce motif n’est pas de la liste VATEX des ventes exonérées."
    if problems:
        raise Invalid(fields=problems)
    return clean


def _clean_individual(clean: dict[str, Any]) -> dict[str, str]:
    clean.update(dict.fromkeys(ORGANISATION_COLUMNS, ""))
    clean.update(is_public_body=False, requires_service_code=False, requires_commitment=False)
    clean["name"] = f"{clean.get('first_name', '')} {clean.get('last_name', '')}".strip()
    return {} if clean.get("last_name") else {"last_name": "Indiquez le nom de famille."}


def _clean_organisation(clean: dict[str, Any]) -> dict[str, str]:
    clean.update(first_name="", last_name="")
    problems: dict[str, str] = {}
    for field, validate in (("siret", siret.validate), ("siren", siren.validate), ("vat_number", vat.validate)):
        _check(clean, field, validate, problems)
    if clean["siret"] and not clean["siren"] and "siren" not in problems:
        clean["siren"] = clean["siret"][:9]
    if clean["siret"] and clean["siren"] and clean["siret"][:9] != clean["siren"]:
        problems["siret"] = "Ce SIRET n’appartient pas à ce SIREN."
    if clean["siren"] and not clean.get("electronic_address"):
        # a public body is addressed by establishment and service, a company by its SIREN
        clean["electronic_address"] = _default_address(clean)
    _check(clean, "electronic_address", electronic_address.validate, problems)
    if not str(clean.get("name") or "").strip():
        problems["name"] = "Indiquez la raison sociale."
    if clean.get("is_public_body") and not clean["siret"]:
        problems.setdefault("siret", "Une entité publique se facture à son SIRET.")
    if clean.get("requires_service_code") and not clean.get("service_code"):
        problems["service_code"] = "Cette entité publique exige un code service."
    return problems


def _check(clean: dict[str, Any], field: str, validate: Callable[[str], str], problems: dict[str, str]) -> None:
    typed = str(clean.get(field) or "").strip()
    clean[field] = ""
    if typed:
        try:
            clean[field] = validate(typed)
        except Invalid as error:
            problems[field] = error.sentence


def _default_address(clean: Mapping[str, Any]) -> str:
    if not clean.get("is_public_body") or not clean.get("siret"):
        return str(clean["siren"])
    parts = [clean["siren"], clean["siret"]]
    return "_".join([*parts, clean["service_code"]] if clean.get("service_code") else parts)


@transaction.atomic
def save_customer(
    *,
    customer: Customer | None,
    company_id: int,
    values: Mapping[str, Any],
    address: Mapping[str, Any],
    delivery: Mapping[str, Any] | None = None,
    actor: Actor,
    at: datetime,
) -> Customer:
    """Create the customer, or correct the given one, with its billing address.

    Raises Invalid, CustomerExists, PersonErased.

    A new one whose SIRET is a supplier's is that supplier, which we bill too from now on (and the other way round).

    `delivery` replaces the delivery address, an empty one removes it; None leaves it as it is.
    """
    clean = clean_identity(values)
    if customer is None and (known := _on_the_other_side(company_id, clean)):
        return _welcome(known, clean, address, actor=actor, at=at)
    row = lock(customer) if customer else Customer(company_id=company_id)
    check_not_erased(row)
    try:
        # a savepoint: two people may save the same SIRET at once, and only the unique index sees both
        with transaction.atomic():
            edited = edit(row, clean)
    except IntegrityError as error:
        if "one_customer_per_siret" in str(error):
            raise CustomerExists(fields={"siret": CustomerExists.message}) from error
        raise
    billing: dict[str, Any] = {"company_id": company_id, "customer": row, "kind": AddressKind.BILLING}
    if customer:
        Address.objects.update_or_create(**billing, defaults=dict(address))
    else:
        Address.objects.create(**billing, **address)
    if delivery is not None:
        _write_delivery(row, delivery)
    changed = edited if customer else []
    created, updated = (
        ("customers.customer.created", "customers.customer.changed")
        if row.is_customer
        else ("customers.supplier.created", "customers.supplier.changed")
    )
    audit.record(
        updated if customer else created, subject=row, actor=actor, at=at, data={"name": row.name, "changed": changed}
    )
    return row


def _on_the_other_side(company_id: int, clean: Mapping[str, Any]) -> Customer | None:
    """The third party of this SIRET that so far only bills us where it is to be billed, or the other way round."""
    if not clean.get("siret"):
        return None
    same = {"siret": clean["siret"], "service_code": clean.get("service_code", "")}
    row: Customer | None = Customer.everywhere.filter(company_id=company_id, **same).first()
    if row is None:
        return None
    sides = {"is_customer": clean.get("is_customer", True), "is_supplier": clean.get("is_supplier", False)}
    return row if any(wanted and not getattr(row, name) for name, wanted in sides.items()) else None


def _welcome(
    known: Customer, clean: Mapping[str, Any], address: Mapping[str, Any], *, actor: Actor, at: datetime
) -> Customer:
    """One organisation, one record: it becomes what it was not, and only what was empty of it is filled in."""
    row = lock(known)
    became = "customer" if known.is_supplier else "supplier"
    filled = {name: value for name, value in clean.items() if value and not getattr(row, name)}
    edit(row, {**filled, f"is_{became}": True})
    billing = Address.objects.filter(customer=row, kind=AddressKind.BILLING).first()
    if billing is None or not billing.line:
        defaults = {"company_id": row.company_id, **address}
        Address.objects.update_or_create(customer=row, kind=AddressKind.BILLING, defaults=defaults)
    tags = {"supplier": "customers.customer.became_supplier", "customer": "customers.customer.became_customer"}
    audit.record(tags[became], subject=row, actor=actor, at=at)
    return row


def _write_delivery(customer: Customer, delivery: Mapping[str, Any]) -> None:
    stored = Address.objects.filter(customer=customer, kind=AddressKind.DELIVERY).order_by("id")
    kept = stored.first()
    stored.exclude(pk=kept.pk if kept and delivery else None).delete()
    if not delivery:
        return
    edit(kept or Address(company_id=customer.company_id, customer=customer, kind=AddressKind.DELIVERY), delivery)


@transaction.atomic
def mark_as_supplier(*, customer: Customer, actor: Actor, at: datetime) -> Customer:
    """A third party that bills us too. Does nothing for one that already does."""
    marked = Customer.everywhere.filter(pk=customer.pk, is_supplier=False).update(is_supplier=True)
    customer.is_supplier = True
    if marked:
        audit.record("customers.customer.became_supplier", subject=customer, actor=actor, at=at)
    return customer


@transaction.atomic
def mark_as_customer(*, customer: Customer, actor: Actor, at: datetime) -> Customer:
    """A third party that we bill too. Does nothing for one that we already do."""
    marked = Customer.everywhere.filter(pk=customer.pk, is_customer=False).update(is_customer=True)
    customer.is_customer = True
    if marked:
        audit.record("customers.customer.became_customer", subject=customer, actor=actor, at=at)
    return customer


@transaction.atomic
def save_contact(
    *, contact: Contact | None, customer: Customer, values: Mapping[str, Any], actor: Actor, at: datetime
) -> Contact:
    """Add a person at the customer's, or correct the given one. Raises PersonErased."""
    check_not_erased(lock(customer))
    row = lock(contact) if contact else Contact(company_id=customer.company_id, customer=customer)
    edit(row, values)
    tag = "customers.contact.changed" if contact else "customers.contact.added"
    audit.record(tag, subject=customer, actor=actor, at=at, data={"name": row.name})
    return row


@transaction.atomic
def remove_contact(*, contact: Contact, actor: Actor, at: datetime) -> None:
    audit.record("customers.contact.removed", subject=contact.customer, actor=actor, at=at, data={"name": contact.name})
    contact.delete()


@transaction.atomic
def change_terms(*, customer: Customer, terms: PaymentTerms, actor: Actor, at: datetime) -> Customer:
    """Agree other payment terms: those of invoices to come. The same ones again are no change."""
    row = lock(customer)
    if edit(row, {"terms": terms}):
        data = {"name": row.name, "changed": ["terms"]}
        audit.record("customers.customer.changed", subject=row, actor=actor, at=at, data=data)
    return row


@transaction.atomic
def archive_customer(*, customer: Customer, actor: Actor, at: datetime) -> Customer:
    """Take the customer out of lists and searches. What was billed stays."""
    customer.archived_at = at
    customer.save(update_fields=["archived_at"])
    tag = "customers.customer.archived" if customer.is_customer else "customers.supplier.archived"
    audit.record(tag, subject=customer, actor=actor, at=at)
    return customer


def check_active(customer: Customer) -> None:
    """What asks an archived customer for something new is refused. Raises CustomerArchived."""
    if customer.archived_at is not None:
        raise CustomerArchived(customer)


@transaction.atomic
def restore_customer(*, customer: Customer, actor: Actor, at: datetime) -> Customer:
    """Back into lists and searches. Raises PersonErased."""
    check_not_erased(lock(customer))
    customer.archived_at = customer.merged_into = None
    customer.save(update_fields=["archived_at", "merged_into"])
    tag = "customers.customer.restored" if customer.is_customer else "customers.supplier.restored"
    audit.record(tag, subject=customer, actor=actor, at=at)
    return customer


DEFAULT_TERMS = (
    ("30 jours", 30, False),
    ("30 jours fin de mois", 30, True),
    ("À réception", 0, False),
    ("60 jours", 60, False),
)


class TermsExist(Invalid):
    code = "terms_exist"
    message = "Des conditions portent déjà cet intitulé."


class TermsUsed(DomainError):
    code = "terms_used"
    message = "Des clients ont ces conditions : donnez-leur-en d’autres avant de les supprimer."


@transaction.atomic
def save_terms(
    *, terms: PaymentTerms | None, company_id: int, values: Mapping[str, Any], actor: Actor, at: datetime
) -> PaymentTerms:
    """Add payment terms, or correct them for what is issued from now on. Raises TermsExist, Invalid."""
    row = lock(terms) if terms else PaymentTerms(company_id=company_id)
    if values["then_day"] and not values["end_of_month"]:
        raise Invalid(fields={"then_day": "Un jour du mois suivant se compte depuis une fin de mois : choisissez-la."})
    others = PaymentTerms.everywhere.filter(company=company_id, name=values["name"]).exclude(pk=row.pk)
    if others.exists():
        raise TermsExist(fields={"name": TermsExist.message})
    edit(row, values)
    tag = "customers.terms.changed" if terms else "customers.terms.created"
    audit.record(tag, subject=row, actor=actor, at=at, data={"name": row.name})
    return row


@transaction.atomic
def delete_terms(*, terms: PaymentTerms, actor: Actor, at: datetime) -> None:
    """Only those that nobody has. Raises TermsUsed."""
    row = lock(terms)
    if Customer.everywhere.filter(terms=row).exists():
        raise TermsUsed
    audit.record("customers.terms.deleted", subject=row, actor=actor, at=at, data={"name": row.name})
    row.delete()


def ensure_terms(company_id: int) -> PaymentTerms:
    """The default terms of a company (30 days); a company that has none is given the usual French ones."""
    default = PaymentTerms.objects.filter(company_id=company_id, name=DEFAULT_TERMS[0][0])
    if not (found := default.first()):
        usual = [
            PaymentTerms(company_id=company_id, name=name, days=days, end_of_month=end_of_month)
            for name, days, end_of_month in DEFAULT_TERMS
        ]
        # another may give them at the same moment
        PaymentTerms.objects.bulk_create(usual, ignore_conflicts=True)
        found = default.get()
    return found
