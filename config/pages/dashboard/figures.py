"""The figures of a dashboard: read company by company, each in its own scope, then added."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from config.kernel.models import Company
from config.kernel.money import ZERO
from config.kernel.scope import company_scope
from config.pages.dashboard import dso
from config.pages.dashboard.asking import Asked, last_day, month_before
from payments.dated_sums.models import Measure
from payments.dated_sums.reading import (
    BUCKETS,
    Aged,
    Debtor,
    Months,
    aged_on,
    largest_debtors,
    months_until,
    owed_in_other_currencies,
)
from payments.models import BankAccount
from payments.services.balances import balance_at_bank

MOST_DEBTORS = 10
YEAR = 12
NOTHING = Aged(dict.fromkeys(BUCKETS, ZERO), ZERO)


@dataclass(frozen=True, slots=True)
class Bank:
    """An account at the end of the day; `amount` is None while no statement gave a balance."""

    company: Company
    name: str
    amount: Decimal | None
    stated_on: date | None


@dataclass(frozen=True, slots=True)
class Owing:
    """A debtor with its company."""

    company: Company
    debtor: Debtor


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """What moved in a month, up to the day asked for, and what stood at its end. `*_before`: a year earlier."""

    first: date
    received: Decimal
    refunded: Decimal
    paid_out: Decimal
    net: Decimal
    net_before: Decimal
    owed: Decimal
    dso: Decimal | None
    dso_count_back: Decimal | None

    @property
    def out(self) -> Decimal:
        return self.refunded + self.paid_out

    @property
    def moved(self) -> Decimal:
        return self.received - self.out


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    asked: Asked
    aged: Aged
    months: Sequence[Month]
    debtors: Sequence[Owing]
    banks: Sequence[Bank]
    others: Mapping[str, Decimal]  # owed in other currencies, told and never added
    best_possible_dso: Decimal | None
    by_company: Mapping[int, Aged]

    @property
    def now(self) -> Month:
        return self.months[-1]

    @property
    def bank_balance(self) -> Decimal | None:
        """Of the accounts whose balance is known; None where none is."""
        known = [bank.amount for bank in self.banks if bank.amount is not None]
        return sum(known, ZERO) if known else None

    @property
    def is_empty(self) -> bool:
        return not any((self.aged.owed, self.aged.credit, self.others, self.banks)) and not any(
            month.received or month.net or month.out or month.net_before for month in self.months
        )


def figures_of(asked: Asked) -> Figures:
    """Four queries a company, and those of each of its bank accounts."""
    aged: dict[int, Aged] = {}
    sums: list[Months] = []
    debtors: list[Owing] = []
    banks: list[Bank] = []
    others: dict[str, Decimal] = defaultdict(lambda: ZERO)
    on, currency = asked.on, asked.currency
    for company in asked.companies:
        with company_scope(company):
            aged[company.pk] = aged_on(on, currency=currency)
            sums.append(months_until(on, currency=currency))
            found = largest_debtors(on, currency=currency, today=asked.today, limit=MOST_DEBTORS)
            debtors += [Owing(company, debtor) for debtor in found]
            for other, owed in owed_in_other_currencies(on, currency=currency).items():
                others[other] += owed
            banks += _banks(company, asked)
    together = sum(aged.values(), NOTHING)
    months = _added(sums)
    return Figures(
        asked=asked,
        aged=together,
        months=[_month(months, month_before(on, back), on) for back in reversed(range(asked.months))],
        debtors=sorted(debtors, key=lambda one: (-one.debtor.owed, one.debtor.customer_id))[:MOST_DEBTORS],
        banks=banks,
        others=dict(sorted(others.items())),
        best_possible_dso=dso.simple(together.buckets["not_due"], *_sales_of_a_year(months, on)),
        by_company=aged,
    )


def _banks(company: Company, asked: Asked) -> list[Bank]:
    found = []
    for account in BankAccount.objects.filter(currency=asked.currency).order_by("id"):
        known = balance_at_bank(account, asked.on)
        amount, stated_on = (known.amount, known.stated_on) if known else (None, None)
        found.append(Bank(company, account.name, amount, stated_on))
    return found


def _added(several: Sequence[Months]) -> Months:
    if len(several) == 1:
        return several[0]
    sums: dict[str, dict[date, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    for months in several:
        for measure, by_month in months.sums.items():
            for first, amount in by_month.items():
                sums[measure][first] += amount
    return Months(sums)


def _month(months: Months, first: date, on: date) -> Month:
    owed = months.standing(Measure.OWED, first)
    until = min(last_day(first), on)
    back = [_sales(months, month_before(first, count), until) for count in range(_known_months(months, first))]
    return Month(
        first=first,
        received=months.of(Measure.RECEIVED, first),
        refunded=months.of(Measure.REFUNDED, first),
        paid_out=months.of(Measure.PAID_OUT, first),
        net=months.of(Measure.NET, first),
        net_before=months.of(Measure.NET, month_before(first, YEAR)),
        owed=owed,
        dso=dso.simple(owed, *_sales_of_a_year(months, until)),
        dso_count_back=dso.count_back(owed, back),
    )


def _sales(months: Months, first: date, until: date) -> dso.MonthOfSales:
    days = (min(last_day(first), until) - first).days + 1
    return dso.MonthOfSales(first, days, months.of(Measure.NET, first) + months.of(Measure.VAT, first))


def _known_months(months: Months, first: date) -> int:
    """How many months of sales there are up to this one."""
    earliest = min(months.sums.get(Measure.NET, {first: ZERO}))
    return max((first.year - earliest.year) * 12 + first.month - earliest.month + 1, 0)


def _sales_of_a_year(months: Months, until: date) -> tuple[Decimal, int]:
    """Gross sales of the twelve months up to that of the day, and their elapsed days since the first sale."""
    count = min(_known_months(months, until.replace(day=1)), YEAR)
    sold = [_sales(months, month_before(until, back), until) for back in range(count)]
    return sum((month.sales for month in sold), ZERO), sum(month.days for month in sold)
