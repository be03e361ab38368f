"""The journal: each entry of a period line by line, with the totals of each month (C. com. R123-173)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import TruncMonth
from django.utils.dateformat import format as format_day
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.ledger.reports.lines import AT_A_TIME, CREDIT, DEBIT, counted_lines, page_of, period_of, within
from billing.ledger.reports.parameters import Parameters
from billing.ledger.reports.registry import Report
from billing.ledger.reports.table import ReportTable, Row
from billing.models import Journal, JournalLine
from config.kernel.exports import Column
from config.kernel.money import ZERO

COLUMNS = (
    Column("day", gettext_lazy("Date"), "date"),
    Column("journal", gettext_lazy("Journal")),
    Column("number", gettext_lazy("Écriture")),
    Column("piece", gettext_lazy("Pièce")),
    Column("account", gettext_lazy("Compte")),
    Column("label", gettext_lazy("Libellé")),
    Column("party", gettext_lazy("Tiers")),
    Column("debit", gettext_lazy("Débit"), "money"),
    Column("credit", gettext_lazy("Crédit"), "money"),
)


def build(parameters: Parameters) -> ReportTable:
    lines = within(counted_lines(parameters), parameters)
    if parameters.journal:
        lines = lines.filter(entry__journal=parameters.journal)
    return ReportTable(
        title=f"{_('Journal')} {journal_name(parameters.journal)}".rstrip(),
        subtitle=period_of(parameters),
        columns=COLUMNS,
        rows=_rows(lines),
        totals=_totals(lines),
        filename=f"journal-{parameters.journal}-{parameters.end:%Y%m%d}",
    )


def journal_name(code: str) -> str:
    """VE – Ventes; the code alone for the journal of a bank; '' for all of them."""
    return f"{code} – {Journal(code).label}" if code in Journal.values else code


def _rows(lines: QuerySet[JournalLine]) -> Iterator[Row]:
    ordered = lines.select_related("entry", "customer").order_by("day", "entry__number", "entry_id", "position")
    for line in ordered.iterator(AT_A_TIME):
        entry = line.entry
        cells: dict[str, Any] = {
            "day": line.day,
            "journal": entry.journal,
            "number": entry.number,
            "piece": entry.piece,
            "account": line.account,
            "label": line.label,
            "party": line.customer.name if line.customer else "",
            "debit": line.debit or None,
            "credit": line.credit or None,
        }
        yield Row(cells, href=page_of(entry.source))


def _totals(lines: QuerySet[JournalLine]) -> list[Row]:
    sums = lines.order_by().annotate(month=TruncMonth("day")).values("month").annotate(debited=DEBIT, credited=CREDIT)
    months = list(sums.order_by("month"))
    rows = [
        Row(
            {"label": format_day(row["month"], "F Y"), "debit": row["debited"], "credit": row["credited"]},
            kind="subtotal",
        )
        for row in months
    ]
    whole = {
        "debit": sum((row["debited"] for row in months), ZERO),
        "credit": sum((row["credited"] for row in months), ZERO),
    }
    return [*rows, Row({"label": _("Total"), **whole}, kind="total")]


REPORT = Report(
    slug="journal",
    title=gettext_lazy("Journal"),
    sentence=gettext_lazy("Chaque écriture d’une période, journal par journal, avec le total de chaque mois."),
    asks=("period", "journal", "known_at"),
    build=build,
)
