"""Sweeps of e-invoicing. The rows are the queue: running twice, or not at all, changes nothing but the hour."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from billing.models import DocumentKind, Email, EmailStatus
from billing.services.emails import give_up_email
from config.kernel.actor import Actor
from einvoicing.models import PlatformAccount
from einvoicing.services.comparing import compare_account
from einvoicing.services.documents import DocumentInvalid, ensure_facturx
from einvoicing.services.statuses import poll_account
from einvoicing.services.transmissions import drain

CLERK = Actor.system("préparation des documents")


@shared_task(name="einvoicing.transmit")
def transmit() -> int:
    """Make the files that e-mails wait for, then carry what is due."""
    prepare_documents()
    if not settings.ENABLE_EINVOICING:
        return 0
    carried = 0
    # one at a time: a lease begins when its invoice is taken, not when the first of ten was
    while drain(at=timezone.now(), limit=1):
        carried += 1
    return carried


def prepare_documents() -> int:
    """The Factur-X files that queued e-mails wait for; a message whose invoice is not valid is given up, and seen."""
    waiting = (
        Email.everywhere.filter(status=EmailStatus.QUEUED, needs_document=True)
        .exclude(invoice__documents__kind=DocumentKind.FACTURX)
        .select_related("invoice")
    )
    made = 0
    for email in waiting.order_by("next_attempt_at", "id")[:50]:
        try:
            ensure_facturx(invoice=email.invoice, actor=CLERK, at=timezone.now())
            made += 1
        except DocumentInvalid as error:
            give_up_email(email=email, reason=str(error), at=timezone.now())
    return made


@shared_task(name="einvoicing.compare")
def compare() -> int:
    """Compare each platform's list with ours; how many documents differ."""
    if not settings.ENABLE_EINVOICING:
        return 0
    differing = 0
    for account in PlatformAccount.everywhere.filter(is_enabled=True, is_offline=False):
        found = compare_account(account=account, at=timezone.now())
        differing += len(found.missing) + len(found.strangers) if found else 0
    return differing


@shared_task(name="einvoicing.poll")
def poll() -> int:
    """Read every active platform account."""
    if not settings.ENABLE_EINVOICING:
        return 0
    accounts = PlatformAccount.everywhere.filter(is_enabled=True, is_offline=False)
    return sum(poll_account(account=account, at=timezone.now()) for account in accounts)
