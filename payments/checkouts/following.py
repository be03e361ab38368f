"""What became of a checkout: read at the provider and recorded once, whoever asks: message, customer, sweep.

A message is only a reason to read: amounts, states and order are the provider's own, as it says them now.
What asks for more than its invoice still owes is closed at the provider, before somebody pays twice; what was paid in
the same moment stays paid, and is the customer's credit.
"""

from __future__ import annotations

from contextlib import closing
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from billing.models import Invoice
from billing.models.invoice_rows import owed_of
from billing.services.settling import lock_invoice
from config.kernel import audit, states, typography
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, RemoteError
from config.kernel.models import CompanyRow
from config.kernel.money import ZERO
from config.kernel.queue import FREE, Clock, Queue, backoff, held
from payments.checkouts.accounts import connect
from payments.checkouts.models import Checkout, CheckoutStatus
from payments.models.payments import Method, Payment
from payments.portal.reading import shown_invoice
from payments.providers.base import Provider, RemoteCheckout, RemoteState
from payments.services.allocations import Share
from payments.services.payments import Origin, record_payment

WAITING = (CheckoutStatus.NEW, CheckoutStatus.OPEN)
# asked about quickly at first, since a customer waits; in the end once a day
DELAYS = tuple(timedelta(minutes=pause) for pause in (1, 2, 5, 15, 60, 360, 1440))
# a request that the provider never got is over then
FORGOTTEN_AFTER = timedelta(hours=1)
LEASE = timedelta(minutes=2)
PAID_TWICE = "La facture ne devait plus que %(due)s : %(rest)s restent au crédit du client, à rembourser ou affecter."
MONEY_BACK = "Le service de paiement a rendu %(amount)s au client : remboursez-le aussi dans les comptes."
CHARGEBACK = "Le client conteste ce paiement auprès de sa banque : répondez au service de paiement."


def read_checkout(*, checkout: Checkout, actor: Actor, at: datetime) -> Checkout:
    """Ask the provider and obey; close what is superseded. Call it with no transaction open.

    Raises RemoteError, SecretUnreadable.
    """
    return _converse(checkout, actor, at, close=is_superseded(checkout, at))


def close_checkout(*, checkout: Checkout, actor: Actor, at: datetime) -> Checkout:
    """Close its page at the provider, and write what it is then: expired, or paid after all. As `read_checkout`."""
    return _converse(checkout, actor, at, close=True)


def is_superseded(checkout: Checkout, at: datetime) -> bool:
    """Whether its invoice owes less by now, or a newer checkout asks for what it owes."""
    invoice = Invoice.everywhere.select_related("customer__company").get(pk=checkout.invoice_id)
    newer = Checkout.everywhere.filter(invoice=invoice, status=CheckoutStatus.OPEN, created_at__gt=checkout.created_at)
    return shown_invoice(invoice, local_day(at)).due < checkout.amount or newer.exists()


def _converse(checkout: Checkout, actor: Actor, at: datetime, *, close: bool) -> Checkout:
    with closing(connect(checkout.account)) as provider:
        if checkout.remote_id:
            remote: RemoteCheckout | None = provider.checkout(checkout.remote_id)
        else:
            remote = provider.find(checkout.reference)
        if remote is not None:
            check_same(checkout, remote)
            if close and remote.state == RemoteState.OPEN:
                remote = _close(provider, checkout, remote)
    if remote is None:
        return _never_asked(checkout, actor, at)
    return apply_remote(checkout=checkout, remote=remote, actor=actor, at=at)


def _close(provider: Provider, checkout: Checkout, remote: RemoteCheckout) -> RemoteCheckout:
    """What it is once it cannot be paid any more: paid, where a card was faster."""
    closed = provider.expire(remote.id)
    check_same(checkout, closed)
    if closed.state == RemoteState.OPEN:
        message = "Le service de paiement laisse ouvert un paiement qui n’est plus dû."
        raise RemoteError(message, retryable=True, code="still_open")
    return closed


def check_same(row: Checkout, remote: RemoteCheckout) -> None:
    """Raises RemoteError where the provider speaks of another payment than ours."""
    if (remote.reference, remote.amount, remote.currency) != (row.reference, row.amount, row.currency):
        message = "Le service de paiement parle d’un autre paiement que celui demandé."
        raise RemoteError(message, retryable=False, code="another_checkout")


@transaction.atomic
def apply_remote(*, checkout: Checkout, remote: RemoteCheckout, actor: Actor, at: datetime) -> Checkout:
    """Write what the provider says: paid is recorded once, however many bring the news; nothing is taken back."""
    # the order of all locks: invoices, then what pays them; whoever brings the same news waits here
    invoice = lock_invoice(checkout.invoice)
    row: Checkout = Checkout.everywhere.select_for_update(no_key=True, of=("self",)).get(pk=checkout.pk)
    if remote.state == RemoteState.PAID and row.status != CheckoutStatus.PAID:
        _record(row, invoice, remote, actor, at)
    elif remote.state in {RemoteState.EXPIRED, RemoteState.FAILED} and row.status in WAITING:
        _move(row, CheckoutStatus(remote.state), "payments.checkout.ended", invoice, actor, at, remote_id=remote.id)
    if row.status == CheckoutStatus.PAID:
        _note_money_back(row, invoice, remote, actor, at)
    return row


def _record(row: Checkout, invoice: Invoice, remote: RemoteCheckout, actor: Actor, at: datetime) -> None:
    """The money, where it waits for the provider's transfer; what the invoice no longer owes is credit."""
    due = invoice.balance if invoice.can_be_paid else ZERO
    share = min(row.amount, due)
    paid_on = min(local_day(remote.paid_at or at), local_day(at))
    payment = record_payment(
        customer=invoice.customer,
        amount=row.amount,
        currency=row.currency,
        method=Method.CARD,
        paid_on=paid_on,
        shares=[Share(invoice, share)] if share else [],
        origin=Origin(row.account.kind, remote.payment_id or remote.id[:60], row.reference),
        reference=row.reference,
        transaction_id=remote.payment_id,
        booked_on=row.account.ledger_account,
        actor=actor,
        at=at,
    )
    rest, currency = row.amount - share, row.currency
    values = {"due": typography.money(due, currency), "rest": typography.money(rest, currency)}
    _move(
        row,
        CheckoutStatus.PAID,
        "payments.checkout.paid",
        invoice,
        actor,
        at,
        data=_origin_of(payment),
        payment=payment,
        paid_at=remote.paid_at or at,
        fee=remote.fee,
        remote_id=remote.id,
        alert=PAID_TWICE % values if rest else row.alert,
        last_error="",
    )


def _origin_of(payment: Payment) -> dict[str, object]:
    """By what the proof knows that the provider brought the payment (`payments.sealed`)."""
    return {
        "amount": payment.amount,
        "number": payment.number,
        "recorded": payment.pk,
        "service": payment.origin_service,
        "payment": payment.origin_payment,
        "invoice": payment.origin_invoice,
    }


def _note_money_back(row: Checkout, invoice: Invoice, remote: RemoteCheckout, actor: Actor, at: datetime) -> None:
    """A refund or a chargeback is a task: what goes back in the books, a person decides."""
    alert = ""
    if remote.refunded > row.refunded:
        alert = MONEY_BACK % {"amount": typography.money(remote.refunded, row.currency)}
    if remote.is_disputed and not row.is_disputed:
        alert = CHARGEBACK
    if not alert:
        return
    changes = {"refunded": max(remote.refunded, row.refunded), "is_disputed": remote.is_disputed, "alert": alert}
    Checkout.everywhere.filter(pk=row.pk).update(**changes)
    row.refresh_from_db()
    data = {"reference": row.reference, "reason": alert}
    audit.record("payments.checkout.alerted", subject=row, also=_about(row, invoice), actor=actor, at=at, data=data)


@transaction.atomic
def _never_asked(checkout: Checkout, actor: Actor, at: datetime) -> Checkout:
    """The provider knows nothing of it: after an hour it never will."""
    row: Checkout = Checkout.everywhere.select_for_update(no_key=True, of=("self",)).get(pk=checkout.pk)
    if row.status == CheckoutStatus.NEW and at - row.created_at >= FORGOTTEN_AFTER:
        _move(row, CheckoutStatus.FAILED, "payments.checkout.ended", checkout.invoice, actor, at)
    return row


def _move(
    row: Checkout,
    to: CheckoutStatus,
    tag: str,
    invoice: Invoice,
    actor: Actor,
    at: datetime,
    data: dict[str, object] | None = None,
    **changes: Any,
) -> None:
    also = _about(row, invoice)
    states.move(
        row, to, tag=tag, actor=actor, at=at, also=also, data={"reference": row.reference, **(data or {})}, **changes
    )


def _about(row: Checkout, invoice: Invoice) -> list[CompanyRow]:
    return [invoice, invoice.customer, row.account]


@transaction.atomic
def settle_alert(*, checkout: Checkout, actor: Actor, at: datetime) -> None:
    """Somebody has looked: no task any more. Twice: nothing is written."""
    if Checkout.everywhere.filter(pk=checkout.pk).exclude(alert="").update(alert=""):
        also, data = _about(checkout, checkout.invoice), {"reference": checkout.reference}
        audit.record("payments.checkout.looked_at", subject=checkout, also=also, actor=actor, at=at, data=data)


# -- the sweep: for messages that never come, and for invoices paid otherwise ----------------------------------------


def _due(at: datetime) -> QuerySet[Checkout]:
    # a page that asks for what is owed no more does not wait for its turn, unless closing it has just failed
    owes_less = Q(status=CheckoutStatus.OPEN, last_error="", amount__gt=owed_of("invoice__"))
    rows: QuerySet[Checkout] = Checkout.everywhere.filter(Q(next_attempt_at__lte=at) | owes_less, status__in=WAITING)
    return rows.select_related("account", "invoice__customer").order_by("next_attempt_at", "id")


def _ask(checkout: Checkout, now: Clock) -> int:
    """1 when it is over."""
    actor, problem = Actor.platform(str(checkout.account)), ""
    try:
        read_checkout(checkout=checkout, actor=actor, at=now())
    except (RemoteError, DomainError) as error:
        problem = str(error)
    with held(checkout) as row:
        if row is None:
            return 0
        again = now() + backoff(row.attempts + 1, delays=DELAYS)
        changes = {"attempts": row.attempts + 1, "next_attempt_at": again, "last_error": problem[:500]}
        Checkout.everywhere.filter(pk=row.pk).update(**changes, **FREE)
        return int(row.status not in WAITING)


CHECKOUTS: Queue[Checkout] = Queue(name="paiements par carte", due=_due, work=_ask, lease=LEASE)
