"""What suppliers are owed as of a day, and the VAT of a period that is deductible or due: read, never written.

Each figure comes with its documents, and a day is as it was: what was paid, credited or replaced after it changes
nothing of it. The sums are those of the journal: 401 and 404, 44566 and 44562, 4452.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.db.models import Q

from billing.models import InvoiceKind, PurchaseInvoice
from billing.purchases import accounts
from billing.purchases.models import PurchaseQuerySet
from billing.purchases.postings import booked_lines, settled_vat, vat_parts
from config.kernel.clock import local_day, start_of_day
from config.kernel.models import Company
from config.kernel.money import ZERO
from customers.models import Customer

# days late, up to and including; what is later is in the last one
BUCKETS = (0, 30, 60, 90)
PARTS = ("lines", "vat_rows", "settlements", "credits_given", "credits_taken", "corrections")
AT_A_TIME = 500


@dataclass(frozen=True, slots=True)
class OwedDocument:
    """What was left of a purchase on the day; negative for a credit note that waits to be used."""

    purchase: PurchaseInvoice
    amount: Decimal
    days_late: int


@dataclass(slots=True)
class SupplierAge:
    """One supplier's documents, and their sums: not due, 1–30, 31–60, 61–90 and more days late; credit notes apart."""

    supplier: Customer
    buckets: list[Decimal] = field(default_factory=lambda: [ZERO] * (len(BUCKETS) + 1))
    credit: Decimal = ZERO
    documents: list[OwedDocument] = field(default_factory=list)

    @property
    def total(self) -> Decimal:
        return sum(self.buckets, ZERO) + self.credit


@dataclass(frozen=True, slots=True, kw_only=True)
class DeductibleVat:
    """So much VAT of a purchase that became deductible in the period, at a rate, on 445660 or 445620."""

    purchase: PurchaseInvoice
    rate: Decimal
    account: str
    vat: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DueVat:
    """So much VAT that we owe ourselves on a purchase of the period, with its base."""

    purchase: PurchaseInvoice
    regime: str
    rate: Decimal
    account: str
    base: Decimal
    vat: Decimal


def aged_payables(company: Company, *, on: date) -> list[SupplierAge]:
    """What each supplier was owed at the end of a day, by its name, in euros; who was owed nothing is left out."""
    found: dict[int, SupplierAge] = {}
    for purchase in _booked_by(company, on):
        amount = purchase.sign * left_on(purchase, on)
        if not amount:
            continue
        age = found.setdefault(purchase.supplier_id, SupplierAge(purchase.supplier))
        late = max((on - purchase.due_date).days, 0)
        age.documents.append(OwedDocument(purchase, amount, late))
        if purchase.is_credit_note:
            age.credit += amount
        else:
            age.buckets[_bucket(late)] += amount
    return sorted(found.values(), key=lambda age: (age.supplier.name, age.supplier.pk))


def deductible_vat(company: Company, *, start: date, end: date) -> list[DeductibleVat]:
    """What became deductible between two days, both included, by document, rate and account.

    Goods and services on debits when they are booked, services as they are paid; what is taken back counts against.
    """
    found = []
    for purchase in _touched(company, start, end):
        before, after = (_deductible_on(purchase, day) for day in (start - timedelta(days=1), end))
        for rate, account in sorted({*before, *after}):
            moved = after.get((rate, account), ZERO) - before.get((rate, account), ZERO)
            if moved:
                vat = purchase.sign * moved
                found.append(DeductibleVat(purchase=purchase, rate=rate, account=account, vat=vat))
    return found


def due_vat(company: Company, *, start: date, end: date) -> list[DueVat]:
    """What we owe ourselves of the purchases booked between two days, both included, and of those replaced then.

    By document, regime and rate: intra-EU goods, services from abroad, construction, imports.
    """
    found = []
    for purchase in _touched(company, start, end):
        before, after = (_is_in_books(purchase, day) for day in (start - timedelta(days=1), end))
        sign = purchase.sign * (int(after) - int(before))
        sums: dict[tuple[str, Decimal, str], tuple[Decimal, Decimal]] = {}
        for booked in booked_lines(purchase) if sign else ():
            if booked.due_account:
                key = (booked.line.regime, booked.rate, booked.due_account)
                base, vat = sums.get(key, (ZERO, ZERO))
                sums[key] = (base + sign * booked.line.net, vat + sign * booked.due)
        found += [
            DueVat(purchase=purchase, regime=regime, rate=rate, account=account, base=base, vat=vat)
            for (regime, rate, account), (base, vat) in sums.items()
        ]
    return found


def left_on(purchase: PurchaseInvoice, day: date) -> Decimal:
    """What was to be paid, or of a credit note to be used, at the end of a day; nothing outside the books."""
    if not _is_in_books(purchase, day):
        return ZERO
    return purchase.total_gross - purchase.amount_deposited - _settled_on(purchase, day)


def _settled_on(purchase: PurchaseInvoice, day: date) -> Decimal:
    paid = [row.amount for row in purchase.settlements.all() if row.day <= day]
    used = [*purchase.credits_given.all(), *purchase.credits_taken.all()]
    return sum(paid, ZERO) + sum((row.amount for row in used if local_day(row.at) <= day), ZERO)


def _is_in_books(purchase: PurchaseInvoice, day: date) -> bool:
    """Booked by the end of the day, and not replaced yet: a corrected invoice does that on the day it is booked."""
    if purchase.booked_on is None or purchase.booked_on > day:
        return False
    by = [row for row in purchase.corrections.all() if row.kind == InvoiceKind.CORRECTED and row.booked_on]
    return not any(row.booked_on is not None and row.booked_on <= day for row in by)


def _deductible_on(purchase: PurchaseInvoice, day: date) -> dict[tuple[Decimal, str], Decimal]:
    if not _is_in_books(purchase, day):
        return {}
    found = settled_vat(purchase, settled=_settled_on(purchase, day))
    for part in vat_parts(purchase):
        if part.account != accounts.WAITING_VAT:
            key = (part.rate, part.account)
            found[key] = found.get(key, ZERO) + part.amount
    return found


def _booked_by(company: Company, on: date) -> Iterator[PurchaseInvoice]:
    rows = PurchaseInvoice.everywhere.filter(company=company, booked_on__lte=on)
    return _read(rows.order_by("due_date", "pk"))


def _touched(company: Company, start: date, end: date) -> Iterator[PurchaseInvoice]:
    """The purchases of which something happened in the period: booked, paid, credited, replaced."""
    days = (start, end)
    instants = (start_of_day(start), start_of_day(end + timedelta(days=1)))
    happened = (
        Q(booked_on__range=days)
        | Q(settlements__day__range=days)
        | Q(credits_given__at__range=instants)
        | Q(credits_taken__at__range=instants)
        | Q(corrections__kind=InvoiceKind.CORRECTED, corrections__booked_on__range=days)
    )
    touched = PurchaseInvoice.everywhere.filter(happened, company=company, booked_on__isnull=False)
    rows = PurchaseInvoice.everywhere.filter(pk__in=touched.values("pk"))
    return _read(rows.order_by("booked_on", "reference"))


def _read(rows: PurchaseQuerySet) -> Iterator[PurchaseInvoice]:
    return rows.select_related("supplier", "corrects").prefetch_related(*PARTS).iterator(AT_A_TIME)


def _bucket(days_late: int) -> int:
    return next((place for place, most in enumerate(BUCKETS) if days_late <= most), len(BUCKETS))
