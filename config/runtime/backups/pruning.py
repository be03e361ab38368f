"""Which backups stay: the last of each day, week and month, so far back as the settings say, and always the last one.

Kept files are taken away from no place: they are the same for all backups, and the law wants them ten years.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta

from django.conf import settings

from config.runtime.backups.places import Place
from config.runtime.backups.restoring import whole_backups
from config.runtime.backups.writing import MANIFEST, MOMENT

UNFINISHED = timedelta(days=1)  # no backup takes longer: what has no manifest by then was killed


def prune(place: Place, *, at: datetime) -> list[str]:
    """Delete the backups of `place` that are not to stay, and what killed ones left; their names."""
    paths = [path for path in place.sizes() if not path.startswith("files/")]
    names = sorted({path.partition("/")[0] for path in paths})
    whole = set(whole_backups(place))
    kept = staying(whole)
    gone = [
        name
        for name in names
        if (day := moment_of(name)) and name not in kept and (name in whole or at - day > UNFINISHED)
    ]
    # the manifest first: what is cut in the middle is no backup any more
    leaving = sorted((path for path in paths if path.partition("/")[0] in gone), key=lambda path: MANIFEST not in path)
    place.delete(leaving)
    return gone


def staying(names: Iterable[str]) -> set[str]:
    """Of whole backups, those that stay."""
    moments = sorted(((moment, name) for name in names if (moment := moment_of(name))), reverse=True)
    rules: tuple[tuple[Callable[[datetime], object], int], ...] = (
        (lambda moment: moment.date(), settings.BACKUP_KEEP_DAYS),
        (lambda moment: moment.isocalendar()[:2], settings.BACKUP_KEEP_WEEKS),
        (lambda moment: (moment.year, moment.month), settings.BACKUP_KEEP_MONTHS),
    )
    kept = {name for _moment, name in moments[:1]}
    for period_of, count in rules:
        # newest first: the first of a period is its last backup
        last: dict[object, str] = {}
        for moment, name in moments:
            last.setdefault(period_of(moment), name)
        kept.update(list(last.values())[:count])
    return kept


def moment_of(name: str) -> datetime | None:
    """When the backup of that name was made; None for a folder that is none of ours."""
    try:
        return datetime.strptime(name, MOMENT).replace(tzinfo=UTC)
    except ValueError:
        return None
