"""Credit control: who is late as of a day, and what was done about it: reminders, promises, disputes, usual delay."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import F, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from billing.ledger.reports import Parameters, Report, ReportTable, Row
from billing.models import Invoice
from config.kernel import typography
from config.kernel.clock import local_day, start_of_day
from config.kernel.exports import Column
from config.kernel.money import ZERO
from payments.aged.reading import AgedDocument, aged_documents
from payments.dunning.models import Reminder, ReminderHold, ReminderLevel
from payments.dunning.models.holds import HoldKind
from payments.models import Allocation
from payments.services.scores import DaysBetween

DAYS_BACK = 365
COLUMNS = (
    Column("name", gettext_lazy("Client")),
    Column("owed", gettext_lazy("Encours"), "money"),
    Column("late", gettext_lazy("En retard"), "money"),
    Column("oldest", gettext_lazy("Retard le plus long (j)"), "number"),
    Column("reminded", gettext_lazy("Dernière relance"), "date"),
    Column("level", gettext_lazy("Niveau")),
    Column("promised", gettext_lazy("Promis"), "money"),
    Column("promised_for", gettext_lazy("Promis pour le"), "date"),
    Column("disputed", gettext_lazy("En litige"), "money"),
    Column("usual", gettext_lazy("Retard moyen (j)"), "number"),
)


def build(parameters: Parameters) -> ReportTable:
    of: dict[int, list[AgedDocument]] = {}
    for document in aged_documents("receivable", parameters.but(basis="due")):
        if document.customer_id is not None:
            of.setdefault(document.customer_id, []).append(document)
    late = {pk: found for pk, found in of.items() if any(is_late(one) for one in found)}
    facts = _Facts([one.key for found in late.values() for one in found if one.kind == "I"], late, parameters)
    rows = [_row(pk, found, facts, parameters) for pk, found in late.items()]
    rows.sort(key=lambda row: -row.cells["late"])
    sums = {name: sum((row.cells[name] or ZERO for row in rows), ZERO) for name in ("owed", "late", "disputed")}
    return ReportTable(
        title=_("Suivi du crédit client"),
        subtitle=_("au %(day)s") % {"day": typography.day(parameters.end)},
        columns=COLUMNS,
        rows=rows,
        totals=[Row({"name": _("Total"), **sums}, kind="total")],
        notes=[_("Retard moyen : des encaissements de douze mois, pondéré par les montants.")],
        filename=f"credit-clients-{parameters.end:%Y%m%d}",
    )


def is_late(document: AgedDocument) -> bool:
    return document.amount > 0 and document.days_late > 0


class _Facts:
    """What was known of these invoices and customers at the end of the day. Four queries."""

    def __init__(self, invoices: Sequence[int], customers: Any, parameters: Parameters) -> None:
        self.end: datetime = start_of_day(parameters.end + timedelta(days=1))
        self.reminders = self._reminders(invoices)
        self.promises = self._promises(invoices, parameters.end)
        rows = Invoice.everywhere.filter(pk__in=invoices, disputed_at__lt=self.end)
        self.disputed = set(rows.values_list("pk", flat=True))
        self.delays = self._delays(list(customers), parameters.end)

    def _reminders(self, invoices: Sequence[int]) -> dict[int, Reminder]:
        """The last one sent of each invoice."""
        rows = Reminder.everywhere.filter(invoice__in=invoices, sent_at__lt=self.end).order_by("sent_at", "pk")
        return {row.invoice_id: row for row in rows}

    def _promises(self, invoices: Sequence[int], on: date) -> dict[int, ReminderHold]:
        rows = ReminderHold.everywhere.filter(
            Q(ended_at=None) | Q(ended_at__gte=self.end), invoice__in=invoices, kind=HoldKind.PROMISE, until__gte=on
        )
        return {row.invoice_id: row for row in rows.filter(made_at__lt=self.end).order_by("made_at", "pk")}

    def _delays(self, customers: Sequence[int], on: date) -> dict[int, Decimal]:
        held = Allocation.everywhere.filter(
            payment__customer__in=customers,
            payment__paid_on__range=(on - timedelta(days=DAYS_BACK), on),
            at__lt=self.end,
            invoice__due_date__isnull=False,
        )
        late = Sum(F("amount") * DaysBetween("payment__paid_on", "invoice__due_date"))
        rows = held.order_by().values("payment__customer_id").annotate(late=late, money=Sum("amount"))
        return {
            row["payment__customer_id"]: (row["late"] / row["money"]).to_integral_value()
            for row in rows.filter(money__gt=0)
        }


def _row(pk: int, found: Sequence[AgedDocument], facts: _Facts, parameters: Parameters) -> Row:
    late = [one for one in found if is_late(one)]
    invoices = [one for one in found if one.kind == "I" and one.amount > 0]
    reminders = [facts.reminders[one.key] for one in invoices if one.key in facts.reminders]
    last = max(reminders, key=lambda row: (row.sent_at, row.level), default=None)
    promises = [facts.promises[one.key] for one in invoices if one.key in facts.promises]
    cells = {
        "name": found[0].name,
        "owed": sum((one.amount for one in found), ZERO),
        "late": sum((one.amount for one in late), ZERO),
        "oldest": max(one.days_late for one in late),
        "reminded": local_day(last.sent_at) if last and last.sent_at else None,
        "level": str(ReminderLevel(last.level).label) if last else "",
        "promised": sum((row.amount or ZERO for row in promises), ZERO) or None,
        "promised_for": min((row.until for row in promises), default=None),
        "disputed": sum((one.amount for one in invoices if one.key in facts.disputed), ZERO) or None,
        "usual": facts.delays.get(pk),
    }
    return Row(cells, href=parameters.address_of("aged-receivable", customer=str(pk), basis=""))


REPORT = Report(
    slug="credit-control",
    title=gettext_lazy("Suivi du crédit client"),
    sentence=gettext_lazy("Qui est en retard, depuis quand, relancé comment, et ce qui est promis ou contesté."),
    asks=("day", "known_at"),
    build=build,
)
