"""What was received for services whose VAT falls due on collection: of invoices abroad (10.2), of individuals (10.4).

Each euro of a payment counts once, on the day it was paid; taken back, it counts against the day it left; put on
another invoice later, on the day it was put there. What an invoice received is shared over its parts in proportion, so
that instalments add up to the cent; a credit note moves what was received to what still stands. Nothing is read under
the option « débits » (CGI 269-2 c), nor of sales in France, whose payments status 212 tells.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from django.db.models import Q

from billing.models import Invoice, InvoiceKind, InvoiceLine
from billing.natures import Parts, add_parts, standing_parts
from billing.sharing import apportion
from config.kernel.clock import local_day, start_of_day
from config.kernel.models import Company
from config.kernel.money import ZERO, cents, from_cents
from einvoicing import mapping
from einvoicing.reporting.periods import Period
from einvoicing.reporting.sales import INTERNATIONAL, READ, reported
from payments.models import Allocation, Payment, RefundKind, RefundShare


@dataclass(frozen=True, slots=True)
class Collected:
    """So much of an invoice received on a day at a rate, VAT included; negative when taken back.

    `payment` is None where a credit note moved what was received before.
    """

    invoice: Invoice
    payment: Payment | None
    note: Invoice | None
    day: date
    rate: Decimal
    amount: Decimal

    @property
    def is_international(self) -> bool:
        return mapping.processing_rule(self.invoice.buyer) in INTERNATIONAL


@dataclass(frozen=True, slots=True)
class _Event:
    """Something that changes what is received, or what it is shared over. `rank` orders those of one moment."""

    at: datetime
    rank: int
    key: int
    day: date
    amount: Decimal = ZERO
    payment: Payment | None = None
    note: Invoice | None = None

    @property
    def order(self) -> tuple[datetime, int, int]:
        return (self.at, self.rank, self.key)


def collected_within(company: Company, period: Period) -> list[Collected]:
    """What was received in the period, by day and invoice."""
    invoices = _touched(company, period)
    events = _events(invoices)
    found = [
        row
        for invoice in invoices.values()
        for row in _received(invoice, events.get(invoice.pk, []))
        if period.holds(row.day)
    ]
    return sorted(found, key=lambda row: (row.day, row.invoice.number or "", row.rate))


def _touched(company: Company, period: Period) -> dict[int, Invoice]:
    """The invoices on which something of the period may have been received."""
    moments = (start_of_day(period.start), start_of_day(period.end + timedelta(days=1)))
    written = Q(at__gte=moments[0], at__lt=moments[1])
    paid = Q(payment__paid_on__range=(period.start, period.end))
    taken_back = RefundShare.objects.filter(
        company=company, refund__kind=RefundKind.RETURN, refund__made_on__range=(period.start, period.end)
    )
    returned = Q(payment__in=taken_back.values("payment_id"))
    allocations = Allocation.objects.filter(company=company).filter(written | paid | returned)
    notes = Invoice.objects.issued().filter(
        company=company, kind=InvoiceKind.CREDIT_NOTE, issue_date__range=(period.start, period.end)
    )
    rows = Invoice.objects.issued().filter(company=company).filter(reported())
    rows = rows.filter(Q(pk__in=allocations.values("invoice_id")) | Q(pk__in=notes.values("corrects_id")))
    # the lines say whether anything was a service; without one nothing is due on collection
    services = InvoiceLine.objects.filter(company=company, is_service=True)
    rows = rows.filter(pk__in=services.values("invoice_id")).prefetch_related(*READ)
    return {row.pk: row for row in rows if _is_on_collection(row)}


def _is_on_collection(invoice: Invoice) -> bool:
    if invoice.is_credit_note or invoice.mentions.get("vat_on_debits"):
        return False
    return mapping.processing_rule(invoice.buyer) in ("B2C", *INTERNATIONAL)


def _events(invoices: Mapping[int, Invoice]) -> dict[int, list[_Event]]:
    """What happened to each invoice: money put on it and taken off, credit notes."""
    found: dict[int, list[_Event]] = defaultdict(list)
    for event, invoice_id in _money(invoices):
        if invoice_id in invoices:
            found[invoice_id].append(event)
    notes = Invoice.objects.issued().filter(corrects__in=invoices, kind=InvoiceKind.CREDIT_NOTE)
    for note in notes.prefetch_related(*READ):
        if note.issued_at and note.issue_date and note.corrects_id:
            found[note.corrects_id].append(_Event(note.issued_at, 1, note.pk, note.issue_date, note=note))
    return found


def _money(invoices: Collection[int]) -> Iterator[tuple[_Event, int]]:
    """Allocations of the payments that touch the invoices, each with the day on which its money counts."""
    payments = Allocation.objects.filter(invoice__in=invoices).values("payment_id")
    rows = Allocation.objects.filter(payment__in=payments).select_related("payment")
    returned = _returned({row.payment_id for row in rows})
    put: dict[int, Decimal] = defaultdict(lambda: ZERO)
    # what is taken off comes before what is put on at the same moment: money moves from one invoice to another
    for row in sorted(rows, key=lambda row: (row.at, row.amount > 0, row.pk)):
        payment = row.payment
        if row.amount < 0:
            day = returned.get((payment.pk, row.at), local_day(row.at))
            yield _Event(row.at, 0, row.pk, day, row.amount, payment), row.invoice_id
            continue
        fresh = min(row.amount, max(payment.amount - put[payment.pk], ZERO))
        put[payment.pk] += row.amount
        for amount, day in ((fresh, payment.paid_on), (row.amount - fresh, local_day(row.at))):
            if amount:
                yield _Event(row.at, 2, row.pk, day, amount, payment), row.invoice_id


def _returned(payments: Collection[int]) -> dict[tuple[int, datetime], date]:
    """The day on which the bank took money of a payment back, by payment and moment."""
    shares = RefundShare.objects.filter(payment__in=payments, amount__gt=0, refund__kind=RefundKind.RETURN)
    return {(share.payment_id, share.at): share.refund.made_on for share in shares.select_related("refund")}


def _received(invoice: Invoice, events: Collection[_Event]) -> Iterator[Collected]:
    """What each event adds at each rate: what is shared out after it, less what was before."""
    standing, paid = standing_parts(invoice), ZERO
    before: dict[Decimal, Decimal] = {}
    for event in sorted(events, key=lambda event: event.order):
        paid += event.amount
        if event.note is not None:
            standing = add_parts((1, standing), (-1, standing_parts(event.note)))
        after = _shared_by_rate(paid, standing)
        if after is None:
            continue  # all of it is credited, its money not yet released: the next event tells
        for rate in sorted({*before, *after}, reverse=True):
            amount = after.get(rate, ZERO) - before.get(rate, ZERO)
            if amount:
                yield Collected(invoice, event.payment, event.note, event.day, rate, amount)
        before = after


def _shared_by_rate(paid: Decimal, standing: Parts) -> dict[Decimal, Decimal] | None:
    """What of the money received falls on services due on collection, by rate; None where nothing bears it."""
    natures = sorted(standing)
    weights = [cents(standing[nature].gross) for nature in natures]
    if not sum(weights):
        return None if paid else {}
    found: dict[Decimal, Decimal] = {}
    for nature, share in zip(natures, apportion(cents(paid), weights), strict=True):
        if nature.is_due_on_collection and share:
            found[nature.rate] = found.get(nature.rate, ZERO) + from_cents(share)
    return found
