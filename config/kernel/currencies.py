"""Currencies: the codes of ISO 4217 that are money somewhere today, as Unicode keeps them (CLDR, by babel)."""

from __future__ import annotations

from functools import cache

from babel.core import get_global
from babel.numbers import get_territory_currencies


@cache
def in_use() -> frozenset[str]:
    """The codes that are legal tender of some country now."""
    return frozenset(
        code for country in get_global("territory_currencies") for code in get_territory_currencies(country)
    )


def is_currency(code: str) -> bool:
    """True for a code such as EUR; false for one that is none (ZZZ), or no longer (FRF)."""
    return code in in_use()
