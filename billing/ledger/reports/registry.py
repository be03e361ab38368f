"""The reports of the product: each app declares its own as it starts; pages, files and API read them here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from billing.ledger.reports.parameters import Parameters
from billing.ledger.reports.table import ReportTable

# the order on the page, whoever declares them
ORDER = (
    "trial-balance",
    "general-ledger",
    "journal",
    "third-parties",
    "aged-receivable",
    "aged-payable",
    "statement",
    "sales-by-customer",
    "sales-by-product",
    "sales-by-month",
    "sales-by-rate",
    "sales-documents",
    "sales-outstanding",
    "credit-control",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """`asks` names what its form asks: period or day, then accounts, customer, basis, journal, open_only.

    `law`: the country of whose companies alone it is; '' of all.
    """

    slug: str
    title: Any
    sentence: Any
    asks: tuple[str, ...]
    build: Callable[[Parameters], ReportTable]
    law: str = ""


_reports: dict[str, Report] = {}


def declare_reports(*declared: Report) -> None:
    for report in declared:
        if report.slug in _reports:
            raise ValueError(f"declared twice: {report.slug}")
        _reports[report.slug] = report


def reports() -> list[Report]:
    """In their order; those that ORDER does not name come last."""
    places = {slug: place for place, slug in enumerate(ORDER)}
    return sorted(_reports.values(), key=lambda report: places.get(report.slug, len(places)))


def report_called(slug: str) -> Report | None:
    return _reports.get(slug)
