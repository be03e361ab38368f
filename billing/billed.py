"""What was really billed, as SQL sums: every amount once, whatever documents it went through.

A credit note takes off. A final invoice counts without the deposits it deducts, which count on their own. A corrected
invoice counts without the one it replaces, whose amounts stay where they were booked.
"""

from __future__ import annotations

from decimal import Decimal

from django.db.models import Case, F, Q, Sum, When
from django.db.models.expressions import Combinable

from billing.models import InvoiceKind, in_books

ZERO = Decimal("0.00")
NET, VAT, GROSS = "net", "vat", "gross"
_DEPOSITED = {GROSS: ("amount_deposited", ""), VAT: ("deposited_vat", ""), NET: ("amount_deposited", "deposited_vat")}


def billed(amount: str, *, only: Q | None = None) -> Sum:
    """The sum of NET, VAT or GROSS over the invoices of a query, of those that are `only` when it is given."""
    return _signed(_own(amount), _own(amount, of="corrects__"), only)


def billed_in_books(amount: str) -> Sum:
    """The same in the currency of the books, each document at the rate that it froze."""
    return _signed(in_books(_own(amount)), in_books(_own(amount, of="corrects__"), "corrects__"), None)


def _signed(mine: Combinable, corrected: Combinable, only: Q | None) -> Sum:
    signed = Case(
        When(kind=InvoiceKind.CREDIT_NOTE, then=-mine),
        When(kind=InvoiceKind.CORRECTED, then=mine - corrected),
        default=mine,
    )
    return Sum(signed, filter=only, default=ZERO)


def _own(amount: str, *, of: str = "") -> Combinable:
    deposited, vat = _DEPOSITED[amount]
    own = F(f"{of}total_{amount}") - F(f"{of}{deposited}")
    return own + F(f"{of}{vat}") if vat else own
