"""Amounts and rates as they are printed: `1 234,56 €`, `1.234,56`, `1,234.56`, `-12,00`, `(12,00)`, `120 €`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from config.kernel.money import round2

_GROUPS = r"\d{1,3}(?:[ '.,]\d{3})+"
_CURRENCY = r"(?:€|eur\b|euros?\b|chf\b|usd\b|gbp\b|\$|£)"
_AMOUNT = re.compile(
    # an engine joins a label to its amount: `euros21 497,03`
    rf"(?:(?<![\w.,/-])|(?<=euros)|(?<=ttc)|(?<=tva)|(?<=ht))"
    rf"(?P<open>\()?(?P<sign>[-+] ?)?(?:{_CURRENCY} ?)?(?P<sign2>-)?"
    rf"(?:(?P<exact>(?:{_GROUPS}|\d{{1,9}}) ?[.,] ?\d{{2}})(?!\d| ?%|[./,-]\d)(?P<money>\s?{_CURRENCY})?"
    rf"|(?P<cut>(?:{_GROUPS}|\d{{1,9}}) ?(?:€|eur) ?\d{{2}}(?!\d))"
    rf"|(?P<whole>(?:{_GROUPS}|\d{{1,7}}))(?P<unit>\s?{_CURRENCY}))(?P<after>-(?!\d))?(?P<close>\))?"
)
_RATE = re.compile(r"(?<![\d.,])(\d{1,2}(?:[.,]\d{1,3})?) ?(?:%|pour cent)")
# rates of the CGI, present and past, mainland, overseas and Corsica
KNOWN_RATES = tuple(
    Decimal(rate) for rate in ("20", "10", "5.5", "2.1", "8.5", "0", "19.6", "7", "13", "0.9", "1.75", "1.05")
)

DRIFT = Decimal("0.02")  # software that rounds the tax of each line


@dataclass(frozen=True, slots=True)
class Amount:
    value: Decimal
    start: int
    end: int
    has_cents: bool
    has_currency: bool


def amounts_in(folded: str) -> Iterator[Amount]:
    """Every amount of a folded text: with two decimals, or with a currency beside it."""
    for match in _AMOUNT.finditer(folded):
        exact, cut, whole = match["exact"], match["cut"], match["whole"]
        value = _decimal(exact or cut) if exact or cut else Decimal(re.sub(r"\D", "", whole))
        if (
            (match["sign"] and "-" in match["sign"])
            or match["sign2"]
            or match["after"]
            or (match["open"] and match["close"])
        ):
            value = -value
        yield Amount(value, match.start(), match.end(), not whole, bool(match["money"] or cut or match["unit"]))


def _decimal(text: str) -> Decimal:
    digits = re.sub(r"\D", "", text)
    return Decimal(digits).scaleb(-2)


def rates_in(folded: str) -> Iterator[tuple[Decimal, int, int]]:
    """Every percentage with its place."""
    for match in _RATE.finditer(folded):
        yield Decimal(match[1].replace(",", ".")).normalize() + 0, match.start(), match.end()


def binds(rate: Decimal, base: Decimal, tax: Decimal) -> bool:
    """Whether the tax is the rate's share of the base, to what rounding by line may drift."""
    exact = round2(base * rate / 100)
    return tax == exact if rate == 0 or tax < 1 else abs(exact - tax) <= DRIFT
