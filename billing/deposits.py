"""How a deposit (386) is shared over the VAT rates of what it is a part of.

Plain arithmetic. VAT is computed from the base (BR-CO-17), so that not every amount with VAT exists: at 20 % no base
gives 100.05. The deposit is then the nearest possible amount below, at most a cent less than asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from math import floor

from billing.sharing import apportion
from billing.totals import VatSubtotal, vat_of
from config.kernel.money import ZERO, cents, from_cents


def share_out(rows: Sequence[VatSubtotal], gross: Decimal) -> tuple[VatSubtotal, ...]:
    """`gross` (VAT included) as bases and VAT, in proportion to what each rate is worth with VAT.

    The whole gives back the rows themselves, and no rate bears more than its base. Rates that are worth nothing, or
    less, bear nothing.
    """
    worth = [row for row in rows if row.base + row.amount > 0]
    wanted = apportion(cents(gross), [cents(row.base + row.amount) for row in worth]) if worth else []
    bases = [_base_within(row, share) for row, share in zip(worth, wanted, strict=True)]
    left = cents(gross) - sum(_gross(base, row.rate) for row, base in zip(worth, bases, strict=True))
    # what one rate cannot write another may
    for index, row in enumerate(worth):
        before = _gross(bases[index], row.rate)
        bases[index] = _base_within(row, before + left)
        left -= _gross(bases[index], row.rate) - before
    return tuple(
        replace(row, base=from_cents(base), amount=vat_of(from_cents(base), row.rate))
        for row, base in zip(worth, bases, strict=True)
        if base
    )


def what_is_left(
    rows: Sequence[VatSubtotal], requested: Mapping[tuple[str, Decimal], Decimal]
) -> tuple[VatSubtotal, ...]:
    """The rows less the bases that earlier deposits asked for, by category and rate."""
    bases = [row.base - requested.get((row.category, row.rate), ZERO) for row in rows]
    return tuple(
        row if base == row.base else replace(row, base=base, amount=vat_of(base, row.rate))
        for row, base in zip(rows, bases, strict=True)
    )


def gross_of(rows: Sequence[VatSubtotal]) -> Decimal:
    return sum((row.base + row.amount for row in rows), ZERO)


def _gross(base: int, rate: Decimal) -> int:
    return base + cents(vat_of(from_cents(base), rate))


def _base_within(row: VatSubtotal, gross: int) -> int:
    return min(_largest_base(gross, row.rate), cents(row.base))


def _largest_base(gross: int, rate: Decimal) -> int:
    """The largest base, in cents, that stays within `gross` once its VAT is added."""
    # exact fractions: a rounded quotient could be a cent too large
    base = floor(Fraction(gross * 100) / (100 + Fraction(rate)))
    # VAT rounds: a base a cent larger may still stay within
    return base + 1 if _gross(base + 1, rate) <= gross else base
