"""What a report is asked for: a period or a day, and what narrows it; written in its address."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, Literal
from urllib.parse import urlencode

from django.urls import reverse

from billing.ledger.calendar import Year, calendar_of
from config.kernel.clock import PARIS
from config.kernel.models import Company
from customers.models import Customer

Basis = Literal["due", "invoice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameters:
    """`end` is the day as of which a report of a day is asked; both days count.

    `known_at`: only what was written by that moment (« tel que connu le »).
    """

    company: Company
    start: date
    end: date
    known_at: datetime | None = None
    first_account: str = ""
    last_account: str = ""
    customer: Customer | None = None
    basis: Basis = "due"
    journal: str = ""
    open_only: bool = False
    by_document: bool = False
    product: int | None = None  # 0: what is in no catalogue

    @property
    def year(self) -> Year:
        """The fiscal year of the last day. One query."""
        return calendar_of(self.company.pk).year_of(self.end)

    @property
    def year_of_start(self) -> Year:
        """That of the first day. One query."""
        return calendar_of(self.company.pk).year_of(self.start)

    def but(self, **changes: Any) -> Parameters:
        return replace(self, **changes)

    def query(self) -> dict[str, str]:
        """As the address says it, without what is empty."""
        words = {
            "from": self.start.isoformat(),
            "to": self.end.isoformat(),
            "known_at": self.known_at.astimezone(PARIS).replace(tzinfo=None).isoformat() if self.known_at else "",
            "first_account": self.first_account,
            "last_account": self.last_account,
            "customer": str(self.customer.pk) if self.customer else "",
            "basis": "" if self.basis == "due" else self.basis,
            "journal": self.journal,
            "open_only": "1" if self.open_only else "",
            "by_document": "1" if self.by_document else "",
            "product": "" if self.product is None else str(self.product),
        }
        return {name: word for name, word in words.items() if word}

    def address_of(self, slug: str, **changes: str) -> str:
        """The page of another report with the same parameters but these ('' leaves one out)."""
        words = {name: word for name, word in (self.query() | changes).items() if word}
        return f"{reverse('billing:report', args=[slug])}?{urlencode(words)}"
