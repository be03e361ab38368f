"""What is to be paid to suppliers week by week, beside what may come in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from django.db.models import Sum

from billing.models.invoice_rows import InvoiceKind
from billing.purchases.models import PurchaseInvoice
from config.kernel.money import ZERO
from payments.outgoing.suppliers.due import OPEN_BALANCE
from payments.services.scores import DISPUTED, LATER, OVERDUE, Week


def payables_by_week(weeks: Sequence[Week], *, on: date, currency: str) -> list[Decimal]:
    """What falls due in each of these lines, credit notes taken off: late ones in the first week, unless a line says
    what is overdue. One query."""
    rows = PurchaseInvoice.objects.owed().filter(currency=currency).order_by()
    sums = rows.values("due_date", "kind", "disputed_at").annotate(sum=Sum(OPEN_BALANCE))
    found = [ZERO] * len(weeks)
    for row in sums:
        place = _place(weeks, row["due_date"], on=on, is_disputed=row["disputed_at"] is not None)
        if place is not None:
            found[place] += -row["sum"] if row["kind"] == InvoiceKind.CREDIT_NOTE else row["sum"]
    return found


def _place(weeks: Sequence[Week], day: date, *, on: date, is_disputed: bool) -> int | None:
    places = {week.label: place for place, week in enumerate(weeks) if week.first is None}
    if is_disputed:
        return places.get(DISPUTED)
    if day < on and OVERDUE in places:
        return places[OVERDUE]
    dated = [(place, week) for place, week in enumerate(weeks) if week.first is not None]
    for place, week in dated:
        if week.last is not None and max(day, on) <= week.last:
            return place
    return places.get(LATER)
