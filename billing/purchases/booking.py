"""Booking an approved purchase: one balanced entry in the journal of purchases, and the row frozen with its parts."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction
from django.db.models import prefetch_related_objects

from billing import ledger
from billing.ledger import Entry
from billing.models import InvoiceKind, Journal, PurchaseInvoice
from billing.purchases.crediting import use_earlier_credits, use_on_corrected
from billing.purchases.events import purchase_booked
from billing.purchases.models import PurchaseLine, PurchaseStatus
from billing.purchases.postings import purchase_postings
from billing.purchases.replacing import replace_corrected
from billing.purchases.settling import lock_with_corrected, settle_where_nothing_is_owed
from billing.purchases.spreading import plan_shares
from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.errors import DomainError
from config.kernel.models import VatRegime
from config.kernel.rows import forget
from config.kernel.states import can_move


class ForeignCurrency(DomainError):
    code = "foreign_currency"
    message = (
        "%(reference)s est en %(currency)s : les achats se comptabilisent en %(books)s seulement. Demandez une facture "
        "en %(books)s, ou passez l’écriture au journal, au cours du jour."
    )


@transaction.atomic
def book_purchase(*, purchase: PurchaseInvoice, on: date, actor: Actor, at: datetime) -> PurchaseInvoice:
    """Write the purchase in the journal on a day, and freeze it.

    In the same transaction: what a corrected invoice (384) replaces leaves the books, a credit note settles the invoice
    that it names, whichever came first, charges paid in advance are planned month by month, and what owes nothing is
    paid.
    Raises TransitionRefused unless it is approved, ForeignCurrency, DateGoesBack, and for a 384 HoldsPurchasePayments.
    """
    row = lock_with_corrected(purchase)
    if not can_move(row, PurchaseStatus.BOOKED):
        raise states.TransitionRefused(state=row.get_status_display())
    if row.currency != row.company.currency:
        books = row.company.currency
        raise ForeignCurrency(reference=row.reference, currency=row.currency, books=books)
    if row.kind == InvoiceKind.CORRECTED and row.corrects is not None:
        replace_corrected(row, on=on, actor=actor, at=at)
    if row.company.vat_regime == VatRegime.FRANCHISE:  # CGI 293 D: who charges no VAT deducts none
        PurchaseLine.everywhere.filter(purchase=row).update(deductible_share=0)
    prefetch_related_objects([row], "lines", "vat_rows")
    data = {
        "number": row.number,
        "reference": row.reference,
        "supplier": row.supplier.name,
        "total": row.total_gross,
        "kind": row.kind,
    }
    states.move(
        row,
        PurchaseStatus.BOOKED,
        tag="billing.purchase.booked",
        actor=actor,
        at=at,
        also=[row.supplier],
        data=data,
        seal=True,
        booked_on=on,
    )
    plan_shares(row)
    entry = entry_of(row)
    if any(posting.amount for posting in entry.postings):
        ledger.post([entry], journal=Journal.PURCHASES, day=on, actor=actor, at=at)
    settle_where_nothing_is_owed(row, on=on, actor=actor, at=at)
    use_on_corrected(row, on=on, actor=actor, at=at)
    use_earlier_credits(row, on=on, actor=actor, at=at)
    purchase_booked.send(sender=PurchaseInvoice, purchase=row, actor=actor, at=at)
    forget(row)
    return row


def entry_of(purchase: PurchaseInvoice) -> Entry:
    """The entry of a purchase, by its own reference: many suppliers use the same numbers."""
    return Entry(
        label=f"{InvoiceKind(purchase.kind).label} {purchase.number} {purchase.supplier.name}",
        piece=purchase.reference,
        piece_date=purchase.issue_date,
        source=purchase,
        postings=purchase_postings(purchase),
    )
