"""The provider's transfers to the bank, explained by its own report: gross, fee and net of each transaction."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.db.models import Q, QuerySet

from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, RemoteError
from config.kernel.money import ZERO
from config.kernel.queue import Clock, Queue
from payments.checkouts.accounts import connect
from payments.checkouts.following import read_checkout
from payments.checkouts.models import Checkout, Payout, ProviderAccount
from payments.checkouts.payout_parts import FEE, PAYMENT
from payments.providers.base import RemotePayout

logger = structlog.get_logger(__name__)

EVERY = timedelta(hours=1)
LOOKED_BACK = timedelta(days=14)  # reports are read again: a refund may be added to one that is under way


def read_payouts(*, account: ProviderAccount, at: datetime) -> int:
    """Keep the reports of the last days; how many are new. Call it with no transaction open. Raises RemoteError."""
    with closing(connect(account)) as provider:
        found = provider.payouts(local_day(at) - LOOKED_BACK)
    new = sum(_keep(account, payout, at) for payout in found)
    _ask_about_money_back(account, found, at)
    return new


@transaction.atomic
def _keep(account: ProviderAccount, payout: RemotePayout, at: datetime) -> bool:
    if sum((entry.net for entry in payout.entries), ZERO) != payout.amount:
        message = "Le rapport de versement ne tombe pas juste."
        raise RemoteError(message, retryable=False, code="payout_does_not_add_up")
    entries = [
        {
            "kind": entry.kind,
            "reference": entry.reference,
            **{name: f"{getattr(entry, name):.2f}" for name in ("gross", "fee", "net")},
        }
        for entry in payout.entries
    ]
    values = {
        "company_id": account.company_id,
        "amount": payout.amount,
        "currency": payout.currency,
        "arrives_on": payout.arrives_on,
        "bank_reference": payout.bank_reference,
        "entries": entries,
        "read_at": at,
    }
    _row, is_new = Payout.everywhere.update_or_create(account=account, remote_id=payout.id, defaults=values)
    return is_new


def _ask_about_money_back(account: ProviderAccount, payouts: Sequence[RemotePayout], at: datetime) -> None:
    """A refund or a chargeback that only the report tells: its message was lost."""
    names = {entry.reference for payout in payouts for entry in payout.entries if entry.kind not in {PAYMENT, FEE}}
    rows = Checkout.everywhere.select_related("account", "invoice__customer")
    for checkout in rows.filter(account=account, reference__in=names, refunded=0, is_disputed=False):
        read_checkout(checkout=checkout, actor=Actor.platform(str(account)), at=at)


# -- the sweep -------------------------------------------------------------------------------------------------------


def _due(at: datetime) -> QuerySet[ProviderAccount]:
    waits = Q(read_at=None) | Q(read_at__lte=at - EVERY)
    rows: QuerySet[ProviderAccount] = ProviderAccount.everywhere.filter(waits, is_enabled=True).exclude(
        secret_cipher=""
    )
    return rows.order_by("id")


def _read(account: ProviderAccount, now: Clock) -> int:
    """How many reports are new; 0 after a failure, which stands on the account."""
    at, problem, found = now(), "", 0
    try:
        found = read_payouts(account=account, at=at)
    except (RemoteError, DomainError) as error:
        problem = str(error)
        logger.warning("payouts_not_read", account=account.pk, problem=problem)
    ProviderAccount.everywhere.filter(pk=account.pk).update(read_at=at, last_error=problem[:500])
    return found


PAYOUTS: Queue[ProviderAccount] = Queue(
    name="versements du service de paiement", due=_due, work=_read, lease=timedelta(minutes=5)
)
