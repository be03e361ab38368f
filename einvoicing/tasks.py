"""Sweeps of e-invoicing. The rows are the queue: running twice, or not at all, changes nothing but the hour."""

from __future__ import annotations

from datetime import datetime, timedelta

from celery import shared_task
from django.conf import settings
from django.db.models import Q, QuerySet
from django.utils import timezone

from config.kernel.actor import Actor
from config.kernel.isolating import treat_each
from config.kernel.models import Company
from config.kernel.queue import Clock, Queue
from einvoicing.models import PlatformAccount
from einvoicing.reception.answers.transmitting import ANSWERS
from einvoicing.reception.completeness import COMPLETENESS
from einvoicing.reception.fetching import SOURCES, add_sources
from einvoicing.reception.queues import RECEIVED, SCANS, VERDICTS
from einvoicing.reporting.counting import compare_counts
from einvoicing.reporting.preparing import prepare_due
from einvoicing.reporting.reading import refresh_periods
from einvoicing.reporting.transmitting import REPORTS
from einvoicing.services import preparing
from einvoicing.services.comparing import compare_account
from einvoicing.services.polling import poll_account
from einvoicing.services.routing import CHORUS_PRO, has_quota
from einvoicing.services.technical_accounts import read_password_end
from einvoicing.services.transmissions import TRANSMISSIONS

DEFECT = "Une erreur inattendue a interrompu la lecture de cette plateforme."
# beyond the longest reading of a platform: pages, verdicts, and what is applied of them
LEASE = timedelta(minutes=10)
COMPARED_EVERY = timedelta(hours=23, minutes=30)


@shared_task(name="einvoicing.prepare")
def prepare() -> int:
    """Make the files that e-mails wait for; how many were made."""
    return preparing.prepare_documents()


@shared_task(name="einvoicing.transmit")
def transmit() -> int:
    """Transmit what is due, reports after invoices; how many were tried."""
    return len(TRANSMISSIONS.sweep()) + len(REPORTS.sweep()) + len(ANSWERS.sweep()) if settings.ENABLE_EINVOICING else 0


@shared_task(name="einvoicing.report")
def report() -> int:
    """Read the facts of every company's periods again, and make the reports that are due; how many were made."""
    if not settings.ENABLE_EINVOICING:
        return 0
    return sum(treat_each(Company.objects.order_by("id"), _report, loop="e-reporting", at=timezone.now()))


def _report(company: Company) -> int:
    at = timezone.now()
    refresh_periods(company=company, at=at)
    made = prepare_due(company=company, actor=Actor.beat("e-reporting"), at=at)
    # last: a platform that does not answer keeps no report of ours back
    compare_counts(company=company, at=at)
    return len(made)


@shared_task(name="einvoicing.compare")
def compare() -> int:
    """Compare each platform's list with ours; how many documents differ."""
    return sum(COMPARING.visit()) if settings.ENABLE_EINVOICING else 0


@shared_task(name="einvoicing.poll")
def poll() -> int:
    """Read every active platform account."""
    return sum(POLLING.visit()) if settings.ENABLE_EINVOICING else 0


@shared_task(name="einvoicing.receive")
def receive() -> int:
    """Fetch what suppliers sent, from every source of every company; how many documents were stored."""
    if not settings.ENABLE_EINVOICING:
        return 0
    at = timezone.now()
    companies = Company.objects.order_by("id")
    treat_each(companies, lambda company: add_sources(company=company, at=at), loop=SOURCES.name, at=at)
    return sum(SOURCES.visit())


@shared_task(name="einvoicing.read_received")
def read_received() -> int:
    """Read the documents that came, then judge their XML; how many were read."""
    read = RECEIVED.sweep()
    VERDICTS.sweep(limit=50)
    return sum(read)


@shared_task(name="einvoicing.read_scans")
def read_scans() -> int:
    """Read scans and photographs; how many."""
    return sum(SCANS.sweep(limit=20))


@shared_task(name="einvoicing.compare_received")
def compare_received() -> int:
    """Compare what each platform lists for us with what we have; how many documents differ."""
    return sum(found or 0 for found in COMPLETENESS.visit()) if settings.ENABLE_EINVOICING else 0


def _active(_at: datetime) -> QuerySet[PlatformAccount]:
    rows: QuerySet[PlatformAccount] = PlatformAccount.everywhere.filter(is_enabled=True, is_offline=False)
    return rows.order_by("id")


def _readable(at: datetime) -> QuerySet[PlatformAccount]:
    """Those that their platform did not ask to wait."""
    return _active(at).filter(has_quota(at))


def _uncompared(at: datetime) -> QuerySet[PlatformAccount]:
    """Once a day each; one that was being read, or did not answer, is due again at the next hour."""
    return _active(at).filter(Q(compared_at=None) | Q(compared_at__lte=at - COMPARED_EVERY))


def _compare(account: PlatformAccount, now: Clock) -> int:
    if account.kind == CHORUS_PRO:
        read_password_end(account=account)
    found = compare_account(account=account, at=now())
    return len(found.missing) + len(found.strangers) if found else 0


def _poll(account: PlatformAccount, now: Clock) -> int:
    try:
        return poll_account(account=account, at=now())
    except Exception:
        PlatformAccount.objects.filter(pk=account.pk).update(last_error=DEFECT)
        raise


COMPARING: Queue[PlatformAccount] = Queue(
    name="comparaison avec les plateformes", due=_uncompared, work=_compare, lease=LEASE
)
POLLING: Queue[PlatformAccount] = Queue(name="lecture des plateformes", due=_readable, work=_poll, lease=LEASE)
