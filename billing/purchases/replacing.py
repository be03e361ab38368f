"""A corrected invoice (384) takes the place of the one it names: that one leaves the books by the opposite entry.

Nothing happens before the corrected invoice is booked. What was paid must be taken back first (the transfer undone, or
put on the corrected one), so must credit notes used on it; its deposits and its months of prepaid charge go over.
"""

from __future__ import annotations

from datetime import date, datetime

from billing import ledger
from billing.ledger import Entry
from billing.models import Journal, PurchaseInvoice
from billing.purchases.deducting import free_deposits, revive_deductions
from billing.purchases.models import ENDED, PurchaseStatus
from billing.purchases.postings import purchase_postings
from billing.purchases.spreading import cancel_shares
from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.errors import DomainError
from config.kernel.rows import lock


class HoldsPurchasePayments(DomainError):
    code = "holds_purchase_payments"
    message = (
        "%(number)s est réglée, au moins en partie : retirez d’abord son règlement ou son avoir, ou demandez au "
        "fournisseur un avoir au lieu d’une facture rectificative."
    )


def replace_corrected(correction: PurchaseInvoice, *, on: date, actor: Actor, at: datetime) -> None:
    """Take what the locked correction replaces out of the books; nothing where it has ended already.

    Raises HoldsPurchasePayments.
    """
    if correction.corrects is None:
        return
    original = lock(correction.corrects)
    if original.status in ENDED:
        return
    if original.amount_paid or original.amount_credited:
        raise HoldsPurchasePayments(number=original.number)
    was_booked = original.booked_on is not None
    data = {"number": original.number, "reference": original.reference, "by": correction.reference}
    states.move(
        original,
        PurchaseStatus.REPLACED,
        tag="billing.purchase.replaced",
        actor=actor,
        at=at,
        also=[correction, original.supplier],
        data=data,
        disputed_at=None,
        dispute_reason="",
    )
    if was_booked:
        cancel_shares(original, on=on, actor=actor, at=at)
        _reverse(original, by=correction, on=on, actor=actor, at=at)
    free_deposits(original)
    revive_deductions(correction)


def _reverse(original: PurchaseInvoice, *, by: PurchaseInvoice, on: date, actor: Actor, at: datetime) -> None:
    entry = Entry(
        label=f"Annulation {original.number} remplacée par {by.number} {original.supplier.name}",
        piece=original.reference,
        piece_date=original.issue_date,
        source=original,
        postings=[posting.reversed() for posting in purchase_postings(original)],
    )
    if any(posting.amount for posting in entry.postings):
        ledger.post([entry], journal=Journal.PURCHASES, day=on, actor=actor, at=at)
