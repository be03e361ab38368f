"""The chain of facts: each frozen row has a canonical form, its digest rides in an audit event, events are chained.

`verify` recomputes everything from the rows as they are now and names the first one that was touched. It also sees
rows without an event, events without a row, and a tail cut off (the head is kept apart).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.db import DataError, connection, models, transaction
from psycopg import IsolationLevel

from config.kernel.canonical import canonical, sha256
from config.kernel.models import AuditChain, AuditEvent, Company
from config.kernel.scope import company_scope


@dataclass(frozen=True, slots=True)
class Sealed:
    """How one class of frozen rows is read for hashing: its rows, in bulk, and the facts of one row."""

    rows: Callable[[models.QuerySet[Any]], models.QuerySet[Any]]
    facts: Callable[[Any], Mapping[str, Any]]
    frozen: models.Q


@dataclass(frozen=True, slots=True)
class Recomputation:
    """Figures that change after sealing, and follow from other rows.

    `sql` gives (id, text) of each row of the company %(company)s that does not say what follows; `what` is the break.
    """

    model: type[models.Model]
    sql: str
    what: str


@dataclass(frozen=True, slots=True)
class Break:
    """One place where the chain does not hold."""

    subject: str
    sequence: int | None
    what: str

    def __str__(self) -> str:
        place = f"event {self.sequence}: " if self.sequence is not None else ""
        return f"{place}{self.subject}: {self.what}"


_sealed: dict[type[models.Model], Sealed] = {}
_recomputed: list[Recomputation] = []


def seal_rows_of(
    model: type[models.Model],
    *,
    facts: Callable[[Any], Mapping[str, Any]],
    rows: Callable[[models.QuerySet[Any]], models.QuerySet[Any]] = lambda queryset: queryset,
    frozen: models.Q | None = None,
) -> None:
    """Declare that rows of `model` (those matching `frozen`) must each be sealed by exactly one event."""
    _sealed[model] = Sealed(rows=rows, facts=facts, frozen=frozen or models.Q())


def recompute(model: type[models.Model], sql: str, what: str) -> None:
    """Declare figures of `model` that the proof computes again."""
    _recomputed.append(Recomputation(model, sql, what))


def columns(row: models.Model, *leave_out: str) -> dict[str, Any]:
    """The stored columns of a row by name, without those that may change after sealing."""
    stored = vars(row)
    return {name: stored[name] for name in _names(type(row), leave_out)}


@cache
def _names(model: type[models.Model], leave_out: tuple[str, ...]) -> tuple[str, ...]:
    fields = model._meta.concrete_fields
    return tuple(field.attname for field in fields if field.name not in leave_out)


def digest(row: models.Model) -> str:
    """SHA-256 of the canonical form of a row that holds what PostgreSQL keeps (rounded to its columns)."""
    return sha256(canonical(_sealed[type(row)].facts(row)))


def sealed_contents(rows: models.QuerySet[Any]) -> Iterator[tuple[str, str]]:
    """Of each of these rows its name in the chain, and the text that was hashed: for a verifier elsewhere."""
    sealed = _sealed[rows.model]
    for row in sealed.rows(rows.filter(sealed.frozen)).iterator(500):
        yield row.subject, canonical(sealed.facts(row))


def link(previous: str, sequence: int, content_hash: str) -> str:
    """The hash of an event: the same formula stands in the trigger kernel_chain_event()."""
    return hashlib.sha256(f"{previous}|{sequence}|{content_hash}".encode()).hexdigest()


@contextmanager
def snapshot() -> Iterator[None]:
    """Every query inside sees the database as it was at the first one, whoever works meanwhile (REPEATABLE READ).

    Inside a transaction of the caller, the caller's isolation holds.
    """
    if connection.in_atomic_block:
        yield
        return
    connection.ensure_connection()
    session = connection.connection
    # psycopg puts it into BEGIN: after the first statement it would be too late
    session.isolation_level, session.read_only = IsolationLevel.REPEATABLE_READ, True
    try:
        with transaction.atomic():
            yield
    finally:
        if not session.closed:
            session.isolation_level, session.read_only = None, None


def verify(company: Company) -> list[Break]:
    """Every break in a company's chain, in the order of the chain, then the rows that were never sealed."""
    with company_scope(company), snapshot():
        try:
            return list(_breaks(company))
        except DataError:
            if unreadable := list(_unreadable(company)):
                return unreadable
            raise


def verify_since(company: Company, length: int, head: str) -> list[Break]:
    """The breaks after event `length`, whose hash was `head` when all before it was verified: new events, their rows.

    What was touched of earlier rows, and figures that follow from others, are seen by `verify` alone.
    """
    with company_scope(company), snapshot():
        return list(_breaks_since(company, length, head))


def _breaks_since(company: Company, length: int, head: str) -> Iterator[Break]:
    expected: dict[str, tuple[int, str]] = {}
    yield from _verify_events(company, expected, after=(length, head))
    if length and not AuditEvent.everywhere.filter(company=company, sequence=length, hash=head).exists():
        yield Break("kernel.auditevent", length, "the last event that was verified is gone or is another")
    for model, sealed in _sealed.items():
        label = f"{model._meta.label_lower}:"
        keys = [int(subject[len(label) :]) for subject in expected if subject.startswith(label)]
        for start in range(0, len(keys), 500):
            named = models.Q(pk__in=keys[start : start + 500])
            yield from _verify_rows(company, model, sealed, expected, named)
    for subject, (sequence, _digest) in expected.items():
        yield Break(subject, sequence, "the row is missing")


def _breaks(company: Company) -> Iterator[Break]:
    expected: dict[str, tuple[int, str]] = {}
    yield from _verify_events(company, expected)
    for model, sealed in _sealed.items():
        yield from _verify_rows(company, model, sealed, expected)
    for subject, (sequence, _digest) in expected.items():
        yield Break(subject, sequence, "the row is missing")
    for model in _sealed:
        yield from _verify_links(company, model)
    for figures in _recomputed:
        yield from _verify_figures(company, figures)


def _unreadable(company: Company) -> Iterator[Break]:
    """The rows that hold what PostgreSQL keeps and no program reads, a day of infinity: nothing is proved before."""
    events = Sealed(rows=lambda found: found, facts=AuditEvent.facts, frozen=models.Q())
    kinds: dict[type[Any], Sealed] = {AuditEvent: events, **_sealed}
    for model, sealed in kinds.items():
        rows = model.everywhere.filter(sealed.frozen, company=company)
        for key in rows.order_by("pk").values_list("pk", flat=True):
            try:
                sealed.facts(sealed.rows(rows.filter(pk=key)).get())
            except DataError:
                yield Break(f"{model._meta.label_lower}:{key}", None, "it holds a value that cannot be read")


def _verify_events(
    company: Company, expected: dict[str, tuple[int, str]], after: tuple[int, str] = (0, "")
) -> Iterator[Break]:
    place, previous = after
    events = AuditEvent.everywhere.filter(company=company)
    # an event without a place is one that is not chained: wherever it stands, it is seen
    events = events.filter(models.Q(sequence__gt=place) | models.Q(sequence=None)) if place else events
    for event in events.order_by("sequence", "id").iterator(2000):
        subject = f"kernel.auditevent:{event.pk}"
        place += 1
        if event.sequence != place:
            yield Break(subject, event.sequence, f"the chain jumps to {event.sequence} where {place} was expected")
            # go on from the place found: one event that is missing is one break, not one for each that follows
            place = event.sequence or place
        elif event.previous_hash != previous:
            yield Break(subject, event.sequence, "it does not follow the event before it")
        if sha256(canonical(event.facts())) != event.content_hash:
            yield Break(subject, event.sequence, "the event was changed")
        elif link(event.previous_hash, event.sequence or 0, event.content_hash) != event.hash:
            yield Break(subject, event.sequence, "the hash was changed")
        previous = event.hash
        if event.digest:
            expected[str(next(iter(event.subjects), ""))] = (place, event.digest)
    head = AuditChain.objects.filter(company=company).first()
    if (head.length if head else 0, head.head if head else "") != (place, previous):
        yield Break("kernel.auditchain", None, "the end of the chain is missing")


def _verify_links(company: Company, model: type[models.Model]) -> Iterator[Break]:
    """What sealed rows refer to is there: with its triggers PostgreSQL's foreign keys are off, too."""
    meta, quote = model._meta, connection.ops.quote_name
    with connection.cursor() as cursor:
        for field in meta.concrete_fields:
            if not isinstance(field, models.ForeignKey):
                continue
            table, column = field.related_model._meta.db_table, quote(field.column)
            cursor.execute(
                f"SELECT id FROM {quote(meta.db_table)} AS row WHERE company_id = %s AND {column} IS NOT NULL "  # noqa: S608 - names of ours
                f"AND NOT EXISTS (SELECT FROM {quote(table)} AS target WHERE target.id = row.{column}) ORDER BY id",
                [company.pk],
            )
            for (key,) in cursor.fetchall():
                yield Break(f"{meta.label_lower}:{key}", None, f"its {field.name} is missing")


def _verify_figures(company: Company, figures: Recomputation) -> Iterator[Break]:
    with connection.cursor() as cursor:
        cursor.execute(figures.sql, {"company": company.pk})
        for key, text in cursor.fetchall():
            yield Break(f"{figures.model._meta.label_lower}:{key} ({text})", None, figures.what)


def _verify_rows(
    company: Company,
    model: type[models.Model],
    sealed: Sealed,
    expected: dict[str, tuple[int, str]],
    only: models.Q | None = None,
) -> Iterator[Break]:
    everywhere: models.Manager[Any] = model.everywhere  # type: ignore[attr-defined]  # only company rows are sealed
    # a server-side cursor: the rows of ten years are never in memory together
    for row in sealed.rows(everywhere.filter(sealed.frozen, only or models.Q(), company=company)).iterator(500):
        found = expected.pop(row.subject, None)
        name = f"{row.subject} ({row})"
        if found is None:
            yield Break(name, None, "the row is in no event of the chain")
        elif found[1] != sha256(canonical(sealed.facts(row))):
            yield Break(name, found[0], "the row was changed after it was sealed")
