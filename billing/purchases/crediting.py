"""Credit notes of suppliers: what they settle of invoices of the same supplier, and what is taken back."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from billing import ledger
from billing.ledger import Entry, Posting
from billing.models import Journal, PurchaseInvoice
from billing.purchases.correcting import earlier_credits
from billing.purchases.models import PurchaseCredit, PurchaseStatus
from billing.purchases.postings import supplier_account
from billing.purchases.settling import count_settled, lock_purchases
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid
from config.kernel.money import ZERO
from config.kernel.typography import money


class NotACredit(DomainError):
    code = "not_a_supplier_credit"
    message = "Seul un avoir comptabilisé règle une facture comptabilisée du même fournisseur, dans la même devise."


class CreditTooSmall(DomainError):
    code = "supplier_credit_too_small"
    message = "Il reste %(room)s sur l’avoir %(number)s : %(amount)s ne peuvent pas en être pris."


class NothingToTakeBack(DomainError):
    code = "nothing_to_take_back"
    message = "L’avoir %(number)s ne règle que %(amount)s de cette facture : rien d’autre ne peut lui être repris."


class NoAmount(Invalid):
    code = "no_amount"
    message = "Indiquez un montant supérieur à zéro."


@transaction.atomic
def use_supplier_credit(
    *, credit_note: PurchaseInvoice, purchase: PurchaseInvoice, amount: Decimal, actor: Actor, at: datetime
) -> PurchaseCredit:
    """Settle so much of an invoice by a credit note of its supplier. Both move to PAID where nothing is left of them.

    Raises NoAmount, NotACredit, CreditTooSmall, PaidTwice, NotOwed.
    """
    if amount <= 0:
        raise NoAmount(fields={"amount": NoAmount.message})
    note, invoice = _locked(credit_note, purchase)
    if amount > note.balance:
        room, wanted = (money(value, note.currency) for value in (note.balance, amount))
        raise CreditTooSmall(number=note.number, room=room, amount=wanted)
    return _count(note, invoice, amount, tag="billing.purchase.credit_used", on=local_day(at), actor=actor, at=at)


@transaction.atomic
def take_back_credit(
    *, credit_note: PurchaseInvoice, purchase: PurchaseInvoice, amount: Decimal, actor: Actor, at: datetime
) -> PurchaseCredit:
    """Undo so much of what a credit note settles of an invoice: both are open again by it.

    Raises NoAmount, NotACredit, NothingToTakeBack.
    """
    if amount <= 0:
        raise NoAmount(fields={"amount": NoAmount.message})
    note, invoice = _locked(credit_note, purchase)
    used = PurchaseCredit.everywhere.filter(credit_note=note, purchase=invoice).aggregate(sum=Sum("amount"))["sum"]
    if amount > (used or ZERO):
        raise NothingToTakeBack(number=note.number, amount=money(used or ZERO, note.currency))
    return _count(
        note, invoice, -amount, tag="billing.purchase.credit_taken_back", on=local_day(at), actor=actor, at=at
    )


def use_on_corrected(note: PurchaseInvoice, *, on: date, actor: Actor, at: datetime) -> None:
    """A credit note just booked settles the invoice that it names, as far as that one is owed."""
    if not note.is_credit_note or note.corrects is None or note.status != PurchaseStatus.BOOKED:
        return
    invoice = lock_purchases([note.corrects.pk])[note.corrects.pk]
    amount = min(invoice.balance, note.balance)
    if invoice.status == PurchaseStatus.BOOKED and invoice.currency == note.currency and amount:
        _count(note, invoice, amount, tag="billing.purchase.credit_used", on=on, actor=actor, at=at)


def use_earlier_credits(invoice: PurchaseInvoice, *, on: date, actor: Actor, at: datetime) -> None:
    """Credit notes booked before the invoice that they name settle it once it is; `lock_with_corrected` locked them."""
    if invoice.status != PurchaseStatus.BOOKED:
        return
    for key in earlier_credits(invoice):
        note = lock_purchases([key])[key]
        amount = min(invoice.balance, note.balance)
        if amount:
            _count(note, invoice, amount, tag="billing.purchase.credit_used", on=on, actor=actor, at=at)


def _locked(credit_note: PurchaseInvoice, purchase: PurchaseInvoice) -> tuple[PurchaseInvoice, PurchaseInvoice]:
    rows = lock_purchases({credit_note.pk, purchase.pk})
    note, invoice = rows[credit_note.pk], rows[purchase.pk]
    same = (note.supplier_id, note.currency) == (invoice.supplier_id, invoice.currency)
    if not (note.is_credit_note and note.is_booked and same) or invoice.is_credit_note or not invoice.is_booked:
        raise NotACredit
    return note, invoice


def _count(
    note: PurchaseInvoice,
    invoice: PurchaseInvoice,
    amount: Decimal,
    *,
    tag: str,
    on: date,
    actor: Actor,
    at: datetime,
) -> PurchaseCredit:
    count_settled(invoice, credited=amount, on=on, actor=actor, at=at)
    count_settled(note, credited=amount, on=on, actor=actor, at=at)
    row: PurchaseCredit = PurchaseCredit.everywhere.create(
        company_id=note.company_id, credit_note=note, purchase=invoice, amount=amount, at=at
    )
    _level_accounts(note, invoice, amount, on=on, actor=actor, at=at)
    data = {"credit_note": note.reference, "reference": invoice.reference, "amount": amount}
    audit.record(tag, subject=row, actor=actor, at=at, also=[invoice, note, note.supplier], data=data, seal=True)
    return row


def _level_accounts(
    note: PurchaseInvoice, invoice: PurchaseInvoice, amount: Decimal, *, on: date, actor: Actor, at: datetime
) -> None:
    """A credit note on 401 that settles an invoice on 404, or the other way round, moves between the two."""
    owed, owing = supplier_account(invoice), supplier_account(note)
    if owed == owing:
        return
    entry = Entry(
        label=f"Avoir {note.number} imputé sur {invoice.number} {invoice.supplier.name}",
        piece=note.reference,
        piece_date=on,
        source=note,
        postings=[Posting(owed, amount, invoice.supplier_id), Posting(owing, -amount, invoice.supplier_id)],
    )
    ledger.post([entry], journal=Journal.MISCELLANEOUS, day=local_day(at), actor=actor, at=at)
