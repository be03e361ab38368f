"""Once a day: what each platform lists for us against what we have of it, both ways.

What it lists and we lack is fetched at once; what cannot be is shown by name. What we have and it lists no more was
withdrawn there, or never was ours.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q, QuerySet

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import RemoteError
from config.kernel.queue import Clock, Queue
from config.kernel.secrets import SecretUnreadable
from einvoicing.models import ReceivedDocument, ReceptionChannel, ReceptionSource
from einvoicing.platforms.answers import Announced
from einvoicing.reception.fetching import at_work
from einvoicing.reception.sources.platforms import announced_since, fetch_missing
from einvoicing.reception.storing import known_ids

CLERK = Actor.beat("comparaison des documents reçus")
WINDOW = timedelta(days=60)
EVERY = timedelta(hours=23, minutes=30)
MOST_NAMED = 50


def compare_source(source: ReceptionSource, now: Clock) -> int | None:
    """How many documents differ; None when the platform could not be asked, which is tried again at the next hour."""
    at = now()
    since = at - WINDOW
    try:
        listed = announced_since(source, since=since, at=at)
        lacking = _lacking(source, listed)
        fetch_missing(source, tuple(lacking), at=at)
    except (RemoteError, SecretUnreadable) as error:
        ReceptionSource.everywhere.filter(pk=source.pk).update(last_error=str(error.message)[:500])
        return None
    still = _lacking(source, listed)
    ours = ReceivedDocument.everywhere.filter(account=source.account, sent_at__gt=since)
    strangers = [row for row in ours.only("remote_id", "name", "sent_at", "company_id") if row.remote_id not in listed]
    _write_down(source, listed, still, strangers, at)
    return len(still) + len(strangers)


def _lacking(source: ReceptionSource, listed: dict[str, Announced]) -> list[Announced]:
    if source.account is None:
        return []
    known = known_ids(account=source.account, remote_ids=listed)
    return [row for key, row in listed.items() if key not in known]


@transaction.atomic
def _write_down(
    source: ReceptionSource,
    listed: dict[str, Announced],
    missing: list[Announced],
    strangers: list[ReceivedDocument],
    at: datetime,
) -> None:
    ReceptionSource.everywhere.filter(pk=source.pk).update(
        compared_at=at,
        found=len(listed),
        missing=[{"id": one.remote_id, "name": one.name[:200]} for one in missing[:MOST_NAMED]],
        strangers=[{"id": one.remote_id, "name": one.name, "pk": str(one.pk)} for one in strangers[:MOST_NAMED]],
    )
    if missing or strangers:
        data = {"source": str(source), "missing": len(missing), "strangers": len(strangers)}
        audit.record("einvoicing.reception.compared", subject=source, actor=CLERK, at=at, data=data)


def _uncompared(at: datetime) -> QuerySet[ReceptionSource]:
    due = Q(compared_at=None) | Q(compared_at__lte=at - EVERY)
    # what was never read to its end is not complete yet
    return at_work().filter(due, channel=ReceptionChannel.PLATFORM, polled_at__isnull=False)


COMPLETENESS: Queue[ReceptionSource] = Queue(
    name="comparaison des documents reçus", due=_uncompared, work=compare_source, lease=timedelta(minutes=30)
)
