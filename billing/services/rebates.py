"""Year-end rebates: agreed, computed from what was invoiced less what was credited, and given by credit notes.

Our credit notes correct one invoice each (BG-3), so a rebate on a year is one draft per invoice, by its share: each
line and VAT rate within what is left of it, and the last takes the cent. The drafts are judged and issued like any
other; the rebate accounts (709) follow from them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models import QuerySet, Sum

from billing.models import (
    Invoice,
    InvoiceKind,
    InvoiceLine,
    InvoiceStatus,
    Product,
    RebateAgreement,
    RebateNote,
    RebateProduct,
    RebateTier,
)
from billing.rebate_terms import Tier, fall_on, rebate_on
from billing.services.crediting import CreditedPart, draft_credit_note
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Stale
from config.kernel.money import ZERO
from config.kernel.rows import edit, lock


class RebateCredited(DomainError):
    code = "rebate_credited"
    message = "Les avoirs de cette remise sont déjà préparés. Supprimez leurs brouillons pour la recalculer."


class PeriodNotOver(DomainError):
    code = "period_not_over"
    message = "La période n’est pas terminée : la remise se prépare après son dernier jour."


class NothingToRebate(DomainError):
    code = "nothing_to_rebate"
    message = "Aucun palier n’est atteint sur cette période : il n’y a rien à créditer."


class RebateChanged(Stale):
    code = "rebate_changed"
    message = "Le chiffre d’affaires a changé depuis : relisez le calcul, puis confirmez."


@dataclass(frozen=True, slots=True)
class BaseLine:
    """A line that counts, and what credit notes left of its net."""

    line: InvoiceLine
    net: Decimal


@dataclass(frozen=True, slots=True)
class InvoiceShare:
    """What counts of an invoice, and what of the rebate is given back on it, line by line."""

    invoice: Invoice
    net: Decimal
    amount: Decimal
    parts: Sequence[CreditedPart]


@dataclass(frozen=True, slots=True)
class Rebate:
    turnover: Decimal
    amount: Decimal
    shares: Sequence[InvoiceShare]


@transaction.atomic
def save_rebate(
    *,
    agreement: RebateAgreement | None,
    company_id: int,
    values: Mapping[str, Any],
    tiers: Sequence[Tier],
    products: Sequence[Product],
    actor: Actor,
    at: datetime,
) -> RebateAgreement:
    """Agree a rebate, or correct one that is not credited. Raises RebateCredited."""
    row = lock(agreement) if agreement else RebateAgreement(company_id=company_id, created_at=at)
    _check_open(row)
    edit(row, values)
    RebateTier.everywhere.filter(agreement=row).delete()
    RebateProduct.everywhere.filter(agreement=row).delete()
    RebateTier.everywhere.bulk_create(
        RebateTier(company_id=company_id, agreement=row, above=tier.above, rate=tier.rate) for tier in tiers
    )
    RebateProduct.everywhere.bulk_create(
        RebateProduct(company_id=company_id, agreement=row, product=product) for product in products
    )
    audit.record(
        "billing.rebate.saved", subject=row, also=[row.customer], actor=actor, at=at, data={"rebate": row.name}
    )
    return row


def compute_rebate(agreement: RebateAgreement) -> Rebate:
    """The rebate as of now, with what it is computed from. Five queries."""
    lines = _lines_of(agreement)
    turnover = sum((row.net for row in lines), ZERO)
    tiers = [Tier(tier.above, tier.rate) for tier in agreement.tiers.all()]
    amount = rebate_on(turnover, tiers, marginal=agreement.is_marginal)
    return Rebate(turnover, amount, _shares(lines, amount))


@transaction.atomic
def credit_rebate(*, agreement: RebateAgreement, shown: Decimal, actor: Actor, at: datetime) -> list[Invoice]:
    """Prepare the credit notes that give the rebate, one draft per invoice, all or none.

    `shown`: the amount that was read. Raises RebateCredited, PeriodNotOver, NothingToRebate, RebateChanged, and what
    drafting a credit note does.
    """
    row = lock(agreement)
    _check_open(row)
    if local_day(at) <= row.ends_on:
        raise PeriodNotOver
    rebate = compute_rebate(row)
    if rebate.amount <= 0:
        raise NothingToRebate
    if rebate.amount != shown:
        raise RebateChanged
    notes = [
        draft_credit_note(invoice=share.invoice, parts=share.parts, reason=row.name, actor=actor, at=at)
        # in the order of their keys: two rebates of one customer lock its invoices alike
        for share in sorted(rebate.shares, key=lambda share: share.invoice.pk)
        if share.parts
    ]
    RebateNote.everywhere.bulk_create(RebateNote(company_id=row.company_id, agreement=row, note=note) for note in notes)
    edit(row, {"turnover": rebate.turnover, "amount": rebate.amount, "credited_at": at})
    data = {"rebate": row.name, "amount": rebate.amount, "notes": len(notes)}
    audit.record("billing.rebate.credited", subject=row, also=[row.customer], actor=actor, at=at, data=data)
    return notes


def _check_open(row: RebateAgreement) -> None:
    """One whose drafts were all thrown away is open again."""
    if row.credited_at is None:
        return
    if row.notes.exists():
        raise RebateCredited
    edit(row, {"turnover": None, "amount": None, "credited_at": None})


def counted(agreement: RebateAgreement) -> QuerySet[Invoice]:
    """The invoices of the period that count, in the currency of the books alone.

    Deposits do not: the invoice that deducts them has the whole.
    """
    rows: QuerySet[Invoice] = Invoice.objects.filter(
        customer=agreement.customer_id,
        kind__in=[InvoiceKind.INVOICE, InvoiceKind.CORRECTED],
        number__isnull=False,
        replaced_at=None,
        currency=agreement.company.currency,
        issue_date__range=(agreement.starts_on, agreement.ends_on),
    )
    return rows


def _lines_of(agreement: RebateAgreement) -> list[BaseLine]:
    rows = InvoiceLine.everywhere.filter(invoice__in=counted(agreement)).select_related("invoice")
    if products := list(agreement.products.values_list("product_id", flat=True)):
        rows = rows.filter(product__in=products)
    given = InvoiceLine.everywhere.filter(credited_line__in=rows.values("pk"))
    given = given.exclude(invoice__status=InvoiceStatus.DRAFT).order_by()
    credited = dict(given.values_list("credited_line").annotate(net=Sum("net_amount")))
    found = [BaseLine(line, line.net_amount - credited.get(line.pk, ZERO)) for line in rows]
    return sorted((row for row in found if row.net), key=_place)


def _place(row: BaseLine) -> tuple[Any, ...]:
    return row.line.invoice.issue_date, row.line.invoice_id, row.line.vat_category, row.line.vat_rate, row.line.position


def _shares(lines: Sequence[BaseLine], amount: Decimal) -> list[InvoiceShare]:
    """By invoice and VAT rate first, so that a discount line takes its own off, then by line within."""
    groups = [list(rows) for _key, rows in groupby(lines, key=lambda row: _place(row)[:-1])]
    parts_of: dict[int, list[CreditedPart]] = {}
    nets = [sum((row.net for row in group), ZERO) for group in groups]
    for group, part in zip(groups, fall_on(amount, nets), strict=True):
        for row, share in zip(group, fall_on(part, [row.net for row in group]), strict=True):
            if share > 0:
                parts_of.setdefault(row.line.invoice_id, []).append(CreditedPart(line=row.line, amount=share))
    found = []
    for _key, rows in groupby(lines, key=lambda row: _place(row)[:2]):
        counted_lines = list(rows)
        invoice = counted_lines[0].line.invoice
        parts = parts_of.get(invoice.pk, [])
        net = sum((row.net for row in counted_lines), ZERO)
        found.append(InvoiceShare(invoice, net, sum((part.amount for part in parts), ZERO), parts))
    return found
