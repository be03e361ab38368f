"""Alarm clocks of the kernel: they wake the sweeps; the rows are the queues."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from config.kernel import isolating, sign_in
from config.kernel.api import idempotency
from config.kernel.bulk.running import RUNS
from config.kernel.importing.receiving import forget as forget_imports
from config.kernel.importing.running import IMPORTS
from config.kernel.inbound.applying import apply_due
from config.kernel.models import Company
from config.kernel.people import mails, sessions
from config.kernel.quiet import notice
from config.kernel.scope import across_companies
from config.kernel.trail import write_trail
from config.kernel.webhooks import forgetting
from config.kernel.webhooks.sending import carry_due


@shared_task(name="kernel.deliver_webhooks")
def deliver_webhooks() -> int:
    """Carry the messages to partner systems that are due; how many were tried."""
    return carry_due()


@shared_task(name="kernel.deliver_account_mails")
def deliver_account_mails() -> int:
    """Hand the mails about people's accounts that are due to the mail server; how many were tried."""
    return len(mails.ACCOUNT_MAILS.sweep(limit=50))


@shared_task(name="kernel.run_bulk")
def run_bulk() -> int:
    """Give each act on many rows that was asked for a turn; how many had one."""
    return len(RUNS.sweep())


@shared_task(name="kernel.run_imports")
def run_imports() -> int:
    """Check, or take over, the lists that wait for it; how many."""
    return len(IMPORTS.sweep())


@shared_task(name="kernel.pulse")
def pulse() -> None:
    """Nothing: whoever took it takes its tasks (config/runtime/beating.py)."""


@shared_task(name="kernel.apply_received")
def apply_received() -> int:
    """Apply the messages of other systems that are due; how many were tried."""
    return apply_due()


@shared_task(name="kernel.forget")
def forget() -> dict[str, int]:
    """Delete what has served its time: answers kept for repeated calls, messages of long ago, expired tokens."""
    at = timezone.now()
    expired, _ = OutstandingToken.objects.filter(expires_at__lt=at).delete()
    # what is old enough goes, whatever its company: one statement for all of them
    with across_companies():
        return {
            "answers": idempotency.forget(at=at),
            "messages": forgetting.forget(at=at),
            "tokens": expired,
            "imports": forget_imports(at=at),
            "failures": isolating.forget(at=at),
            "places": sign_in.forget(at=at),
            "mails": mails.forget(at=at),
            "sessions": sessions.forget(at=at),
        }


@shared_task(name="kernel.write_trail")
def write_trails() -> int:
    """Write down outside the database what happened since; how many events. A copy that nobody released is noticed."""
    at = timezone.now()
    if notice(at=at):
        return 0
    # each company has a trail of its own, written in its scope
    with across_companies():
        companies = list(Company.objects.order_by("pk"))
    return sum(isolating.treat_each(companies, write_trail, loop="trace hors de la base", at=at))
