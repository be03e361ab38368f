"""A company that is ready to bill: its identity, its founder as its owner, its payment terms, its bank account."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.identifiers import siren as siren_number
from config.kernel.identifiers import vat
from config.kernel.models import Company, Membership, User, VatRegime
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from config.kernel.services import change_company, clean_company
from customers.services import ensure_terms
from payments.services.accounts import add_bank_account

CURRENT_ACCOUNT = "Compte courant"


class MayNotFound(DomainError):
    code = "may_not_found"
    message = "Seul un gérant d’une société de cette installation, ou un superutilisateur, peut en créer une autre."
    status = 403


class CompanyExists(Invalid):
    code = "company_exists"
    message = "Une société de cette installation a déjà ce SIREN : demandez à l’un de ses gérants de vous y inviter."


def may_found(user: User) -> bool:
    """Whoever owns a company here may found another; the first one is founded by a superuser."""
    owns = Membership.objects.filter(user=user, role=Role.OWNER)
    return not user.is_partner and (user.is_superuser or owns.exists())


@transaction.atomic
def found_company(*, values: Mapping[str, Any], founder: User, at: datetime) -> Company:
    """The company, with its founder as its owner.

    Raises MayNotFound, CompanyExists, Invalid with a sentence per field.
    """
    if not may_found(founder):
        raise MayNotFound
    typed = {**values, "siren": _siren(values["siren"])}
    if Company.objects.filter(siren=typed["siren"]).exists():
        raise CompanyExists(fields={"siren": CompanyExists.message})
    company = Company(**with_what_follows(typed))
    clean = clean_company(company, with_what_follows({**typed}) | {"country": "FR"})
    try:
        with transaction.atomic():  # another may found it at the same moment
            company = Company.objects.create(**{**clean, "iban": "", "bic": ""})
    except IntegrityError as error:
        raise CompanyExists(fields={"siren": CompanyExists.message}) from error
    actor = Actor.user(founder)
    with company_scope(company):
        Membership.objects.create(user=founder, company=company, role=Role.OWNER)
        ensure_terms(company.pk)
        audit.record("kernel.company.created", subject=company, actor=actor, at=at, data={"name": company.name})
        data = {"name": founder.email, "role": Role.OWNER.value}
        audit.record("kernel.member.added", subject=company, actor=actor, at=at, data=data)
    return company


def _siren(text: str) -> str:
    try:
        return siren_number.validate(text)
    except Invalid as error:
        raise Invalid(fields={"siren": error.sentence}) from error


def with_what_follows(values: Mapping[str, Any]) -> dict[str, Any]:
    """The VAT number and the electronic address follow from the SIREN where nothing else is said."""
    own = vat.from_siren(values["siren"]) if values.get("vat_regime") != VatRegime.FRANCHISE else ""
    return {
        **values,
        "vat_number": values.get("vat_number") or own,
        "electronic_address": values.get("electronic_address") or values["siren"],
    }


@transaction.atomic
def give_bank_account(*, company: Company, iban: str, bic: str, actor: Actor, at: datetime) -> Company:
    """The account that invoices ask to be paid on, whose statements may be imported too. Raises Invalid."""
    changed = change_company(company=company, values={"iban": iban, "bic": bic}, actor=actor, at=at)
    add_bank_account(company=changed, name=CURRENT_ACCOUNT, iban_text=iban, bic_text=bic, actor=actor, at=at)
    return changed
