"""Reading dated sums as of a day, whatever happened since: of the company in scope, in one currency, one query each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection

from config.kernel.clock import start_of_day
from config.kernel.money import ZERO
from config.kernel.scope import current_company_id
from payments.dated_sums.since import OWED_SINCE

BUCKETS = ("not_due", "days_1_30", "days_31_60", "days_61_90", "days_over_90")

# whole months by their sums, the day's own month by its days, and what is not folded yet: in one statement, so that a
# fold between two of them counts nothing twice
_SUMS = """
  SELECT measure, day, due_date, amount FROM payments_datedsum
    WHERE company_id = %(company)s AND currency = %(currency)s AND span = 'M' AND day < %(month)s
  UNION ALL
  SELECT measure, day, due_date, amount FROM payments_datedsum
    WHERE company_id = %(company)s AND currency = %(currency)s AND span = 'D' AND day >= %(month)s AND day <= %(on)s
  UNION ALL
  SELECT measure, day, coalesce(due_date, day), amount FROM payments_pendingsum
    WHERE company_id = %(company)s AND currency = %(currency)s AND day <= %(on)s
"""
BY_MONTH = f"""
SELECT measure, date_trunc('month', day)::date, sum(amount) FROM ({_SUMS}) AS sums GROUP BY 1, 2
"""  # noqa: S608 - no values of callers
AGED = f"""
SELECT coalesce(sum(amount) FILTER (WHERE measure = 'OWED' AND due_date >= %(on)s), 0),
  coalesce(sum(amount) FILTER (WHERE measure = 'OWED' AND due_date BETWEEN %(on)s - 30 AND %(on)s - 1), 0),
  coalesce(sum(amount) FILTER (WHERE measure = 'OWED' AND due_date BETWEEN %(on)s - 60 AND %(on)s - 31), 0),
  coalesce(sum(amount) FILTER (WHERE measure = 'OWED' AND due_date BETWEEN %(on)s - 90 AND %(on)s - 61), 0),
  coalesce(sum(amount) FILTER (WHERE measure = 'OWED' AND due_date < %(on)s - 90), 0),
  coalesce(sum(amount) FILTER (WHERE measure = 'CREDIT'), 0)
FROM ({_SUMS}) AS sums WHERE measure IN ('OWED', 'CREDIT')
"""  # noqa: S608
DEBTORS = f"""
SELECT balance.customer_id, customer.name, sum(balance.amount) FROM (
  SELECT customer_id, amount FROM payments_customerbalance WHERE company_id = %(company)s AND currency = %(currency)s
  UNION ALL
  SELECT customer_id, amount FROM payments_pendingsum
    WHERE company_id = %(company)s AND currency = %(currency)s AND measure = 'OWED'
  UNION ALL
  SELECT customer_id, -amount FROM ({OWED_SINCE}) AS later WHERE %(is_past)s
) AS balance JOIN customers_customer AS customer ON customer.id = balance.customer_id
GROUP BY 1, 2 HAVING sum(balance.amount) > 0 ORDER BY 3 DESC, 1 LIMIT %(limit)s
"""  # noqa: S608
OTHERS = """
SELECT currency, sum(amount) FROM (
  SELECT currency, amount FROM payments_datedsum
    WHERE company_id = %(company)s AND currency <> %(currency)s AND span = 'D' AND measure = 'OWED' AND day <= %(on)s
  UNION ALL
  SELECT currency, amount FROM payments_pendingsum
    WHERE company_id = %(company)s AND currency <> %(currency)s AND measure = 'OWED' AND day <= %(on)s
) AS sums GROUP BY 1 HAVING sum(amount) <> 0 ORDER BY 1
"""


@dataclass(frozen=True, slots=True)
class Months:
    """Each measure by the first day of its month, up to the day asked for; OWED and CREDIT are movements."""

    sums: Mapping[str, Mapping[date, Decimal]]

    def of(self, measure: str, month: date) -> Decimal:
        return self.sums.get(measure, {}).get(month, ZERO)

    def standing(self, measure: str, month: date) -> Decimal:
        """All until the end of that month: what was owed then."""
        return sum((amount for first, amount in self.sums.get(measure, {}).items() if first <= month), ZERO)


@dataclass(frozen=True, slots=True)
class Aged:
    """What is owed by its days late, VAT included; `credit` is what customers paid and no invoice holds."""

    buckets: Mapping[str, Decimal]
    credit: Decimal

    @property
    def owed(self) -> Decimal:
        return sum(self.buckets.values(), ZERO)

    @property
    def late(self) -> Decimal:
        return self.owed - self.buckets["not_due"]

    def __add__(self, other: Aged) -> Aged:
        return Aged({name: self.buckets[name] + other.buckets[name] for name in BUCKETS}, self.credit + other.credit)


@dataclass(frozen=True, slots=True)
class Debtor:
    customer_id: int
    name: str
    owed: Decimal


def months_until(on: date, *, currency: str) -> Months:
    found: dict[str, dict[date, Decimal]] = defaultdict(dict)
    for measure, month, amount in _rows(BY_MONTH, on, currency):
        found[measure][month] = amount
    return Months(found)


def aged_on(on: date, *, currency: str) -> Aged:
    *buckets, credit = next(iter(_rows(AGED, on, currency)))
    return Aged(dict(zip(BUCKETS, buckets, strict=True)), credit)


def largest_debtors(on: date, *, currency: str, today: date, limit: int) -> list[Debtor]:
    """Those who owed most at the end of the day. Of a day before `today`, what came since is taken off: the longer ago,
    the longer it takes."""
    rows = _rows(DEBTORS, on, currency, limit=limit, is_past=on < today)
    return [Debtor(*row) for row in rows]


def owed_in_other_currencies(on: date, *, currency: str) -> dict[str, Decimal]:
    return dict(_rows(OTHERS, on, currency))


def _rows(sql: str, on: date, currency: str, **values: Any) -> list[Any]:
    told: dict[str, Any] = {
        "company": current_company_id(),
        "currency": currency,
        "on": on,
        "month": on.replace(day=1),
        **values,
    }
    told["since"] = start_of_day(on + timedelta(days=1))
    with connection.cursor() as cursor:
        cursor.execute(sql, told)
        return cursor.fetchall()
