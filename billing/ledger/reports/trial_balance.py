"""The trial balance: of each account the opening, the movements and the closing, beside those of a year before.

Classes 1 to 5 are carried on from the first line ever; 6 and 7 begin at zero each fiscal year, and what earlier years
leave that is not carried forward yet stands in a line of its own: debits equal credits on every day.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.db.models import Case, Exists, F, OuterRef, Q, Sum, When
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.ledger.calendar import calendar_of
from billing.ledger.chart import account_names
from billing.ledger.reports.lines import counted_lines, period_of
from billing.ledger.reports.parameters import Parameters
from billing.ledger.reports.registry import Report
from billing.ledger.reports.table import ReportTable, Row
from billing.models import Journal, JournalLine
from config.kernel.exports import Column
from config.kernel.money import ZERO

COLUMNS = (
    Column("account", gettext_lazy("Compte")),
    Column("name", gettext_lazy("Intitulé")),
    Column("opening", gettext_lazy("Ouverture"), "money"),
    Column("debit", gettext_lazy("Débit"), "money"),
    Column("credit", gettext_lazy("Crédit"), "money"),
    Column("debit_balance", gettext_lazy("Solde débiteur"), "money"),
    Column("credit_balance", gettext_lazy("Solde créditeur"), "money"),
    Column("before", gettext_lazy("Solde N-1"), "money"),
)
SUMS = {"opening": "opening", "debit": "debited", "credit": "credited", "before": "before"}
RESULT = Q(account__startswith="6") | Q(account__startswith="7")
Sums = dict[str, Decimal]


def build(parameters: Parameters) -> ReportTable:
    year = parameters.year
    notes = [_("Ouverture et soldes N-1 : débit positif, crédit négatif.")]
    if parameters.start < year.starts_on:
        parameters = parameters.but(start=year.starts_on)
        notes.append(_("La période commence avec l’exercice : charges et produits repartent de zéro."))
    accounts, carried = accounts_of(parameters)
    totals = [Row({"name": _("Total"), **shown([*accounts.values(), carried])}, kind="total")]
    if any(carried.values()):
        totals.insert(0, Row({"name": _("Résultats antérieurs non reportés"), **shown([carried])}, kind="subtotal"))
    return ReportTable(
        title=_("Balance générale"),
        subtitle=period_of(parameters),
        columns=COLUMNS,
        rows=list(_rows(accounts, parameters)),
        totals=totals,
        notes=notes,
        filename=f"balance-{parameters.end:%Y%m%d}",
    )


def accounts_of(parameters: Parameters) -> tuple[Mapping[str, Sums], Sums]:
    """The sums of each account that has any, in a period within one fiscal year; and what earlier years leave on 6 and
    7. Two queries."""
    calendar = calendar_of(parameters.company.pk)
    starts, earlier = calendar.year_of(parameters.end).starts_on, a_year_before(parameters.end)
    started = calendar.year_of(earlier).starts_on
    net = F("debit") - F("credit")
    repeated = JournalLine.everywhere.filter(entry=OuterRef("entry"), is_carried=True)
    carried_on, carried_before = ~RESULT | Q(day__gte=starts), ~RESULT | Q(day__gte=started)
    # the result of a year that was closed: on 120 or 129 from the first day of the next one
    closed = Q(account__startswith="12", entry__journal=Journal.OPENING) & Q(Exists(repeated))
    before_start = Q(day__lt=parameters.start) | closed & Q(day=parameters.start)
    lines = counted_lines(parameters).filter(day__lte=parameters.end).order_by()
    rows = lines.values("account").annotate(
        opening=Sum(net, filter=carried_on & before_start, default=ZERO),
        debited=Sum("debit", filter=~before_start, default=ZERO),
        credited=Sum("credit", filter=~before_start, default=ZERO),
        before=Sum(net, filter=Q(day__lte=earlier) & carried_before, default=ZERO),
        left=Sum(_left(net, closed), filter=RESULT & Q(day__lt=starts) | closed & Q(day__lte=starts), default=ZERO),
        left_before=Sum(
            _left(net, closed), filter=RESULT & Q(day__lt=started) | closed & Q(day__lte=started), default=ZERO
        ),
    )
    found: dict[str, Any] = {str(row["account"]): row for row in rows.order_by("account")}
    sums = {account: {name: row[SUMS[name]] for name in SUMS} for account, row in found.items()}
    left = {"opening": "left", "before": "left_before"}
    carried = {name: sum((row[left[name]] for row in found.values()), ZERO) if name in left else ZERO for name in SUMS}
    return {account: row for account, row in sums.items() if any(row.values())}, carried


def _left(net: Any, closed: Q) -> Case:
    """What a year left on 6 and 7, less what its closing put on 12."""
    return Case(When(closed, then=-net), default=net)


def closing_of(sums: Sums) -> Decimal:
    return sums["opening"] + sums["debit"] - sums["credit"]


def shown(rows: Sequence[Sums]) -> dict[str, Decimal]:
    """The cells of accounts together: what is owed to us and by us is not set off between accounts."""
    closings = [closing_of(row) for row in rows]
    return {
        **{name: sum((row[name] for row in rows), ZERO) for name in SUMS},
        "debit_balance": sum((max(closing, ZERO) for closing in closings), ZERO),
        "credit_balance": sum((max(-closing, ZERO) for closing in closings), ZERO),
    }


def _rows(accounts: Mapping[str, Sums], parameters: Parameters) -> Iterator[Row]:
    names = account_names(parameters.company.pk)
    by_class = groupby(accounts.items(), key=lambda row: row[0][0])
    for digit, found in by_class:
        inside = list(found)
        for account, sums in inside:
            href = parameters.address_of("general-ledger", first_account=account, last_account=account)
            cells = {name: amount or None for name, amount in shown([sums]).items()}
            yield Row({"account": account, "name": names.get(account, ""), **cells}, href=href)
        words = _("Classe %(digit)s") % {"digit": digit}
        yield Row({"name": words, **shown([sums for _account, sums in inside])}, kind="subtotal")


def a_year_before(day: date) -> date:
    try:
        return day.replace(year=day.year - 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year - 1, day=28)


REPORT = Report(
    slug="trial-balance",
    title=gettext_lazy("Balance générale"),
    sentence=gettext_lazy(
        "Le solde d’ouverture, les mouvements et le solde de chaque compte, à côté de l’année d’avant."
    ),
    asks=("period", "accounts", "known_at"),
    build=build,
)
