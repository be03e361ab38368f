"""The proof looked at night after night: the new part of each chain, all of it once a week, and a share of the files.

Each night goes on where the last one ended; what is found stands on the home page until it is mended.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import islice
from math import ceil
from typing import Any

from django.conf import settings

from config.kernel import chain
from config.kernel.kept import FileRefused, FileUnreadable, models_with_files, read_kept
from config.kernel.models import AuditChain, Company, ProofProgress
from config.kernel.stamps import verify_stamps
from config.kernel.trail import verify_trail

WHOLE_EVERY = timedelta(days=7)
MOST_BREAKS = 50  # that are written down; the command names them all
AT_A_TIME = 200  # files between two writings of the place


def progress_of(company: Company) -> ProofProgress:
    """How far the company in scope was looked at."""
    found: ProofProgress
    found, _new = ProofProgress.objects.get_or_create(company=company)
    return found


def prove(company: Company, *, at: datetime) -> list[chain.Break]:
    """Verify what is new of the chain, or all of it once a week and after a break; write down how far it holds.

    Must be called in the company's scope and outside a transaction.
    """
    progress = progress_of(company)
    whole = bool(progress.breaks) or progress.whole_at is None or at - progress.whole_at >= WHOLE_EVERY
    with chain.snapshot():
        new = [] if whole else chain.verify_since(company, progress.length, progress.head)
        breaks = [*(chain.verify(company) if whole else new), *verify_trail(company), *verify_stamps(company)]
        head = AuditChain.objects.filter(company=company).first()
    changes: dict[str, Any] = {"verified_at": at, "breaks": [str(found)[:300] for found in breaks[:MOST_BREAKS]]}
    if whole:
        changes["whole_at"] = at
    if not breaks:
        changes |= {"length": head.length if head else 0, "head": head.head if head else ""}
    ProofProgress.objects.filter(pk=progress.pk).update(**changes)
    return breaks


def check_share(company: Company, *, at: datetime) -> tuple[int, int]:
    """Read the night's share of the company's files, from where the last one ended: how many, and how many are bad.

    Each is read within FILES_CHECKED_WITHIN days. Raises FileUnreadable where the place itself is away: nothing is
    known of the files then, and the next run begins there again.
    """
    total = sum(model.objects.count() for model in models_with_files())
    share = ceil(total / settings.FILES_CHECKED_WITHIN)
    read = bad = 0
    while read < share and (rows := list(islice(_after(progress_of(company).file), min(AT_A_TIME, share - read)))):
        bad += sum(not _is_well(row, at) for row in rows)
        read += len(rows)
        _write_down(company, rows, at)
    if read < share or total == 0:
        _end_round(company, at)
    return read, bad


def _after(place: str) -> Iterator[Any]:
    """The rows with files in scope, behind the one that was read last, in the order of a round."""
    label, _colon, key = place.partition(":")
    for model in models_with_files():
        here = str(model._meta.label_lower)
        if here >= label:
            rows = model.objects.order_by("pk")
            yield from (rows.filter(pk__gt=int(key)) if here == label else rows)[:AT_A_TIME]


def _is_well(row: Any, at: datetime) -> bool:
    try:
        read_kept(row, record=row, at=at)
    except FileUnreadable:
        raise
    except FileRefused:
        return False
    return True


def _write_down(company: Company, rows: list[Any], at: datetime) -> None:
    progress = progress_of(company)
    if not progress.file:
        progress.round_at, progress.round_count = at, 0
    progress.file = rows[-1].subject
    progress.round_count += len(rows)
    progress.save(update_fields=["file", "round_at", "round_count"])


def _end_round(company: Company, at: datetime) -> None:
    ProofProgress.objects.filter(company=company).update(file="", round_ended_at=at)
