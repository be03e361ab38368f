"""Money given to suppliers: recorded by hand, by a run or by a bank line, booked at once, and told when it is out.

Lock order: bank line, purchases by key, then supplier payments by key, then the counters; a run before all of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import prefetch_related_objects

from billing import ledger
from billing.ledger import Entry
from billing.numbering import next_numbers
from billing.purchases.settling import NotOwed, lock_purchases, settle_purchase
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import Invalid
from config.kernel.identifiers import iban as ibans
from config.kernel.money import ZERO, round2
from payments.dates import check_not_ancient
from payments.events import purchase_paid
from payments.models import BankAccount, Method, SupplierPayment, SupplierShare
from payments.outgoing.suppliers.entries import Due, postings_of
from payments.services.bank_journals import post_money
from payments.services.cash import check_till

SERIES = "REG"


class NothingPaid(Invalid):
    code = "nothing_paid"
    message = "Choisissez au moins une facture à régler."


class SeveralSuppliers(Invalid):
    code = "several_suppliers"
    message = "Un règlement est fait à un seul fournisseur, dans une seule devise."


class PaidInTheFuture(Invalid):
    code = "paid_in_the_future"
    message = "La date du règlement est dans le futur."


class AmountRefused(Invalid):
    code = "supplier_amount_refused"
    message = (
        "%(number)s : le montant est positif, en centimes entiers, et l’escompte en est une part, jamais sur un avoir."
    )


class CreditsExceed(Invalid):
    code = "credits_exceed"
    message = "Les avoirs et escomptes couvrent ces factures : il ne reste rien à payer."


class AnotherCurrencyAccount(Invalid):
    code = "another_currency_account"
    message = "%(account)s est un compte en %(found)s : il ne paie pas de factures en %(currency)s."


@transaction.atomic
def pay_supplier(
    *,
    dues: Sequence[Due],
    method: str,
    made_on: date,
    actor: Actor,
    at: datetime,
    bank_account: BankAccount | None = None,
    iban: str = "",
    reference: str = "",
) -> SupplierPayment:
    """Record what was paid to a supplier for one or several purchases, its credit notes netted.

    The money is out: whoever waits for it is told (211). Raises NothingPaid, SeveralSuppliers, PaidInTheFuture,
    AmountRefused, CreditsExceed, AnotherCurrencyAccount, NotEnoughInTheTill, Invalid for a wrong IBAN, NotOwed,
    PaidTwice.
    """
    if not dues:
        raise NothingPaid
    if made_on > local_day(at):
        raise PaidInTheFuture(fields={"made_on": PaidInTheFuture.message})
    check_not_ancient(made_on, "made_on")
    purchases = lock_purchases({due.purchase.pk for due in dues})
    locked = [Due(purchases[due.purchase.pk], due.amount, due.discount) for due in dues]
    for due in locked:
        if due.amount <= 0 and not due.purchase.balance:  # "all that is left", of what is settled
            raise NotOwed(reference=due.purchase.reference)
    payment = _row(locked, method=method, made_on=made_on, bank_account=bank_account, at=at)
    payment.iban, payment.reference = _checked_iban(iban), reference[:140]
    if method == Method.CASH and bank_account is None:
        check_till(payment.company_id, payment.amount, payment.currency)
    insert_payments([payment], [locked], actor=actor, at=at)
    announce([payment], on=made_on, actor=actor, at=at)
    return payment


def check_dues(dues: Sequence[Due]) -> Decimal:
    """What they are together. Raises NothingPaid, SeveralSuppliers, AmountRefused, CreditsExceed."""
    if not dues:
        raise NothingPaid
    if len({(due.purchase.company_id, due.purchase.supplier_id, due.purchase.currency) for due in dues}) > 1:
        raise SeveralSuppliers
    for due in dues:
        is_cents = round2(due.amount) == due.amount and round2(due.discount) == due.discount
        is_part = ZERO <= due.discount < due.amount and not (due.discount and due.purchase.is_credit_note)
        if due.amount <= 0 or not is_cents or not is_part:
            raise AmountRefused(number=str(due.purchase))
    total = sum((due.paid for due in dues), ZERO)
    if total <= 0:
        raise CreditsExceed
    return total


def _row(
    dues: Sequence[Due], *, method: str, made_on: date, bank_account: BankAccount | None, at: datetime, **columns: Any
) -> SupplierPayment:
    """The payment of locked purchases, not saved and without a number yet. Raises as check_dues."""
    amount, first = check_dues(dues), dues[0].purchase
    if bank_account is not None and bank_account.currency != first.currency:
        raise AnotherCurrencyAccount(account=bank_account.name, found=bank_account.currency, currency=first.currency)
    account = ledger.CASH if method == Method.CASH else ledger.BANK
    return SupplierPayment(
        company_id=first.company_id,
        supplier=first.supplier,
        amount=amount,
        currency=first.currency,
        method=method,
        bank_account=bank_account,
        account=bank_account.ledger_account if bank_account else account,
        made_on=made_on,
        at=at,
        **columns,
    )


def payments_of(groups: Sequence[Sequence[Due]], **columns: Any) -> list[SupplierPayment]:
    """The payments of several groups of locked purchases, numbered, not saved yet. Raises as check_dues."""
    rows = [_row(dues, **columns) for dues in groups]
    number_payments(rows, at=columns["at"])
    return rows


def number_payments(payments: Sequence[SupplierPayment], *, at: datetime) -> None:
    """Their numbers, by which the bank's lines will name them (end-to-end id)."""
    numbers = next_numbers(len(payments), company_id=payments[0].company_id, series=SERIES, on=local_day(at))
    for payment, number in zip(payments, numbers, strict=True):
        payment.number = payment.end_to_end_id = number


def insert_payments(
    payments: Sequence[SupplierPayment], groups: Sequence[Sequence[Due]], *, actor: Actor, at: datetime
) -> None:
    """Save payments or returns with what each settles of locked purchases, book them, seal them."""
    if not payments[0].number:
        number_payments(payments, at=at)
    for payment in payments:
        payment.save(force_insert=True)
    write_shares(payments, groups, actor=actor, at=at)
    for payment, dues in zip(payments, groups, strict=True):
        seal_payment(payment, dues, actor=actor, at=at)


def write_shares(
    payments: Sequence[SupplierPayment], groups: Sequence[Sequence[Due]], *, actor: Actor, at: datetime
) -> None:
    """Count each due on its purchase, in the order given, and book it: D 401 / C money, or the other way round."""
    prefetch_related_objects([due.purchase for dues in groups for due in dues], "lines", "vat_rows")
    entries = []
    for payment, dues in zip(payments, groups, strict=True):
        on = payment.made_on if payment.is_live else local_day(at)
        for due in dues:
            settle_purchase(purchase=due.purchase, amount=due.amount, on=on, actor=actor, at=at)
            SupplierShare.everywhere.create(
                company_id=payment.company_id,
                payment=payment,
                purchase=due.purchase,
                amount=due.amount,
                discount=due.discount,
                at=at,
            )
        entries.append(_entry(payment, dues))
    post_money(entries, [payment.bank_account for payment in payments], actor=actor, at=at)


def _entry(payment: SupplierPayment, dues: Sequence[Due]) -> Entry:
    what = "Retour de règlement" if payment.is_return else "Règlement"
    label = f"{what} {payment.number} {payment.supplier.name}"
    return Entry(
        label=label if payment.is_live else f"Annulation {label[0].lower()}{label[1:]}",
        piece=payment.number,
        piece_date=payment.made_on,
        source=payment,
        on=payment.made_on if payment.is_live else None,
        postings=postings_of(dues, payment.account),
    )


def seal_payment(payment: SupplierPayment, dues: Sequence[Due], *, actor: Actor, at: datetime) -> None:
    """Its event, and that of its purchases and its supplier."""
    also = [payment.supplier, *(due.purchase for due in dues)]
    audit.record(
        "payments.supplier_payment.returned" if payment.is_return else "payments.supplier_payment.recorded",
        subject=payment,
        also=also if payment.returns is None else [*also, payment.returns],
        actor=actor,
        at=at,
        seal=True,
        data={
            "number": payment.number,
            "amount": payment.amount,
            "method": payment.method,
            "amounts": {due.purchase.number: due.amount for due in dues},
        },
    )


def announce(payments: Sequence[SupplierPayment], *, on: date, actor: Actor, at: datetime) -> None:
    """Their money is out: told once, though a bank line be undone and found again."""
    untold = [payment for payment in payments if payment.announced_at is None and not payment.is_return]
    if not untold:
        return
    SupplierPayment.everywhere.filter(pk__in=[payment.pk for payment in untold]).update(announced_at=at)
    shares = SupplierShare.everywhere.filter(payment__in=untold, amount__gt=0).select_related("purchase__supplier")
    for payment in untold:
        payment.announced_at = at
    for share in shares.order_by("payment__number", "id"):
        if not share.purchase.is_credit_note:
            purchase_paid.send(
                SupplierPayment,
                purchase=share.purchase,
                amount=share.amount - share.discount,
                on=on,
                actor=actor,
                at=at,
            )


def announce_taken_back(
    told: SupplierPayment | None, dues: Sequence[Due], *, on: date, actor: Actor, at: datetime
) -> None:
    """What was told to be out of `told` is taken back (amounts below zero), or is out after all."""
    if told is None or told.announced_at is None:
        return
    for due in dues:
        if not due.purchase.is_credit_note:
            amount = due.amount - due.discount
            purchase_paid.send(SupplierPayment, purchase=due.purchase, amount=amount, on=on, actor=actor, at=at)


def _checked_iban(text: str) -> str:
    if not text.strip():
        return ""
    try:
        return ibans.validate(text)
    except Invalid as error:
        raise Invalid(fields={"iban": error.sentence}) from error
