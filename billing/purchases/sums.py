"""Whether the figures of a supplier document hold, to the cent (EN 16931 BR-CO-10 to BR-CO-17). Plain Python."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from billing.purchases.content import PurchaseContent, VatContent
from config.kernel.money import CENT, HUNDRED, ZERO

# of a rate: suppliers round per line or per document, and a difference of more than this is an error (BR-CO-17)
VAT_TOLERANCE = Decimal("0.05")


def total(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)


def sums_hold(content: PurchaseContent) -> bool:
    """Lines make the net, rows of VAT their base and their tax, net and tax the gross: no tolerance on totals."""
    return (
        total(line.net for line in content.lines) == content.total_net
        and total(row.base for row in content.vat_rows) == content.total_net
        and total(row.amount for row in content.vat_rows) == content.total_vat
        and content.total_net + content.total_vat == content.total_gross
        and content.total_gross >= content.deposited
    )


def vat_holds(rows: Sequence[VatContent]) -> bool:
    """Each rate is applied to its base. The document's own tax is kept: what differs by cents is its rounding."""
    return all(abs(row.base * row.rate / HUNDRED - row.amount) <= VAT_TOLERANCE for row in rows)


def positive(content: PurchaseContent) -> PurchaseContent:
    """The same document with positive amounts: an invoice below zero is a credit note.

    A credit note may come written in negative amounts, too (both uses are seen).
    """
    if content.total_gross >= 0:
        return content
    return replace(
        content,
        kind="381",
        total_net=-content.total_net,
        total_vat=-content.total_vat,
        total_gross=-content.total_gross,
        deposited=-content.deposited,
        lines=tuple(
            replace(line, net=-line.net, quantity=None if line.quantity is None else -line.quantity)
            for line in content.lines
        ),
        vat_rows=tuple(replace(row, base=-row.base, amount=-row.amount) for row in content.vat_rows),
    )


def in_cents(content: PurchaseContent) -> PurchaseContent:
    """The totals as the books can hold them: the gross is what is asked for, and net and tax make it.

    Where they do not (the doubt `sums` says so), the tax that the rates state is kept, and the net is the rest.
    """
    if content.total_net + content.total_vat == content.total_gross:
        return content
    stated = total(row.amount for row in content.vat_rows) if content.vat_rows else content.total_vat
    vat = min(max(stated, ZERO), content.total_gross).quantize(CENT)
    return replace(content, total_vat=vat, total_net=content.total_gross - vat)
