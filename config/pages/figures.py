"""The figures of the home page: sums asked of SQL, in three queries whatever the number of rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Min, Q, Sum
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.billed import GROSS, NET, billed
from billing.models import BALANCE, Invoice, InvoiceKind, InvoiceStatus
from config.kernel import typography
from config.kernel.models import Membership
from payments.models import Payment

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Figure:
    label: str
    value: str
    note: str
    tone: str
    name: str
    query: str


@dataclass(frozen=True, slots=True)
class Sums:
    """What the invoices in hand add up to, asked in one query."""

    drafts: int
    draft_total: Decimal
    only_draft: int | None
    due: int
    due_total: Decimal
    late: int
    late_total: Decimal
    only_late: int | None
    oldest: date | None


def sums(today: date) -> Sums:
    draft = Q(status=InvoiceStatus.DRAFT)
    due = Q(status=InvoiceStatus.ISSUED) & ~Q(kind=InvoiceKind.CREDIT_NOTE)
    late = due & Q(due_date__lt=today)
    row = Invoice.objects.filter(status__in=[InvoiceStatus.DRAFT, InvoiceStatus.ISSUED]).aggregate(
        drafts=Count("pk", filter=draft),
        draft_total=Sum("total_gross", filter=draft, default=ZERO),
        only_draft=Min("pk", filter=draft),
        due=Count("pk", filter=due),
        due_total=Sum(BALANCE, filter=due, default=ZERO),
        late=Count("pk", filter=late),
        late_total=Sum(BALANCE, filter=late, default=ZERO),
        only_late=Min("pk", filter=late),
        oldest=Min("due_date", filter=late),
    )
    return Sums(**row)


@dataclass(frozen=True, slots=True)
class Month:
    """What was received and billed since the first of the month."""

    start: date
    received: Decimal
    payments: int
    gross: Decimal
    net: Decimal


def month(today: date) -> Month:
    """Two queries."""
    start = today.replace(day=1)
    received = Payment.objects.filter(paid_on__gte=start, paid_on__lte=today).aggregate(
        total=Sum("amount", default=ZERO), rows=Count("pk", filter=Q(amount__gt=0))
    )
    issued = Invoice.objects.filter(issue_date__gte=start, issue_date__lte=today)
    sold = issued.aggregate(gross=billed(GROSS), net=billed(NET))
    return Month(start, received["total"], received["rows"], sold["gross"], sold["net"])


def figures(found: Sums, today: date, membership: Membership) -> list[Figure]:
    """What is owed and late, what the month brought and billed, as far as the role reads it. Two queries."""
    sold = month(today)
    since = f"from={sold.start.isoformat()}&to={today.isoformat()}"
    late_tone = "bad" if found.late else "good"
    every = [
        ("invoices", Figure(
            _("À encaisser"), typography.money(found.due_total), _invoices(found.due), "neutral",
            "billing:invoice-list", "status=due",
        )),
        ("invoices", Figure(
            _("En retard"), typography.money(found.late_total),
            _invoices(found.late) if found.late else _("rien en retard"), late_tone,
            "billing:invoice-list", "status=overdue",
        )),
        ("payments", Figure(
            _("Encaissé ce mois"), typography.money(sold.received), _payments(sold.payments), "neutral",
            "payments:payment-list", since,
        )),
        ("finance", Figure(
            _("Facturé ce mois"), typography.money(sold.gross),
            _("TTC, soit %(net)s HT") % {"net": typography.money(sold.net)}, "neutral", "billing:invoice-list", since,
        )),
    ]  # fmt: skip
    return [figure for area, figure in every if membership.may_read(area)]


def _invoices(count: int) -> str:
    return ngettext("%(count)s facture", "%(count)s factures", count) % {"count": typography.number(count)}


def _payments(count: int) -> str:
    return ngettext("%(count)s encaissement", "%(count)s encaissements", count) % {"count": typography.number(count)}
