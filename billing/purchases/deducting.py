"""Deposit invoices of a supplier that its final one deducts (BT-113): whole, once, and only what was booked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from billing.models import InvoiceKind, PurchaseInvoice
from billing.purchases.changeable import check_open
from billing.purchases.models import IN_BOOKS, PurchaseDeposit, PurchaseQuerySet
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError
from config.kernel.money import ZERO
from config.kernel.rows import lock
from config.kernel.typography import money


class PurchaseDepositNotDeductible(DomainError):
    code = "purchase_deposit_not_deductible"
    message = (
        "%(number)s ne peut pas être déduit ici : ce n’est pas un acompte comptabilisé de ce fournisseur, ou une autre "
        "facture le déduit déjà."
    )


class PurchaseDepositsBeyondTotal(DomainError):
    code = "purchase_deposits_beyond_total"
    message = "Les acomptes déduits (%(deposited)s) dépassent le total de la facture (%(total)s) : retirez-en un."


def deductible_deposits(purchase: PurchaseInvoice) -> PurchaseQuerySet:
    """The deposits of the supplier that the purchase may deduct: booked, in its currency, deducted by no living one.

    A corrected invoice may also deduct what the one that it corrects does: that one will no longer.
    """
    taken = PurchaseDeposit.everywhere.filter(is_live=True)
    taken = taken.exclude(purchase_id__in=[key for key in (purchase.pk, purchase.corrects_id) if key])
    rows: PurchaseQuerySet = PurchaseInvoice.everywhere.filter(
        supplier_id=purchase.supplier_id, kind=InvoiceKind.DEPOSIT, status__in=IN_BOOKS, currency=purchase.currency
    )
    return rows.filter(amount_credited=0).exclude(pk__in=taken.values("deposit_id")).order_by("issue_date", "pk")


def deduct_known_deposits(purchase: PurchaseInvoice, *, stated: Decimal) -> bool:
    """Deduct the deposits that together are what a new purchase states; True where those known are not."""
    if not stated or purchase.is_credit_note or purchase.is_deposit:
        return bool(stated)
    deposits = list(deductible_deposits(purchase))
    chosen = [deposit for deposit in deposits if deposit.total_gross == stated][:1]
    if not chosen:
        for deposit in deposits:  # the oldest that together are the sum
            if _gross(chosen) < stated:
                chosen.append(deposit)
    if _gross(chosen) != stated:
        return True
    _deduct(purchase, chosen)
    return False


def open_deposit(purchase: PurchaseInvoice) -> list[str]:
    """The doubt of an invoice that deducts nothing while a booked deposit of its supplier waits to be deducted."""
    deducts = purchase.amount_deposited or purchase.is_credit_note or purchase.is_deposit
    return [] if deducts or not deductible_deposits(purchase).exists() else ["deposit_open"]


def _gross(deposits: Sequence[PurchaseInvoice]) -> Decimal:
    return sum((deposit.total_gross for deposit in deposits), ZERO)


@transaction.atomic
def choose_purchase_deposits(
    *, purchase: PurchaseInvoice, deposits: Sequence[PurchaseInvoice], actor: Actor, at: datetime
) -> PurchaseInvoice:
    """Say which deposits a purchase that may still change deducts, none included.

    Raises PurchaseDepositNotDeductible, PurchaseDepositsBeyondTotal, PurchaseNotOpen.
    """
    row = lock(purchase)
    check_open(row)
    keys = sorted(deposit.pk for deposit in deposits)
    # locked: two finals that want one deposit wait for each other, in the order of the keys
    wanted = PurchaseInvoice.everywhere.select_for_update(no_key=True, of=("self",)).filter(pk__in=keys)
    list(wanted.order_by("pk").values_list("pk"))
    allowed = set(deductible_deposits(row).values_list("pk", flat=True))
    for deposit in deposits:
        if deposit.pk not in allowed or row.is_credit_note or row.is_deposit:
            raise PurchaseDepositNotDeductible(number=deposit.number)
    total = _gross(deposits)
    if total > row.total_gross:
        raise PurchaseDepositsBeyondTotal(
            deposited=money(total, row.currency), total=money(row.total_gross, row.currency)
        )
    free_deposits(row)
    _deduct(row, deposits)
    row.doubts = [doubt for doubt in row.doubts if doubt not in {"deposit_unknown", "deposit_open"}]
    row.save(update_fields=["doubts"])
    data = {"reference": row.reference, "deposits": [deposit.reference for deposit in deposits], "total": total}
    audit.record("billing.purchase.deposits_chosen", subject=row, actor=actor, at=at, also=list(deposits), data=data)
    return row


def free_deposits(purchase: PurchaseInvoice) -> None:
    """Let others deduct what the locked purchase did: it is refused, corrected or replaced."""
    rows = PurchaseDeposit.everywhere.filter(purchase=purchase)
    if purchase.booked_on is None:
        rows.delete()
        if purchase.amount_deposited:
            PurchaseInvoice.everywhere.filter(pk=purchase.pk).update(amount_deposited=ZERO)
            purchase.amount_deposited = ZERO
    else:
        rows.update(is_live=False)


def revive_deductions(purchase: PurchaseInvoice) -> None:
    """What a corrected invoice deducts holds once the one that it replaces no longer does."""
    PurchaseDeposit.everywhere.filter(purchase=purchase).update(is_live=True)


def _deduct(purchase: PurchaseInvoice, deposits: Sequence[PurchaseInvoice]) -> None:
    # still deducted by the invoice that this one corrects: in force when it replaces it
    kept = set(
        PurchaseDeposit.everywhere.filter(purchase_id=purchase.corrects_id, is_live=True).values_list(
            "deposit_id", flat=True
        )
    )
    PurchaseDeposit.everywhere.bulk_create(
        PurchaseDeposit(
            company_id=purchase.company_id,
            purchase=purchase,
            deposit=deposit,
            amount=deposit.total_gross,
            vat=deposit.total_vat,
            is_live=deposit.pk not in kept,
        )
        for deposit in deposits
    )
    purchase.amount_deposited = _gross(deposits)
    purchase.save(update_fields=["amount_deposited"])
