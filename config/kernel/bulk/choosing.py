"""The rows that somebody chose, or all that match a filter: shown, then frozen with the act that is asked for them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.bulk.acts import BulkAct, BulkList
from config.kernel.errors import DomainError, Stale
from config.kernel.jobs import begin_job
from config.kernel.models import BulkRow, BulkRun, Company, User

MOST = 10_000  # rows of one run
CHUNK = 1_000
KIND, QUEUE = "bulk", "invoice_processing"


class NothingChosen(DomainError):
    code = "nothing_chosen"
    message = "Aucune des lignes choisies n’est concernée par cet acte. Choisissez-en d’autres dans la liste."


class TooManyChosen(DomainError):
    code = "too_many_chosen"
    message = "Dix mille lignes au plus se traitent à la fois. Resserrez le filtre, puis recommencez avec le reste."


class ChoiceChanged(Stale):
    code = "choice_changed"
    message = "La liste a changé depuis : relisez ce qui serait traité, puis confirmez."


def chosen(declared: BulkList, query: QueryDict, *, on: date) -> QuerySet[Any]:
    """The rows whose boxes were checked, or with `all` those of the filter; no row where neither is asked for."""
    if query.get("all"):
        return declared.found(query, on)
    keys = [int(key) for key in query.getlist(declared.field) if key.isascii() and key.isdigit() and len(key) < 19]
    return declared.rows().filter(pk__in=keys[:MOST])


def taken(declared: BulkList, act: BulkAct, rows: QuerySet[Any], *, on: date) -> list[int]:
    """The keys of those that the act is for, in the order in which they will be treated. Raises TooManyChosen."""
    keys = list(act.takes(rows, on).order_by(*declared.order).values_list("pk", flat=True)[: MOST + 1])
    if len(keys) > MOST:
        raise TooManyChosen
    return keys


def fingerprint(keys: Sequence[int]) -> str:
    """Stands for exactly these rows: what is confirmed is what was shown."""
    return hashlib.sha256(",".join(map(str, keys)).encode()).hexdigest()[:32]


@transaction.atomic
def start_run(
    *,
    declared: BulkList,
    act: BulkAct,
    keys: Sequence[int],
    shown: str,
    options: Mapping[str, Any],
    user: User,
    company: Company,
    language: str,
    at: datetime,
) -> BulkRun:
    """Freeze the rows and ask for the act. Raises NothingChosen, ChoiceChanged when `shown` is another print."""
    if not keys:
        raise NothingChosen
    if fingerprint(keys) != shown:
        raise ChoiceChanged
    run: BulkRun = BulkRun.objects.create(
        company=company,
        rows_of=declared.name,
        act=act.name,
        options=dict(options),
        requested_by=user,
        language=language,
        total=len(keys),
        requested_at=at,
        turn_at=at,
    )
    for start in range(0, len(keys), CHUNK):
        part = keys[start : start + CHUNK]
        records = declared.rows().in_bulk(part)
        BulkRow.objects.bulk_create(
            BulkRow(company=company, run=run, position=start + place, record=key, label=declared.named(record)[:200])
            for place, key in enumerate(part, start=1)
            if (record := records.get(key)) is not None
        )
    actor = Actor.user(user)
    data = {"list": str(declared.label), "act": str(act.label), "rows": len(keys)}
    audit.record("kernel.bulk.started", subject=run, actor=actor, at=at, data=data)
    begin_job(KIND, queue=QUEUE, company=company, actor=actor, at=at, parts=[(KIND, run.pk)])
    return run
