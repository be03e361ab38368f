"""Sweeps of payments: feeds, reconciliation, reminders, company by company. Running one twice changes nothing."""

from __future__ import annotations

import structlog
from celery import shared_task
from django.db import InterfaceError, OperationalError
from django.utils import timezone

from config.kernel.actor import Actor
from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.models import Feed
from payments.services import reminders
from payments.services.feeds import reading
from payments.services.reconciliation import reconcile as reconcile_company

logger = structlog.get_logger(__name__)


@shared_task(name="payments.reconcile")
def reconcile() -> int:
    """Match what the evidence proves, in every company. Returns how many lines were matched."""
    matched = 0
    for company in Company.objects.order_by("id"):
        with company_scope(company):
            outcome = reconcile_company(company=company, actor=Actor.beat("rapprochement"), at=timezone.now())
            matched += outcome.matched
    return matched


@shared_task(name="payments.read_feeds")
def read_feeds() -> int:
    """Read the feeds that are due, then match what came. Returns how many movements and payments were kept."""
    kept = 0
    fed = Feed.everywhere.filter(is_enabled=True).values("company_id")
    for company in Company.objects.filter(pk__in=fed).order_by("id"):
        try:
            kept += _read_feeds(company)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            # one company must not hold up the others
            logger.exception("feeds_not_read", company=company.pk)
    return kept


def _read_feeds(company: Company) -> int:
    with company_scope(company):
        found = reading.read_due(at=timezone.now())
        if found:
            reconcile_company(company=company, actor=Actor.beat("rapprochement"), at=timezone.now())
    return found


@shared_task(name="payments.remind")
def remind() -> int:
    """Queue the reminders that are due, in every company that wants them, and hand them over."""
    queued = 0
    for company in Company.objects.filter(reminders_enabled=True).order_by("id"):
        with company_scope(company):
            made = reminders.send_reminders(company=company, actor=Actor.beat("relances"), at=timezone.now())
            queued += len(made)
    deliver_reminders()
    return queued


@shared_task(name="payments.deliver_reminders")
def deliver_reminders() -> int:
    """Hand queued reminders to the mail server, each guarded once more."""
    return reminders.deliver_reminders(at=timezone.now())
