"""Sweeps of reminders, company by company: written in the morning, handed over all day. Twice changes nothing."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from config.kernel.actor import Actor
from config.kernel.isolating import treat_each
from config.kernel.models import Company
from payments.dunning import delivery, sending


@shared_task(name="payments.remind")
def remind() -> int:
    """Queue the reminders that are due, in every company that wants them, and hand them over."""
    companies = Company.objects.filter(reminders_enabled=True).order_by("id")
    queued = sum(treat_each(companies, _remind, loop="relances", at=timezone.now()))
    deliver_reminders()
    return queued


def _remind(company: Company) -> int:
    return len(sending.send_reminders(company=company, actor=Actor.beat("relances"), at=timezone.now()))


@shared_task(name="payments.deliver_reminders")
def deliver_reminders() -> int:
    """Hand queued reminders to the mail server, each guarded once more."""
    return delivery.deliver_reminders(at=timezone.now())
