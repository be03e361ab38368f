"""Small differences with a reason, rounding, a discount or a bank's fee: proposed, never applied alone."""

from __future__ import annotations

from decimal import Decimal

from config.kernel.money import CENT
from payments.matching.items import Difference

ROUNDING = Decimal("1.00")  # so much at most, and one hundredth of what is owed
MOST_FEE = Decimal("50.00")
FEE_SHARE, ROUNDING_SHARE = Decimal("0.05"), Decimal("0.01")
DISCOUNTS = tuple(Decimal(rate) / 1000 for rate in (10, 15, 20, 25, 30))  # usual terms: 1 to 3 % for cash


def difference_of(owed: Decimal, paid: Decimal) -> Difference | None:
    """Why a little is missing (or too much), or None where it is no little thing."""
    missing = owed - paid
    # most are no little thing, and are asked of every invoice of a payer
    if missing < -ROUNDING or missing > owed * FEE_SHARE + CENT:
        return None
    if abs(missing) <= min(ROUNDING, owed * ROUNDING_SHARE):
        return Difference(missing, "ROUNDING")
    if missing <= 0:
        return None
    if any(abs(owed * rate - missing) <= CENT for rate in DISCOUNTS):
        return Difference(missing, "DISCOUNT")
    if missing <= min(MOST_FEE, owed * FEE_SHARE):
        return Difference(missing, "BANK_FEE")
    return None


def service_fee(owed: Decimal, paid: Decimal, count: int) -> Difference | None:
    """The commission of a payment service: 5 % at most, and half a euro a payment."""
    missing = owed - paid
    if 0 < missing <= owed * FEE_SHARE + Decimal("0.50") * count:
        return Difference(missing, "BANK_FEE")
    return None
