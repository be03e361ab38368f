"""Amounts of money: `Decimal` only, floats refused, one rounding rule (half up, away from zero).

EN 16931-1 gives amounts two decimals; every sum of the product starts from these few functions.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation, localcontext

from config.kernel.errors import Invalid

CENT = Decimal("0.01")
MICRO = Decimal("0.000001")
ZERO = Decimal("0.00")
HUNDRED = Decimal(100)

# EN 16931 amounts go up to 19 digits; products of a quantity and a price need room above that.
PRECISION = 60
# a context of its own: the thread's could be changed by a library, and its half-even is not what invoices use
_HALF_UP = Context(prec=PRECISION, rounding=ROUND_HALF_UP)


class NotAnAmount(Invalid):
    code = "not_an_amount"
    message = "Ce montant n’est pas un nombre. Écrivez-le par exemple 1234,56."


def exact(value: Decimal | int | str) -> Decimal:
    """`value` as a finite Decimal, unchanged. A float is a programming error: TypeError, never rounded away."""
    if isinstance(value, Decimal):
        amount = value
    elif isinstance(value, bool | float) or not isinstance(value, int | str):
        raise TypeError(f"money is Decimal, int or str, not {type(value).__name__}")
    else:
        try:
            amount = Decimal(value)
        except InvalidOperation as error:
            raise NotAnAmount from error
    if not amount.is_finite():
        raise NotAnAmount
    return amount


def round2(amount: Decimal) -> Decimal:
    """Two decimals, half up: 0.005 is 0.01 and −0.005 is −0.01. Never answers −0.00."""
    return quantize(amount, CENT)


def round6(amount: Decimal) -> Decimal:
    """Six decimals, half up: the finest unit price BR-FR-DEC-03 lets an invoice carry."""
    return quantize(amount, MICRO)


def quantize(amount: Decimal, step: Decimal) -> Decimal:
    """`amount` rounded half up to a multiple of `step` (0.01: cents). Raises TypeError, NotAnAmount."""
    if not isinstance(amount, Decimal):
        raise TypeError(f"money is Decimal, not {type(amount).__name__}")
    if not amount.is_finite():
        raise NotAnAmount
    rounded = amount.quantize(step, context=_HALF_UP)
    # -0.00 equals 0.00 and prints otherwise: XML validators and people both stumble on it
    return abs(rounded) if rounded.is_zero() else rounded


def cents(amount: Decimal) -> int:
    """The whole number of cents in `amount`; ValueError when it holds a fraction of a cent."""
    if round2(amount) != amount:
        raise ValueError(f"{amount} holds a fraction of a cent")
    with localcontext() as context:
        context.prec = PRECISION
        return int(amount * HUNDRED)


def from_cents(number: int) -> Decimal:
    """The amount of a whole number of cents, with two decimals."""
    return round2(Decimal(number) / HUNDRED)
