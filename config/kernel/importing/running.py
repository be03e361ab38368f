"""A list is checked and taken over by a worker, each in one transaction: a death in the middle leaves nothing.

While a list is taken over, no other one of the company is: what each was checked against does not move in between.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.core.cache import caches
from django.db import IntegrityError
from django.db.models import F, QuerySet
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop as n

from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.errors import DomainError
from config.kernel.importing.checking import checked_rows, match, understand
from config.kernel.importing.guessing import Layout
from config.kernel.importing.kinds import KINDS, ImportKind
from config.kernel.importing.receiving import table_of
from config.kernel.middleware import say, translated
from config.kernel.models import Company, CompanyRow, ImportChoice, ImportRow, ImportRun, ImportStatus, Membership
from config.kernel.queue import FREE, Clock, Queue, held

CHUNK = 500
TRIES = 3
LEASE = timedelta(minutes=10)  # beyond the longest that one list lasts
CHANGED = n("Des fiches ont changé depuis la vérification : les lignes sont vérifiées de nouveau, relisez-les.")
INTERRUPTED = n("Le traitement s’est interrompu trois fois. Découpez le fichier, ou écrivez-nous.")
NO_LONGER_ALLOWED = n("Le rôle de la personne qui l’a demandé ne permet plus cet acte.")
RUNNER = Actor.system("reprise de listes")


class ChangedSince(Exception):
    """A record that a row resembles came, went or changed since the rows were checked."""


class RowRefused(Exception):
    """Nothing is taken over; `row` is the one at fault, where one is."""

    def __init__(self, row: ImportRow | None, sentence: str) -> None:
        super().__init__(sentence)
        self.row, self.sentence = row, sentence


def actor_of_run(run: ImportRun) -> Actor:
    return Actor.user(run.requested_by) if run.requested_by else RUNNER


def progress_of(run: ImportRun) -> tuple[int, int]:
    """Rows done, of how many; as far as is known."""
    done, total = caches["shared"].get(f"import:{run.pk}") or (0, 0)
    return int(done), int(total)


def _show_progress(run: ImportRun, done: int, total: int) -> None:
    caches["shared"].set(f"import:{run.pk}", [done, total], 3600)


def _due(at: datetime) -> QuerySet[ImportRun]:
    waiting = [ImportStatus.CHECKING, ImportStatus.APPLYING]
    rows: QuerySet[ImportRun] = ImportRun.everywhere.filter(status__in=waiting, requested_at__lte=at)
    return rows.select_related("company", "requested_by").order_by("requested_at", "id")


def _take(run: ImportRun, at: datetime) -> bool:
    ImportRun.everywhere.filter(pk=run.pk).update(attempts=F("attempts") + 1)
    run.attempts += 1
    return True


def work_on(run: ImportRun, now: Clock) -> None:
    with translation.override(run.language):
        if run.attempts > TRIES:
            _give_back(run, translated(INTERRUPTED), now())
        elif run.status == ImportStatus.CHECKING:
            _check(run, now)
        else:
            _apply(run, now)


def _give_back(run: ImportRun, reason: str, at: datetime, *, row: ImportRow | None = None) -> None:
    """Nothing is taken over: whoever asked looks again."""
    to = ImportStatus.COLUMNS if run.status == ImportStatus.CHECKING else ImportStatus.CHECKED
    with held(run, status=run.status) as mine:
        if mine is None:
            return
        if row is not None:
            ImportRow.objects.filter(pk=row.pk).update(problems=[["", "", reason]], has_problems=True)
        _move(mine, to, "kernel.import.refused", at, data={"reason": reason}, last_error=reason[:500])


def _move(run: ImportRun, to: str, tag: str, at: datetime, **written: Any) -> None:
    states.move(run, to, tag=tag, actor=actor_of_run(run), at=at, **{"attempts": 0, **FREE, **written})


def _check(run: ImportRun, now: Clock) -> None:
    kind = KINDS[run.kind]
    body = Layout.from_json(run.layout).body(table_of(run))
    rows: list[ImportRow] = []
    for row in checked_rows(run, kind, body):
        rows.append(row)
        if len(rows) % CHUNK == 0:
            _show_progress(run, len(rows), len(body))
    with held(run, status=ImportStatus.CHECKING) as mine:
        if mine is None:
            return
        ImportRow.objects.filter(run=run).delete()
        ImportRow.objects.bulk_create(rows, batch_size=1_000)
        data = {"rows": len(rows), "errors": sum(row.has_problems for row in rows)}
        _move(mine, ImportStatus.CHECKED, "kernel.import.checked", now(), data=data)


def _apply(run: ImportRun, now: Clock) -> None:
    try:
        with held(run, status=ImportStatus.APPLYING) as mine:
            if mine is not None:
                _take_over(mine, now())
    except (ChangedSince, IntegrityError):
        with held(run, status=ImportStatus.APPLYING) as mine:
            if mine is not None:
                reason = translated(CHANGED)
                data = {"reason": reason}
                _move(mine, ImportStatus.CHECKING, "kernel.import.refused", now(), data=data, last_error=reason)
    except RowRefused as refused:
        _give_back(run, refused.sentence, now(), row=refused.row)


def _take_over(run: ImportRun, at: datetime) -> None:
    """Raises ChangedSince, RowRefused: then nothing is taken over."""
    kind = KINDS[run.kind]
    if not _still_may(run, kind):
        raise RowRefused(None, translated(NO_LONGER_ALLOWED))
    # two lists of one company wait for each other: both were checked against the same records
    company = Company.objects.select_for_update(no_key=True).get(pk=run.company_id)
    taken = ImportRow.objects.filter(run=run, has_problems=False).order_by("line")
    total, done = taken.exclude(choice=ImportChoice.IGNORE).count(), 0
    facts, known = kind.facts(company), kind.known(company)
    layout = Layout.from_json(run.layout)
    counts = {ImportChoice.CREATE: 0, ImportChoice.UPDATE: 0}
    for choice, one_by_one in ((ImportChoice.UPDATE, _update), (ImportChoice.CREATE, _create)):
        for batch in _batches(taken.filter(choice=choice)):
            values = [_values(row, kind, layout, facts, known) for row in batch]
            records = one_by_one(run, company, kind, batch, values, at)
            for row, record in zip(batch, records, strict=True):
                row.record = record.pk
            ImportRow.objects.bulk_update(batch, ["record"])
            counts[choice] += len(batch)
            done += len(batch)
            _show_progress(run, done, total)
    # what was read of each is in its record now
    ImportRow.objects.filter(run=run).update(cells={})
    data = {"created": counts[ImportChoice.CREATE], "updated": counts[ImportChoice.UPDATE]}
    ended = {"content": b"", "finished_at": at, "last_error": ""}
    _move(run, ImportStatus.DONE, "kernel.import.finished", at, data=data, **ended)


def _batches(rows: QuerySet[ImportRow]) -> Iterator[list[ImportRow]]:
    found = rows.iterator(chunk_size=CHUNK)
    while batch := list(islice(found, CHUNK)):
        yield batch


def _still_may(run: ImportRun, kind: ImportKind) -> bool:
    if run.requested_by is None:
        return True
    found = Membership.objects.filter(user=run.requested_by_id, company=run.company_id, user__is_active=True).first()
    return found is not None and found.may(kind.needs)


def _values(row: ImportRow, kind: ImportKind, layout: Layout, facts: Any, known: Any) -> dict[str, Any]:
    values, problems = understand(kind, layout, row.cells, facts)
    if problems:
        raise ChangedSince
    sign, record, _name = match(kind.signs(values), known)
    if record != row.known or (record is not None and sign != row.sign):
        raise ChangedSince
    return values


def _update(
    run: ImportRun, _company: Company, kind: ImportKind, batch: Sequence[ImportRow], values: Sequence[Any], at: datetime
) -> list[CompanyRow]:
    records = []
    for row, row_values in zip(batch, values, strict=True):
        try:
            records.append(kind.update(row.known or 0, row_values, actor_of_run(run), at))
        except DomainError as error:
            raise RowRefused(
                row, _("Ligne %(line)s : %(reason)s") % {"line": row.line, "reason": _sentence_of(error)}
            ) from error
    return records


def _create(
    run: ImportRun, company: Company, kind: ImportKind, batch: Sequence[ImportRow], values: Sequence[Any], at: datetime
) -> Sequence[CompanyRow]:
    try:
        return kind.create(company, values, actor_of_run(run), at)
    except DomainError as error:
        raise RowRefused(None, _sentence_of(error)) from error


def _sentence_of(error: DomainError) -> str:
    return " ".join(translated(sentence) for sentence in error.fields.values()) or say(error)


IMPORTS = Queue(name="reprise de listes", due=_due, work=work_on, lease=LEASE, take=_take)
