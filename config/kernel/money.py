"""Amounts of money: `Decimal` only, floats refused, one rounding rule (half up, away from zero).

EN 16931-1 gives amounts two decimals; every sum of the product starts from these few functions. A currency with fewer
(ISO 4217: the yen has none) is rounded to what it has; one with more is not written here.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation, localcontext

from babel.core import get_global

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


# where the data of babel (CLDR) say what is used in practice, and ISO 4217 another number of decimals
_DECIMALS_OF_ISO = dict.fromkeys(
    ("AFN", "ALL", "IRR", "KPW", "LAK", "LBP", "MGA", "MMK", "RSD", "SLL", "SOS", "SYP", "YER"), 2
) | {"IQD": 3}
MOST_DECIMALS = 2  # of a document: EN 16931, and the columns of amounts


class UnknownCurrency(Invalid):
    code = "unknown_currency"
    message = "« %(currency)s » n’est pas une devise qu’un document peut porter. Écrivez son code à trois lettres."


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


def decimals_of(currency: str) -> int:
    """How many decimals the currency has (ISO 4217); two where it is not known.

    >>> decimals_of("EUR"), decimals_of("JPY"), decimals_of("KWD")
    (2, 0, 3)
    """
    if currency in _DECIMALS_OF_ISO:
        return _DECIMALS_OF_ISO[currency]
    fractions = get_global("currency_fractions")
    return int(fractions.get(currency, fractions["DEFAULT"])[0])


def check_currency(code: str) -> str:
    """The code of a currency in which a document may be written. Raises UnknownCurrency."""
    if code not in get_global("all_currencies") or decimals_of(code) > MOST_DECIMALS:
        raise UnknownCurrency(currency=code)
    return code


def round_in(amount: Decimal, currency: str) -> Decimal:
    """Rounded half up to the smallest unit of the currency, and always written with two decimals.

    >>> round_in(Decimal("1234.5"), "JPY"), round_in(Decimal("1234.505"), "CHF")
    (Decimal('1235.00'), Decimal('1234.51'))
    """
    return quantize(quantize(amount, Decimal(1).scaleb(-min(MOST_DECIMALS, decimals_of(currency)))), CENT)


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
