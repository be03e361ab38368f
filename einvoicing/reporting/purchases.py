"""Purchases from businesses abroad (10.1 of the buyer): whoever keeps purchases tells them here.

A room that keeps supplier invoices adds its reading to SOURCES in its AppConfig.ready; the report of purchases, its
periods, its file and its page are those of sales, in the role of the buyer (TT-15 BY). Imports of goods are the
customs' and no source yields them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from config.kernel.models import Company
from einvoicing.formats.ereporting import UnitInvoice
from einvoicing.reporting.periods import Period


@dataclass(frozen=True, slots=True)
class Purchase:
    """A supplier invoice that 10.1 carries; `key` is its row's id, `address` the page that shows it."""

    row: UnitInvoice
    key: int
    address: str


Source = Callable[[Company, Period], Iterator[Purchase]]
SOURCES: list[Source] = []


def purchase_rows(company: Company, period: Period) -> Iterator[Purchase]:
    """The purchases of a period, of every room that keeps some."""
    for source in SOURCES:
        yield from source(company, period)
