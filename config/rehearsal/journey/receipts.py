"""Two payments of one invoice: one typed, one read from the bank statement."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

from django.utils import timezone

from billing.models import Invoice, InvoiceStatus
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.rehearsal.journey.steps import ACTOR, Journey, promise
from payments.models import Method
from payments.services.allocations import Share
from payments.services.bank import import_statement
from payments.services.payments import record_payment
from payments.services.reconciliation import reconcile
from payments.statements.sample import Entry, camt053


def import_entries(company: Company, entries: list[Entry], at: datetime, reference: str) -> None:
    day = local_day(at)
    data = camt053(company.iban, Decimal("1000.00"), entries, day, reference)
    import_statement(company=company, data=data, filename=f"{reference}.xml", actor=ACTOR, at=at)


def be_paid_in_two(journey: Journey, company: Company, invoice: Invoice) -> None:
    """600.00 by hand, the rest by a CAMT.053 credit with the invoice's reference."""
    now, half = timezone.now(), Decimal("600.00")
    payment = record_payment(
        customer=invoice.customer,
        amount=half,
        method=Method.CARD,
        paid_on=local_day(now),
        shares=[Share(invoice, half)],
        reference="CARD-789",
        actor=ACTOR,
        at=now,
    )
    invoice.refresh_from_db()
    promise(invoice.balance == half and invoice.status == InvoiceStatus.ISSUED, "600.00 paid, 600.00 to pay")
    journey.step(
        "partial_payment", id=payment.pk, number=payment.number, paid=str(half), remaining=str(invoice.balance)
    )
    entry = Entry(amount=half, counterparty="ACME CORPORATION", remittance=f"SOLDE {invoice.payment_reference}")
    import_entries(company, [entry], now, f"REL-{now:%Y%m%d%H%M%S}")
    outcome = reconcile(company=company, actor=ACTOR, at=timezone.now())
    invoice.refresh_from_db()
    promise(
        invoice.status == InvoiceStatus.PAID and invoice.balance == 0, "the bank line was matched and the invoice paid"
    )
    journey.step("bank", matched=outcome.matched, invoice=invoice.number, status=invoice.status, payment_status="paid")


# -- a public body, a consumer -------------------------------------------------------------------------------------
