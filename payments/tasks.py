"""Sweeps of payments: feeds and reconciliation, company by company. Running one twice changes nothing."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task
from django.utils import timezone

from config.kernel.actor import Actor
from config.kernel.isolating import treat_each
from config.kernel.models import Company
from config.kernel.queue import Clock, Queue, release
from config.kernel.scope import across_companies
from payments.checkouts.following import CHECKOUTS
from payments.checkouts.payouts import PAYOUTS
from payments.dated_sums import folding
from payments.dunning.tasks import deliver_reminders as deliver_reminders
from payments.dunning.tasks import remind as remind
from payments.lettering import sweeping
from payments.models import Feed, StatementUpload
from payments.services import uploads
from payments.services.feeds import reading
from payments.services.reconciliation import reconcile as reconcile_company


@shared_task(name="payments.reconcile")
def reconcile() -> int:
    """Match what the evidence proves, in every company. Returns how many lines were matched."""
    return sum(treat_each(Company.objects.order_by("id"), _reconcile, loop="rapprochement", at=timezone.now()))


def _reconcile(company: Company) -> int:
    return reconcile_company(company=company, actor=Actor.beat("rapprochement"), at=timezone.now()).matched


@shared_task(name="payments.fold_sums")
def fold_sums() -> int:
    """Add what triggers noted to the sums by day and month, in every company; how many facts."""
    return sum(
        treat_each(Company.objects.order_by("id"), folding.fold_sums, loop="report des sommes", at=timezone.now())
    )


@shared_task(name="payments.letter_allocations")
def letter_allocations() -> int:
    """Letter what documents settled since, and take letters off what came apart; how many letters changed."""
    return sum(treat_each(Company.objects.order_by("id"), _letter, loop="lettrage", at=timezone.now()))


def _letter(company: Company) -> int:
    return sweeping.letter_allocations(company, at=timezone.now())


@shared_task(name="payments.read_feeds")
def read_feeds() -> int:
    """Read the feeds that are due, then match what came. Returns how many movements and payments were kept."""
    return sum(FEEDS.visit())


def _read_feed(feed: Feed, now: Clock) -> int:
    found = reading.read(feed, now)
    if found:
        reconcile_company(company=feed.company, actor=Actor.beat("rapprochement"), at=now())
    return found


# beyond the longest first reading of a service
FEEDS: Queue[Feed] = Queue(
    name="lecture des flux bancaires", due=reading.due, work=_read_feed, lease=timedelta(minutes=15)
)


@shared_task(name="payments.import_uploads")
def import_uploads() -> int:
    """Read and keep the large statement files that wait, and forget those whose time is over. Returns how many."""
    done = len(UPLOADS.sweep())
    # what is over is deleted whosesoever it is, by its time alone
    with across_companies():
        uploads.forget(at=timezone.now())
    return done


def _work_on_upload(row: StatementUpload, now: Clock) -> None:
    uploads.work_on(row, at=now())
    release(row)


# beyond most imports; a longer one that is taken over meanwhile is waited for by its row's lock, and then found kept
UPLOADS: Queue[StatementUpload] = Queue(
    name="importation des relevés", due=uploads.at_work, work=_work_on_upload, lease=timedelta(minutes=10)
)


@shared_task(name="payments.follow_checkouts")
def follow_checkouts() -> int:
    """Ask about payments by card that are under way: their messages may be lost. Returns how many are over."""
    return sum(CHECKOUTS.sweep())


@shared_task(name="payments.read_payouts")
def read_payouts() -> int:
    """Read the reports of payment providers that are due. Returns how many transfers are new."""
    return sum(PAYOUTS.visit())
