"""Who can receive e-invoices, as the directory says. Its answers are kept a day.

A directory that cannot be asked, or does not answer, leaves the question open: UNKNOWN, never UNREACHABLE. Remote work:
call it with no transaction open.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, timedelta
from enum import StrEnum

from django.core.cache import cache

from billing.models import Invoice
from config.kernel.errors import RemoteError
from config.kernel.identifiers import electronic_address as addresses
from config.kernel.models import Company
from config.kernel.secrets import SecretUnreadable
from einvoicing.models import PlatformAccount
from einvoicing.platforms.afnor.directory import (
    DISABLED,
    ENABLED,
    UPCOMING,
    AfnorDirectory,
    DirectoryLine,
    Unit,
)
from einvoicing.services.accounts import PATIENCE
from einvoicing.services.routing import carrier_for, enabled_accounts, settings_of
from einvoicing.validation.report import WARNING, Violation

# only accounts of the AFNOR standard open the directory
WITH_DIRECTORY = "afnor"
KEPT = timedelta(hours=24)
# a person waits: all questions of one look-up together
DEADLINE = 15.0
NOWHERE = (
    "L’annuaire ne connaît pas d’adresse active pour ce client : la facture sera déposée, "
    "mais ne lui sera pas transmise. Vérifiez son adresse, ou envoyez-la aussi par e-mail."
)
NO_PLATFORM = "Aucune plateforme reliée ne donne accès à l’annuaire."
SUSPENDED = "La plateforme est suspendue ou hors ligne : l’annuaire n’a pas été consulté."

# what it said: the unit, and the addresses
Said = tuple[Unit | None, tuple[DirectoryLine, ...]]
# an answer kept by another release, whose values have other fields, is no answer
SHAPE = " ".join(field.name for kind in (Unit, DirectoryLine) for field in fields(kind))


class Reach(StrEnum):
    REACHABLE = "REACHABLE"
    UNREACHABLE = "UNREACHABLE"
    UNKNOWN = "UNKNOWN"


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether invoices can reach an address, as answered at `asked_at`. `problem`: why it is unknown, in words."""

    reach: Reach
    asked_at: datetime
    line: DirectoryLine | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """What the directory says of a company or an establishment, as answered at `asked_at`.

    `problem` is why it could not be asked, in words; without one, no unit and no lines mean that it knows nobody.
    """

    asked_at: datetime
    unit: Unit | None = None
    lines: tuple[DirectoryLine, ...] = ()
    problem: str = ""

    @property
    def is_absent(self) -> bool:
        return not (self.problem or self.unit or self.lines)


def reachability(*, company: Company, electronic_address: str, at: datetime) -> Answer:
    """Whether an invoice sent to this address (BT-49, scheme 0225) would reach its buyer."""

    def ask(directory: AfnorDirectory) -> Said:
        line = directory.line(electronic_address)
        return None, (line,) if line else ()

    try:
        asked_at, _nobody, lines = _answer_to(company, at, f"line {electronic_address}", ask)
    except (CannotAsk, RemoteError, SecretUnreadable) as error:
        return Answer(Reach.UNKNOWN, at, problem=_sentence(error))
    line = lines[0] if lines else None
    return Answer(reach_of(line), asked_at, line)


def unreachable_buyer(invoice: Invoice, at: datetime) -> Violation | None:
    """A warning when the directory says that this buyer's exact address leads nowhere; the answer is kept a day.

    The invoice may still be deposited: it is then « non transmise » (NON_TRANSMISE), which the law accepts.
    """
    address, account = invoice.customer.electronic_address, carrier_for(invoice)
    if not address or account is None or account.kind != WITH_DIRECTORY:
        return None
    answer = reachability(company=invoice.company, electronic_address=address, at=at)
    if answer.reach != Reach.UNREACHABLE:
        return None
    return Violation("ANNUAIRE", WARNING, NOWHERE, term="BT-49")


def reach_of(line: DirectoryLine | None) -> Reach:
    """No line, or one without a platform today: unreachable. A word of the directory we do not know: unknown."""
    if line is None or line.status in {UPCOMING, DISABLED}:
        return Reach.UNREACHABLE
    return Reach.REACHABLE if line.status == ENABLED else Reach.UNKNOWN


def look_up(*, company: Company, siren: str, siret: str = "", service_code: str = "", at: datetime) -> Found:
    """The unit and its addresses: those of the company and, with `siret`, of that establishment alone.

    The numbers must be valid: they are not checked again here.
    """

    def ask(directory: AfnorDirectory) -> Said:
        return _unit(directory, siren, siret), _lines(directory, siren, siret, service_code)

    try:
        asked_at, unit, lines = _answer_to(company, at, f"unit {siren} {siret} {service_code}", ask)
    except (CannotAsk, RemoteError, SecretUnreadable) as error:
        return Found(at, problem=_sentence(error))
    return Found(asked_at, unit, lines)


class CannotAsk(Exception):
    """No account opens the directory now. The message is a sentence for the person."""


def _sentence(error: CannotAsk | RemoteError | SecretUnreadable) -> str:
    return str(error)


def _account(company: Company, at: datetime) -> PlatformAccount:
    """Raises CannotAsk."""
    account = next((account for account in enabled_accounts(company.pk) if account.kind == WITH_DIRECTORY), None)
    if account is None:
        raise CannotAsk(NO_PLATFORM)
    if account.is_suspended(at=at):
        raise CannotAsk(SUSPENDED)
    return account


def _answer_to(
    company: Company, at: datetime, question: str, ask: Callable[[AfnorDirectory], Said]
) -> tuple[datetime, Unit | None, tuple[DirectoryLine, ...]]:
    """When it was answered, and what: from the cache while it is fresh, else from the directory. Failures are not kept.

    Raises CannotAsk, RemoteError, SecretUnreadable.
    """
    account = _account(company, at)
    where = f"{account.pk} {account.base_url} {account.directory_name} {question} {SHAPE}"
    key = f"directory:{hashlib.sha256(where.encode()).hexdigest()}"
    kept = cache.get(key)
    asked_at = datetime.fromisoformat(kept["at"]) if kept else at
    # not one of the future: after a clock was set back, the answer would stand for longer than a day
    if kept and timedelta(0) <= at - asked_at < KEPT:
        lines = tuple(DirectoryLine(**line) for line in kept["lines"])
        return asked_at, Unit(**kept["unit"]) if kept["unit"] else None, lines
    patient = replace(settings_of(account), read_timeout=PATIENCE)
    with closing(AfnorDirectory(patient)) as directory, directory.within(DEADLINE):
        unit, lines = ask(directory)
    # as JSON, which the processes share: one answer for whoever asks, wherever
    said = {"at": at.isoformat(), "unit": asdict(unit) if unit else None, "lines": [asdict(line) for line in lines]}
    cache.set(key, said, KEPT.total_seconds())
    return at, unit, lines


def _unit(directory: AfnorDirectory, siren: str, siret: str) -> Unit | None:
    """The establishment with the kind and state of its company; the company alone where it is not there."""
    legal = directory.by_siren(siren)
    facility = directory.by_siret(siret) if siret else None
    if facility is None or legal is None:
        return facility or legal
    return replace(
        facility,
        siren=siren,
        name=facility.name or legal.name,
        kind=facility.kind or legal.kind,
        administrative_status=facility.administrative_status or legal.administrative_status,
    )


def _lines(directory: AfnorDirectory, siren: str, siret: str, service_code: str) -> tuple[DirectoryLine, ...]:
    """The company's lines; where the service offers no search, the usual addresses are asked for one by one."""
    found = directory.lines_of(siren)
    if found is None:
        usual = [addresses.build(siren)]
        usual += [addresses.build(siren, siret=siret)] if siret else []
        coded = f"{siren}_{siret}_{service_code}"
        usual += [coded] if siret and service_code and addresses.is_valid(coded) else []
        found = tuple(line for address in usual if (line := directory.line(address)) is not None)
    return tuple(line for line in found if not siret or line.siret in {"", siret})
