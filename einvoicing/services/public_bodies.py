"""Chorus Pro's public bodies, as partners and the issue of an invoice ask for them. Remote work: no transaction open.

Answers are kept 24 hours for all processes, an absence ten minutes. Where Chorus Pro cannot be asked before an issue,
its last answers serve, up to a month old: the law does not make an invoice wait for a portal, its day and number are
the seller's. What was never told is said to be unknown.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, Self, TypeVar

from django.utils.translation import gettext_noop as n

from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid, RemoteError
from config.kernel.folding import fold, holds
from config.kernel.identifiers import siret as siret_number
from config.kernel.models import Company
from config.kernel.secrets import SecretUnreadable
from customers.models import Customer
from einvoicing.models import PlatformAccount
from einvoicing.platforms.chorus_pro.calls import NOT_SUBSCRIBED
from einvoicing.platforms.chorus_pro.lookups import MOST_NAMED, Lookups
from einvoicing.platforms.chorus_pro.structures import (
    BodyAnswer,
    Named,
    Requirements,
    Service,
    Structure,
    TechnicalAccount,
    from_dict,
    to_dict,
)
from einvoicing.services.accounts import PATIENCE
from einvoicing.services.chorus_memory import Fact, recall, remember
from einvoicing.services.routing import CHORUS_PRO, addresses_of, enabled_accounts, settings_of

T = TypeVar("T")
SUSPENDED = n("La connexion est suspendue ou hors ligne.")
UNATTACHED = n("Aucune structure n’est rattachée au compte technique : rattachez la vôtre dans Chorus Pro.")
AWAY = timedelta(minutes=1)  # after a failure, an issue does not wait for Chorus Pro again


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
    with Asking(account_of(company), at) as asking:
        return asking.current(asking.structure, siret)


def bodies_named(*, company: Company, name: str, at: datetime) -> tuple[Named, ...]:
    """Whom these words name at Chorus Pro, twenty at most; while it is away, of the company's own customers.

    Raises NoChorusPro; ChorusProAway when no customer bears that name either.
    """
    with Asking(account_of(company), at) as asking:
        try:
            return asking.current(asking.named, name)
        except ChorusProAway:
            if own := _customers_named(company, name):
                return own
            raise


def _customers_named(company: Company, name: str) -> tuple[Named, ...]:
    bodies = Customer.everywhere.filter(company=company, is_public_body=True).exclude(siret="")
    found = bodies.filter(holds(name, "name")).order_by("siret").distinct("siret")[:MOST_NAMED]
    return tuple(Named(customer.siret, customer.name) for customer in found)


def services_of(*, account: PlatformAccount, siret: str, at: datetime) -> list[Service]:
    """Those that take invoices on that day; none where Chorus Pro does not know the body. Raises ChorusProAway."""
    with Asking(account, at) as asking:
        structure = asking.current(asking.structure, siret)
    return [service for service in structure.services if service.is_open(local_day(at))] if structure else []


def recipient(*, account: PlatformAccount, siret: str, service_code: str, engagement: str, at: datetime) -> BodyAnswer:
    """What an invoice to this service of this body must carry, and whether its commitment exists.

    Never raises: what could not be asked is said in the answer.
    """
    with Asking(account, at, hurried=True) as asking:
        try:
            structure, asked_at = asking.structure(siret)
        except Unknown as error:
            return BodyAnswer(problem=str(error))
        if structure is None:
            return BodyAnswer(asked_at=asked_at, problem=asking.problem)
        needs = structure.requirements
        with suppress(Unknown):
            needs, needs_asked_at = asking.needs(structure, service_code)
            asked_at = min(asked_at, needs_asked_at)
        problem, exists, why = asking.problem, None, ""
        if engagement and structure.is_state:
            try:
                exists = asking.engagement(engagement)
            except Unknown as error:
                why = str(error)
        return BodyAnswer(asked_at, structure, needs, exists, why, problem)


class Unknown(Exception):
    """Chorus Pro cannot be asked and never answered this. The message is a sentence, a msgid."""


class Asking:
    """One conversation in the name of an account, opened when the memory does not answer.

    `problem`: why something could not be asked, '' when all could or need not. `hurried`: a Chorus Pro that failed a
    moment ago is not asked again.
    """

    def __init__(self, account: PlatformAccount, at: datetime, *, hurried: bool = False) -> None:
        self._account, self._at, self._hurried = account, at, hurried
        self._where = addresses_of(account).base_url
        self._who = f"{self._where} {account.login}"
        self._open: Lookups | None = None
        self._away = SUSPENDED if account.is_suspended(at=at) else ""
        self.problem = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        if self._open is not None:
            self._open.close()

    def current(self, question: Callable[[str], tuple[T, datetime]], text: str) -> T:
        """The answer of today. Raises ChorusProAway."""
        try:
            value, _asked_at = question(text)
        except Unknown as error:
            raise ChorusProAway(problem=str(error)) from error
        if self.problem:
            raise ChorusProAway(problem=self.problem)
        return value

    def structure(self, siret: str) -> tuple[Structure | None, datetime]:
        def ask(lookups: Lookups) -> Any:
            found = lookups.structure(siret)
            return to_dict(found) if found else None

        fact = self._fact(ask, "body", self._where, siret)
        return from_dict(fact.value) if fact.value else None, fact.asked_at

    def named(self, words: str) -> tuple[tuple[Named, ...], datetime]:
        def ask(lookups: Lookups) -> Any:
            return [[found.siret, found.name] for found in lookups.named(words)]

        fact = self._fact(ask, "named", self._where, fold(words))
        return tuple(Named(siret, name) for siret, name in fact.value), fact.asked_at

    def needs(self, structure: Structure, service_code: str) -> tuple[Requirements, datetime]:
        """What the body wants, and what the chosen service wants besides."""
        service, base = structure.service(service_code), structure.requirements
        if service is None or base.engagement:
            return base, self._at

        def ask(lookups: Lookups) -> Any:
            return lookups.service_wants_engagement(structure, service)

        fact = self._fact(ask, "service", self._where, structure.siret, service.code)
        return replace(base, engagement=fact.value), fact.asked_at

    def engagement(self, number: str) -> bool:
        def ask(lookups: Lookups) -> Any:
            own = self.technical_account()
            if own is None:
                raise RemoteError(UNATTACHED, retryable=False, code="unattached")
            return lookups.engagement_exists(own, number) or None

        return bool(self._fact(ask, "engagement", self._who, number).value)

    def technical_account(self) -> TechnicalAccount | None:
        """Our own, as attached in Chorus Pro; None where it is attached to nothing."""

        def ask(lookups: Lookups) -> Any:
            own = lookups.technical_account(self._account.company.siret)
            ends = own.password_expires_on.isoformat() if own and own.password_expires_on else ""
            return [own.structure_id, ends] if own else None

        fact = self._fact(ask, "account", self._who)
        if fact.value is None:
            return None
        key, ends = fact.value
        return TechnicalAccount(key, date.fromisoformat(ends) if ends else None)

    def _fact(self, ask: Callable[[Lookups], Any], *question: str) -> Fact:
        """The kept answer while it is fresh, else Chorus Pro's, else the kept one whatever its age. Raises Unknown."""
        kept = recall(*question)
        if kept is not None and kept.is_fresh(self._at):
            return kept
        why = self._away or self._failed_just_now()
        if not why:
            try:
                value = ask(self._lookups())
            except (RemoteError, SecretUnreadable) as error:
                why = str(error.message)
                self._note(error)
            else:
                return remember(*question, value=value, at=self._at, is_absence=value is None or value == [])
        self.problem = why
        if kept is None:
            raise Unknown(why)
        return kept

    def _lookups(self) -> Lookups:
        if self._open is None:
            self._open = Lookups(replace(settings_of(self._account), read_timeout=PATIENCE))
        return self._open

    def _failed_just_now(self) -> str:
        failure = recall("away", self._who, self._account.client_id) if self._hurried else None
        if failure is not None and timedelta(0) <= self._at - failure.asked_at < AWAY:
            self._away = str(failure.value)
        return self._away

    def _note(self, error: RemoteError | SecretUnreadable) -> None:
        """What is about one API or one question alone keeps no other from being asked."""
        if isinstance(error, RemoteError) and not error.retryable and _is_about_one_question(error.code):
            return
        self._away = str(error.message)
        remember("away", self._who, self._account.client_id, value=self._away, at=self._at, is_absence=True)


def _is_about_one_question(code: str) -> bool:
    return code in {NOT_SUBSCRIBED, "unattached"} or code.lstrip("-").isdigit()
