"""Partners that call at the same moment, twice, or through a crash: money is counted once."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import Any

import pytest

from billing.models import Invoice, InvoiceStatus
from config.kernel import chain
from config.kernel.models import Company, IdempotentCall
from config.kernel.scope import company_scope
from payments.api import payments as views
from payments.models import Allocation, Payment
from tests.api.client import Partner, a_partner, json_of
from tests.factories import money, story
from tests.trust.at_once import at_once

pytestmark = [pytest.mark.trust, pytest.mark.django_db(transaction=True)]

CALLS = 50
TWELVE_HUNDRED = [story.a_line(quantity=Decimal(10), unit_price=Decimal("100.00"))]


@pytest.fixture(autouse=True)
def _no_limit(settings: Any) -> None:
    settings.API_RATE_LIMIT = "100000/minute"


@pytest.fixture
def invoice(company: Company) -> Invoice:
    return story.an_issued_invoice(story.a_customer(company), TWELVE_HUNDRED)


@pytest.fixture
def credential(company: Company) -> str:
    return str(a_partner(company).headers["Authorization"].partition(" ")[2])


def body_of(invoice: Invoice, amount: str) -> dict[str, Any]:
    return {"invoice_id": invoice.pk, "amount": Decimal(amount), "payment_method": "transfer"}


def state_of(company: Company, invoice: Invoice) -> tuple[int, Decimal, Decimal]:
    """Payments, what they pay of the invoice, and what is left as credit."""
    with company_scope(company):
        rows = list(Payment.objects.all())
        paid = sum(Allocation.objects.filter(invoice=invoice).values_list("amount", flat=True), Decimal(0))
    invoice.refresh_from_db()
    assert invoice.amount_paid == paid
    return len(rows), paid, sum((row.unallocated for row in rows), Decimal(0))


def test_fifty_calls_with_one_key_are_one_payment(company: Company, invoice: Invoice, credential: str) -> None:
    def call(_place: int) -> Any:
        return Partner(credential).post("/api/payments", body_of(invoice, "600.00"), key="the-same")

    answers = at_once(CALLS, call)
    done = [answer for answer in answers if answer.status_code == 201]
    waiting = [answer for answer in answers if answer.status_code == 409]
    assert done, Counter((answer.status_code, answer.content[:300]) for answer in answers)
    assert len(done) + len(waiting) == CALLS, Counter(answer.status_code for answer in answers)
    assert {json_of(answer)["code"] for answer in waiting} <= {"idempotency_key_in_flight"}
    assert len({answer.content for answer in done}) == 1
    assert [answer.get("Idempotent-Replayed", "") for answer in done].count("") == 1, "one did it, the others replay it"
    again = call(0)
    assert (again.status_code, again.content, again["Idempotent-Replayed"]) == (201, done[0].content, "true")
    assert state_of(company, invoice) == (1, 600, 0)
    assert list(chain.verify(company)) == []


def test_one_balance_paid_under_different_keys_is_paid_once(
    company: Company, invoice: Invoice, credential: str
) -> None:
    def call(place: int) -> Any:
        return Partner(credential).post("/api/payments", body_of(invoice, "1200.00"), key=f"mine-{place}")

    answers = at_once(8, call)
    assert sorted(answer.status_code for answer in answers) == [201, *[409] * 7]
    assert {json_of(answer)["code"] for answer in answers if answer.status_code == 409} == {"nothing_outstanding"}
    assert state_of(company, invoice) == (1, 1200, 0)


def test_two_payments_that_together_pass_the_balance_leave_the_rest_as_credit(
    company: Company, invoice: Invoice, credential: str
) -> None:
    def call(place: int) -> Any:
        return Partner(credential).post("/api/payments", body_of(invoice, "800.00"), key=f"mine-{place}")

    answers = [json_of(answer)["payment"]["unallocated"] for answer in at_once(2, call)]
    assert sorted(answers) == [0, 400]
    assert state_of(company, invoice) == (2, 1200, 400)
    assert invoice.status == InvoiceStatus.PAID


def test_an_invoice_is_marked_paid_once_by_ten(company: Company, invoice: Invoice, credential: str) -> None:
    def call(place: int) -> Any:
        return Partner(credential).post(f"/api/invoices/{invoice.pk}/mark-paid", {}, key=f"mark-{place}")

    assert sorted(answer.status_code for answer in at_once(10, call)) == [200, *[409] * 9]
    assert state_of(company, invoice) == (1, 1200, 0)


def test_a_crash_before_the_answer_leaves_nothing_and_the_repeat_does_it(
    company: Company, invoice: Invoice, credential: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_args: object, **_options: object) -> None:
        assert Payment.objects.count() == 1, "the effect is there, not yet the answer"
        raise RuntimeError("the machine stops")

    partner, body = Partner(credential), body_of(invoice, "600.00")
    with monkeypatch.context() as patch:
        patch.setattr(views, "answer_for", crash)
        assert partner.post("/api/payments", body, key="crash").status_code == 500
    assert state_of(company, invoice) == (0, 0, 0)
    with company_scope(company):
        assert not IdempotentCall.objects.exists()
    done = partner.post("/api/payments", body, key="crash")
    assert (done.status_code, "Idempotent-Replayed" in done) == (201, False)
    assert state_of(company, invoice) == (1, 600, 0)
    assert list(chain.verify(company)) == []


def test_corrections_and_allocations_of_one_payment_at_once_end_in_order(
    company: Company, invoice: Invoice, credential: str
) -> None:
    """Each call locks invoices before the payment, also those that bear an If-Match: nobody waits in a circle."""
    payment = money.a_payment(invoice.customer, "900.00", [(invoice, "300.00")])
    url = f"/api/payments/{payment.pk}"
    tag = Partner(credential).get(url)["ETag"]

    def call(place: int) -> Any:
        partner = Partner(credential)
        if place % 3 == 0:
            return partner.put(url, {"amount": Decimal(700 + place)}, If_Match=tag)
        if place % 3 == 1:
            return partner.delete(f"{url}/allocations/{invoice.pk}", key=True)
        return partner.post(f"{url}/allocations", {"invoice_id": invoice.pk, "amount": Decimal("10.00")}, key=True)

    answers = at_once(12, call)
    assert {answer.status_code for answer in answers} <= {200, 201, 409, 412}
    _count, paid, credit = state_of(company, invoice)
    with company_scope(company):
        live = Payment.objects.filter(reverses=None, reversed_at=None)
        assert paid + credit == sum(live.values_list("amount", flat=True))
        assert live.count() == 1
    assert list(chain.verify(company)) == []
