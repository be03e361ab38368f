"""Reading a platform: what is new is stored byte for byte first, then applied, each message on its own."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F

from config.kernel.actor import Actor
from config.kernel.errors import RemoteError
from config.kernel.jobs import record_sync
from config.kernel.models import Company
from config.kernel.secrets import SecretUnreadable
from einvoicing.models import PlatformAccount, RemoteDocument, Transmission
from einvoicing.platforms.base import Platform, Watched
from einvoicing.platforms.registry import connect
from einvoicing.reception.answers.transmitting import read_verdicts
from einvoicing.reporting.transmitting import read_answers
from einvoicing.services.acknowledgements import may_be_asked, read_acknowledgements
from einvoicing.services.changes import alive_documents, read_changes
from einvoicing.services.quotas import QUOTA
from einvoicing.services.routing import enabled_accounts, settings_of
from einvoicing.services.statuses import apply_waiting
from einvoicing.services.storing import store_page

UNAPPLIED = "Des messages reçus de la plateforme n’ont pas pu être appliqués : ils seront repris."
MOST_PAGES = 20
MOST_WATCHED = 50
SHARE = 0.75  # of the quota; the rest is for deposits and look-ups
SHORT_WAIT = 60  # seconds: a quota that is back by then is no problem to show


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a platform brought: the messages applied, and why it stopped before its end, or ''."""

    account: PlatformAccount
    applied: int
    problem: str


def read_now(*, company: Company, actor: Actor, at: datetime) -> list[Reading]:
    """Read every platform in service because somebody asks, whatever the pause, and tell partners what each gave."""
    accounts = [account for account in enabled_accounts(company.pk) if not account.is_offline]
    readings = []
    for account in accounts:
        reading = _read(account, at, skips_pause=True)
        record_sync(
            company=company,
            source=account,
            kind=account.kind,
            synced=reading.applied,
            problem=reading.problem,
            actor=actor,
            at=at,
        )
        readings.append(reading)
    return readings


def poll_account(*, account: PlatformAccount, at: datetime, skips_pause: bool = False) -> int:
    """Read everything new on the platform, and the verdicts on what was deposited. Returns the messages applied.

    `skips_pause`: a person asks now, and documents are asked about whenever that was done last.
    """
    return _read(account, at, skips_pause=skips_pause).applied


def _read(account: PlatformAccount, at: datetime, *, skips_pause: bool) -> Reading:
    problem, is_shown = "", True
    try:
        with closing(connect(settings_of(account, at=at, share=1.0 if skips_pause else SHARE))) as platform:
            _ask(account, platform, at, skips_pause=skips_pause)
    except (RemoteError, SecretUnreadable) as error:
        problem, is_shown = error.message, not _is_soon_over(error)
    applied = apply_waiting(account=account, at=at)
    rows = PlatformAccount.everywhere.filter(pk=account.pk)
    if problem and is_shown:
        rows.update(last_error=problem[:500])
        return Reading(account, applied, problem)
    left = RemoteDocument.everywhere.filter(account=account, applied_at=None, problem="").exists()
    rows.update(polled_at=at, last_error=UNAPPLIED if left else "")
    return Reading(account, applied, problem or (UNAPPLIED if left else ""))


def _ask(account: PlatformAccount, platform: Platform, at: datetime, *, skips_pause: bool) -> None:
    read: list[str] = []
    if platform.capabilities.lists_changes:
        read_changes(account, platform, at, skips_pause=skips_pause)
    else:
        read = _read_pages(account, platform, at, skips_pause=skips_pause)
    read_acknowledgements(account, platform, at, skips_pause=skips_pause)
    read_answers(account, platform, at)
    read_verdicts(account, platform, at)
    # only now: whoever was just asked about keeps its turn to be taken in
    Transmission.everywhere.filter(account=account, remote_id__in=read).update(watched_at=at)


def _is_soon_over(error: RemoteError | SecretUnreadable) -> bool:
    return isinstance(error, RemoteError) and error.code == QUOTA and (error.retry_after or 0) <= SHORT_WAIT


def _read_pages(account: PlatformAccount, platform: Platform, at: datetime, *, skips_pause: bool) -> list[str]:
    """The platform's feed, or what it says of each document that may be asked about, whose identifiers are returned."""
    more, watched = True, _watched(account, at, skips_pause=skips_pause)
    for _turn in range(MOST_PAGES):
        page = platform.incoming(account.cursor, watched)
        more = store_page(account, page, at) and page.more
        if not more:
            break
    return [document.remote_id for document in watched]


def _watched(account: PlatformAccount, at: datetime, *, skips_pause: bool) -> tuple[Watched, ...]:
    """Those heard of longest ago first, in turn, and none too often."""
    rows = alive_documents(account, at).filter(may_be_asked(account, at, skips_pause=skips_pause))
    rows = rows.order_by(F("watched_at").asc(nulls_first=True), "id")[:MOST_WATCHED]
    return tuple(
        Watched(remote_id, tracking_id, number or "")
        for remote_id, tracking_id, number in rows.values_list("remote_id", "tracking_id", "invoice__number")
    )
