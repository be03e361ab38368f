"""Counting money and credit notes on a booked purchase: its amounts, its status, and the VAT that waited for it.

The only writer of `amount_paid` and `amount_credited`. The entry of the money itself (401 / 512) is written by whoever
moves the money, on `supplier_account`; the VAT on services becomes deductible here (CGI 269-2 c, 271-I-2).
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from billing import ledger
from billing.ledger import Entry, Posting
from billing.ledger.calendar import calendar_of
from billing.models import Journal, PurchaseInvoice
from billing.purchases import accounts
from billing.purchases.correcting import earlier_credits
from billing.purchases.models import IN_BOOKS, PurchaseSettlement, PurchaseStatus
from billing.purchases.postings import settled_vat
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Stale
from config.kernel.money import ZERO
from config.kernel.rows import lock
from config.kernel.typography import money

_TAGS = {
    PurchaseStatus.PAID: "billing.purchase.paid",
    PurchaseStatus.BOOKED: "billing.purchase.reopened",
}


class NotOwed(DomainError):
    code = "purchase_not_owed"
    message = "%(reference)s n’attend pas de règlement : seule une facture comptabilisée se règle."


class PaidTwice(DomainError):
    code = "purchase_paid_twice"
    message = "Il reste %(balance)s à régler sur %(reference)s : %(amount)s ne peuvent pas y être affectés."


def lock_purchases(keys: Collection[int]) -> dict[int, PurchaseInvoice]:
    """The purchases by their keys, with their suppliers, locked in the order of these, in one statement."""
    rows = PurchaseInvoice.everywhere.filter(pk__in=keys).select_related("supplier").order_by("pk")
    return {row.pk: row for row in rows.select_for_update(no_key=True, of=("self",))} if keys else {}


def lock_with_corrected(purchase: PurchaseInvoice) -> PurchaseInvoice:
    """The purchase locked together with the one that it corrects, and the credit notes that named it before it came:
    its booking touches them too.

    In the order of the keys, as `lock_purchases`: credit notes lock both the same way. Raises Stale.
    """
    with_it = {key for key in (purchase.pk, purchase.corrects_id) if key}
    rows = lock_purchases(with_it | set(earlier_credits(purchase)))
    row = rows[purchase.pk]
    if row.corrects_id is not None:
        if row.corrects_id not in rows:
            raise Stale
        row.corrects = rows[row.corrects_id]
    return row


@transaction.atomic
def settle_purchase(
    *, purchase: PurchaseInvoice, amount: Decimal, on: date, actor: Actor, at: datetime
) -> PurchaseInvoice:
    """Count money that left for the purchase on a day, in its currency; a negative amount takes some back.

    Of a credit note: money that the supplier gave back. Settled whole it moves to PAID, and back to BOOKED where some
    returns; the VAT on services moves from 445640 to 445660 in proportion. Raises NotOwed, PaidTwice.
    """
    row = count_settled(lock(purchase), paid=amount, on=on, actor=actor, at=at)
    if amount:
        # that of its entries: on the day of the money, or the first that is open
        day = calendar_of(row.company_id).booking_day(on, actor, today=local_day(at))
        settlement = PurchaseSettlement.everywhere.create(
            company_id=row.company_id, purchase=row, amount=amount, paid_on=on, day=day, at=at
        )
        data = {"number": row.number, "reference": row.reference, "amount": amount}
        tag, also = "billing.purchase.money_counted", [row, row.supplier]
        audit.record(tag, subject=settlement, actor=actor, at=at, also=also, data=data, seal=True)
    return row


def count_settled(
    locked: PurchaseInvoice,
    *,
    paid: Decimal = ZERO,
    credited: Decimal = ZERO,
    on: date,
    actor: Actor,
    at: datetime,
) -> PurchaseInvoice:
    """As `settle_purchase`, for money or for credit notes, on a purchase locked by the caller."""
    if locked.status not in IN_BOOKS:
        raise NotOwed(reference=locked.reference)
    amount = paid + credited
    if amount > locked.balance or locked.amount_paid + paid < 0 or locked.amount_credited + credited < 0:
        balance, wanted = (money(value, locked.currency) for value in (locked.balance, amount))
        raise PaidTwice(reference=locked.reference, balance=balance, amount=wanted)
    before = locked.amount_paid + locked.amount_credited
    columns = {"amount_paid": locked.amount_paid + paid, "amount_credited": locked.amount_credited + credited}
    # out of PAID and into it with the amount: the constraint "settled means nothing left" always holds
    if amount < 0 and locked.status == PurchaseStatus.PAID:
        _move(locked, PurchaseStatus.BOOKED, actor, at, **columns)
    elif amount == locked.balance and locked.status == PurchaseStatus.BOOKED:
        _move(locked, PurchaseStatus.PAID, actor, at, **columns)
    else:
        PurchaseInvoice.everywhere.filter(pk=locked.pk).update(**columns)
        locked.amount_paid, locked.amount_credited = columns["amount_paid"], columns["amount_credited"]
    move_vat(locked, before=before, after=before + amount, on=on, actor=actor, at=at)
    return locked


def settle_where_nothing_is_owed(locked: PurchaseInvoice, *, on: date, actor: Actor, at: datetime) -> None:
    """A purchase of zero, or one that its deposits cover, is paid the moment it is booked."""
    if locked.status == PurchaseStatus.BOOKED and not locked.balance:
        _move(locked, PurchaseStatus.PAID, actor, at)
        move_vat(locked, before=None, after=ZERO, on=on, actor=actor, at=at)


def move_vat(
    locked: PurchaseInvoice, *, before: Decimal | None, after: Decimal, on: date, actor: Actor, at: datetime
) -> None:
    """D 445660 (445620) / C 445640 for what the settled amount makes deductible; the other way round for a credit note
    or what is taken back. `before` None: nothing has moved yet.
    """
    then = {} if before is None else settled_vat(locked, settled=before)
    sign = Decimal(locked.sign)
    moved: dict[str, Decimal] = {}
    for (rate, target), amount in settled_vat(locked, settled=after).items():
        share = sign * (amount - then.get((rate, target), ZERO))
        moved[target] = moved.get(target, ZERO) + share
        moved[accounts.WAITING_VAT] = moved.get(accounts.WAITING_VAT, ZERO) - share
    if not any(moved.values()):
        return
    entry = Entry(
        label=f"TVA sur règlement {locked.number} {locked.supplier.name}",
        piece=locked.reference,
        piece_date=on,
        source=locked,
        on=on,
        postings=[Posting(account, amount) for account, amount in moved.items()],
    )
    ledger.post([entry], journal=Journal.MISCELLANEOUS, day=local_day(at), actor=actor, at=at)


def _move(locked: PurchaseInvoice, to: PurchaseStatus, actor: Actor, at: datetime, **changes: Any) -> None:
    data = {"number": locked.number, "reference": locked.reference, "supplier": locked.supplier.name}
    states.move(locked, to, tag=_TAGS[to], actor=actor, at=at, also=[locked.supplier], data=data, **changes)
