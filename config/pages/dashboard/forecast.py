"""Cash over thirteen weeks: what may come in from invoices already issued, what is to be paid, and the balance left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from billing.ledger.vat.filing import VatToCome, vat_to_come
from billing.models import Invoice
from config.kernel.models import Company
from config.kernel.money import ZERO, round2
from config.kernel.scope import company_scope
from config.pages.dashboard import pasts
from config.pages.dashboard.asking import EURO, Asked
from config.pages.dashboard.lateness import Lateness, learn
from config.pages.dashboard.simulating import WEEKS, Expected, simulate

MOST_OPEN, MOST_TOLD = 500, 3_000


@dataclass(frozen=True, slots=True)
class Range:
    """One in ten is below `low`, one in ten above `high`."""

    low: Decimal
    middle: Decimal
    high: Decimal

    def plus(self, amount: Decimal) -> Range:
        return Range(self.low + amount, self.middle + amount, self.high + amount)


@dataclass(frozen=True, slots=True)
class Week:
    """From `first` for seven days. `balance`: at its end, None where no bank balance is known."""

    first: date
    inflow: Range
    outflow: Decimal
    vat: Decimal
    balance: Range | None

    @property
    def last(self) -> date:
        return self.first + timedelta(days=6)


@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """`is_known`: habits rest on enough paid invoices (`learnt_from`); else due dates are taken as they are."""

    weeks: Sequence[Week]
    is_known: bool
    learnt_from: int
    disputed: Decimal
    disputed_purchases: Decimal
    already_in: Decimal
    credit: Decimal
    vat: Sequence[tuple[Company, VatToCome]]

    @property
    def lowest(self) -> Decimal | None:
        """The lowest of the cautious balances."""
        lows = [week.balance.low for week in self.weeks if week.balance is not None]
        return min(lows) if lows else None


def is_quick(asked: Asked) -> bool:
    """Whether the forecast takes less than a blink: few invoices are open, and few tell the habits. Two queries a
    company, which stop at as many rows."""
    for company in asked.companies:
        with company_scope(company):
            since = asked.today - timedelta(days=pasts.DAYS_BACK)
            told = Invoice.objects.filter(issue_date__gte=since).order_by()[: MOST_TOLD + 1].count()
            if told > MOST_TOLD or Invoice.objects.outstanding().order_by()[: MOST_OPEN + 1].count() > MOST_OPEN:
                return False
    return True


def forecast_of(asked: Asked, *, balance: Decimal | None) -> Forecast:
    """From today, of the companies asked for. Six queries a company, and those of the VAT."""
    today, currency = asked.today, asked.currency
    positions, outflows, vat = [], [], []
    already_in = disputed_purchases = ZERO
    for company in asked.companies:
        with company_scope(company):
            free = pasts.credits_on(today, currency=currency, is_today=True)
            positions.append(pasts.position_on(today, currency=currency, credit=free))
            already_in += pasts.unmatched_money(currency=currency)
            leaving, contested = pasts.payables(currency=currency)
            outflows.append(leaving)
            disputed_purchases += contested
            if currency == EURO:
                vat.append((company, vat_to_come(company, today)))
    expected = [one for position in positions for one in position.expected]
    past = [one for position in positions for one in position.past]
    lateness = learn(past, customers={one.customer_id for one in expected})
    inflows, balances = _ranges(expected, lateness, already_in)
    out = _by_week([pair for leaving in outflows for pair in leaving.items()], today)
    taxes = _by_week([(coming.due_on, max(coming.amount, ZERO)) for _company, coming in vat if coming.due_on], today)
    return Forecast(
        weeks=[
            Week(
                today + timedelta(days=1 + 7 * place),
                inflows[place],
                out[place],
                taxes[place],
                None
                if balance is None
                else balances[place].plus(balance - sum(out[: place + 1], ZERO) - sum(taxes[: place + 1], ZERO)),
            )
            for place in range(WEEKS)
        ],
        is_known=lateness.is_known,
        learnt_from=lateness.paid,
        disputed=sum((position.disputed for position in positions), ZERO),
        disputed_purchases=disputed_purchases,
        already_in=already_in,
        credit=sum((position.credit for position in positions), ZERO),
        vat=vat,
    )


def _ranges(expected: Sequence[Expected], lateness: Lateness, already_in: Decimal) -> tuple[list[Range], list[Range]]:
    """Of each week, and of all until its end."""
    if not lateness.is_known:
        return _on_due_dates(expected, already_in)
    futures = simulate(expected, lateness, already_in=float(already_in))
    return [_range(row) for row in futures.weeks()], [_range(row) for row in futures.balances()]


def _range(row: Sequence[float]) -> Range:
    low, middle, high = (round2(Decimal(str(round(float(value), 2)))) for value in row)
    return Range(low, middle, high)


def _on_due_dates(expected: Sequence[Expected], already_in: Decimal) -> tuple[list[Range], list[Range]]:
    """Paid on the due date, what is late in the first week: no interval can be told."""
    weekly = [ZERO] * WEEKS
    for one in expected:
        week = max(-one.late - 1, 0) // 7
        if week < WEEKS:
            weekly[week] += round2(Decimal(str(round(one.amount, 2))))
    reached, before, inflows, balances = ZERO, ZERO, [], []
    for amount in weekly:
        reached += amount
        until = max(reached - already_in, ZERO)
        inflows.append(Range(until - before, until - before, until - before))
        balances.append(Range(until, until, until))
        before = until
    return inflows, balances


def _by_week(amounts: Sequence[tuple[date, Decimal]], today: date) -> list[Decimal]:
    """What leaves in each week; what should have left, in the first."""
    found = [ZERO] * WEEKS
    for day, amount in amounts:
        week = max((day - today).days - 1, 0) // 7
        if week < WEEKS:
            found[week] += amount
    return found
