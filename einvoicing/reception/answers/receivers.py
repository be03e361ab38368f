"""What becomes of a purchase is told to its supplier, in the transaction of the fact: each receiver only adds a row."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from billing.models import PurchaseInvoice
from billing.purchases.events import (
    purchase_approved,
    purchase_booked,
    purchase_dispute_settled,
    purchase_disputed,
    purchase_refused,
)
from config.kernel.actor import Actor
from einvoicing.reception.answers.answering import (
    APPROVED,
    DISPUTED,
    PAID,
    REFUSED,
    TAKEN,
    answer_for_purchase,
    documents_of,
    never_taken,
    said_of,
)
from payments.events import purchase_paid


def connect() -> None:
    """Called once, when the app is ready."""
    purchase_booked.connect(tell_taken, dispatch_uid="einvoicing.tell_taken")
    purchase_approved.connect(tell_approved, dispatch_uid="einvoicing.tell_approved")
    purchase_disputed.connect(tell_disputed, dispatch_uid="einvoicing.tell_disputed")
    purchase_dispute_settled.connect(tell_settled, dispatch_uid="einvoicing.tell_settled")
    purchase_refused.connect(tell_refused, dispatch_uid="einvoicing.tell_refused")
    purchase_paid.connect(tell_paid, dispatch_uid="einvoicing.tell_paid")


def tell_taken(sender: Any, purchase: PurchaseInvoice, actor: Actor, at: datetime, **_kwargs: Any) -> None:
    """204 when the purchase is booked."""
    answer_for_purchase(purchase=purchase, code=TAKEN, actor=actor, at=at)


def tell_approved(sender: Any, purchase: PurchaseInvoice, actor: Actor, at: datetime, **_kwargs: Any) -> None:
    """205 when a person gives the bon à payer; what passes by itself is told by 204 alone."""
    if actor.user_id is not None:
        answer_for_purchase(purchase=purchase, code=APPROVED, actor=actor, at=at)


def tell_disputed(
    sender: Any, purchase: PurchaseInvoice, code: str, reason: str, actor: Actor, at: datetime, **_kwargs: Any
) -> None:
    answer_for_purchase(purchase=purchase, code=DISPUTED, reason_code=code, reason=reason, actor=actor, at=at)


def tell_settled(sender: Any, purchase: PurchaseInvoice, actor: Actor, at: datetime, **_kwargs: Any) -> None:
    """No status says that a dispute is over: the one that stood before it stands again, 205 or 204, where any did.

    What still waits for its approval is told by it.
    """
    before = {code for document in documents_of(purchase, DISPUTED) for code in said_of(document)}
    if APPROVED in before and purchase.approved_at is not None:
        answer_for_purchase(purchase=purchase, code=APPROVED, actor=actor, at=at)
    elif TAKEN in before:
        answer_for_purchase(purchase=purchase, code=TAKEN, actor=actor, at=at)


def tell_refused(
    sender: Any, purchase: PurchaseInvoice, code: str, reason: str, actor: Actor, at: datetime, **_kwargs: Any
) -> None:
    answer_for_purchase(purchase=purchase, code=REFUSED, reason_code=code, reason=reason, actor=actor, at=at)


def tell_paid(
    sender: Any, purchase: PurchaseInvoice, amount: Decimal, on: date, actor: Actor, at: datetime, **_kwargs: Any
) -> None:
    """211 with what left for the supplier; below zero when it came back, but for what its platform never took."""
    if amount < 0 and never_taken(purchase, -amount):
        return
    answer_for_purchase(purchase=purchase, code=PAID, amount=amount, paid_on=on, actor=actor, at=at)
