"""The opening of a fiscal year: what the one before leaves on the accounts of the balance sheet (C. com. L123-19).

Accounts of customers and suppliers are carried item by item, each with its due date, so that nothing grows young on the
first day; the others by account, third party and currency. Classes 6 and 7 are not closed by an entry: their sum stands
on 120 or 129. Of these lines that one alone is new to whoever sums several years: the others repeat (`is_carried`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db import connection

from billing.ledger.calendar import DAY
from billing.ledger.entries import Entry, Posting, post_opening
from billing.models import FiscalYear, JournalEntry
from config.kernel.actor import Actor
from config.kernel.money import ZERO

PROFIT, LOSS = "120000", "129000"
OPENING_BALANCE = "890000"  # what links the parts of an opening that is too long for one entry
MOST = 5000  # lines of one entry

_ITEMS = """
SELECT line.account, line.debit - line.credit, line.customer_id, line.due_date, line.currency, line.currency_amount,
       line.id
FROM billing_journalline AS line
WHERE line.company_id = %(company)s AND line.day <= %(through)s AND NOT line.is_carried AND line.account ~ '^4[01]'
  AND NOT EXISTS (SELECT FROM billing_letteredline AS tied JOIN billing_lettering AS lettering
                  ON lettering.id = tied.lettering_id
                  WHERE tied.line_id = line.id AND tied.is_live AND lettering.effective_on <= %(through)s)
ORDER BY line.account, line.day, line.id
"""
_BALANCES = """
SELECT account, sum(debit - credit), customer_id, NULL, currency, sum(currency_amount), NULL FROM billing_journalline
WHERE company_id = %(company)s AND day <= %(through)s AND NOT is_carried AND account !~ '^(4[01]|[67])'
GROUP BY account, customer_id, currency HAVING sum(debit - credit) <> 0 ORDER BY account, customer_id, currency
"""
_RESULT = """
SELECT coalesce(sum(line.debit - line.credit), 0) FROM billing_journalline AS line
WHERE line.company_id = %(company)s AND line.day < %(before)s AND line.account ~ '^[67]'
  AND line.day > coalesce((SELECT max(ends_on) FROM billing_fiscalyear
                           WHERE company_id = %(company)s AND closed_at IS NOT NULL AND ends_on + 1 < %(before)s),
                          '-infinity'::date)
"""


def result_to_carry(company_id: int, *, before: date) -> Decimal:
    """Classes 6 and 7 before a day, of years whose opening was not written before it: a loss is positive."""
    with connection.cursor() as cursor:
        cursor.execute(_RESULT, {"company": company_id, "before": before})
        (result,) = cursor.fetchone()
    return Decimal(result)


def carry_forward(year: FiscalYear, *, actor: Actor, at: datetime) -> list[JournalEntry]:
    """Write the opening of the year after `year`, which is closed to everybody: under the lock of the counters."""
    first_day = year.ends_on + DAY
    postings = [*_carried(_ITEMS, year), *_carried(_BALANCES, year)]
    result = result_to_carry(year.company_id, before=first_day)
    if result:
        postings.append(Posting(LOSS if result > 0 else PROFIT, result))
    if not postings:
        return []
    if rest := sum((posting.amount for posting in postings), ZERO):
        raise ValueError(f"the books do not balance through {year.ends_on}: {rest}")
    label = f"À-nouveaux de l’exercice clos le {year.ends_on:%d/%m/%Y}"
    entries = [
        Entry(label=label, piece=f"AN-{first_day:%Y%m%d}", piece_date=first_day, source=year, postings=part)
        for part in _parts(postings)
    ]
    return post_opening(entries, day=first_day, actor=actor, at=at)


def _carried(sql: str, year: FiscalYear) -> Iterator[Posting]:
    with connection.cursor() as cursor:
        cursor.execute(sql, {"company": year.company_id, "through": year.ends_on})
        rows = cursor.fetchall()
    for account, amount, customer_id, due_date, currency, in_currency, line_id in rows:
        yield Posting(
            account, amount, customer_id, due_date, currency, in_currency, is_carried=True, carried_id=line_id
        )


def _parts(postings: Sequence[Posting]) -> Iterator[list[Posting]]:
    """The lines entry by entry, each balanced: one, or several that 890 links and that leave it at zero together."""
    for start in range(0, len(postings), MOST):
        part = list(postings[start : start + MOST])
        rest = sum((posting.amount for posting in part), ZERO)
        if rest:
            part.append(Posting(OPENING_BALANCE, -rest, is_carried=True))
        yield part
