"""Whose next reminder is due by the calendar, found in the database: the half of the policy that needs no evidence.

What depends on the bank, the address or the working day is decided for each row (`planning.plan`); a test holds both
together.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.db.models import (
    Case,
    DateField,
    ExpressionWrapper,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from billing.models import Invoice, InvoiceQuerySet
from config.kernel.clock import local_day, start_of_day
from config.kernel.models import Company
from payments.dunning.evidence import LEVELS, levels_of
from payments.dunning.models import Reminder, ReminderLevel, ReminderStatus
from payments.dunning.policy import DEFAULT_POLICY

ALL_SENT = 100_000  # days of delay that no invoice reaches


def overdue(company: Company, at: datetime) -> InvoiceQuerySet:
    """The company's invoices of which something is outstanding after the due date."""
    rows: InvoiceQuerySet = Invoice.everywhere.overdue(on=local_day(at)).filter(company=company)
    return rows.select_related("customer", "company")


def delays_of(company: Company) -> dict[ReminderLevel, int]:
    """After how many days each level leaves."""
    return {LEVELS[level.code]: level.days_late for level in levels_of(company)}


def with_delay(rows: InvoiceQuerySet, *, company: Company) -> InvoiceQuerySet:
    """`delay`: after how many days of lateness the next reminder of each leaves; ALL_SENT when none is left."""
    friendly, firm, final = delays_of(company).values()
    live = Reminder.everywhere.filter(invoice=OuterRef("pk")).exclude(status=ReminderStatus.CANCELLED).order_by()
    upcoming = Case(
        When(reached=ReminderLevel.FRIENDLY, then=Value(firm)),
        When(reached=ReminderLevel.FIRM, then=Value(final)),
        default=Value(ALL_SENT),
    )
    following = live.values("invoice").annotate(reached=Max("level")).values_list(upcoming)
    return rows.annotate(delay=Coalesce(Subquery(following, output_field=IntegerField()), Value(friendly)))


def due_for_reminder(rows: InvoiceQuerySet, *, company: Company, at: datetime) -> InvoiceQuerySet:
    """Those whose next reminder may leave today, by the calendar, disputes and pauses."""
    return with_delay(rows, company=company).filter(_is_due(company, at))


def not_due_for_reminder(rows: InvoiceQuerySet, *, company: Company, at: datetime) -> InvoiceQuerySet:
    """The other overdue ones."""
    return with_delay(rows, company=company).exclude(_is_due(company, at))


def _is_due(company: Company, at: datetime) -> Q:
    today = local_day(at)
    late_enough = ExpressionWrapper(Value(today, DateField()) - F("delay"), output_field=DateField())
    paused = Q(customer__reminders_paused_until__isnull=False, customer__reminders_paused_until__gte=today)
    recently_reminded = Q(customer__in=_recently_reminded(company, today))
    return Q(disputed_at=None, due_date__lte=late_enough) & ~paused & ~recently_reminded


def _recently_reminded(company: Company, today: date) -> list[int]:
    """The customers whose last reminder is too recent for another."""
    since = start_of_day(today - timedelta(days=DEFAULT_POLICY.days_between - 1))
    live = Reminder.everywhere.filter(company=company, created_at__gte=since).exclude(status=ReminderStatus.CANCELLED)
    return list(live.order_by().values_list("invoice__customer_id", flat=True).distinct())
