"""Newly overdue invoices are announced, once each: being overdue is derived from the date, never stored."""

from __future__ import annotations

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import transaction
from django.db.models import Exists, Func, OuterRef, QuerySet, TextField, Value
from django.db.models.fields.json import KeyTextTransform
from django.db.models.functions import Cast, Concat

from billing.models import Invoice, InvoiceKind
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.audit import Happening
from config.kernel.clock import local_day
from config.kernel.models import AuditEvent, Company

TAG = "billing.invoice.overdue"
AT_ONCE = 500


def announce_overdue(*, company: Company, actor: Actor, at: datetime) -> int:
    """Announce what became overdue, the oldest first; how many. Again only where the due date is another.

    Deposits are requests for money ahead, and credit notes are owed by us: neither is announced.
    """
    announced = 0
    while found := _announce_some(company, actor, at):
        announced += found
    return announced


@transaction.atomic
def _announce_some(company: Company, actor: Actor, at: datetime) -> int:
    # of two sweeps the second waits, and then finds what the first has announced
    Company.objects.select_for_update(no_key=True).get(pk=company.pk)
    rows = Invoice.objects.overdue(on=local_day(at)).exclude(kind=InvoiceKind.DEPOSIT)
    found = list(rows.filter(~Exists(_announcements())).order_by("due_date", "number")[:AT_ONCE])
    happenings = [
        Happening(
            subject=invoice,
            data={"number": invoice.number, "due_date": invoice.due_date, "balance": invoice.balance},
        )
        for invoice in found
    ]
    if happenings:
        audit.record_all(TAG, happenings, actor=actor, at=at)
    return len(found)


def _announcements() -> QuerySet[AuditEvent]:
    """Those of the outer invoice for the due date that it has: found by the index of the trail's subjects."""
    subject = Concat(Value(Invoice.subject_of(0)[:-1]), Cast(OuterRef("pk"), TextField()))
    subjects = Func(subject, template="ARRAY[%(expressions)s]::varchar[]", output_field=ArrayField(TextField()))
    announced = AuditEvent.objects.filter(tag=TAG, subjects__contains=subjects)
    return announced.annotate(due=KeyTextTransform("due_date", "data")).filter(
        due=Cast(OuterRef("due_date"), TextField())
    )
