"""The chain written down outside the database, so that a cut tail, a recomputed chain or an old copy is seen.

One file a company below TRAIL_DIR, one line an event in the order of the chain, only ever added to. It belongs on
another disk or machine than the database, written once where that is offered. A trail that knows more than the
database, or otherwise, is never continued: it is the witness. A released copy begins another, beside it.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings

from config.kernel.chain import Break
from config.kernel.errors import DomainError
from config.kernel.models import AuditEvent, Company

AT_A_TIME = 2_000
LONGEST_LINE = 4_000  # bytes; what a line holds is short


class TrailDiffers(DomainError):
    code = "trail_differs"
    message = (
        "La trace tenue hors de la base connaît l’événement %(sequence)s, que la base n’a pas ou a autrement : base "
        "restaurée d’une copie, ou chaîne modifiée. La trace n’est pas poursuivie ; lancez verify_chain."
    )


def trail_of(company: Company) -> Path:
    return Path(settings.TRAIL_DIR) / f"{company.legal_number}.jsonl"


def write_trail(company: Company) -> int:
    """Add the events that the trail does not have; how many. Raises TrailDiffers, OSError."""
    path = trail_of(company)
    last = _last_line(path)
    sequence = 0
    if last is not None:
        sequence = int(last["sequence"])
        known = AuditEvent.everywhere.filter(company=company, sequence=sequence).values_list("hash", flat=True).first()
        if known != last["hash"]:
            raise TrailDiffers(sequence=sequence)
    path.parent.mkdir(parents=True, exist_ok=True)
    events = AuditEvent.everywhere.filter(company=company, sequence__gt=sequence).order_by("sequence")
    count = 0
    with path.open("ab") as file:
        for event in events.iterator(chunk_size=AT_A_TIME):
            file.write(_line(event))
            count += 1
        file.flush()
        os.fsync(file.fileno())
    return count


def _line(event: AuditEvent) -> bytes:
    facts: dict[str, Any] = {
        "sequence": event.sequence,
        "hash": event.hash,
        "at": event.at.isoformat(),
        "tag": event.tag,
        "subject": event.subjects[0] if event.subjects else "",
        "number": str(event.data.get("number", ""))[:40],
        # what a restored copy needs to know of what left since
        "also": event.subjects[1:4],
        "level": event.data.get("level"),
        "user": event.data.get("user"),
    }
    return json.dumps(facts, ensure_ascii=False).encode() + b"\n"


def _last_line(path: Path) -> dict[str, Any] | None:
    """The last whole line; one that a crash cut is taken away, for its event is still to be written."""
    if not path.exists() or not path.stat().st_size:
        return None
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - 2 * LONGEST_LINE))
        tail = file.read()
        whole = tail[: tail.rfind(b"\n") + 1]
        if len(whole) < len(tail):
            file.truncate(size - len(tail) + len(whole))
    lines = whole.splitlines()
    return json.loads(lines[-1]) if lines else None


def lines_of(company: Company) -> Iterator[dict[str, Any]]:
    """What the trail of a company holds, in its order. A damaged line ends it with a ValueError that names it."""
    path = trail_of(company)
    if not path.exists():
        return
    with path.open("rb") as file:
        for place, line in enumerate(file, start=1):
            if not line.endswith(b"\n"):
                return  # being written
            try:
                yield json.loads(line)
            except ValueError as error:
                raise ValueError(f"line {place} of {path.name} cannot be read") from error


def fork_of(company: Company) -> tuple[int, bool] | None:
    """The first event that the trail knows and the database has not, or has otherwise; True where it has another."""
    rest = lines_of(company)
    while lines := list(islice(rest, AT_A_TIME)):
        wanted = {int(line["sequence"]): str(line["hash"]) for line in lines}
        rows = AuditEvent.everywhere.filter(company=company, sequence__in=wanted)
        found = dict(rows.values_list("sequence", "hash"))
        for sequence, known in wanted.items():
            if found.get(sequence) != known:
                return sequence, sequence in found
    return None


def after_the_fork(company: Company) -> Iterator[dict[str, Any]]:
    """What the trail holds from where it and the database part; nothing where they agree."""
    fork = fork_of(company)
    if fork is not None:
        yield from (line for line in lines_of(company) if int(line["sequence"]) >= fork[0])


def verify_trail(company: Company) -> list[Break]:
    """The first place where the database does not hold what its trail witnessed; none without a trail."""
    try:
        fork = fork_of(company)
    except (ValueError, KeyError) as error:
        return [Break("trail", None, str(error))]
    if fork is None:
        return []
    sequence, differs = fork
    what = "is another than the trail outside the database witnessed" if differs else "is gone: the trail knows it"
    return [Break("trail", sequence, f"the event {what}")]


def begin_another(company: Company, at: datetime) -> None:
    """Set the trail aside, whole, for one that begins with a copy that was released."""
    path = trail_of(company)
    if path.exists():
        path.rename(path.with_name(f"{company.legal_number}.{at:%Y%m%dT%H%M%S}.jsonl"))
