"""One decision on a bank line while it is written: its match, its parts, and what shows it in its timeline."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing.models import Invoice
from config.kernel.actor import Actor
from config.kernel.models import CompanyRow
from payments.models import BankLine, Match, MatchPart, Payment
from payments.services.settling_parts import Received


@dataclass(slots=True)
class Decision:
    """`invoices` and `older` payments are locked."""

    line: BankLine
    match: Match
    invoices: dict[int, Invoice]
    older: Mapping[int, Payment]
    actor: Actor
    at: datetime
    rows: list[MatchPart] = field(default_factory=list)
    concerned: dict[str, CompanyRow] = field(default_factory=dict)
    received: list[tuple[Received, Payment]] = field(default_factory=list)

    def add(self, kind: str, amount: Decimal, **columns: Any) -> None:
        """One part more; its payment, customer and invoices show the decision in their timelines."""
        position = len(self.rows) + 1
        row = MatchPart(company_id=self.line.company_id, match=self.match, position=position, kind=kind, amount=amount)
        for name, value in columns.items():
            setattr(row, name, value)
        self.rows.append(row)

    def concern(self, *rows: CompanyRow) -> None:
        self.concerned |= {row.subject: row for row in rows}
