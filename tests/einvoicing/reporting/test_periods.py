"""Which days a report covers and until when it is sent, by VAT regime (standards: the table of décret 2022-1299)."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from einvoicing.reporting.periods import (
    FRANCHISE,
    KINDS,
    MONTHLY,
    PAYMENTS,
    PURCHASES,
    QUARTERLY,
    REGIMES,
    SALES,
    SIMPLIFIED,
    UnknownPeriod,
    parse_period,
    period_at,
    periods_between,
)


@pytest.mark.parametrize(
    ("day", "kind", "regime", "start", "end", "opens_on", "due_on"),
    [
        ("2026-11-10", SALES, MONTHLY, "2026-11-01", "2026-11-10", "2026-11-11", "2026-11-20"),
        ("2026-11-11", SALES, MONTHLY, "2026-11-11", "2026-11-20", "2026-11-21", "2026-11-30"),
        ("2026-11-30", SALES, MONTHLY, "2026-11-21", "2026-11-30", "2026-12-01", "2026-12-10"),
        ("2026-12-31", PURCHASES, MONTHLY, "2026-12-21", "2026-12-31", "2027-01-01", "2027-01-10"),
        ("2028-02-15", SALES, MONTHLY, "2028-02-11", "2028-02-20", "2028-02-21", "2028-02-29"),
        ("2026-11-16", PAYMENTS, MONTHLY, "2026-11-01", "2026-11-30", "2026-12-01", "2026-12-10"),
        ("2026-11-16", SALES, QUARTERLY, "2026-11-01", "2026-11-30", "2026-12-01", "2026-12-10"),
        ("2027-01-31", PAYMENTS, SIMPLIFIED, "2027-01-01", "2027-01-31", "2027-02-25", "2027-02-28"),
        ("2026-11-16", SALES, FRANCHISE, "2026-11-01", "2026-12-31", "2027-01-25", "2027-01-31"),
        ("2026-12-01", PAYMENTS, FRANCHISE, "2026-11-01", "2026-12-31", "2027-01-25", "2027-01-31"),
    ],
)
def test_each_regime_has_its_days(day, kind, regime, start, end, opens_on, due_on):
    period = period_at(date.fromisoformat(day), kind=kind, regime=regime)
    found = [value.isoformat() for value in (period.start, period.end, period.opens_on, period.due_on)]
    assert found == [start, end, opens_on, due_on]


@pytest.mark.parametrize("regime", REGIMES)
@pytest.mark.parametrize("kind", KINDS)
def test_every_day_of_three_years_is_of_one_period(regime, kind):
    first, last = date(2026, 1, 1), date(2028, 12, 31)
    covered = first
    for period in periods_between(first, last, kind=kind, regime=regime):
        assert period.start == covered
        assert period.start < period.end < period.opens_on <= period.due_on
        covered = period.end + timedelta(days=1)
        days = (period.start + timedelta(days=number) for number in range((period.end - period.start).days + 1))
        assert {period_at(day, kind=kind, regime=regime) for day in days} == {period}
    assert covered > last


def test_a_decade_names_transactions_and_a_month_payments():
    assert [period.kind for period in parse_period("2026-11-3", regime=MONTHLY)] == [SALES, PURCHASES]
    assert [period.kind for period in parse_period("2026-11", regime=MONTHLY)] == [PAYMENTS]
    assert [period.kind for period in parse_period("2026-11", regime=QUARTERLY)] == list(KINDS)
    assert {period.code for period in parse_period("2026-12", regime=FRANCHISE)} == {"2026-11"}


@pytest.mark.parametrize(
    ("text", "regime"),
    [("2026-11-4", MONTHLY), ("2026-13", MONTHLY), ("11/2026", MONTHLY), ("2026-11-1", SIMPLIFIED), ("", MONTHLY)],
)
def test_what_is_no_period_of_the_regime_is_refused(text, regime):
    with pytest.raises(UnknownPeriod):
        parse_period(text, regime=regime)
