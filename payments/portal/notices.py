"""What a customer tells on its page: « J’ai payé » and « Je conteste ». Each is a task; neither moves money."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db import transaction
from django.db.models import Max, Q, QuerySet

from billing.models import Invoice, InvoiceStatus
from billing.services.invoices import open_dispute
from billing.services.settling import lock_invoice
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from payments.models.payments import Method
from payments.portal.links import settings_of, visitor
from payments.portal.models import LONGEST_PAUSE, CustomerLink, CustomerNotice, NoticeKind
from payments.portal.reading import shown_invoice

OLDEST_PAYMENT = timedelta(days=366)
MOST_A_DAY = 10  # messages about one invoice


class NothingDue(DomainError):
    code = "nothing_due"
    message = "Il n’y a plus rien à payer sur %(number)s."


class NotPaidThatDay(Invalid):
    code = "not_paid_that_day"
    message = "Donnez le jour où vous avez payé : ni dans le futur, ni il y a plus d’un an."


class NotContestable(DomainError):
    code = "not_contestable"
    message = "%(number)s ne peut plus être contestée : elle est annulée."


class TooManyNotices(DomainError):
    code = "too_many_notices"
    message = "Vous nous avez déjà écrit plusieurs fois aujourd’hui à ce sujet : nous vous répondons bientôt."
    status = 429


@transaction.atomic
def tell_paid(
    *, link: CustomerLink, invoice: Invoice, paid_on: date, method: str, reference: str, form_key: str, at: datetime
) -> CustomerNotice:
    """The customer says that it has paid: a task, and no reminder of the invoice for some days. No money is recorded.

    The same form sent again gives the first one's row. Raises NothingDue, NotPaidThatDay, TooManyNotices.
    """
    locked, today = lock_invoice(invoice), local_day(at)
    if earlier := _sent_before(link, form_key):
        return earlier
    if not shown_invoice(locked, today).due:
        raise NothingDue(number=locked.number)
    if not today - OLDEST_PAYMENT <= paid_on <= today:
        raise NotPaidThatDay(fields={"paid_on": NotPaidThatDay.message})
    _check_few(locked, at)
    notice: CustomerNotice = CustomerNotice.everywhere.create(
        company_id=link.company_id,
        link=link,
        invoice=locked,
        kind=NoticeKind.PAID,
        paid_on=paid_on,
        method=method,
        text=reference[:300],
        paused_until=_pause(locked, today),
        form_key=form_key,
        at=at,
    )
    audit.record(
        "payments.notice.paid",
        subject=notice,
        also=[locked, locked.customer],
        actor=visitor(link),
        at=at,
        data={"day": paid_on, "label": str(Method(method).label), "reason": reference[:300]},
    )
    return notice


def _pause(invoice: Invoice, today: date) -> date:
    """Until when reminders wait. Said again within a month, it does not wait longer: a word is no payment."""
    lately = today - timedelta(days=LONGEST_PAUSE)
    rows = CustomerNotice.everywhere.filter(invoice=invoice, kind=NoticeKind.PAID, paused_until__gt=lately)
    earlier: date | None = rows.aggregate(until=Max("paused_until"))["until"]
    return earlier or today + timedelta(days=settings_of(invoice.company_id).pause_days)


@transaction.atomic
def tell_dispute(*, link: CustomerLink, invoice: Invoice, reason: str, form_key: str, at: datetime) -> CustomerNotice:
    """The customer contests the invoice: it is disputed, which pauses reminders, and the team has a task.

    The same form sent again gives the first one's row. Raises NotContestable, TooManyNotices.
    """
    locked = lock_invoice(invoice)
    if earlier := _sent_before(link, form_key):
        return earlier
    if locked.is_credit_note or not locked.can_be_disputed:
        raise NotContestable(number=locked.number)
    _check_few(locked, at)
    notice: CustomerNotice = CustomerNotice.everywhere.create(
        company_id=link.company_id,
        link=link,
        invoice=locked,
        kind=NoticeKind.DISPUTED,
        text=reason[:300],
        form_key=form_key,
        at=at,
    )
    open_dispute(invoice=locked, reason=reason[:300], actor=visitor(link), at=at)
    return notice


def _sent_before(link: CustomerLink, form_key: str) -> CustomerNotice | None:
    found: CustomerNotice | None = CustomerNotice.everywhere.filter(link=link, form_key=form_key).first()
    return found


def _check_few(invoice: Invoice, at: datetime) -> None:
    if CustomerNotice.everywhere.filter(invoice=invoice, at__gt=at - timedelta(days=1)).count() >= MOST_A_DAY:
        raise TooManyNotices


@transaction.atomic
def handle_notice(*, notice: CustomerNotice, actor: Actor, at: datetime) -> None:
    """Somebody has dealt with it: no task any more, and reminders wait for it no longer. Twice: nothing is written."""
    if CustomerNotice.everywhere.filter(pk=notice.pk, handled_at=None).update(handled_at=at):
        also = [notice.invoice, notice.invoice.customer]
        data = {"label": str(NoticeKind(notice.kind).label)}
        audit.record("payments.notice.handled", subject=notice, also=also, actor=actor, at=at, data=data)


def waiting_notices() -> QuerySet[CustomerNotice]:
    """What waits for the team in the company in scope: payments told of invoices still open, and what is contested."""
    still = Q(kind=NoticeKind.PAID, invoice__status=InvoiceStatus.ISSUED) | Q(
        kind=NoticeKind.DISPUTED, invoice__disputed_at__isnull=False
    )
    rows: QuerySet[CustomerNotice] = CustomerNotice.objects.filter(still, handled_at=None)
    return rows


def paused_invoices(company_id: int, on: date) -> dict[int, date]:
    """Until when reminders of an invoice wait for what its customer told, by its key. One query."""
    rows = CustomerNotice.everywhere.filter(
        company_id=company_id, kind=NoticeKind.PAID, handled_at=None, paused_until__gte=on
    )
    return dict(rows.values("invoice_id").annotate(until=Max("paused_until")).values_list("invoice_id", "until"))
