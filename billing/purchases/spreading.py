"""Charges paid in advance (486): planned by the day when a purchase is booked, taken into the charge month by month.

PCG 211-8, 944-48: a charge belongs to the period of the service. Each month's share falls due on its last day; the
sweep books what is due, once, whatever ran or did not run in between.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db import transaction

from billing import ledger
from billing.ledger import Entry, Posting
from billing.models import Journal, PurchaseInvoice
from billing.purchases import accounts
from billing.purchases.models import PrepaidShare
from billing.purchases.postings import BookedLine, booked_lines, is_spread
from config.kernel.actor import Actor
from config.kernel.money import ZERO, round2

AT_A_TIME = 200


def months_of(starts_on: date, ends_on: date) -> Iterator[tuple[date, int]]:
    """The last day of each month of a period, or of the period, with its days within it."""
    first = starts_on
    while first <= ends_on:
        following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        last = min(following - timedelta(days=1), ends_on)
        yield last, (last - first).days + 1
        first = following


def shares_of(amount: Decimal, starts_on: date, ends_on: date) -> list[tuple[date, Decimal]]:
    """The amount over the months of the period by their days, to the cent; the last takes what is left."""
    months = list(months_of(starts_on, ends_on))
    whole, gone, given = sum(days for _last, days in months), 0, ZERO
    found = []
    for last, days in months:
        gone += days
        share = round2(amount * gone / whole) - given
        given += share
        found.append((last, share))
    return found


def plan_shares(purchase: PurchaseInvoice) -> None:
    """Plan the months of each line that is paid in advance. A deposit is no charge yet."""
    PrepaidShare.everywhere.bulk_create(
        PrepaidShare(company_id=purchase.company_id, line=booked.line, due_on=due_on, amount=amount)
        for booked in booked_lines(purchase)
        if booked.account == accounts.PREPAID
        for due_on, amount in _planned(purchase, booked)
        if amount
    )


def _planned(purchase: PurchaseInvoice, booked: BookedLine) -> list[tuple[date, Decimal]]:
    line = booked.line
    if not is_spread(line) or line.starts_on is None or line.ends_on is None:
        return []
    return shares_of(purchase.sign * booked.cost, line.starts_on, line.ends_on)


def book_due_shares(*, company_id: int, on: date, actor: Actor, at: datetime) -> int:
    """Take what is due by `on` off 486, each share once; how many. One transaction for each part of AT_A_TIME."""
    booked = 0
    while count := _book_some(company_id, on, actor, at):
        booked += count
    return booked


@transaction.atomic
def _book_some(company_id: int, on: date, actor: Actor, at: datetime) -> int:
    # whoever else sweeps takes others: a locked share is left to whoever holds it
    due = PrepaidShare.everywhere.filter(company_id=company_id).due(on=on).order_by("due_on", "id")
    rows = due.select_related("line__purchase__supplier").select_for_update(
        no_key=True, skip_locked=True, of=("self",)
    )[:AT_A_TIME]
    shares = list(rows)
    ledger.post([_entry(share, 1) for share in shares], journal=Journal.MISCELLANEOUS, day=on, actor=actor, at=at)
    PrepaidShare.everywhere.filter(pk__in=[share.pk for share in shares]).update(booked_on=on)
    return len(shares)


def cancel_shares(purchase: PurchaseInvoice, *, on: date, actor: Actor, at: datetime) -> None:
    """Of a purchase that is replaced: months to come are dropped, those booked go back to 486."""
    rows = PrepaidShare.everywhere.filter(line__purchase=purchase, cancelled_at=None).order_by("pk")
    shares = list(rows.select_related("line__purchase__supplier").select_for_update(no_key=True, of=("self",)))
    taken = [_entry(share, -1) for share in shares if share.booked_on]
    ledger.post(taken, journal=Journal.MISCELLANEOUS, day=on, actor=actor, at=at)
    PrepaidShare.everywhere.filter(pk__in=[share.pk for share in shares]).update(cancelled_at=at)


def _entry(share: PrepaidShare, sign: int) -> Entry:
    purchase, amount = share.line.purchase, sign * share.amount
    label = f"Charge constatée d’avance {share.due_on:%m/%Y} {purchase.number} {purchase.supplier.name}"
    return Entry(
        label=label if sign > 0 else f"Annulation {label}",
        piece=purchase.reference,
        piece_date=share.due_on,
        source=purchase,
        postings=[Posting(share.line.account, amount), Posting(accounts.PREPAID, -amount)],
    )
