"""Reading a feed: when it is due, when its webhook announces something, or when a person asks.

Nothing here is lost by dying in the middle: a reading starts again from what is stored, and what it finds is kept once
by its own key. A failure is written on the feed and tried again at the next turn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

import structlog
from django.db import InterfaceError, OperationalError
from django.db.models import Q, QuerySet

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, RemoteError
from config.kernel.jobs import record_sync
from config.kernel.models import AuditEvent
from config.kernel.queue import Clock
from payments.models import Feed, FeedKind
from payments.services.feeds import invoice_ninja, revolut

logger = structlog.get_logger(__name__)

BEAT = Actor.beat("lecture des flux")
# kind → reads what is new, with no transaction open, and answers how many movements or payments were kept
READERS: Mapping[str, Callable[[Feed, datetime], int]] = {
    FeedKind.REVOLUT: revolut.read,
    FeedKind.INVOICE_NINJA: invoice_ninja.read,
}
EVERY = timedelta(minutes=15)
DEFECT = "Une erreur inattendue a empêché de lire ce service."


def feed_of(kind: str) -> Feed | None:
    """The feed of the current company that may be read; None when it has none, or switched it off."""
    return Feed.objects.filter(kind=kind, is_enabled=True).first()


def read_feed(*, feed: Feed, actor: Actor, at: datetime) -> int:
    """Read everything new, however lately it was read. Returns how many movements or payments were kept.

    Partners hear of each reading; of one that fails by itself again and again, with the same problem, once.
    Call it with no transaction open.

    Raises RemoteError, DomainError; `last_error` and `failing_since` then stand on the feed.
    """
    try:
        found = READERS[feed.kind](feed, at)
    except (RemoteError, DomainError) as error:
        if actor is not BEAT or feed.last_error != str(error)[:500]:
            _announce(feed, 0, str(error), actor, at)
        _write_state(feed, last_error=str(error)[:500], failing_since=feed.failing_since or at)
        raise
    # the moment at which reading began: what arrives while we read is found by the next turn
    _write_state(feed, last_error="", failing_since=None, read_at=at)
    _announce(feed, found, " ".join(refusals(feed, at)), actor, at)
    if found:
        data = {"service": str(feed), "found": found}
        audit.record("payments.feed.read", subject=feed, actor=actor, at=at, data=data)
    return found


def refusals(feed: Feed, at: datetime) -> list[str]:
    """Why something of the reading made at that instant could not be kept: sentences, each once."""
    rows = AuditEvent.everywhere.filter(
        company_id=feed.company_id, tag=invoice_ninja.REFUSED, subjects__contains=[feed.subject], at=at
    )
    return list(dict.fromkeys(str(reason) for reason in rows.order_by("id").values_list("data__reason", flat=True)))


def due(at: datetime) -> QuerySet[Feed]:
    """The feeds that were never read, or not for EVERY."""
    rows: QuerySet[Feed] = Feed.everywhere.filter(Q(read_at=None) | Q(read_at__lte=at - EVERY), is_enabled=True)
    return rows.select_related("company").order_by("id")


def read(feed: Feed, now: Clock) -> int:
    """Read a feed that is due. Returns how much was kept, 0 after a failure, which stands on the feed."""
    try:
        return read_feed(feed=feed, actor=BEAT, at=now())
    except (RemoteError, DomainError) as error:
        logger.warning("feed_not_read", feed=feed.pk, problem=str(error))
        return 0
    # nothing could be written down without a database: the lease brings the feed back
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        _write_state(feed, last_error=DEFECT, failing_since=feed.failing_since or now())
        raise


def _announce(feed: Feed, synced: int, problem: str, actor: Actor, at: datetime) -> None:
    record_sync(
        company=feed.company, source=feed, kind=feed.kind, synced=synced, problem=problem[:500], actor=actor, at=at
    )


def _write_state(feed: Feed, **facts: object) -> None:
    """Write these columns alone, on the row and on `feed`."""
    Feed.everywhere.filter(pk=feed.pk).update(**facts)
    for name, value in facts.items():
        setattr(feed, name, value)
