"""A purchase as it stands until it is booked: its lines and rows of VAT, replaced whole, and all of it as a value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from billing.models import PurchaseInvoice
from billing.purchases.accounts import may_be_bought_on, not_bought_on
from billing.purchases.content import LineContent, PurchaseContent, VatContent
from billing.purchases.models import PurchaseLine, PurchaseVat
from billing.purchases.postings import document_rate
from billing.purchases.prepaying import problem_of_period
from billing.purchases.proposing import is_guess
from config.kernel.errors import Invalid
from config.kernel.money import HUNDRED


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseLineInput:
    """A line as a person leaves it. `vat_rate` is ours where we owe the tax ourselves."""

    description: str
    net: Decimal
    vat_rate: Decimal
    regime: str
    account: str
    vat_category: str = "S"
    deductible_share: Decimal = HUNDRED
    quantity: Decimal | None = None
    unit_price: Decimal | None = None
    starts_on: date | None = None
    ends_on: date | None = None


def replace_lines(row: PurchaseInvoice, lines: Sequence[PurchaseLineInput]) -> None:
    if not lines:
        raise Invalid(fields={"lines": "Une facture a au moins une ligne."})
    for position, line in enumerate(lines, start=1):
        if line.account and not may_be_bought_on(line.account):
            raise Invalid(fields={f"lines.{position}.account": not_bought_on(line.account)})
        if problem := problem_of_period(line.starts_on, line.ends_on):
            raise Invalid(fields={f"lines.{position}.ends_on": problem})
    before = {line.position: line for line in PurchaseLine.everywhere.filter(purchase=row)}
    PurchaseLine.everywhere.filter(purchase=row).delete()
    PurchaseLine.everywhere.bulk_create(
        PurchaseLine(
            company_id=row.company_id,
            purchase=row,
            position=position,
            description=line.description[:500],
            quantity=line.quantity,
            unit_price=line.unit_price,
            net=line.net,
            vat_category=line.vat_category,
            vat_rate=line.vat_rate,
            regime=line.regime,
            account=line.account,
            deductible_share=line.deductible_share,
            starts_on=line.starts_on,
            ends_on=line.ends_on,
            proposed_because=_still_proposed(before.get(position), line),
        )
        for position, line in enumerate(lines, start=1)
    )


def _still_proposed(before: PurchaseLine | None, line: PurchaseLineInput) -> dict[str, Any]:
    """The reason of a proposal that the person left as it was, but for a guess: they have seen it now."""
    if before is None or (before.account, before.regime) != (line.account, line.regime):
        return {}
    return {} if is_guess(before.proposed_because) else before.proposed_because


def replace_vat(row: PurchaseInvoice, rows: Sequence[VatContent]) -> None:
    if len({(one.category, one.rate) for one in rows}) != len(rows):
        raise Invalid(fields={"vat_rows": "Chaque taux n’a qu’une ligne de TVA."})
    PurchaseVat.everywhere.filter(purchase=row).delete()
    PurchaseVat.everywhere.bulk_create(
        PurchaseVat(
            company_id=row.company_id,
            purchase=row,
            category=one.category,
            rate=one.rate,
            base=one.base,
            amount=one.amount,
        )
        for one in rows
    )


def content_of(row: PurchaseInvoice) -> PurchaseContent:
    """The purchase as it stands, in plain values: what it would be recorded from."""
    return PurchaseContent(
        kind=row.kind,
        supplier_name=row.supplier_name,
        number=row.number,
        issue_date=row.issue_date,
        due_date=row.due_date,
        supply_date=row.supply_date,
        currency=row.currency,
        vat_on_debits=row.vat_on_debits,
        total_net=row.total_net,
        total_vat=row.total_vat,
        total_gross=row.total_gross,
        deposited=row.amount_deposited,
        iban=row.iban,
        payment_reference=row.payment_reference,
        order_reference=row.order_reference,
        corrects_number=row.corrects_number,
        lines=tuple(
            LineContent(
                description=line.description,
                net=line.net,
                vat_rate=document_rate(line),
                vat_category=line.vat_category,
                quantity=line.quantity,
                unit_price=line.unit_price,
                starts_on=line.starts_on,
                ends_on=line.ends_on,
            )
            for line in PurchaseLine.everywhere.filter(purchase=row).order_by("position")
        ),
        vat_rows=tuple(
            VatContent(category=one.category, rate=one.rate, base=one.base, amount=one.amount)
            for one in PurchaseVat.everywhere.filter(purchase=row)
        ),
    )
