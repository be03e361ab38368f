"""Cents shared over rows in proportion and exactly: payments over VAT rates (212), deposits over what is billed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from math import floor

from billing.totals import UnpriceableLine, VatSubtotal
from config.kernel.money import ZERO, cents, from_cents


@dataclass(frozen=True)
class PaidShare:
    """The part of a payment, VAT included, that falls on one category and rate (status 212)."""

    category: str
    rate: Decimal
    amount: Decimal


def split_vat(
    paid: Decimal, subtotals: Sequence[VatSubtotal], *, already_paid: Decimal = ZERO
) -> tuple[PaidShare, ...]:
    """`paid` (VAT included) shared over the VAT rows in proportion to their gross, exact to the cent.

    The shares are those of `already_paid + paid` less those of `already_paid`: none takes back what an earlier one
    gave, instalments never drift, and the last one ends on the gross of each row. Raises UnpriceableLine when the
    document is worth nothing and something is paid.
    """
    weights = [cents(subtotal.base + subtotal.amount) for subtotal in subtotals]
    before = apportion(cents(already_paid), weights)
    after = apportion(cents(already_paid) + cents(paid), weights)
    return tuple(
        PaidShare(subtotal.category, subtotal.rate, from_cents(now - then))
        for subtotal, now, then in zip(subtotals, after, before, strict=True)
    )


def apportion(amount: int, weights: Sequence[int]) -> list[int]:
    """Cents over weights, in proportion and exactly. The one place of the product where money is split.

    Each share has the sign of its weight, grows with the amount, and is its weight when the amount is their sum
    (Sainte-Laguë: with the largest remainder a share could shrink while the amount grows). Raises UnpriceableLine.
    """
    whole = sum(weights)
    if whole == 0:
        if amount:
            raise UnpriceableLine("Un document d’un total nul ne peut pas recevoir de paiement.")
        return [0 for _ in weights]
    if whole < 0:
        return apportion(amount, [-weight for weight in weights])
    if amount < 0:
        return [-share for share in apportion(-amount, weights)]
    taken_off = -sum(weight for weight in weights if weight < 0)  # a discount at a rate of its own
    off = floor(Fraction(amount * taken_off, whole))
    gained = _sainte_lague(amount + off, [max(weight, 0) for weight in weights])
    lost = _sainte_lague(off, [max(-weight, 0) for weight in weights])
    return [gain - loss for gain, loss in zip(gained, lost, strict=True)]


def _sainte_lague(amount: int, weights: Sequence[int]) -> list[int]:
    """The first `amount` cents, each to the greatest weight / (2 × its cents + 1); the first of equals goes first."""
    whole = sum(weights)
    if not amount:
        return [0 for _ in weights]
    shares = [floor(Fraction(amount * weight, whole) + Fraction(1, 2)) for weight in weights]
    rows = range(len(weights))
    # rounding alone misses by half a cent a row at most
    while sum(shares) < amount:
        shares[max(rows, key=lambda row: (Fraction(weights[row], 2 * shares[row] + 1), -row))] += 1
    while sum(shares) > amount:
        given = [row for row in rows if shares[row]]
        shares[min(given, key=lambda row: (Fraction(weights[row], 2 * shares[row] - 1), -row))] -= 1
    return shares
