"""A customer's credit used on its next invoice: the oldest money first, once, and never another's."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from billing.models import Invoice
from billing.services.settling import NothingOutstanding, OverAllocated
from config.kernel import chain
from config.kernel.clock import local_day
from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.models import Payment
from payments.services.credits import BeyondWhatIsHeld, NoCredit, credit_of, use_credit
from tests.factories import money, story
from tests.factories.people import signed_in
from tests.factories.story import ACTOR, AT
from tests.trust.conftest import settle as settle_constraints

WHO: dict[str, Any] = {"actor": ACTOR, "at": AT}
DAY = local_day(AT)
TWELVE_HUNDRED = [story.a_line(quantity=Decimal(10), unit_price=Decimal("100.00"))]


@pytest.fixture
def company(db: None) -> Any:
    company = story.a_company()
    with company_scope(company):
        yield company


def an_invoice(customer: Any) -> Invoice:
    return story.an_issued_invoice(customer, TWELVE_HUNDRED)


def left(*payments: Payment) -> list[Decimal]:
    return [Payment.objects.get(pk=payment.pk).unallocated for payment in payments]


def test_the_oldest_money_pays_first_up_to_the_balance(company: Company) -> None:
    customer = story.a_customer(company)
    new = money.a_payment(customer, "900")
    old = money.a_payment(customer, "500", paid_on=DAY - timedelta(days=30))
    invoice = an_invoice(customer)
    used = use_credit(invoice=invoice, **WHO)
    assert [(row.payment_id, row.amount) for row in used] == [(old.pk, 500), (new.pk, 700)]
    assert (invoice.status, left(old, new), credit_of(customer)) == ("PAID", [0, 200], 200)
    settle_constraints()
    assert list(chain.verify(company)) == []


def test_a_part_is_used_where_it_is_asked_for(company: Company) -> None:
    customer = story.a_customer(company)
    payment, invoice = money.a_payment(customer, "500"), an_invoice(customer)
    use_credit(invoice=invoice, amount=Decimal("120.50"), **WHO)
    assert (left(payment), invoice.amount_paid) == ([Decimal("379.50")], Decimal("120.50"))
    with pytest.raises(BeyondWhatIsHeld, match="379,50"):
        use_credit(invoice=invoice, amount=Decimal("379.51"), **WHO)
    assert left(payment) == [Decimal("379.50")]


def test_never_beyond_the_invoice_nor_another_customer_s_nor_another_currency_s(company: Company) -> None:
    customer = story.a_customer(company)
    invoice = an_invoice(customer)
    money.a_payment(story.a_customer(company), "5000")
    with pytest.raises(NoCredit):
        use_credit(invoice=invoice, **WHO)
    payment = money.a_payment(customer, "5000")
    with pytest.raises(OverAllocated):
        use_credit(invoice=invoice, amount=Decimal(4000), **WHO)
    assert left(payment) == [5000]
    use_credit(invoice=invoice, **WHO)
    with pytest.raises(NothingOutstanding):
        use_credit(invoice=invoice, **WHO)


def test_the_page_shows_what_will_be_used_and_the_record_offers_it(company: Company) -> None:
    customer = story.a_customer(company)
    invoice = an_invoice(customer)
    client, url = signed_in(company), reverse("payments:credit-use", args=[invoice.pk])
    record = invoice.get_absolute_url()
    assert url not in client.get(record).content.decode()
    payment = money.a_payment(customer, "300")
    assert url in client.get(record).content.decode()
    shown = client.get(url).content.decode()
    assert payment.number in shown
    assert "300,00" in shown
    refused = client.post(url, {"amount": "300,01"})
    assert refused.status_code == 422
    assert "300,00" in refused.content.decode()
    assert client.post(url, {"amount": "1 00,5"}).url == record
    assert left(payment) == [Decimal("199.50")]
