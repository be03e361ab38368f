"""The statement of account of one customer: its account over a period, then what is open at its end."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.ledger.reports import Parameters, Report, ReportTable, Row
from billing.ledger.reports.lines import AT_A_TIME, counted_lines, page_of, period_of
from billing.models import JournalLine
from config.kernel import typography
from config.kernel.exports import Column
from config.kernel.money import ZERO
from payments.aged.reading import aged_documents
from payments.aged.reports import named

COLUMNS = (
    Column("day", gettext_lazy("Date"), "date"),
    Column("piece", gettext_lazy("Pièce")),
    Column("label", gettext_lazy("Libellé")),
    Column("due", gettext_lazy("Échéance"), "date"),
    Column("debit", gettext_lazy("Débit"), "money"),
    Column("credit", gettext_lazy("Crédit"), "money"),
    Column("balance", gettext_lazy("Solde"), "money"),
)


def build(parameters: Parameters) -> ReportTable:
    """Without a customer: nothing but the wish to choose one."""
    customer = parameters.customer
    if customer is None:
        notes = [_("Choisissez un client dans la balance âgée, ou ouvrez ce relevé depuis sa fiche.")]
        return ReportTable(title=_("Relevé de compte"), subtitle="", columns=COLUMNS, rows=[], notes=notes)
    lines = counted_lines(parameters).filter(account__startswith="411", day__lte=parameters.end)
    sums = lines.aggregate(
        opening=Sum(F("debit") - F("credit"), filter=Q(day__lt=parameters.start), default=ZERO),
        closing=Sum(F("debit") - F("credit"), default=ZERO),
    )
    return ReportTable(
        title=_("Relevé de compte"),
        subtitle=f"{customer.name} – {period_of(parameters)}",
        columns=COLUMNS,
        rows=_rows(lines, sums["opening"], parameters),
        totals=[Row({"label": _closing(sums["closing"], parameters), "balance": sums["closing"]}, kind="total")],
        filename=f"releve-{customer.name}-{parameters.end:%Y%m%d}",
    )


def _closing(balance: Decimal, parameters: Parameters) -> str:
    words = _("Solde en notre faveur au %(day)s") if balance >= 0 else _("Solde en votre faveur au %(day)s")
    return words % {"day": typography.day(parameters.end)}


def _rows(lines: QuerySet[JournalLine], opening: Decimal, parameters: Parameters) -> Iterator[Row]:
    yield Row({"label": _("Solde d’ouverture"), "balance": opening}, kind="heading")
    moves = lines.filter(day__gte=parameters.start).select_related("entry").order_by("day", "entry_id", "position")
    balance = opening
    for line in moves.iterator(AT_A_TIME):
        balance += line.debit - line.credit
        cells: dict[str, Any] = {
            "day": line.day,
            "piece": line.entry.piece,
            "label": line.label,
            "due": line.due_date,
            "debit": line.debit or None,
            "credit": line.credit or None,
            "balance": balance,
        }
        yield Row(cells, href=page_of(line.entry.source))
    yield from _open(parameters)


def _open(parameters: Parameters) -> Iterator[Row]:
    """What is left of each document on the last day; together they are the closing balance."""
    documents = aged_documents("receivable", parameters)
    names = named("receivable", documents)
    if documents:
        yield Row({"label": _("Ce qui reste ouvert")}, kind="heading")
    for document in documents:
        name, url = names[document.kind, document.key]
        amount = document.amount
        cells = {"day": document.issued_on, "piece": name, "due": document.due_on if amount > 0 else None}
        late = _("%(days)s j de retard") % {"days": document.days_late}
        cells |= {"label": late if amount > 0 and document.days_late > 0 else "", "balance": amount}
        yield Row(cells, href=url)


REPORT = Report(
    slug="statement",
    title=gettext_lazy("Relevé de compte"),
    sentence=gettext_lazy("Le compte d’un client sur une période, et ce qui reste ouvert : à lui envoyer."),
    asks=("period", "customer", "known_at"),
    build=build,
)
