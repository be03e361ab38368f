"""Whose payment it is, by the name of the other side."""

from __future__ import annotations

from functools import lru_cache

from payments.matching.folding import WORD, fold


@lru_cache(maxsize=10_000)
def words_of(name: str) -> frozenset[str]:
    """The words of a name, in capitals without accents."""
    return frozenset(WORD.findall(fold(name)))


def is_payer(counterparty: str, customer_name: str) -> bool:
    """The words of one name are all in the other: DUBOIS SARL pays for Dubois."""
    payer, customer = words_of(counterparty), words_of(customer_name)
    return bool(payer and customer) and (payer <= customer or customer <= payer)
