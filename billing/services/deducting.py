"""Deducting deposits (386) from a final invoice: chosen on the draft, made sure of when it is issued.

A deposit is deducted whole and at most once; a credit note of the whole final invoice, or a corrected invoice (384),
sets it free again.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.db.models import Q, Sum

from billing.models import DepositDeduction, Invoice, InvoiceKind, InvoiceQuerySet
from config.kernel.errors import DomainError, Invalid
from config.kernel.money import ZERO
from config.kernel.typography import money


class DepositsBeyondTotal(Invalid):
    code = "deposits_beyond_total"
    message = (
        "Les acomptes déduits (%(deposited)s) dépassent le total de la facture (%(total)s). Retirez-en un, "
        "ou établissez l’avoir d’un acompte."
    )


class DepositNotDeductible(DomainError):
    code = "deposit_not_deductible"
    message = (
        "%(number)s ne peut pas être déduit ici : ce n’est pas un acompte émis, ou il est crédité, déduit ailleurs ou "
        "d’un autre client."
    )


class DepositDeducted(DomainError):
    code = "deposit_deducted"
    message = "L’acompte %(number)s est déduit par %(final)s : annulez d’abord cette facture par un avoir."


def check_not_deducted(invoice: Invoice) -> None:
    """Raises DepositDeducted when a living final invoice deducts this deposit."""
    if not invoice.is_deposit:
        return
    live = DepositDeduction.everywhere.filter(deposit=invoice, is_live=True).select_related("invoice").first()
    if live is not None:
        raise DepositDeducted(number=invoice.number, final=live.invoice.number)


def deductible_from(draft: Invoice) -> InvoiceQuerySet:
    """The deposits that the draft may deduct: its customer's, in its currency, of its orders or of none.

    A corrected invoice may also deduct what the invoice it corrects does: that one will no longer.
    """
    free = Q(pk__in=Invoice.everywhere.deductible().values("pk"))
    if draft.corrects_id:
        kept = DepositDeduction.everywhere.filter(invoice_id=draft.corrects_id, is_live=True)
        free |= Q(pk__in=kept.values("deposit_id"))
    rows: InvoiceQuerySet = Invoice.everywhere.filter(
        free, company_id=draft.company_id, customer_id=draft.customer_id, currency=draft.currency
    )
    own = Q(order=None) | Q(order_id=draft.order_id) | Q(order__billed_by__in=[draft.pk, draft.corrects_id])
    return rows.filter(own).order_by("issue_date", "number")


def write_deductions(draft: Invoice, deposits: Sequence[Invoice]) -> None:
    """Replace what the locked draft deducts. Raises DepositsBeyondTotal."""
    gross = sum((deposit.total_gross for deposit in deposits), ZERO)
    check_room(draft, total=draft.total_gross, deposited=gross)
    DepositDeduction.everywhere.filter(invoice=draft).delete()
    DepositDeduction.everywhere.bulk_create(
        DepositDeduction(
            company_id=draft.company_id,
            invoice=draft,
            deposit=deposit,
            gross=deposit.total_gross,
            vat=deposit.total_vat,
        )
        for deposit in deposits
    )
    draft.amount_deposited = gross
    draft.deposited_vat = sum((deposit.total_vat for deposit in deposits), ZERO)
    draft.save(update_fields=["amount_deposited", "deposited_vat"])


def check_room(draft: Invoice, *, total: Decimal, deposited: Decimal) -> None:
    """Raises DepositsBeyondTotal."""
    if deposited > total:
        raise DepositsBeyondTotal(deposited=money(deposited, draft.currency), total=money(total, draft.currency))


def those_that_fit(draft: Invoice, deposits: Iterable[Invoice]) -> list[Invoice]:
    """The oldest first, never beyond the total of the draft."""
    chosen: list[Invoice] = []
    left = draft.total_gross
    for deposit in deposits:
        if deposit.total_gross <= left:
            chosen.append(deposit)
            left -= deposit.total_gross
    return chosen


def deposits_of(invoice: Invoice) -> list[Invoice]:
    """The deposit invoices that the invoice deducts, the oldest first."""
    rows = Invoice.everywhere.filter(deducted_by__invoice=invoice)
    return list(rows.order_by("issue_date", "number"))


def drop_foreign_deductions(draft: Invoice) -> None:
    """Forget what a draft deducted once it has become a deposit itself, or another customer's."""
    rows = DepositDeduction.everywhere.filter(invoice=draft)
    if draft.amount_deposited and (draft.is_deposit or rows.exclude(deposit__customer_id=draft.customer_id).exists()):
        rows.delete()
        draft.amount_deposited = draft.deposited_vat = ZERO


def lock_for_issue(*drafts: Invoice) -> None:
    """Lock what issuing the locked drafts touches: what they correct, their deposits and the drafts they are asked
    ahead of, in the order of their keys.
    """
    keys = {key for draft in drafts for key in (draft.corrects_id, draft.ahead_of_id) if key}
    if deducting := [draft.pk for draft in drafts if draft.amount_deposited]:
        chosen = DepositDeduction.everywhere.filter(invoice__in=deducting)
        keys |= set(chosen.values_list("deposit_id", flat=True))
    if not keys:
        return
    # one statement in the order of the keys: two issues that share a deposit cannot wait for each other in a circle
    list(Invoice.everywhere.select_for_update(no_key=True, of=("self",)).filter(pk__in=keys).order_by("pk"))


def check_deductions(draft: Invoice, *, total: Decimal) -> None:
    """Raises DepositNotDeductible, DepositsBeyondTotal. A credit note takes back what the invoice it corrects did."""
    if draft.kind == InvoiceKind.CREDIT_NOTE or not draft.amount_deposited:
        return
    rows = DepositDeduction.everywhere.filter(invoice=draft)
    allowed = set(deductible_from(draft).values_list("pk", flat=True))
    for row in rows.select_related("deposit"):
        if row.deposit_id not in allowed:
            raise DepositNotDeductible(number=row.deposit.number)
    check_room(draft, total=total, deposited=rows.aggregate(sum=Sum("gross"))["sum"] or ZERO)


def deduct(draft: Invoice) -> None:
    """Make the chosen deposits those of this invoice, in the issuing transaction and under lock_for_issue."""
    if draft.kind != InvoiceKind.CREDIT_NOTE and draft.amount_deposited:
        DepositDeduction.everywhere.filter(invoice=draft).update(is_live=True)


def set_free(invoice: Invoice) -> None:
    """The deposits of a cancelled or replaced invoice may be credited, or deducted by another."""
    DepositDeduction.everywhere.filter(invoice=invoice, is_live=True).update(is_live=False)
