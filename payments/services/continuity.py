"""Whether a statement goes on where another ended: the days and the amount that are missing, or come twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from config.kernel.money import ZERO
from payments.models import BankAccount, BankStatement


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """The days and balances of a statement; balances None where the file gave none."""

    reference: str
    opened_on: date
    closed_on: date
    opening: Decimal | None
    closing: Decimal | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """`before` ends at one balance, `after` begins at another: `missing` moved in between, on no statement."""

    before: Span
    after: Span

    @property
    def missing(self) -> Decimal:
        return (self.after.opening or ZERO) - (self.before.closing or ZERO)


def spans_of(account: BankAccount, *, besides: int | None = None) -> list[Span]:
    """Of the account's statements, in the order of their days."""
    rows = BankStatement.everywhere.filter(account=account).exclude(pk=besides).order_by("opened_on", "closed_on", "id")
    columns = ("reference", "opened_on", "closed_on", "opening", "closing")
    return [Span(**row) for row in rows.values(*columns)]


def gap_before(span: Span, others: Sequence[Span]) -> Gap | None:
    """What is missing between the statement and the last one that ended before it."""
    if span.opening is None or _is_within(span, others):
        return None
    ended = [row for row in others if row.closing is not None and row.closed_on <= span.opened_on]
    # of statements that end on the day this one begins, some may come after it: those of the day before count too
    days = {row.closed_on for row in ended}
    last = max(days, default=None)
    earlier = max((day for day in days if day < span.opened_on), default=None)
    near = [row for row in ended if row.closed_on in {last, earlier}]
    if not near or any(row.closing == span.opening for row in near):
        return None
    return Gap(before=near[-1], after=span)


def gap_after(span: Span, others: Sequence[Span]) -> Gap | None:
    """What is missing between the statement and the next one: it was imported late."""
    if span.closing is None:
        return None
    begun = [row for row in others if row.opening is not None and row.opened_on >= span.closed_on]
    first = min((row.opened_on for row in begun), default=None)
    near = [row for row in begun if row.opened_on == first]
    if not near or any(row.opening == span.closing for row in near) or _is_within(near[0], others):
        return None
    # another one leads to it already
    if any(row.closing == near[0].opening and row.closed_on <= near[0].opened_on for row in others):
        return None
    return Gap(before=span, after=near[0])


def overlapping(span: Span, others: Sequence[Span]) -> list[Span]:
    """Those that share days with the statement, beyond one that ends or begins on the day where the other does."""
    return [row for row in others if _shares_days(span, row)]


def _shares_days(one: Span, other: Span) -> bool:
    if other.opened_on == one.opened_on and other.closed_on == one.closed_on:
        # two pages of one day go on from each other; the same day twice does not
        return one.opening is None or one.opening == other.opening
    return max(one.opened_on, other.opened_on) < min(one.closed_on, other.closed_on)


def _is_within(span: Span, others: Sequence[Span]) -> bool:
    return any(row.opened_on < span.opened_on < row.closed_on for row in others)


def gaps_of(account: BankAccount, on: date) -> list[Gap]:
    """Every gap between the account's statements up to a day."""
    spans = [row for row in spans_of(account) if row.opened_on <= on]
    gaps = []
    for place, span in enumerate(spans):
        if (gap := gap_before(span, spans[:place] + spans[place + 1 :])) is not None:
            gaps.append(gap)
    return gaps
