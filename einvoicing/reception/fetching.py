"""The sources of a company, each read in its turn: one that fails says so, and holds back none of the others."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from config.kernel.errors import RemoteError
from config.kernel.models import Company
from config.kernel.queue import Clock, Queue
from config.kernel.secrets import SecretUnreadable
from einvoicing.models import PlatformAccount, ReceptionChannel, ReceptionSource
from einvoicing.platforms.registry import PLATFORMS
from einvoicing.reception.sources.folders import folder_of, read_folder
from einvoicing.reception.sources.mailboxes import read_mailbox
from einvoicing.reception.sources.platforms import read_platform
from einvoicing.services.routing import has_quota

EVERY = {
    ReceptionChannel.PLATFORM: timedelta(minutes=2),
    ReceptionChannel.FOLDER: timedelta(minutes=1),
    ReceptionChannel.MAILBOX: timedelta(minutes=5),
}
SECONDS = 120.0  # of one reading; what is left comes with the next
DEFECT = "Une erreur inattendue a interrompu la lecture de cette source."
RECEIVING = [kind for kind, provider in PLATFORMS.items() if provider.receives]


def add_sources(*, company: Company, at: datetime) -> int:
    """A source for each account that receives and for the company's folder, where there is none yet; how many."""
    accounts = PlatformAccount.objects.filter(company=company, kind__in=RECEIVING, reception=None)
    missing = [
        ReceptionSource(company=company, channel=ReceptionChannel.PLATFORM, account=account, created_at=at)
        for account in accounts
    ]
    has_folder = ReceptionSource.objects.filter(company=company, channel=ReceptionChannel.FOLDER)
    if folder_of(company) and not has_folder.exists():
        missing.append(ReceptionSource(company=company, channel=ReceptionChannel.FOLDER, created_at=at))
    # another worker may be adding them at this moment
    return len(ReceptionSource.objects.bulk_create(missing, ignore_conflicts=True))


def at_work() -> QuerySet[ReceptionSource]:
    """The sources of all companies that are in service."""
    idle = Q(account__is_enabled=False) | Q(account__is_offline=True)
    rows: QuerySet[ReceptionSource] = ReceptionSource.everywhere.filter(is_enabled=True).exclude(idle)
    return rows.select_related("account", "company").order_by("id")


def due(at: datetime) -> QuerySet[ReceptionSource]:
    """Those that were not read to the end lately, of platforms that did not ask to wait."""
    late = Q(polled_at=None)
    for channel, pause in EVERY.items():
        late |= Q(channel=channel, polled_at__lte=at - pause)
    open_for_us = Q(account=None) | Q(account__open_until=None) | Q(account__open_until__lte=at)
    return at_work().filter(late, open_for_us, has_quota(at, account="account__"))


def read_source(source: ReceptionSource, now: Clock) -> int:
    """Store what it has; how many documents. Why it could not be read stands on it, and on the home page."""
    at = now()
    try:
        if source.channel == ReceptionChannel.PLATFORM:
            return read_platform(source, at=at, seconds=SECONDS)
        return read_folder(source, at=at) if source.channel == ReceptionChannel.FOLDER else read_mailbox(source, at=at)
    except (RemoteError, SecretUnreadable) as error:
        _note(source, str(error.message))
        return 0
    except Exception:
        _note(source, DEFECT)
        raise


def _note(source: ReceptionSource, problem: str) -> None:
    ReceptionSource.everywhere.filter(pk=source.pk).update(last_error=problem[:500])


# beyond a reading and the file that it ends with
SOURCES: Queue[ReceptionSource] = Queue(
    name="réception des factures fournisseurs", due=due, work=read_source, lease=timedelta(minutes=10)
)
