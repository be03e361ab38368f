"""How people booked bank lines like this one before: what a rule is offered from."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from billing import ledger
from payments.matching.folding import WORD, fold
from payments.models import BankLine, LineStatus, Match, MatchPart, PartKind
from payments.services.settling_parts import Booked, Vat

REMEMBERED = timedelta(days=400)
MOST_REMEMBERED = 500
OFTEN = 2  # bookings alike before a rule is offered
NEARLY = Decimal("0.5")  # between a rate and what two rounded amounts make of it, in points


@dataclass(frozen=True, slots=True)
class Habit:
    """The account, the VAT and the label with which lines like this were booked, and how often."""

    count: int
    account: str
    vat: Vat | None
    label: str

    def booked(self, line: BankLine) -> Booked:
        return Booked(self.account, line.amount, self.label, self.vat)


def look_of(line: BankLine) -> tuple[bool, frozenset[str], frozenset[str]]:
    """What lines of one kind share: the direction, the payer, and the words without figures (dates, numbers)."""
    words = frozenset(word for word in WORD.findall(fold(line.remittance)) if not re.search("[0-9]", word))
    return line.amount > 0, frozenset(WORD.findall(fold(line.counterparty))), words


def habit_of(line: BankLine, *, at: datetime) -> Habit | None:
    """How people booked the lines that look like this one; None when no two were booked alike. Two queries."""
    rows = Match.everywhere.filter(
        company_id=line.company_id, undone_at=None, is_automatic=False, at__gte=at - REMEMBERED
    )
    rows = rows.filter(line__status=LineStatus.MATCHED).exclude(parts__kind=PartKind.PAYMENT).exclude(line=line)
    recent = rows.select_related("line").order_by("-at", "-id")[:MOST_REMEMBERED]
    wanted = look_of(line)
    alike = [match.pk for match in recent if look_of(match.line) == wanted]
    if len(alike) < OFTEN:
        return None
    parts: dict[int, list[MatchPart]] = {}
    for part in MatchPart.everywhere.filter(match__in=alike).order_by("position"):
        parts.setdefault(part.match_id, []).append(part)
    found = [(_booking(parts[key]), parts[key][0].label) for key in alike]
    [((account, vat), count)] = Counter(booking for booking, _label in found).most_common(1)
    if count < OFTEN or not account:
        return None
    return Habit(count, account, vat, next(label for booking, label in found if booking == (account, vat)))


def _booking(parts: Sequence[MatchPart]) -> tuple[str, Vat | None]:
    """The account and the VAT of a booking; no account where it was split otherwise."""
    if len(parts) == 1:
        return parts[0].account, None
    if len(parts) == 2 and parts[1].account.startswith(("4456", "4457")):
        percent = parts[1].amount / parts[0].amount * 100
        rate = min(ledger.VAT_ACCOUNTS, key=lambda rate: abs(rate - percent))
        if abs(rate - percent) < NEARLY:
            return parts[0].account, Vat(rate, parts[1].account)
    return "", None
