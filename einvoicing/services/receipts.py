"""Money received, for a mirror that keeps a book of receipts: one entry for each payment, whatever it pays.

The book takes money that came in and nothing else: a payment taken back before it is written is not written, and one
that is written already is corrected there by a person, which is said once.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.money import ZERO
from config.kernel.typography import money
from einvoicing.models import PlatformAccount, Transmission, TransmissionKind, TransmissionStatus
from einvoicing.platforms.base import NotCarried
from einvoicing.services.rate_shares import shares_by_rate
from payments.models import Allocation, Payment

TAKEN_BACK = "Cet encaissement a été annulé avant d’être inscrit."
STANDS = "L’encaissement est réaffecté, et non annulé : son inscription reste juste."
TO_CORRECT = (
    "{platform} n’inscrit pas de recette négative : supprimez dans son livre celle de {amount} reçue le {day:%d/%m/%Y}."
)


@transaction.atomic
def queue_receipt(*, allocation: Allocation, holders: Sequence[PlatformAccount], actor: Actor, at: datetime) -> None:
    """Write down, for each of `holders` that keeps a book, what the payment is. In the payment's transaction.

    What it pays of another invoice is added to the same entry while that waits; later, nothing changes of the money.
    """
    for account in holders:
        if not account.writes_receipts:
            continue
        key = f"receipt-{allocation.payment_id}-{account.pk}"
        row = Transmission.everywhere.select_for_update(no_key=True, of=("self",)).filter(tracking_id=key).first()
        if row is None and allocation.amount > 0:
            _queue(allocation, account, key, _with_share(_entry(allocation.payment), allocation), actor=actor, at=at)
        elif row is not None and row.status == TransmissionStatus.PENDING:
            content = json.dumps(_with_share(json.loads(bytes(row.content or b"{}")), allocation)).encode()
            Transmission.everywhere.filter(pk=row.pk).update(content=content)
        elif row is not None and allocation.amount < 0 and not _is_queued(f"{key}-back"):
            _queue(allocation, account, f"{key}-back", _entry(allocation.payment), actor=actor, at=at)


def receipt_of(transmission: Transmission) -> bytes:
    """What is sent of a payment. Raises NotCarried for one that was taken back."""
    entry = json.loads(bytes(transmission.content or b"{}"))
    is_back = transmission.tracking_id.endswith("-back")
    payment = Payment.everywhere.get(pk=entry["payment"])
    if is_back and payment.reversed_at is None:
        raise NotCarried(STANDS, "receipt_stands")
    if is_back:
        amount, platform = money(payment.amount, payment.currency), transmission.account.name
        raise NotCarried(TO_CORRECT.format(platform=platform, amount=amount, day=payment.paid_on), "receipt_taken_back")
    if payment.reversed_at is not None:
        raise NotCarried(TAKEN_BACK, "receipt_taken_back")
    return bytes(transmission.content or b"")


def _is_queued(key: str) -> bool:
    return bool(Transmission.everywhere.filter(tracking_id=key).exists())


def _entry(payment: Payment) -> dict[str, Any]:
    return {
        "payment": payment.pk,
        "client": payment.customer.name,
        "amount": str(payment.amount),
        "paid_on": payment.paid_on.isoformat(),
        "method": payment.method,
        "reference": "",
        "shares": {},
    }


def _with_share(entry: dict[str, Any], allocation: Allocation) -> dict[str, Any]:
    """With what the allocation pays of each VAT rate, and the number of its invoice."""
    shares = {Decimal(rate): Decimal(amount) for rate, amount in entry["shares"].items()}
    for rate, amount in shares_by_rate(allocation).items():
        shares[rate] = shares.get(rate, ZERO) + amount
    numbers = entry["reference"].split()
    number = str(allocation.invoice.number)
    return entry | {
        "shares": {str(rate): str(amount) for rate, amount in shares.items() if amount},
        "reference": " ".join(numbers if number in numbers else [*numbers, number]),
    }


def _queue(
    allocation: Allocation,
    account: PlatformAccount,
    key: str,
    entry: dict[str, Any],
    *,
    actor: Actor,
    at: datetime,
) -> None:
    invoice = allocation.invoice
    row: Transmission = Transmission.everywhere.create(
        company_id=invoice.company_id,
        invoice=invoice,
        account=account,
        kind=TransmissionKind.RECEIPT,
        content=json.dumps(entry).encode(),
        tracking_id=key,
        next_attempt_at=at,
        created_at=at,
    )
    data = {"platform": account.name}
    audit.record("einvoicing.receipt.queued", subject=row, also=[invoice], actor=actor, at=at, data=data)
