"""Chorus Pro's public bodies as partners ask for them. Remote work, kept 24 hours: no transaction open."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import datetime

from config.kernel.errors import DomainError, Invalid, RemoteError
from config.kernel.folding import holds
from config.kernel.identifiers import siret as siret_number
from config.kernel.models import Company
from config.kernel.secrets import SecretUnreadable
from customers.models import Customer
from einvoicing.models import PlatformAccount
from einvoicing.platforms.chorus_pro.client import ChorusProPlatform
from einvoicing.platforms.chorus_pro.structures import Requirements, Structure
from einvoicing.services.accounts import PATIENCE
from einvoicing.services.routing import CHORUS_PRO, enabled_accounts, settings_of


class NoChorusPro(DomainError):
    code = "no_chorus_pro"
    message = "Aucun compte Chorus Pro n’est configuré et actif pour cette société."
    status = 404


class ChorusProAway(DomainError):
    code = "chorus_pro_unavailable"
    message = "Chorus Pro ne répond pas, ou ne nous reconnaît pas : %(problem)s"
    status = 503


class SiretInvalid(Invalid):
    code = "SIRET_INVALIDE"
    message = "Ce numéro SIRET n’est pas valide."
    more = {"message": "Invalid SIRET number"}


def checked_siret(text: str, field: str) -> str:
    """The fourteen digits. Raises SiretInvalid at `field`."""
    try:
        return siret_number.validate(text)
    except Invalid as error:
        raise SiretInvalid(fields={field: error.sentence}) from error


def account_of(company: Company) -> PlatformAccount:
    """Raises NoChorusPro."""
    found = next((account for account in enabled_accounts(company.pk) if account.kind == CHORUS_PRO), None)
    if found is None:
        raise NoChorusPro
    return found


def public_body(*, company: Company, siret: str, at: datetime) -> Structure | None:
    """The public body with this SIRET; None when Chorus Pro knows none. Raises NoChorusPro, ChorusProAway."""
    return ask(company=company, siret=siret, at=at)[0]


def ask(
    *, company: Company, siret: str, service_code: str = "", at: datetime
) -> tuple[Structure | None, Requirements | None]:
    """The public body, and what an invoice to that service of it must carry. Raises NoChorusPro, ChorusProAway."""
    account = account_of(company)
    if account.is_suspended(at=at):
        raise ChorusProAway(problem="la connexion est suspendue ou hors ligne.")
    try:
        with closing(ChorusProPlatform(replace(settings_of(account), read_timeout=PATIENCE))) as platform:
            found = platform.structure(siret)
            return found, platform.requirements(siret, service_code) if found else None
    except (RemoteError, SecretUnreadable) as error:
        raise ChorusProAway(problem=str(error.message)) from error


def siret_named(company: Company, name: str) -> str | None:
    """The SIRET of the one public body among the company's customers whose name holds these words."""
    bodies = Customer.everywhere.filter(company=company, is_public_body=True).exclude(siret="")
    found = list(bodies.filter(holds(name, "name")).values_list("siret", flat=True).distinct()[:2])
    return str(found[0]) if len(found) == 1 else None
