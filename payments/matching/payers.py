"""Whose payment it is: by the account that a confirmed match taught, or by the name of the other side."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from payments.matching.folding import WORD, fold

SHORTEST_CUT = 16
# legal forms and titles, and what banks put before a name: they tell no payer from another
EMPTY_WORDS = frozenset({
    "SARL", "SAS", "SASU", "SA", "EURL", "SNC", "SCI", "SCP", "SELARL", "EI", "EIRL", "STE", "SOCIETE", "ETS", "M",
    "MR", "MME", "MLLE", "MONSIEUR", "MADAME", "VIR", "VIREMENT", "SEPA", "INST", "RECU", "DE", "LA", "LE", "LES", "DU",
    "DES", "ET", "L", "D",
})  # fmt: skip


@lru_cache(maxsize=100_000)
def words_of(name: str) -> frozenset[str]:
    """The words of a name, in capitals without accents."""
    return frozenset(WORD.findall(fold(name)))


def telling_words(name: str) -> frozenset[str]:
    """Those that tell this payer from another."""
    return words_of(name) - EMPTY_WORDS


def is_payer(counterparty: str, customer_name: str) -> bool:
    """The words of one name are all in the other: DUBOIS SARL pays for Dubois."""
    return _agree(words_of(counterparty), words_of(customer_name))


def _agree(payer: frozenset[str], customer: frozenset[str]) -> bool:
    return bool(payer and customer) and (payer <= customer or customer <= payer)


def is_same_name(counterparty: str, customer_name: str) -> bool:
    """All words that tell are in both, and they are two or one long one: DUBOIS is not yet Dubois."""
    payer, customer = telling_words(counterparty), telling_words(customer_name)
    return payer == customer and sum(map(len, payer)) >= 8


@dataclass(frozen=True)
class Names:
    """Customers by the words of their names, without looking at each: a common word (SARL) costs no more."""

    by_word: Mapping[str, tuple[Hashable, ...]]
    by_rarest: Mapping[str, tuple[Hashable, ...]]
    by_start: Mapping[str, tuple[Hashable, ...]]  # a bank cuts names at 18, 24 or 35 signs
    names: Mapping[Hashable, str]
    folded: Mapping[Hashable, str]
    words: Mapping[Hashable, frozenset[str]]

    @classmethod
    def build(cls, names: Mapping[Hashable, str]) -> Names:
        words = {key: words_of(name) for key, name in names.items()}
        counts = Counter(word for found in words.values() for word in found)
        by_word: dict[str, list[Hashable]] = defaultdict(list)
        by_rarest: dict[str, list[Hashable]] = defaultdict(list)
        by_start: dict[str, list[Hashable]] = defaultdict(list)
        folded = {key: fold(name) for key, name in names.items()}
        for key, found in words.items():
            for word in found:
                by_word[word].append(key)
            if found:
                by_rarest[min(found, key=lambda word: (counts[word], word))].append(key)
                by_start[folded[key][:SHORTEST_CUT]].append(key)
        return cls(_frozen(by_word), _frozen(by_rarest), _frozen(by_start), names, folded, words)

    def of(self, counterparty: str) -> list[Hashable]:
        """The customers whose name contains the words of the counterparty's, or the other way round, or begins so."""
        words = words_of(counterparty)
        if not words:
            return []
        # the customer's name within the payer's: its rarest word must be there; below, the other way round
        found = {key: None for word in sorted(words) for key in self.by_rarest.get(word, ())}
        nobody: tuple[Hashable, ...] = ()
        rarest: tuple[Hashable, ...] = min([self.by_word.get(word, nobody) for word in words], key=len)
        found |= dict.fromkeys(rarest)
        known = self.words
        whole = [key for key in found if known[key] <= words or known[key] >= words]
        return whole or self._cut(fold(counterparty))

    def _cut(self, text: str) -> list[Hashable]:
        if len(text) < SHORTEST_CUT:
            return []
        return [key for key in self.by_start.get(text[:SHORTEST_CUT], ()) if self.folded[key].startswith(text)]


def _frozen(found: Mapping[str, list[Hashable]]) -> dict[str, tuple[Hashable, ...]]:
    return {word: tuple(keys) for word, keys in found.items()}


class Payer(NamedTuple):
    """The customers whose payment a line may be.

    `is_learned`: a confirmed match taught the account; `is_same`: the name is exactly that of one customer, alone to
    bear it; neither: the names only resemble each other, or there are none. `is_torn`: the account is one customer's,
    and the name another's.
    """

    customers: tuple[Hashable, ...] = ()
    is_learned: bool = False
    is_same: bool = False
    is_torn: bool = False

    @property
    def is_certain(self) -> bool:
        return self.is_learned and not self.is_torn


NOBODY, NO_WORDS = Payer(), frozenset[str]()


def identify(iban: str, counterparty: str, names: Names, learned: Mapping[str, Mapping[Any, int]]) -> Payer:
    """The payer, by the account before the name."""
    taught = learned.get(iban) if iban else None
    if taught:
        keys = tuple(sorted(taught, key=lambda key: (-taught[key], str(key))) if len(taught) > 1 else taught)
        words = words_of(counterparty)
        is_agreed = any(_agree(words, names.words.get(key, NO_WORDS)) for key in keys)
        return Payer(
            keys, is_learned=True, is_torn=not is_agreed and not set(names.of(counterparty) or keys) & set(keys)
        )
    named = names.of(counterparty)
    if not named:
        return NOBODY
    is_same = len(named) == 1 and is_same_name(counterparty, names.names[named[0]])
    return Payer(tuple(named), is_same=is_same)
