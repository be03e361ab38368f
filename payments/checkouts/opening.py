"""Opening a checkout at the provider: one at a time for an invoice, however often it is asked for.

An older one of another amount is closed there first: a customer with two tabs pays once.
"""

from __future__ import annotations

import secrets
from contextlib import closing
from datetime import datetime, timedelta
from decimal import Decimal

from django.db import transaction

from billing.models import Invoice
from billing.services.settling import lock_invoice
from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, RemoteError
from payments.checkouts.accounts import NoProvider, account_of, connect
from payments.checkouts.following import WAITING, check_same, close_checkout
from payments.checkouts.models import Checkout, CheckoutStatus, ProviderAccount
from payments.portal.notices import NothingDue
from payments.portal.reading import shown_invoice
from payments.providers.base import CheckoutOrder, RemoteCheckout

EURO = "EUR"
FIRST_QUESTION = timedelta(minutes=2)


class ProviderAway(DomainError):
    code = "payment_provider_away"
    message = (
        "Le service de paiement ne répond pas pour l’instant. Réessayez dans quelques minutes, ou payez par virement."
    )
    status = 503


def open_checkout(*, invoice: Invoice, return_url: str, language: str, actor: Actor, at: datetime) -> Checkout:
    """A checkout of what is due now, with the page to send the customer to. Call it with no transaction open.

    `return_url` holds `{reference}`, where the customer comes back. A request whose answer was lost is sent again as
    the same one. Raises NoProvider, NothingDue, ProviderAway.
    """
    _close_others(invoice, actor, at)
    row = _wanted(invoice, at)
    if row.status == CheckoutStatus.OPEN:
        return row
    order = CheckoutOrder(
        reference=row.reference,
        amount=row.amount,
        currency=row.currency,
        description=f"{invoice.number} – {invoice.seller['name']}"[:140],
        return_url=return_url.replace("{reference}", row.reference),
        language=language,
    )
    try:
        with closing(connect(row.account)) as provider:
            remote = provider.create(order)
        check_same(row, remote)
        if not row.account.leads_to_its_page(remote.page_url):
            message = "Le service de paiement envoie vers une autre adresse que sa page configurée."
            raise RemoteError(message, retryable=False, code="foreign_page")
    except RemoteError as error:
        Checkout.everywhere.filter(pk=row.pk).update(last_error=error.message[:500])
        raise ProviderAway from error
    return _opened(row, remote, actor, at)


def _close_others(invoice: Invoice, actor: Actor, at: datetime) -> None:
    """Close what is open for another amount than is due now. What turns out to be paid is recorded, and due no more."""
    fresh = Invoice.everywhere.select_related("customer__company").get(pk=invoice.pk)
    rows = Checkout.everywhere.select_related("account", "invoice__customer").filter(invoice=fresh, status__in=WAITING)
    for row in rows.exclude(amount=shown_invoice(fresh, local_day(at)).due).order_by("id"):
        if row.is_live(at):
            try:
                close_checkout(checkout=row, actor=actor, at=at)
            except RemoteError as error:
                # the sweep closes it later; paid twice, the second is the customer's credit and a task
                Checkout.everywhere.filter(pk=row.pk).update(last_error=error.message[:500])


@transaction.atomic
def _wanted(invoice: Invoice, at: datetime) -> Checkout:
    """The live checkout of what is due, or a new row, committed before anything is asked for."""
    # two presses at once: the second waits, and finds the first one's row
    locked = lock_invoice(invoice)
    account = account_of(locked.company_id)
    if account is None or locked.currency != EURO:
        raise NoProvider
    due = shown_invoice(locked, local_day(at)).due
    if not due:
        raise NothingDue(number=locked.number)
    rows = Checkout.everywhere.select_related("account").filter(invoice=locked, account=account, amount=due)
    for row in rows.filter(status__in=WAITING).order_by("-created_at", "-id"):
        if row.is_live(at):
            return row
    return _new(locked, account, due, at)


def _new(invoice: Invoice, account: ProviderAccount, due: Decimal, at: datetime) -> Checkout:
    row: Checkout = Checkout.everywhere.create(
        company_id=invoice.company_id,
        account=account,
        invoice=invoice,
        reference=f"CB-{secrets.token_hex(12).upper()}",
        amount=due,
        currency=invoice.currency,
        next_attempt_at=at + FIRST_QUESTION,
        created_at=at,
    )
    return row


@transaction.atomic
def _opened(row: Checkout, remote: RemoteCheckout, actor: Actor, at: datetime) -> Checkout:
    fresh: Checkout = Checkout.everywhere.select_for_update(no_key=True, of=("self",)).get(pk=row.pk)
    # a message about it may have come before the answer
    if fresh.status == CheckoutStatus.NEW:
        states.move(
            fresh,
            CheckoutStatus.OPEN,
            tag="payments.checkout.opened",
            actor=actor,
            at=at,
            also=[row.invoice, row.invoice.customer],
            data={"amount": row.amount, "reference": row.reference},
            remote_id=remote.id,
            page_url=remote.page_url,
            expires_at=remote.expires_at,
            last_error="",
        )
    return fresh
