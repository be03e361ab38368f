"""Random acts in random order on one company: after each, every figure follows from the others, to the cent."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db.models import Sum

from billing import ledger, pdf
from billing.billed import NET, VAT, billed
from billing.models import Invoice, VatSubtotal
from billing.services.crediting import rooms_of
from config.kernel import chain
from config.kernel.models import Company, LoopFailure
from config.kernel.scope import company_scope
from customers.models import Customer
from einvoicing.services import documents
from payments.models import Allocation, Payment
from tests.api.client import a_partner, json_of
from tests.factories import story
from tests.factories.people import signed_in
from tests.trust.at_once import WHOLE, scaled
from tests.trust.conftest import settle
from tests.trust.money_figures import booked, check_declared, check_figures
from tests.trust.money_figures import declared as declared
from tests.trust.random_acts import Day

pytestmark = pytest.mark.trust

ACTS = 120 if WHOLE else 60
SEEDS = scaled(30)


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.django_db
def test_whatever_people_do_the_figures_agree(
    seed: int, settings: Any, tmp_path: Path, declared: None, rules_say_yes: None
):
    settings.MEDIA_ROOT = str(tmp_path)
    company = story.a_company()
    with company_scope(company):
        day = Day(company, random.Random(seed))
        day.open()
        for _act in range(ACTS):
            day.do_something()
            settle()
            check_figures(company)
        check_credits()
        check_journal()
        check_declared()
        assert chain.verify(company) == []
        assert not LoopFailure.objects.exists()
        check_what_is_shown(company, day)


def check_credits() -> None:
    """No line, and no rate, gives back more than it was invoiced, and each document adds up."""
    for invoice in Invoice.objects.issued():
        if not invoice.is_credit_note:
            for room in rooms_of(invoice):
                assert within(room.quantity, room.line.quantity), (invoice, room)
                assert within(room.net, room.line.net_amount), (invoice, room)
        assert sum(line.net_amount for line in invoice.lines.all()) == invoice.total_net
        assert sum(row.amount for row in invoice.vat_subtotals.all()) == invoice.total_vat
        assert sum(row.base for row in invoice.vat_subtotals.all()) == invoice.total_net
        given_back = VatSubtotal.objects.filter(invoice__corrects=invoice, invoice__kind="381")
        given_back = given_back.exclude(invoice__status="DRAFT")
        for row in invoice.vat_subtotals.all():
            same = given_back.filter(category=row.category, rate=row.rate).aggregate(
                base=Sum("base"), vat=Sum("amount")
            )
            assert within(same["base"] or 0, row.base), (invoice, row)
            assert within(same["vat"] or 0, row.amount), (invoice, row)


def within(part: Decimal | int, whole: Decimal) -> bool:
    return min(whole, 0) <= part <= max(whole, 0)


def check_journal() -> None:
    """What customers owe, what they were billed and what came in stand in the journal, to the cent."""
    for customer in Customer.objects.all():
        owed = sum(one.balance for one in Invoice.objects.issued().filter(customer=customer))
        credit = sum(one.unallocated for one in Payment.objects.filter(customer=customer))
        assert booked(account=ledger.CUSTOMERS, customer=customer) == owed - credit, customer
    issued = Invoice.objects.issued()
    assert booked(account__startswith="4457") == -issued.aggregate(sum=billed(VAT))["sum"]
    assert booked(account__regex="^(70|4191)") == -issued.aggregate(sum=billed(NET))["sum"]
    assert booked(account=ledger.DEPOSITS) == -sum(deposit_left(one) for one in issued.filter(kind="386"))
    # what came in is a payment, or waits on 471
    money = booked(account__regex="^5[13]") + booked(account=ledger.SUSPENSE)
    assert money == sum(Payment.objects.values_list("amount", flat=True))
    for payment in Payment.objects.filter(reverses=None):
        assert payment.allocated == sum(Allocation.objects.filter(payment=payment).values_list("amount", flat=True))


def deposit_left(deposit: Invoice) -> Decimal:
    """What is still owed to the customer of a deposit: not what was given back, nor what a final invoice took."""
    if deposit.is_deducted:
        return Decimal(0)
    notes = Invoice.objects.issued().filter(corrects=deposit).aggregate(sum=Sum("total_net", default=Decimal(0)))
    return deposit.total_net - notes["sum"]


def check_what_is_shown(company: Company, day: Day) -> None:
    """The API, the page, the paper and the document say the amounts of the record."""
    partner, person = a_partner(company), signed_in(company)
    for invoice in Invoice.objects.order_by("pk"):
        shown = json_of(partner.get(f"/api/invoices/{invoice.pk}"))
        parts = ("total_paid", "total_credited", "total_written_off", "amount_deposited", "balance_due")
        total = sum(shown[part] for part in parts)
        assert (shown["total_ttc"], shown["balance_due"]) == (invoice.total_gross, invoice.balance)
        assert invoice.is_credit_note or total == invoice.total_gross
        assert sum(row["amount"] for row in shown["payments"]) == invoice.amount_paid
        assert person.get(f"/invoices/{invoice.pk}/").status_code == 200
        printed = pdf.context(invoice)
        if not invoice.is_draft:
            assert sum(row.base + row.amount for row in printed["subtotals"]) == invoice.total_gross
            written = documents._issued_document(invoice)
            assert written.totals.payable == written.totals.gross - written.totals.prepaid == invoice.payable
            assert sum(line.net for line in written.lines) == written.totals.net
    for address in ("", "customers", "orders", "products", "payments", "bank", "reminders", "invoices"):
        assert person.get(f"/{address}/" if address else "/").status_code == 200, address
    for customer in Customer.objects.all():
        assert person.get(f"/customers/{customer.pk}/").status_code == 200
        account = json_of(
            partner.get(f"/api/customers/{customer.pk}/statement?to_date={day.at + timedelta(1):%Y-%m-%d}")
        )
        assert account["closing_balance"] == booked(account=ledger.CUSTOMERS, customer=customer)
    aged = json_of(partner.get("/api/reports/aging"))["total"]
    assert aged["total"] == sum(one.balance for one in Invoice.objects.issued())
    assert aged["credit"] == sum(one.unallocated for one in Payment.objects.all())
