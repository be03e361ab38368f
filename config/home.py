"""What needs somebody today: one line per kind of work, each with its one action, in a fixed number of queries."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Case, Count, F, Q, Sum, Value, When
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from billing.models import (
    Email,
    EmailStatus,
    Invoice,
    InvoiceKind,
    InvoiceStatus,
    OrderStatus,
    Reminder,
    ReminderStatus,
    SalesOrder,
)
from config.kernel import typography
from config.kernel.clock import local_day
from customers.models import Customer
from einvoicing.models import Transmission, TransmissionStatus
from payments.models import BankAccount, BankLine, LineStatus, Payment

NOTHING = Decimal("0.00")


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do: what, how urgent, and the door to it."""

    words: str
    icon: str
    tone: str
    url: str
    action: str


@dataclass(frozen=True, slots=True)
class Figures:
    """The four figures on top of the page, of the company in scope."""

    to_collect: Decimal
    overdue: Decimal
    overdue_count: int
    received: Decimal
    invoiced: Decimal


def figures(at: datetime) -> Figures:
    """Two queries: what is owed and was billed this month, and what came in this month."""
    today = local_day(at)
    month = today.replace(day=1)
    balance = F("total_gross") - F("amount_paid") - F("amount_credited")
    is_open = Q(status=InvoiceStatus.ISSUED) & ~Q(kind=InvoiceKind.CREDIT_NOTE)
    signed = Case(When(kind=InvoiceKind.CREDIT_NOTE, then=-F("total_net")), default=F("total_net"))
    sums = Invoice.objects.issued().aggregate(
        to_collect=Sum(balance, filter=is_open, default=NOTHING),
        overdue=Sum(balance, filter=is_open & Q(due_date__lt=today), default=NOTHING),
        overdue_count=Count("pk", filter=is_open & Q(due_date__lt=today)),
        invoiced=Sum(signed, filter=Q(issue_date__gte=month), default=Value(NOTHING)),
    )
    received = Payment.objects.filter(paid_on__gte=month).aggregate(total=Sum("amount", default=NOTHING))
    return Figures(received=received["total"], **sums)


def tasks(at: datetime, known: Figures) -> list[Task]:
    """The work that waits, most urgent first; empty when there is none."""
    found = [
        *_platform_tasks(),
        *_letters(),
        *_bank_tasks(at),
        *_late(known),
        *_sales_tasks(),
        *_credits(),
    ]
    order = {"bad": 0, "warn": 1, "info": 2, "neutral": 3}
    return sorted(found, key=lambda task: order[task.tone])


def is_new() -> bool:
    """A company that has billed nobody yet: the page teaches the first steps."""
    return not Invoice.objects.exists() and not Customer.objects.exists()


def _platform_tasks() -> list[Task]:
    wrong = [TransmissionStatus.REJECTED, TransmissionStatus.INVALID, TransmissionStatus.DEAD]
    count = Transmission.objects.filter(status__in=wrong).count()
    if not count:
        return []
    words = ngettext(
        "%(count)s facture n’a pas été acceptée par la plateforme",
        "%(count)s factures n’ont pas été acceptées par la plateforme",
        count,
    )
    return [Task(words % {"count": count}, "send", "bad", reverse("einvoicing:transmission-list"), _("Corriger"))]


def _letters() -> list[Task]:
    emails = Email.objects.filter(status__in=[EmailStatus.FAILED, EmailStatus.UNKNOWN]).count()
    notices = Reminder.objects.filter(status=ReminderStatus.DRAFTED).count()
    found = []
    if emails:
        words = ngettext("%(count)s e-mail n’est pas parti", "%(count)s e-mails ne sont pas partis", emails)
        found.append(Task(words % {"count": emails}, "mail", "bad", reverse("billing:email-list"), _("Vérifier")))
    if notices:
        words = ngettext(
            "%(count)s mise en demeure à relire et envoyer", "%(count)s mises en demeure à relire et envoyer", notices
        )
        found.append(Task(words % {"count": notices}, "bell", "warn", reverse("payments:reminder-list"), _("Relire")))
    return found


def _bank_tasks(at: datetime) -> list[Task]:
    waiting = BankLine.objects.filter(status=LineStatus.OPEN, amount__gt=0).aggregate(
        count=Count("pk"), total=Sum("amount", default=NOTHING)
    )
    found = []
    if waiting["count"]:
        words = ngettext(
            "%(count)s virement à rapprocher, %(total)s",
            "%(count)s virements à rapprocher, %(total)s",
            waiting["count"],
        ) % {"count": waiting["count"], "total": typography.money(waiting["total"])}
        url = f"{reverse('payments:bankline-list')}?status={LineStatus.OPEN}"
        found.append(Task(words, "bank", "warn", url, _("Rapprocher")))
    stale = [account for account in BankAccount.objects.all() if account.is_stale(at)]
    if stale:
        words = _("Le relevé de « %(name)s » a plus de 24 heures : aucune relance ne part") % {"name": stale[0].name}
        found.append(Task(words, "clock", "info", reverse("payments:bankline-list"), _("Importer un relevé")))
    return found


def _late(known: Figures) -> list[Task]:
    if not known.overdue_count:
        return []
    words = ngettext(
        "%(count)s facture en retard, %(total)s", "%(count)s factures en retard, %(total)s", known.overdue_count
    ) % {"count": known.overdue_count, "total": typography.money(known.overdue)}
    return [Task(words, "alert", "warn", reverse("payments:reminder-list"), _("Relancer"))]


def _sales_tasks() -> list[Task]:
    drafts = Invoice.objects.filter(status=InvoiceStatus.DRAFT).count()
    orders = SalesOrder.objects.filter(status=OrderStatus.SHIPPED).exclude(invoices__kind=InvoiceKind.INVOICE).count()
    pending = SalesOrder.objects.filter(status=OrderStatus.PENDING).count()
    found = []
    if orders:
        words = ngettext("%(count)s commande expédiée à facturer", "%(count)s commandes expédiées à facturer", orders)
        url = f"{reverse('billing:order-list')}?status={OrderStatus.SHIPPED}"
        found.append(Task(words % {"count": orders}, "cart", "info", url, _("Facturer")))
    if drafts:
        words = ngettext("%(count)s brouillon à émettre", "%(count)s brouillons à émettre", drafts)
        url = f"{reverse('billing:invoice-list')}?status=draft"
        found.append(Task(words % {"count": drafts}, "invoice", "info", url, _("Émettre")))
    if pending:
        words = ngettext(
            "%(count)s commande confirmée à expédier", "%(count)s commandes confirmées à expédier", pending
        )
        url = f"{reverse('billing:order-list')}?status={OrderStatus.PENDING}"
        found.append(Task(words % {"count": pending}, "box", "neutral", url, _("Expédier")))
    return found


def _credits() -> list[Task]:
    left = Payment.objects.filter(reverses=None, reversed_at=None, amount__gt=F("allocated")).aggregate(
        count=Count("pk"), total=Sum(F("amount") - F("allocated"), default=NOTHING)
    )
    if not left["count"]:
        return []
    words = ngettext(
        "%(total)s au crédit d’un client, à affecter", "%(total)s au crédit de clients, à affecter", left["count"]
    ) % {"total": typography.money(left["total"])}
    url = f"{reverse('payments:payment-list')}?left=yes"
    return [Task(words, "coins", "neutral", url, _("Affecter"))]
