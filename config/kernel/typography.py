"""Amounts, days and identifiers as people read them, in French or English; plain functions, shared by pages and PDFs.

French follows the Imprimerie nationale: narrow no-break space between thousands, no-break space before a unit, comma.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal

from django.utils.dateformat import format as format_day
from django.utils.translation import get_language

from config.kernel.clock import PARIS, local_day
from config.kernel.identifiers import iban as iban_number
from config.kernel.identifiers import siren as siren_number
from config.kernel.identifiers import siret as siret_number
from config.kernel.identifiers import uid as uid_number
from config.kernel.money import MOST_DECIMALS, decimals_of, exact, round_in

NARROW = "\u202f"  # between thousands
NBSP = "\u00a0"  # before a unit
MINUS = "\u2212"
ABSENT = "—"
SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}


def in_french() -> bool:
    return (get_language() or "fr").startswith("fr")


def money(value: Decimal | int | str | None, currency: str = "EUR") -> str:
    """The decimals of the currency and its sign: 1 200,00 € in French, €1,200.00 in English. Floats: TypeError."""
    if value is None or value == "":
        return ABSENT
    amount = round_in(exact(value), currency)
    digits = _grouped(abs(amount), decimals=min(MOST_DECIMALS, decimals_of(currency)))
    sign = MINUS if amount < 0 else ""
    symbol = SYMBOLS.get(currency, "")
    if in_french():
        return f"{sign}{digits}{NBSP}{symbol or currency}"
    return f"{sign}{symbol}{digits}" if symbol else f"{sign}{currency}{NBSP}{digits}"


def sums(found: Mapping[str, Decimal]) -> str:
    """Amounts of several currencies, which nothing adds up: 1 200,00 € + 300,00 $."""
    return " + ".join(money(amount, currency) for currency, amount in sorted(found.items())) or money(0)


def number(value: Decimal | int | str | None, decimals: int | None = None) -> str:
    """The value with the decimals it has, without idle zeros, or with exactly `decimals`."""
    if value is None or value == "":
        return ABSENT
    amount = exact(value)
    return (MINUS if amount < 0 else "") + _grouped(abs(amount), decimals=decimals)


def price(value: Decimal | int | str | None) -> str:
    """A unit price: two decimals, up to six when it has them (BR-FR-DEC-03)."""
    if value is None or value == "":
        return ABSENT
    amount = exact(value)
    return number(amount, max(2, min(6, _decimals(amount))))


def percent(value: Decimal | int | str | None) -> str:
    """20 % in French, 20% in English. The value is already in percent."""
    if value is None or value == "":
        return ABSENT
    return f"{number(value)}{NBSP}%" if in_french() else f"{number(value)}%"


def lasting(seconds: int | None) -> str:
    """A duration to the unit that matters: 12 s, 3 min, 2 h, 4 j."""
    if seconds is None:
        return ABSENT
    for size, unit in ((86_400, "j" if in_french() else "d"), (3_600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size}{NBSP}{unit}"
    return f"{seconds}{NBSP}s"


def day(value: date | datetime | None) -> str:
    """21/11/2026, or 21 Nov 2026. An instant is shown on its day in Paris."""
    if not value:
        return ABSENT
    on = local_day(value) if isinstance(value, datetime) else value
    return f"{on:%d/%m/}{on.year:04d}" if in_french() else format_day(on, "j M Y")


def moment(value: datetime | None) -> str:
    """21/11/2026 à 14:05, Paris time. An instant without a time zone: ValueError."""
    if not value:
        return ABSENT
    on = day(value)
    at = value.astimezone(PARIS)
    return f"{on} à {at:%H:%M}" if in_french() else f"{on}, {at:%H:%M}"


def iban(value: str) -> str:
    """In groups of four; long enough that a line may break between two groups."""
    return iban_number.format(value) if value else ABSENT


def iban_ends(value: str) -> str:
    """FR76 … 0189, for who may not reconcile."""
    return f"{value[:4]} … {value[-4:]}" if value else ABSENT


def siren(value: str) -> str:
    return _unbroken(siren_number.format(value)) if value else ABSENT


def company_number(value: str) -> str:
    """SIREN 732 829 320, or IDE CHE-123.456.788."""
    if value.startswith("CHE"):
        return f"IDE{NBSP}{_unbroken(uid_number.format(value))}"
    return f"SIREN{NBSP}{siren(value)}" if value else ABSENT


def siret(value: str) -> str:
    return _unbroken(siret_number.format(value)) if value else ABSENT


def _unbroken(text: str) -> str:
    return text.replace(" ", NBSP)


def _decimals(amount: Decimal) -> int:
    exponent = amount.normalize().as_tuple().exponent
    return max(0, -int(exponent))


def _grouped(amount: Decimal, *, decimals: int | None) -> str:
    text = f"{amount:,.{_decimals(amount) if decimals is None else decimals}f}"
    return text.replace(",", NARROW).replace(".", ",") if in_french() else text
