"""Year-end rebates (« remises de fin d’année »): what tiers give on a turnover, and how it falls on lines.

Granted after the sales, such a rebate lessens the base of their VAT by credit notes that name them (CGI art. 272-1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from config.kernel.money import HUNDRED, ZERO, round2


@dataclass(frozen=True, slots=True)
class Tier:
    """From this turnover on, without VAT, this rate in percent."""

    above: Decimal
    rate: Decimal


def rebate_on(turnover: Decimal, tiers: Sequence[Tier], *, marginal: bool) -> Decimal:
    """What the tiers give: the rate that is reached on the whole turnover, or with `marginal` each on its own slice."""
    reached = sorted((tier for tier in tiers if tier.above <= turnover), key=lambda tier: tier.above)
    if not reached or turnover <= 0:
        return ZERO
    if not marginal:
        return round2(turnover * reached[-1].rate / HUNDRED)
    ends = [*(tier.above for tier in reached[1:]), turnover]
    slices = (tier.rate * (end - tier.above) for tier, end in zip(reached, ends, strict=True))
    return round2(sum(slices, ZERO) / HUNDRED)


def fall_on(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """The amount spread by positive weights, to the cent: what each gets is a rounded sum less what those before got.

    Nobody gets more than its weight where the amount is no more than their sum. A weight that is not positive gets 0.
    """
    whole = sum((weight for weight in weights if weight > 0), ZERO)
    parts, passed, given = list[Decimal](), ZERO, ZERO
    for weight in weights:
        passed += max(weight, ZERO)
        due = round2(amount * passed / whole) - given if weight > 0 else ZERO
        part = min(due, weight) if weight > 0 else ZERO
        parts.append(part)
        given += part
    return parts
