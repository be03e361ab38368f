"""The entries of a fiscal year as its FEC, line by line as it leaves: a million lines in the memory of a few thousand.

Opening entries first, then by day, journal and number. Nothing closes classes 6 and 7 (BOI-CF-IOR-60-40-20 §120): the
result stands in the opening of the next year. A letter is written where the lines that bear it sum to zero in the file,
with the day on which they were lettered. Names are those of the closing day once the year is closed (`names`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache
from typing import Any

from django.db import connection

from billing.ledger.calendar import Year
from billing.ledger.fec.fields import (
    AUXILIARY,
    ENCODING,
    END,
    FIELDS,
    SEPARATOR,
    clean,
    fec_name,
    written_amount,
    written_day,
)
from billing.ledger.fec.names import Names, current_names, journal_label, kept_names
from billing.models import FiscalYear
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.money import ZERO

PIECE = 2000  # lines read, and written, at a time
# a line that repeats one of an earlier year has its piece, its label, and its letter
_LINES = """
SELECT entry.journal, entry.number, entry.day, line.account, customer.id, coalesce(kept.name, customer.name),
       coalesce(origin.piece, entry.piece), coalesce(origin.piece_date, entry.piece_date),
       coalesce(nullif(root.label, ''), nullif(line.label, ''), entry.label), line.debit, line.credit,
       CASE WHEN lettering.id IS NOT NULL AND sum(line.debit - line.credit) OVER (PARTITION BY lettering.id) = 0
            THEN lettering.letter END,
       lettering.lettered_on, entry.created_at, line.currency, line.currency_amount
FROM billing_journalline AS line
JOIN billing_journalentry AS entry ON entry.id = line.entry_id
LEFT JOIN customers_customer AS customer ON customer.id = line.customer_id
LEFT JOIN billing_closedname AS kept
  ON kept.year_id = %(closed)s::bigint AND kept.kind = 'THIRD' AND kept.code = line.customer_id::text
LEFT JOIN billing_journalline AS root ON root.id = line.carried_line_id
LEFT JOIN billing_journalentry AS origin ON origin.id = root.entry_id
LEFT JOIN billing_letteredline AS tied ON tied.line_id = coalesce(line.carried_line_id, line.id) AND tied.is_live
LEFT JOIN billing_lettering AS lettering ON lettering.id = tied.lettering_id AND lettering.effective_on <= %(through)s
WHERE line.company_id = %(company)s AND line.day BETWEEN %(start)s AND %(through)s
ORDER BY entry.journal <> 'AN', entry.day, entry.journal, length(entry.number), entry.number, line.position
"""


@dataclass(frozen=True, slots=True)
class Fec:
    """The file of a fiscal year, through a day: its last one, or today where it still runs."""

    company: Company
    year: Year
    through: date

    @property
    def name(self) -> str:
        return fec_name(self.company.legal_number, self.year.ends_on)

    @property
    def is_running(self) -> bool:
        return self.through < self.year.ends_on

    def chunks(self) -> Iterator[bytes]:
        """The file part by part, of whole lines. Reads as it goes, in the company's scope."""
        yield (SEPARATOR.join(FIELDS) + END).encode(ENCODING)
        closed = FiscalYear.everywhere.filter(
            company=self.company, starts_on=self.year.starts_on, ends_on=self.year.ends_on, closed_at__isnull=False
        ).first()
        write = _writer(*(kept_names(closed) if closed else current_names(self.company.pk)))
        with connection.chunked_cursor() as cursor:
            bounds: dict[str, Any] = {
                "company": self.company.pk,
                "start": self.year.starts_on,
                "through": self.through,
                "closed": closed.pk if closed else None,
            }
            cursor.execute(_LINES, bounds)
            while rows := cursor.fetchmany(PIECE):
                yield "".join(map(write, rows)).encode(ENCODING)


def fec_of(company: Company, year: Year, *, today: date) -> Fec:
    return Fec(company, year, min(year.ends_on, today))


def _writer(names: Names, journals: Names) -> Callable[[Any], str]:
    """What writes a row of _LINES, with the names of the accounts and of the journals."""

    @lru_cache(maxsize=4096)
    def account_label(account: str) -> str:
        return clean(names.get(account, "")) or f"Compte {account}"

    def write(row: Any) -> str:
        journal, number, day, account, *rest = row
        third, name, piece, piece_date, label, debit, credit, letter, lettered_on, written_at, currency, amount = rest
        has_third = third is not None and account.startswith(AUXILIARY)
        fields = (
            journal,
            clean(journals.get(journal, "")) or journal_label(journal),
            number,
            written_day(day),
            account,
            account_label(account),
            str(third) if has_third else "",
            (clean(name) or f"Tiers {third}") if has_third else "",
            clean(piece) or number,
            written_day(piece_date),
            clean(label) or clean(piece) or number,
            written_amount(debit),
            written_amount(credit),
            letter or "",
            written_day(lettered_on) if letter else "",
            written_day(_day(written_at)),
            written_amount(abs(amount or ZERO)) if currency else "",
            currency,
        )
        return SEPARATOR.join(fields) + END

    return write


@lru_cache(maxsize=4096)  # entries of one batch were written at one instant
def _day(at: datetime) -> date:
    return local_day(at)
