"""Reading a platform: what is new is stored byte for byte first, then applied, each message on its own."""

from __future__ import annotations

import hashlib
from contextlib import closing
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from billing.models import InvoiceStatus
from config.kernel.errors import RemoteError
from config.kernel.secrets import SecretUnreadable
from einvoicing import lifecycle
from einvoicing.models import PlatformAccount, RemoteDocument, Transmission, TransmissionKind, TransmissionStatus
from einvoicing.platforms.base import Page, Watched
from einvoicing.platforms.registry import connect
from einvoicing.services.acknowledgements import may_be_asked, read_acknowledgements
from einvoicing.services.routing import is_mirror, settings_of
from einvoicing.services.statuses import apply_waiting

UNAPPLIED = "Des messages reçus de la plateforme n’ont pas pu être appliqués : ils seront repris."
MOST_PAGES = 20
MOST_WATCHED = 50
COPIES_LIVE = timedelta(days=90)  # of what is settled here, nothing more is expected from its copy
FINAL = tuple(code for code, status in lifecycle.STATUSES.items() if status.final)


def poll_account(*, account: PlatformAccount, at: datetime) -> int:
    """Read everything new on the platform, and the verdicts on what was deposited. Returns the messages applied."""
    try:
        with closing(connect(settings_of(account))) as platform:
            more, watched = True, _watched(account, at)
            for _turn in range(MOST_PAGES):
                page = platform.incoming(account.cursor, watched)
                more = _store_page(account, page, at) and page.more
                if not more:
                    break
            read_acknowledgements(account, platform, at)
    except (RemoteError, SecretUnreadable) as error:
        PlatformAccount.everywhere.filter(pk=account.pk).update(last_error=error.message[:500])
        return 0
    read = [document.remote_id for document in watched]
    Transmission.everywhere.filter(account=account, remote_id__in=read).update(watched_at=at)
    applied = apply_waiting(account=account, at=at)
    left = RemoteDocument.everywhere.filter(account=account, applied_at=None, problem="").exists()
    PlatformAccount.everywhere.filter(pk=account.pk).update(polled_at=at, last_error=UNAPPLIED if left else "")
    return applied


def _watched(account: PlatformAccount, at: datetime) -> tuple[Watched, ...]:
    """The documents whose life may still change: for platforms that have no feed and must be asked about each."""
    alive = (TransmissionStatus.DEPOSITED, TransmissionStatus.ACCEPTED)
    rows = Transmission.everywhere.filter(account=account, kind=TransmissionKind.INVOICE, status__in=alive)
    if is_mirror(account):
        settled = [InvoiceStatus.PAID, InvoiceStatus.CREDITED]
        rows = rows.exclude(invoice__status__in=settled, deposited_at__lt=at - COPIES_LIVE)
    # asked in turn, those heard of longest ago first, and none too often
    rows = (
        rows.filter(may_be_asked(account, at))
        .exclude(lifecycle_code__in=FINAL)
        .exclude(remote_id="")
        .order_by(F("watched_at").asc(nulls_first=True), "id")[:MOST_WATCHED]
    )
    return tuple(
        Watched(remote_id, tracking_id, number or "")
        for remote_id, tracking_id, number in rows.values_list("remote_id", "tracking_id", "invoice__number")
    )


@transaction.atomic
def _store_page(account: PlatformAccount, page: Page, at: datetime) -> bool:
    """Messages and cursor in one transaction: after a crash the page is read again and nothing is stored twice."""
    RemoteDocument.everywhere.bulk_create(
        [
            RemoteDocument(
                company_id=account.company_id,
                account=account,
                remote_id=message.remote_id,
                flow_type=message.kind,
                content=message.data,
                sha256=hashlib.sha256(message.data).hexdigest(),
                received_at=at,
                problem=message.problem[:500],
            )
            for message in page.messages
        ],
        ignore_conflicts=True,
    )
    moved = page.next_cursor != account.cursor
    PlatformAccount.everywhere.filter(pk=account.pk).update(cursor=page.next_cursor)
    account.cursor = page.next_cursor
    return moved
