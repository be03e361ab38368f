"""Following documents by a platform's list of changes: one list for all, then the history of those that changed.

Days overlap: the list is asked from the day before the last one on, and a document that it does not show for a day
widens it to that document's deposit. One that it still does not show is read by itself, once a day.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any, cast

from django.db.models import BooleanField, Case, F, Min, Q, QuerySet, Value, When
from django.db.models.functions import Coalesce

from billing.models import InvoiceStatus
from config.kernel.clock import PARIS
from config.kernel.errors import RemoteError
from einvoicing import lifecycle
from einvoicing.models import PlatformAccount, Transmission, TransmissionKind, TransmissionStatus
from einvoicing.platforms.answers import Change
from einvoicing.platforms.base import ChangesPlatform, Platform, Watched
from einvoicing.platforms.registry import PLATFORMS
from einvoicing.services.acknowledgements import may_be_asked
from einvoicing.services.quotas import has_slowed_down
from einvoicing.services.routing import is_mirror
from einvoicing.services.storing import store_page

ALIVE = (TransmissionStatus.DEPOSITED, TransmissionStatus.ACCEPTED)
FINAL = tuple(code for code, status in lifecycle.STATUSES.items() if status.final)
BAD = tuple(code for code, status in lifecycle.STATUSES.items() if status.bad)
PAYMENT_DECLARED = ("211", "212")
SETTLED = (InvoiceStatus.PAID, InvoiceStatus.CREDITED)
COPIES_LIVE = timedelta(days=90)
OVERLAP = UNSEEN = timedelta(days=1)
MOST_READ = 50  # histories of one poll
LIST_REFUSED = "list_refused"


def alive_documents(account: PlatformAccount, at: datetime) -> QuerySet[Any]:
    """The invoices whose life may still change: not those at their end, nor paid after the payment was announced.

    From the copy of what was settled here long ago nothing more is expected.
    """
    rows = Transmission.everywhere.filter(account=account, kind=TransmissionKind.INVOICE, status__in=ALIVE)
    rows = rows.exclude(lifecycle_code__in=FINAL).exclude(remote_id="")
    if is_mirror(account):
        rows = rows.exclude(invoice__status__in=SETTLED, deposited_at__lt=at - COPIES_LIVE)
    return rows.exclude(lifecycle_code__in=PAYMENT_DECLARED, invoice__status=InvoiceStatus.PAID)


def read_changes(account: PlatformAccount, platform: Platform, at: datetime, *, skips_pause: bool) -> None:
    """List what changed where the pause is over, then read it. Raises RemoteError; what was read before it is kept.

    A platform that refuses the list is asked about each document, as often as one without a list.
    """
    alive = alive_documents(account, at)
    if not alive.exists():
        return
    refusal: RemoteError | None = None
    if skips_pause or _is_due(account, at):
        try:
            _note_changes(account, cast(ChangesPlatform, platform), at)
        except RemoteError as error:
            if error.code != LIST_REFUSED:
                raise
            refusal = error
    waiting = ~Q(listed_mark=F("read_mark")) | _unseen(at)
    if refusal is not None:
        waiting |= may_be_asked(account, at, skips_pause=skips_pause)
    urgent = reduce(or_, (Q(listed_mark__startswith=f"{code} ") for code in BAD))
    rows = alive.filter(waiting).annotate(
        is_urgent=Case(When(urgent, then=Value(True)), default=Value(False), output_field=BooleanField())
    )
    rows = rows.order_by("-is_urgent", F("seen_at").asc(nulls_first=True), "id").select_related("invoice")
    for row in rows[:MOST_READ]:
        _read_history(row, account, platform, at)
    if refusal is not None:
        raise refusal


def _read_history(row: Transmission, account: PlatformAccount, platform: Platform, at: datetime) -> None:
    watched = Watched(row.remote_id, row.tracking_id, row.invoice.number or "", row.remote_key)
    rows = Transmission.everywhere.filter(pk=row.pk)
    try:
        store_page(account, platform.incoming(account.cursor, [watched]), at)
    except RemoteError as error:
        if not has_slowed_down(error):
            rows.update(seen_at=at)  # the others come before it next time
        raise
    rows.update(read_mark=row.listed_mark, seen_at=at, watched_at=at)


def _listed_at(account: PlatformAccount) -> datetime | None:
    """When the list was read last: the account's cursor."""
    return datetime.fromisoformat(account.cursor) if account.cursor else None


def _is_due(account: PlatformAccount, at: datetime) -> bool:
    listed_at = _listed_at(account)
    return listed_at is None or listed_at <= at - timedelta(seconds=PLATFORMS[account.kind].asks_every)


def _unseen(at: datetime) -> Q:
    """Neither the list nor a reading of its own has shown it for a day."""
    return Q(seen_at__lte=at - UNSEEN) | Q(seen_at=None, deposited_at__lte=at - UNSEEN)


def _note_changes(account: PlatformAccount, platform: ChangesPlatform, at: datetime) -> None:
    alive = alive_documents(account, at)
    changes = {(change.remote_id, change.number): change for change in platform.changes(_since(account, alive, at))}
    seen: list[int] = []
    changed: list[Transmission] = []
    for row in alive.select_related("invoice").only("remote_id", "listed_mark", "remote_key", "invoice__number"):
        change = changes.get((row.remote_id, row.invoice.number or ""))
        if change is None:
            continue
        seen.append(row.pk)
        if row.listed_mark != _mark(change):
            row.listed_mark, row.remote_key = _mark(change), change.key[:60]
            changed.append(row)
    Transmission.everywhere.filter(pk__in=seen).update(seen_at=at)
    Transmission.everywhere.bulk_update(changed, ["listed_mark", "remote_key"], batch_size=500)
    account.cursor = at.isoformat()
    PlatformAccount.everywhere.filter(pk=account.pk).update(cursor=account.cursor)


def _mark(change: Change) -> str:
    """Our code first: bad news is read before the rest."""
    return f"{change.code or '???'} {change.mark}"[:120]


def _since(account: PlatformAccount, alive: QuerySet[Any], at: datetime) -> date:
    listed_at = _listed_at(account)
    unlisted = alive if listed_at is None else alive.filter(_unseen(at))
    oldest = unlisted.aggregate(oldest=Min(Coalesce("deposited_at", "created_at")))["oldest"]
    first = min(moment for moment in (oldest, listed_at, at) if moment is not None)
    return (first - OVERLAP).astimezone(PARIS).date()
