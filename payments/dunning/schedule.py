"""Whose next reminder may leave, found in the database: the part of the policy that needs no evidence.

By the calendar, disputes and pauses; nor is anybody found who has no address, has credit, or whose amount or account
waits on a bank line. What a line's words say, or the working day, is decided for each row (`planning.plan`); a test
holds both together.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import (
    Case,
    DateField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    Max,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from billing.models import Invoice, InvoiceQuerySet
from config.kernel.clock import local_day, start_of_day
from config.kernel.models import Company
from customers.models import Contact
from payments.dunning.models import VOID, HoldKind, Reminder, ReminderHold, ReminderLevel
from payments.dunning.policy import DEFAULT_POLICY
from payments.models import BankLine, BarredPair, DirectDebit, MatchPart, Payment
from payments.portal.notices import paused_invoices

ALL_SENT = 100_000  # days of delay that no invoice reaches


def overdue(company: Company, at: datetime) -> InvoiceQuerySet:
    """The company's invoices of which something is outstanding after the due date."""
    rows: InvoiceQuerySet = Invoice.everywhere.overdue(on=local_day(at)).filter(company=company)
    return rows.select_related("customer__merged_into", "company")


def with_delay(rows: InvoiceQuerySet, *, company: Company) -> InvoiceQuerySet:
    """What comes next for each: `upcoming`, the level (0 for none), and `delay`, the days of lateness it waits for.

    A customer's own delays go before the company's; ALL_SENT is a delay that no invoice reaches.
    """
    live = Reminder.everywhere.filter(invoice=OuterRef("pk")).exclude(status__in=VOID).order_by()
    following = live.values("invoice").annotate(reached=Max("level")).values_list(_AFTER)
    rows = rows.annotate(upcoming=Coalesce(Subquery(following), Value(int(ReminderLevel.FRIENDLY))))
    own = "customer__reminder_settings__"
    delays = (
        (ReminderLevel.FRIENDLY, f"{own}friendly_after_days", company.friendly_after_days),
        (ReminderLevel.FIRM, f"{own}firm_after_days", company.firm_after_days),
        (ReminderLevel.FINAL, f"{own}final_after_days", company.final_after_days),
    )
    cases = [When(upcoming=level, then=Coalesce(F(column), Value(days))) for level, column, days in delays]
    return rows.annotate(delay=Case(*cases, default=Value(ALL_SENT), output_field=IntegerField()))


_AFTER = Case(
    When(reached=ReminderLevel.FRIENDLY, then=Value(int(ReminderLevel.FIRM))),
    When(reached=ReminderLevel.FIRM, then=Value(int(ReminderLevel.FINAL))),
    default=Value(0),
    output_field=IntegerField(),
)


def due_for_reminder(rows: InvoiceQuerySet, *, company: Company, at: datetime) -> InvoiceQuerySet:
    """Those whose next reminder may leave today, as far as the database can tell."""
    return with_delay(rows, company=company).with_balance().filter(_is_due(company, at))


def not_due_for_reminder(rows: InvoiceQuerySet, *, company: Company, at: datetime) -> InvoiceQuerySet:
    """The other overdue ones."""
    return with_delay(rows, company=company).with_balance().exclude(_is_due(company, at))


def _is_due(company: Company, at: datetime) -> Q:
    today = local_day(at)
    late_enough = ExpressionWrapper(Value(today, DateField()) - F("delay"), output_field=DateField())
    paused = Q(customer__reminders_paused_until__isnull=False, customer__reminders_paused_until__gte=today)
    # the record that goes on holds the reminders of those it absorbed
    kept = "customer__merged_into__reminders_paused_until"
    paused |= Q(**{f"{kept}__isnull": False, f"{kept}__gte": today})
    recently_reminded = Q(customer__in=_recently_reminded(company, today))
    never = Q(customer__reminder_settings__isnull=False, customer__reminder_settings__never=True)
    settings = "customer__merged_into__reminder_settings"
    never |= Q(**{f"{settings}__isnull": False, f"{settings}__never": True})
    held = ReminderHold.everywhere.filter(
        invoice=OuterRef("pk"), kind__in=[HoldKind.PROMISE, HoldKind.PAUSE], ended_at=None, until__gte=today
    )
    debited = DirectDebit.everywhere.filter(invoice=OuterRef("pk"), status__in=DirectDebit.PENDING)
    said_paid = Q(pk__in=list(paused_invoices(company.pk, today)))
    return (
        Q(disputed_at=None, due_date__lte=late_enough)
        & ~paused
        & ~said_paid
        & ~recently_reminded
        & ~never
        & ~Exists(held)
        & ~Exists(debited)
        & ~_waits_for_money(company)
        & (~Q(customer__email="") | Q(customer__merged_into__email__gt="") | Q(Exists(_reminded_contacts())))
    )


def _reminded_contacts() -> QuerySet[Contact]:
    """Where a reminder goes that does not go to the customer's own address."""
    chosen = Q(gets_reminders=True) | Q(pk=OuterRef("customer__reminder_settings__contact"))
    kept = Coalesce(OuterRef("customer__merged_into"), OuterRef("customer"))
    rows: QuerySet[Contact] = Contact.everywhere.filter(chosen, customer=kept).exclude(email="")
    return rows


def _waits_for_money(company: Company) -> Q:
    """Those whose customer has credit, has paid before from the account of a credit that nobody has explained yet, or
    that owe the amount of one. A line of which a person took an invoice off is left to the decision of each row."""
    free = Payment.everywhere.filter(company=company, reverses=None, reversed_at=None, amount__gt=F("allocated"))
    waiting = Q(customer__in=free.values("customer_id"))
    waiting_lines = BankLine.everywhere.filter(company=company, status__in=BankLine.UNEXPLAINED, amount__gt=0)
    barred = BarredPair.everywhere.filter(company=company).values("line_id")
    amounts: dict[str, set[Decimal]] = {}
    for currency, amount in waiting_lines.exclude(pk__in=barred).values_list("currency", "amount"):
        amounts.setdefault(currency, set()).add(amount)
    for currency, equal in amounts.items():
        waiting |= Q(currency=currency, open_balance__in=equal)
    ibans = set(waiting_lines.exclude(counterparty_iban="").values_list("counterparty_iban", flat=True))
    if ibans:
        known = MatchPart.everywhere.filter(
            company=company, match__undone_at=None, payment__isnull=False, match__line__counterparty_iban__in=ibans
        )
        waiting |= Q(customer__in=set(known.values_list("payment__customer_id", flat=True)))
    return waiting


def _recently_reminded(company: Company, today: date) -> list[int]:
    """The customers whose last reminder is too recent for another."""
    since = start_of_day(today - timedelta(days=DEFAULT_POLICY.days_between - 1))
    live = Reminder.everywhere.filter(company=company, created_at__gte=since).exclude(status__in=VOID)
    return list(live.order_by().values_list("invoice__customer_id", flat=True).distinct())
