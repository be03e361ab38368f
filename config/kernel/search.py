"""The search: what was typed, and the sections of records that each app declares in its `search.py`."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from config.kernel.forms import FrenchDecimalField
from config.kernel.models import CompanyRow

SHORTEST = 2
LONGEST = 100
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{4,30}")
_SPACES = re.compile(r"\s+")


class SearchTerms:
    """What was typed, read in every way it can be meant."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()[:LONGEST]
        self.compact = _SPACES.sub("", self.text).upper()
        self.iban = self.compact if _IBAN.fullmatch(self.compact) else ""
        self.amount = self._amount()

    @property
    def is_too_short(self) -> bool:
        return len(self.compact) < SHORTEST

    def _amount(self) -> Decimal | None:
        try:
            amount = FrenchDecimalField(max_digits=16, decimal_places=2, sums=False).clean(self.text.replace("€", ""))
        except ValidationError:
            return None
        return Decimal(amount)

    def is_amount(self, column: str) -> Q:
        """The column is the amount typed; nothing when no amount was."""
        return Q() if self.amount is None else Q(**{column: self.amount})


@dataclass(frozen=True, slots=True)
class Hit:
    """One record on one line: its number or name, whose it is, its state in words with a tone, its amount."""

    title: str
    detail: str
    url: str
    state: str = ""
    tone: str = "neutral"
    amount: str = ""


@dataclass(frozen=True, slots=True)
class SearchSection:
    """The records of an area of `roles.READERS`, what several and one of them are called, and the page that lists them.

    `find` gives all that answer, in their order; `hits` the lines of a few of them, as they stand on the day, at a
    fixed number of queries. `name` tells sections of one area apart. With `numbered`, a number of that model opens its
    record at once.
    """

    area: str
    label: Any
    kind: Any
    icon: str
    list_page: str
    find: Callable[[SearchTerms], QuerySet[Any]]
    hits: Callable[[Sequence[Any], date], list[Hit]]
    numbered: type[CompanyRow] | None = None
    name: str = ""


SECTIONS: dict[str, SearchSection] = {}


def declare(*sections: SearchSection) -> None:
    for section in sections:
        name = section.name or section.area
        if name in SECTIONS:
            raise ValueError(f"declared twice: {name}")
        SECTIONS[name] = section
