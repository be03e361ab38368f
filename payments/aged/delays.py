"""DSO: how many days of sales wait for their money, at each of the last twelve month ends (`accounting.md`, DSO).

All amounts include VAT and are those of 411: what was billed in a month is what the journal of sales put there, credit
notes taken off. Simple: balance / sales of three months × their days. Count-back: whole months of sales are taken off
the balance, the last first, and the rest is a share of the month before. Best possible: the simple one of what is not
due.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import F, Sum
from django.db.models.functions import TruncMonth
from django.utils.dateformat import format as format_day
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.ledger.reports import Parameters, Report, ReportTable, Row
from billing.ledger.reports.lines import counted_lines
from billing.models import Journal
from config.kernel import typography
from config.kernel.exports import Column
from config.kernel.money import ZERO, quantize
from payments.aged.reading import aged_by_third_party

MONTHS, SPAN, MOST_BACK = 12, 3, 24
TENTH = Decimal("0.1")
COLUMNS = (
    Column("month", gettext_lazy("Fin de mois")),
    Column("receivable", gettext_lazy("Clients (411)"), "money"),
    Column("not_due", gettext_lazy("Dont non échu"), "money"),
    Column("billed", gettext_lazy("Facturé TTC du mois"), "money"),
    Column("simple", gettext_lazy("DSO"), "number"),
    Column("count_back", gettext_lazy("DSO par épuisement"), "number"),
    Column("best", gettext_lazy("DSO sans retard"), "number"),
    Column("late", gettext_lazy("Jours dus aux retards"), "number"),
)


@dataclass(frozen=True, slots=True)
class Month:
    """What was billed in a month, VAT included, up to `last`, its last day or the one of the report."""

    last: date
    billed: Decimal

    @property
    def days(self) -> int:
        return self.last.day


def build(parameters: Parameters) -> ReportTable:
    months = _months(parameters)
    rows = [_row(months, place, parameters) for place in range(MONTHS)]
    return ReportTable(
        title=_("Délai moyen de règlement (DSO)"),
        subtitle=_("douze mois jusqu’au %(day)s") % {"day": typography.day(parameters.end)},
        columns=COLUMNS,
        rows=list(reversed(rows)),
        notes=[
            _("DSO : encours TTC / facturé TTC de trois mois × leurs jours. Vide quand rien n’a été facturé."),
            _("Par épuisement : l’encours mangé mois par mois, du dernier au plus ancien."),
        ],
        filename=f"dso-{parameters.end:%Y%m%d}",
    )


def _months(parameters: Parameters) -> list[Month]:
    """From the month of the report back, as many as count-back may take. One query."""
    lines = counted_lines(parameters).filter(account__startswith="411", entry__journal=Journal.SALES)
    rows = lines.filter(day__lte=parameters.end).order_by().annotate(month=TruncMonth("day")).values("month")
    billed = {row["month"]: row["sum"] for row in rows.annotate(sum=Sum(F("debit") - F("credit")))}
    months, last = [], parameters.end
    for _place in range(MONTHS + MOST_BACK):
        first = last.replace(day=1)
        months.append(Month(last, billed.get(first, ZERO)))
        last = first - timedelta(days=1)
    return months


def _row(months: Sequence[Month], place: int, parameters: Parameters) -> Row:
    then = parameters.but(end=months[place].last)
    aged = aged_by_third_party("receivable", then)
    receivable = sum((row.total for row in aged), ZERO)
    not_due = sum((row.buckets[0] for row in aged), ZERO)
    simple = simple_days(receivable, months[place : place + SPAN])
    best = simple_days(min(not_due, receivable), months[place : place + SPAN])
    cells = {
        "month": format_day(then.end, "F Y"),
        "receivable": receivable,
        "not_due": not_due,
        "billed": months[place].billed,
        "simple": simple,
        "count_back": count_back_days(receivable, months[place:]),
        "best": best,
        "late": None if simple is None or best is None else simple - best,
    }
    aged_url = then.address_of("aged-receivable", **{"from": ""})
    return Row(cells, links={"month": aged_url, "receivable": aged_url, "not_due": aged_url})


def simple_days(amount: Decimal, months: Sequence[Month]) -> Decimal | None:
    """The amount in days of the sales of these months; None where there were none."""
    sales, days = sum((month.billed for month in months), ZERO), sum(month.days for month in months)
    return quantize(max(amount, ZERO) * days / sales, TENTH) if sales > 0 else None


def count_back_days(amount: Decimal, months: Sequence[Month]) -> Decimal | None:
    """Whole months of sales taken off, the latest first, then the share of a month; None where they do not suffice."""
    left, days = max(amount, ZERO), Decimal(0)
    for month in months:
        if left <= 0:
            break
        if month.billed > left:
            return quantize(days + left / month.billed * month.days, TENTH)
        # a month of more credit notes than sales takes nothing off
        left, days = left - max(month.billed, ZERO), days + month.days
    return quantize(days, TENTH) if left <= 0 else None


REPORT = Report(
    slug="sales-outstanding",
    title=gettext_lazy("Délai moyen de règlement (DSO)"),
    sentence=gettext_lazy("Combien de jours de ventes attendent leur règlement, à chaque fin de mois."),
    asks=("day", "known_at"),
    build=build,
)
