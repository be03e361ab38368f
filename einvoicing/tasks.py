"""Sweeps of e-invoicing. The rows are the queue: running twice, or not at all, changes nothing but the hour."""

from __future__ import annotations

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from billing.models import DocumentKind, Email, EmailStatus
from billing.services.emails import give_up_email, postpone_email
from config.kernel.actor import Actor
from config.kernel.isolating import treat_each
from einvoicing.models import PlatformAccount
from einvoicing.services.comparing import compare_account
from einvoicing.services.documents import DocumentInvalid, ensure_facturx
from einvoicing.services.statuses import poll_account
from einvoicing.services.transmissions import ENGINE, drain

DEFECT = "Une erreur inattendue a interrompu la lecture de cette plateforme."
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
    at = timezone.now()
    due = waiting.filter(next_attempt_at__lte=at).order_by("next_attempt_at", "id")[:50]
    return sum(treat_each(due, _prepare, loop="préparation des documents", at=at))


def _prepare(email: Email) -> bool:
    at = timezone.now()
    if email.invoice is None:
        return False
    try:
        ensure_facturx(invoice=email.invoice, actor=CLERK, at=at)
    except DocumentInvalid as error:
        if ENGINE not in error.report.rules:
            give_up_email(email=email, reason=str(error), at=at)
            return False
        # the judge could not be asked: the message is not to blame
        postpone_email(email=email, reason=str(error), at=at)
    except Exception as error:
        postpone_email(email=email, reason=str(error), at=at)
        raise
    else:
        return True
    return False


@shared_task(name="einvoicing.compare")
def compare() -> int:
    """Compare each platform's list with ours; how many documents differ."""
    if not settings.ENABLE_EINVOICING:
        return 0
    accounts = PlatformAccount.everywhere.filter(is_enabled=True, is_offline=False)
    return sum(treat_each(accounts, _compare, loop="comparaison avec les plateformes", at=timezone.now()))


def _compare(account: PlatformAccount) -> int:
    found = compare_account(account=account, at=timezone.now())
    return len(found.missing) + len(found.strangers) if found else 0


@shared_task(name="einvoicing.poll")
def poll() -> int:
    """Read every active platform account."""
    if not settings.ENABLE_EINVOICING:
        return 0
    accounts = PlatformAccount.everywhere.filter(is_enabled=True, is_offline=False)
    return sum(treat_each(accounts, _poll, loop="lecture des plateformes", at=timezone.now()))


def _poll(account: PlatformAccount) -> int:
    try:
        return poll_account(account=account, at=timezone.now())
    except Exception:
        PlatformAccount.objects.filter(pk=account.pk).update(last_error=DEFECT)
        raise
