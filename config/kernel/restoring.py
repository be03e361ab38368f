"""Releasing a restored copy: what happened after it was made is looked for elsewhere, shown, and never done twice.

Each app declares where it can look (`elsewhere`) and what of its own waits in doubt (`doubtful`): what waited when the
copy was made may have left since. Numbers go on behind the greatest that anything or anybody has seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError
from config.kernel.models import Company, Restoration, User
from config.kernel.people.mails import withdraw_waiting
from config.kernel.scope import across_companies, company_scope
from config.kernel.trail import after_the_fork, begin_another


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that happened after the copy was made. `number` is the legal number that it names, if any."""

    where: str
    what: str
    number: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """A series of numbers of a company: the last that this copy gave, and the greatest that was seen elsewhere."""

    company_id: int
    series: str
    year: int
    last: int
    seen: int = 0


MOST_KEPT = 5_000  # findings of a place, the last ones, besides the greatest number of each series
Look = Callable[[Company, datetime], Iterator[Finding]]
Doubt = Callable[[Company, Actor, datetime], int]
Lines = Sequence[dict[str, Any]]
Note = Callable[[Company, Lines, Actor, datetime], int]
Raise = Callable[[Series, int], None]
LOOKS: dict[str, Look] = {}
DOUBTS: dict[str, Doubt] = {}
NOTES: dict[str, Note] = {}


class AlreadyReleased(DomainError):
    code = "already_released"
    message = "L’activité a déjà repris sur cette base."


class NotCompared(DomainError):
    code = "not_compared"
    message = "Comparez d’abord cette base avec ce que savent les plateformes et la trace."


class NumberGoesBack(DomainError):
    code = "number_goes_back"
    message = "La série %(series)s a déjà donné le numéro %(last)s : indiquez-en un plus grand ou égal."


def elsewhere(name: str) -> Callable[[Look], Look]:
    """Declare a place that knows what happened after a moment, and can be asked about a company."""

    def declared(look: Look) -> Look:
        LOOKS[name] = look
        return look

    return declared


def doubtful(name: str) -> Callable[[Doubt], Doubt]:
    """Declare how what waits to leave is put in doubt: nothing of it is sent again before it was looked up."""

    def declared(doubt: Doubt) -> Doubt:
        DOUBTS[name] = doubt
        return doubt

    return declared


def departed(name: str) -> Callable[[Note], Note]:
    """Declare how what left since the copy was made, as the trail tells it, is noted: it does not leave again."""

    def declared(note: Note) -> Note:
        NOTES[name] = note
        return note

    return declared


def found_elsewhere(company: Company, since: datetime) -> dict[str, list[Finding] | None]:
    """What each place knows of the company after a moment; None for one that could not be asked."""
    found: dict[str, list[Finding] | None] = {}
    for name, look in LOOKS.items():
        with company_scope(company):
            try:
                found[name] = list(look(company, since))
            except DomainError:
                found[name] = None
    return found


def compare(restoration: Restoration, *, at: datetime) -> Restoration:
    """Ask every place about every company and write down what it knows. Must be called outside a transaction."""
    since = restoration.last_known_at or restoration.noticed_at
    # the whole installation came back
    with across_companies():
        companies = list(Company.objects.order_by("pk"))
    restoration.findings = {
        str(company.pk): {
            name: None if rows is None else [[row.where, row.what, row.number] for row in _kept(rows)]
            for name, rows in found_elsewhere(company, since).items()
        }
        for company in companies
    }
    restoration.compared_at = at
    Restoration.objects.filter(pk=restoration.pk, released_at=None).update(
        findings=restoration.findings, compared_at=at
    )
    return restoration


def _kept(rows: Sequence[Finding]) -> list[Finding]:
    """The last of them, after those of before that bear the greatest number of a series."""
    greatest: dict[str, Finding] = {}
    for row in rows[:-MOST_KEPT]:
        series = row.number.rstrip("0123456789")
        if series and _size(row) > _size(greatest.get(series)):
            greatest[series] = row
    return [*greatest.values(), *rows[-MOST_KEPT:]]


def _size(row: Finding | None) -> tuple[int, str]:
    """Numbers of a series in their order: 99999 comes before 100000."""
    return (len(row.number), row.number) if row else (0, "")


def findings_of(restoration: Restoration, company: Company) -> dict[str, list[Finding] | None]:
    """What was found elsewhere of a company, by place, when it was compared last."""
    kept = restoration.findings.get(str(company.pk), {})
    return {name: None if rows is None else [Finding(*row) for row in rows] for name, rows in kept.items()}


@transaction.atomic
def release(
    *,
    restoration: Restoration,
    numbers: Mapping[Series, int],
    raise_counter: Raise,
    user: User,
    at: datetime,
) -> Restoration:
    """Let the copy work: what waits is in doubt, series go on behind `numbers`, and this is the database from now on.

    Raises AlreadyReleased, NotCompared, NumberGoesBack.
    """
    locked = Restoration.objects.select_for_update(no_key=True).get(pk=restoration.pk)
    if locked.released_at:
        raise AlreadyReleased
    if locked.compared_at is None:
        raise NotCompared
    for series, last in numbers.items():
        if last < series.last:
            raise NumberGoesBack(series=series.series, last=series.last)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_installation SET fingerprint = kernel_fingerprint()")
    withdraw_waiting()
    actor = Actor.user(user)
    # the whole installation begins again
    with across_companies():
        companies = list(Company.objects.order_by("pk"))
    for company in companies:
        with company_scope(company):
            lines = list(after_the_fork(company))
            noted = {name: count for name, note in NOTES.items() if (count := note(company, lines, actor, at))}
            in_doubt = {name: count for name, doubt in DOUBTS.items() if (count := doubt(company, actor, at))}
            data = {"in_doubt": in_doubt, "noted": noted}
            audit.record("kernel.restoration.released", subject=company, actor=actor, at=at, data=data)
    for series, last in numbers.items():
        if last > series.last:
            with company_scope(series.company_id):
                raise_counter(series, last)
    locked.released_at, locked.released_by = at, user
    locked.save(update_fields=["released_at", "released_by"])
    # last: a file is not taken back with the transaction
    for company in companies:
        begin_another(company, at)
    return locked
