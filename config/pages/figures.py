"""The figures of the home page: sums asked of SQL, in three queries whatever the number of rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.billed import GROSS, NET, billed_in_books
from billing.invoice_sums import ZERO, invoice_sums
from billing.models import Invoice
from config.kernel import typography
from config.kernel.models import Membership
from config.kernel.todo import Today
from payments.models import Payment

IN_BOOKS = Coalesce("accounting_amount", "amount")


@dataclass(frozen=True, slots=True)
class Figure:
    label: str
    value: str
    note: str
    tone: str
    name: str
    query: str


@dataclass(frozen=True, slots=True)
class Month:
    """What was received and billed since the first of the month, in the currency of the books."""

    start: date
    received: Decimal
    payments: int
    gross: Decimal
    net: Decimal


def month(today: date) -> Month:
    """Two queries."""
    start = today.replace(day=1)
    received = Payment.objects.filter(paid_on__gte=start, paid_on__lte=today).aggregate(
        # a reversal is a negative payment: it lowers the sum, and is no payment in the count
        total=Sum(IN_BOOKS, default=ZERO),
        rows=Count("pk", filter=Q(amount__gt=0)),
    )
    issued = Invoice.objects.filter(issue_date__gte=start, issue_date__lte=today)
    sold = issued.aggregate(gross=billed_in_books(GROSS), net=billed_in_books(NET))
    return Month(start, received["total"], received["rows"], sold["gross"], sold["net"])


def figures(today: Today, membership: Membership) -> list[Figure]:
    """What is owed and late, what the month brought and billed, as far as the role reads it. Three queries at most."""
    found = today.once(invoice_sums)
    sold = month(today.date)
    since = f"from={sold.start.isoformat()}&to={today.date.isoformat()}"
    books = membership.company.currency
    late_tone = "bad" if found.late else "good"
    every = [
        ("invoices", Figure(
            _("À encaisser"), typography.money(found.due_total, books), _invoices(found.due), "neutral",
            "billing:invoice-list", "status=due",
        )),
        ("invoices", Figure(
            _("En retard"), typography.money(found.late_total, books),
            _invoices(found.late) if found.late else _("rien en retard"), late_tone,
            "billing:invoice-list", "status=overdue",
        )),
        ("payments", Figure(
            _("Encaissé ce mois"), typography.money(sold.received, books), _payments(sold.payments), "neutral",
            "payments:payment-list", since,
        )),
        ("finance", Figure(
            _("Facturé ce mois"), typography.money(sold.gross, books),
            _("TTC, soit %(net)s HT") % {"net": typography.money(sold.net, books)}, "neutral",
            "billing:invoice-list", since,
        )),
    ]  # fmt: skip
    return [figure for area, figure in every if membership.may_read(area)]


def _invoices(count: int) -> str:
    return ngettext("%(count)s facture", "%(count)s factures", count) % {"count": typography.number(count)}


def _payments(count: int) -> str:
    return ngettext("%(count)s encaissement", "%(count)s encaissements", count) % {"count": typography.number(count)}
