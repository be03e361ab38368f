"""What judging says: the supplier, the content that would be recorded, and each doubt with where and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from billing.purchases.content import PurchaseContent
from config.kernel.errors import Sentence
from customers.models import Customer


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why a person must look: a code of `billing.purchases.doubts`, the field it is about, and what was found."""

    code: str
    field: str
    sentence: Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """`content` is None where a datum is missing without which nothing can be recorded; `missing` names them."""

    supplier: Customer | None
    found_by: str = ""  # siren, vat or iban
    candidates: tuple[Customer, ...] = ()  # by the name, for a person to choose from
    content: PurchaseContent | None
    missing: tuple[str, ...] = ()
    doubts: tuple[Doubt, ...] = ()
    gates: Mapping[str, bool | None]
    probability: float
    is_auto_validated: bool

    @property
    def codes(self) -> list[str]:
        """The codes of its doubts, each once, as a purchase keeps them."""
        return list(dict.fromkeys(doubt.code for doubt in self.doubts))

    def about(self, field: str) -> list[Doubt]:
        return [doubt for doubt in self.doubts if doubt.field == field]


def doubt(code: str, field: str, sentence: str, **values: Any) -> Doubt:
    return Doubt(code, field, Sentence(sentence, values))
