"""The general ledger and the ledgers of third parties: each line with the balance after it, from a true opening."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.ledger.chart import account_names
from billing.ledger.reports.lines import (
    AT_A_TIME,
    counted_lines,
    lettered,
    lettered_lines,
    page_of,
    period_of,
)
from billing.ledger.reports.parameters import Parameters
from billing.ledger.reports.registry import Report
from billing.ledger.reports.table import ReportTable, Row
from billing.ledger.reports.trial_balance import RESULT
from billing.models import JournalLine
from config.kernel.exports import Column
from config.kernel.money import ZERO

COLUMNS = (
    Column("account", gettext_lazy("Compte")),
    Column("day", gettext_lazy("Date"), "date"),
    Column("number", gettext_lazy("Écriture")),
    Column("piece", gettext_lazy("Pièce")),
    Column("label", gettext_lazy("Libellé")),
    Column("due", gettext_lazy("Échéance"), "date"),
    Column("letter", gettext_lazy("Lettre")),
    Column("debit", gettext_lazy("Débit"), "money"),
    Column("credit", gettext_lazy("Crédit"), "money"),
    Column("balance", gettext_lazy("Solde"), "money"),
)
# sub-ledgers: customers with their deposits, suppliers with theirs
THIRD_PARTIES = Q(account__startswith="40") | Q(account__startswith="41")
Key = tuple[str, ...]


def build(parameters: Parameters) -> ReportTable:
    lines = counted_lines(parameters)
    return ReportTable(
        title=_("Grand livre"),
        subtitle=period_of(parameters),
        columns=COLUMNS,
        rows=_ledger(lines, parameters, ("account",)),
        totals=_totals(lines, parameters),
        filename=f"grand-livre-{parameters.first_account}-{parameters.end:%Y%m%d}",
    )


def build_third_parties(parameters: Parameters) -> ReportTable:
    """By customer and supplier. `open_only`: the lines that no letter settles by the last day, whatever theirs."""
    lines = counted_lines(parameters).filter(THIRD_PARTIES, customer__isnull=False)
    notes = []
    if parameters.open_only:
        lines = lines.exclude(pk__in=lettered_lines(parameters.company.pk, on=parameters.end))
        notes.append(_("Seules les lignes non lettrées sont montrées, et les soldes sont les leurs."))
    return ReportTable(
        title=_("Grand livre des tiers"),
        subtitle=period_of(parameters),
        columns=COLUMNS,
        rows=_ledger(lines, parameters, ("customer__name", "customer_id", "account")),
        totals=_totals(lines, parameters),
        notes=notes,
        filename=f"tiers-{parameters.end:%Y%m%d}",
    )


def _ledger(lines: QuerySet[JournalLine], parameters: Parameters, keys: Key) -> Iterator[Row]:
    """By account (and third party): its opening, its lines, its closing. Lines are never held together."""
    openings = _openings(lines, parameters, keys)
    idle = [key for key, (_opening, moved) in openings.items() if not moved]
    places = {key: place for place, key in enumerate(openings)}
    within = lettered(lines, on=parameters.end).filter(day__gte=parameters.start, day__lte=parameters.end)
    ordered = within.select_related("entry", "customer").order_by(*keys, "day", "entry__number", "entry_id", "position")
    names = account_names(parameters.company.pk)
    idle.reverse()
    for key, found in groupby(ordered.iterator(AT_A_TIME), key=_key_of(keys)):
        while idle and places[idle[-1]] < places.get(key, 0):
            yield from _account(idle[-1], openings[idle.pop()][0], iter(()), names)
        yield from _account(key, openings.get(key, (ZERO, 0))[0], found, names)
    for key in reversed(idle):
        yield from _account(key, openings[key][0], iter(()), names)


def _openings(lines: QuerySet[JournalLine], parameters: Parameters, keys: Key) -> dict[Any, tuple[Decimal, int]]:
    """What each had before the period, and how many lines move it within, in the order of the ledger.

    Classes 6 and 7 begin with their fiscal year.
    """
    own = ~RESULT | Q(day__gte=parameters.year_of_start.starts_on)
    counted = lines.filter(own, day__lte=parameters.end).order_by(*keys).values_list(*keys)
    rows = counted.annotate(
        opening=Sum(F("debit") - F("credit"), filter=Q(day__lt=parameters.start), default=ZERO),
        moved=Count("pk", filter=Q(day__gte=parameters.start)),
    )
    return {tuple(row[:-2]): (row[-2], row[-1]) for row in rows if row[-2] or row[-1]}


def _key_of(keys: Key) -> Callable[[JournalLine], tuple[Any, ...]]:
    if len(keys) == 1:
        return lambda line: (line.account,)
    return lambda line: (line.customer.name if line.customer else "", line.customer_id, line.account)


def _account(
    key: tuple[Any, ...], opening: Decimal, found: Iterator[JournalLine], names: Mapping[str, str]
) -> Iterator[Row]:
    account = key[-1]
    name = names.get(account, "")
    title = name if len(key) == 1 else f"{key[0]} – {name}"
    yield Row({"account": account, "label": title, "balance": opening}, kind="heading")
    balance, debit, credit = opening, ZERO, ZERO
    for line in found:
        debit, credit, balance = debit + line.debit, credit + line.credit, balance + line.debit - line.credit
        yield Row(_cells(line, balance), href=page_of(line.entry.source))
    cells = {"account": account, "label": _("Solde"), "debit": debit, "credit": credit, "balance": balance}
    yield Row(cells, kind="subtotal")


def _cells(line: Any, balance: Decimal) -> dict[str, Any]:
    return {
        "account": line.account,
        "day": line.day,
        "number": line.entry.number,
        "piece": line.entry.piece,
        "label": line.label,
        "due": line.due_date,
        "letter": line.letter or "",
        "debit": line.debit or None,
        "credit": line.credit or None,
        "balance": balance,
    }


def _totals(lines: QuerySet[JournalLine], parameters: Parameters) -> list[Row]:
    moved = Q(day__gte=parameters.start)
    own = ~RESULT | Q(day__gte=parameters.year_of_start.starts_on)
    sums = (
        lines.filter(own, day__lte=parameters.end)
        .order_by()
        .aggregate(
            debited=Sum("debit", filter=moved, default=ZERO),
            credited=Sum("credit", filter=moved, default=ZERO),
            balance=Sum(F("debit") - F("credit"), default=ZERO),
        )
    )
    cells = {"debit": sums["debited"], "credit": sums["credited"], "balance": sums["balance"]}
    return [Row({"label": _("Total"), **cells}, kind="total")]


GENERAL_LEDGER = Report(
    slug="general-ledger",
    title=gettext_lazy("Grand livre"),
    sentence=gettext_lazy("Compte par compte : le solde d’ouverture, chaque ligne, sa lettre et le solde après elle."),
    asks=("period", "accounts", "known_at"),
    build=build,
)
THIRD_PARTY_LEDGER = Report(
    slug="third-parties",
    title=gettext_lazy("Grand livre des tiers"),
    sentence=gettext_lazy("Client par client, fournisseur par fournisseur : ce qui est lettré et ce qui reste ouvert."),
    asks=("period", "customer", "open_only", "known_at"),
    build=build_third_parties,
)
