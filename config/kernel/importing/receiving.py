"""A list on its way in, as a person decides of it: sent, columns confirmed, choices made, confirmed or given up."""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Any

from django.db import transaction
from django.db.models import Count, Q

from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid, Stale
from config.kernel.importing.guessing import Layout, fingerprint, guess
from config.kernel.importing.kinds import KINDS, ImportKind
from config.kernel.importing.tables import Table, UnreadableTable, read_table
from config.kernel.jobs import begin_job
from config.kernel.models import Company, ImportChoice, ImportLayout, ImportRow, ImportRun, ImportStatus, User
from config.kernel.rows import lock

KIND, QUEUE = "import", "invoice_processing"


class ColumnsMissing(Invalid):
    code = "columns_missing"
    message = "Dites quelle colonne contient : %(columns)s."


class RowsInError(DomainError):
    code = "rows_in_error"
    message = "Rien n’est repris tant que des lignes sont en erreur. Corrigez le fichier, ou demandez à les laisser."


class NothingToTake(DomainError):
    code = "nothing_to_take"
    message = "Aucune ligne n’est à créer ni à mettre à jour."


class ChoicesChanged(Stale):
    code = "choices_changed"
    message = "Les choix ont changé depuis : relisez ce qui serait repris, puis confirmez."


class NeverTwice(Invalid):
    code = "never_twice"
    message = "Ligne %(line)s : une fiche porte déjà cet identifiant. Mettez-la à jour, ou ignorez la ligne."


def table_of(run: ImportRun) -> Table:
    """The rows as they were read when the file came: a workbook takes seconds."""
    return Table([(line, cells) for line, cells in json.loads(zlib.decompress(bytes(run.content)))])


def _read(kind: ImportKind, data: bytes) -> Table:
    own = kind.read(data) if kind.read else None
    return own if own is not None else read_table(data)


@transaction.atomic
def receive_file(
    *,
    kind: ImportKind,
    company: Company,
    name: str,
    data: bytes,
    user: User | None,
    actor: Actor,
    language: str,
    at: datetime,
) -> ImportRun:
    """Hold the file, its columns as they were confirmed for such heads, or as guessed. Raises UnreadableTable."""
    table = _read(kind, data)
    layout = guess(kind, table)
    if not layout.body(table):
        raise UnreadableTable("Ce fichier ne contient que des titres.")
    kept = ImportLayout.objects.filter(company=company, heads=fingerprint(kind, layout, table)).first()
    run: ImportRun = ImportRun.objects.create(
        company=company,
        kind=kind.name,
        name=PurePath(name.replace("\0", "").replace("\\", "/")).name[-200:] or "liste",
        content=zlib.compress(json.dumps(table.rows).encode(), 1),
        sha256=hashlib.sha256(data).hexdigest(),
        layout=kept.layout if kept else layout.as_json(),
        requested_by=user,
        language=language,
        requested_at=at,
    )
    audit.record("kernel.import.received", subject=run, actor=actor, at=at, data={"name": run.name, "kind": run.kind})
    return run


@transaction.atomic
def choose_columns(*, run: ImportRun, columns: Mapping[str, int], actor: Actor, at: datetime) -> None:
    """Confirm what each column holds, remember it, and have all rows checked. Raises ColumnsMissing, Stale."""
    kind, table = KINDS[run.kind], table_of(run)
    missing = [group for group in kind.wanted if not any(name in columns for name in group)]
    if missing:
        labels = [" / ".join(str(kind.column(name).label) for name in group) for group in missing]  # type: ignore[union-attr]  # declared
        raise ColumnsMissing(columns=", ".join(labels))
    layout = Layout(int(run.layout["head"]), dict(columns))
    heads = fingerprint(kind, layout, table)
    ImportLayout.objects.update_or_create(
        company_id=run.company_id, heads=heads, defaults={"layout": layout.as_json(), "confirmed_at": at}
    )
    changes: dict[str, Any] = {"layout": layout.as_json(), "attempts": 0, "last_error": ""}
    states.move(run, ImportStatus.CHECKING, tag="kernel.import.checking", actor=actor, at=at, **changes)


def change_columns(*, run: ImportRun, actor: Actor, at: datetime) -> None:
    """Back to the columns. Raises TransitionRefused, Stale."""
    states.move(run, ImportStatus.COLUMNS, tag="kernel.import.columns", actor=actor, at=at, last_error="")


@transaction.atomic
def settle_likenesses(*, run: ImportRun, choices: Mapping[int, str], at: datetime) -> None:
    """What becomes of rows that resemble a known record: choice by row. Raises NeverTwice, Stale."""
    row = lock(run)
    if row.status != ImportStatus.CHECKED:
        raise Stale
    exact = KINDS[row.kind].exact
    for found in ImportRow.objects.filter(run=row, pk__in=choices, has_problems=False).exclude(sign=""):
        choice = choices[found.pk]
        if choice == ImportChoice.CREATE and found.sign in exact:
            raise NeverTwice(line=found.line)
        if choice in ImportChoice.values and (choice != ImportChoice.UPDATE or found.known):
            ImportRow.objects.filter(pk=found.pk).update(choice=choice)


@transaction.atomic
def settle_all(*, run: ImportRun, choice: str, at: datetime) -> None:
    """The same for every row that resembles a known record; none is created that would bear an identifier twice."""
    row = lock(run)
    if row.status != ImportStatus.CHECKED:
        raise Stale
    likely = ImportRow.objects.filter(run=row, has_problems=False).exclude(sign="")
    if choice == ImportChoice.CREATE:
        likely = likely.exclude(sign__in=KINDS[row.kind].exact)
    if choice == ImportChoice.UPDATE:
        likely = likely.exclude(known=None)
    if choice in ImportChoice.values:
        likely.update(choice=choice)


def counts_of(run: ImportRun) -> dict[str, int]:
    """How many rows there are, are in error, resemble a known record, and would be created, updated, ignored."""
    good = Q(has_problems=False)
    rows = ImportRow.objects.filter(run=run).order_by()
    return rows.aggregate(
        rows=Count("pk"),
        errors=Count("pk", filter=Q(has_problems=True)),
        likely=Count("pk", filter=good & ~Q(sign="")),
        **{choice.lower(): Count("pk", filter=good & Q(choice=choice)) for choice in ImportChoice.values},
    )


def shown_of(run: ImportRun) -> str:
    """Stands for exactly what each row would become: what is confirmed is what was shown."""
    rows = ImportRow.objects.filter(run=run).order_by("line").values_list("line", "choice", "has_problems", "known")
    return hashlib.sha256(repr(list(rows)).encode()).hexdigest()[:32]


@transaction.atomic
def confirm_run(*, run: ImportRun, shown: str, leaves_errors: bool, actor: Actor, at: datetime) -> None:
    """Have it taken over. Raises ChoicesChanged, RowsInError, NothingToTake, TransitionRefused, Stale."""
    counts = counts_of(run)
    if shown_of(run) != shown:
        raise ChoicesChanged
    if counts["errors"] and not leaves_errors:
        raise RowsInError
    if not counts["create"] + counts["update"]:
        raise NothingToTake
    changes: dict[str, Any] = {"leaves_errors": leaves_errors, "attempts": 0, "last_error": ""}
    data = {name: counts[name] for name in ("create", "update", "ignore", "errors")}
    states.move(run, ImportStatus.APPLYING, tag="kernel.import.confirmed", actor=actor, at=at, data=data, **changes)
    begin_job(KIND, queue=QUEUE, company=run.company, actor=actor, at=at, parts=[(KIND, run.pk)])


@transaction.atomic
def cancel_run(*, run: ImportRun, actor: Actor, at: datetime) -> None:
    """Nothing of it was taken over; its bytes and rows are forgotten. Raises TransitionRefused, Stale."""
    states.move(run, ImportStatus.CANCELLED, tag="kernel.import.cancelled", actor=actor, at=at, content=b"")
    ImportRow.objects.filter(run=run).delete()


def forget(*, at: datetime) -> int:
    """Delete what waited a week for a decision, whatever its company: it is no record of anything. Returns how many."""
    waiting: Sequence[str] = (ImportStatus.COLUMNS, ImportStatus.CHECKED)
    late = ImportRun.everywhere.filter(status__in=waiting, requested_at__lt=at - ImportRun.HELD_FOR)
    ImportRow.everywhere.filter(run__in=late).delete()
    return int(late.delete()[0])
