"""What was paid in Invoice Ninja beyond its invoices is the customer's credit here: never lost, never twice."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import requests
from django.test import override_settings
from django.utils import timezone

from config.kernel import chain
from config.kernel.clock import local_day
from config.kernel.scope import company_scope
from payments.matching import AUTO, PROPOSED, explain
from payments.models import Method, Payment
from payments.services.allocations import allocate_payment
from payments.services.feeds import invoice_ninja, overpaid
from payments.services.payments import record_payment, reverse_payment
from payments.services.proposing import build_index, propose
from payments.services.reconciliation import reconcile
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import story
from tests.factories.money import a_credit, bank_lines
from tests.payments.test_invoice_ninja import LINES, Ninja, a_ninja
from tests.trust.at_once import at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _loopback_allowed(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True


@pytest.fixture
def ninja(sandbox: str) -> Ninja:
    return a_ninja(sandbox)


def credit(ninja: Ninja) -> Decimal:
    """What the customer has here beyond what it owes."""
    live = Payment.everywhere.filter(company=ninja.company, reverses=None, reversed_at=None)
    return sum((row.unallocated for row in live), Decimal(0))


def test_what_exceeds_the_invoices_is_the_customer_s_credit_once(ninja: Ninja) -> None:
    ninja.pays(1200.0, amount=1300.0)
    assert (ninja.read(), ninja.read()) == (2, 0)
    assert (ninja.balance(), credit(ninja), ninja.amounts()) == (0, 100, [1200, 100])
    assert Payment.everywhere.get(company=ninja.company, amount=100).customer == ninja.invoice.customer


@pytest.mark.parametrize(
    ("change", "balance", "left"),
    [
        ({"refunds": {}, "refunded": 100.0, "status_id": "5"}, 0, 0),
        ({"refunds": {}, "refunded": 40.0, "status_id": "5"}, 0, 60),
        ({"refunded": 1300.0, "status_id": "6"}, 1200, 0),
        ({"is_deleted": True}, 1200, 0),
        ({"status_id": "3"}, 1200, 0),
        ({"amount": 1250.0}, 0, 50),
        ({"amount": 1200.0}, 0, 0),
    ],
)
def test_the_credit_follows_what_becomes_of_it_there(
    ninja: Ninja, change: dict[str, Any], balance: int, left: int
) -> None:
    key = ninja.pays(1200.0, amount=1300.0)
    ninja.read()
    change.pop("refunds", None)
    ninja.tell(id=key, **change)
    ninja.read()
    assert ninja.read() == 0
    assert (ninja.balance(), credit(ninja)) == (balance, left)


def test_a_credit_applied_there_to_another_invoice_pays_it_here_and_is_credit_no_more(ninja: Ninja) -> None:
    other = story.an_issued_invoice(ninja.invoice.customer, LINES)
    key = ninja.pays(1200.0, amount=1500.0)
    ninja.read()
    ninja.tell(id=key, invoices={other.number: 300.0}, amount=1500.0)
    assert ninja.read() == 2
    other.refresh_from_db()
    assert (other.balance, credit(ninja)) == (Decimal("900.00"), 0)


@pytest.mark.parametrize("is_applied", [True, False])
def test_money_that_moves_is_never_there_twice_even_by_dying_between(
    ninja: Ninja, is_applied: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the customer's credit and an invoice, one way and the other."""
    other = story.an_issued_invoice(ninja.invoice.customer, LINES)
    key = ninja.pays(1200.0, amount=1500.0)
    if is_applied:
        ninja.tell(id=key, invoices={other.number: 300.0}, amount=1500.0)
    ninja.read()
    if is_applied:
        [there] = requests.get(
            f"{ninja.address}/sandbox/invoice-ninja/ledger?client_id={ninja.account}", timeout=5
        ).json()["payments"]
        ninja.tell(id=key, paymentables=there["paymentables"][:1])
    else:
        ninja.tell(id=key, invoices={other.number: 300.0}, amount=1500.0)
    seen = []

    def dies(*_given: Any) -> None:
        other.refresh_from_db()
        seen.append((credit(ninja), other.balance))
        raise SystemError("killed")

    with monkeypatch.context() as patch:
        patch.setattr(invoice_ninja, "_record", dies)
        with pytest.raises(SystemError):
            ninja.read()
    assert seen == [(0, Decimal("1200.00"))], "taken back before it is given elsewhere"
    assert ninja.read() == 1
    other.refresh_from_db()
    left = Decimal(300) if is_applied else Decimal(0)
    assert (other.balance, credit(ninja)) == (Decimal("900.00") + left, left)


def test_a_credit_that_was_used_here_is_taken_back_from_the_invoice_it_paid(ninja: Ninja) -> None:
    other = story.an_issued_invoice(ninja.invoice.customer, LINES)
    key = ninja.pays(1200.0, amount=1500.0)
    ninja.read()
    with company_scope(ninja.company):
        kept = Payment.objects.get(amount=300)
        allocate_payment(payment=kept, invoice=other, amount=Decimal(300), actor=story.ACTOR, at=timezone.now())
    assert ninja.read() == 0
    ninja.tell(id=key, is_deleted=True)
    ninja.read()
    other.refresh_from_db()
    assert (ninja.balance(), other.balance, credit(ninja)) == (Decimal(1200), Decimal(1200), 0)


def test_a_credit_that_a_person_took_back_here_stays_so(ninja: Ninja) -> None:
    ninja.pays(1200.0, amount=1300.0)
    ninja.read()
    with company_scope(ninja.company):
        kept = Payment.objects.get(amount=100)
        reverse_payment(payment=kept, reason="Saisi deux fois", actor=story.ACTOR, at=timezone.now())
    assert (ninja.read(), credit(ninja)) == (0, 0)


def test_money_for_no_invoice_is_the_credit_of_whom_its_client_names(ninja: Ninja) -> None:
    customer = ninja.invoice.customer
    client = {"id": "Wpmbk5ezJn", "id_number": customer.siret, "name": "Somebody"}
    ninja.tell(amount=250.0, client=client)
    assert (ninja.read(), ninja.read(), credit(ninja)) == (1, 0, 250)


@pytest.mark.parametrize(
    "client",
    [
        {"id_number": "99999999900000"},
        {"id_number": "", "name": "the customer's own name"},
        {"contacts": [{"email": "nobody@example.org"}]},
    ],
)
def test_money_of_an_unknown_client_is_not_lost_but_said(ninja: Ninja, client: dict[str, Any]) -> None:
    ninja.tell(amount=250.0, client={"id": "Wpmbk5ezJn", **client})
    assert (ninja.read(), credit(ninja)) == (0, 0)
    assert ninja.said() == [overpaid.UnknownClient.message]


def test_a_client_whom_two_customers_answer_to_is_unknown(ninja: Ninja) -> None:
    customers = [story.a_customer(ninja.company) for _ in range(2)]
    type(customers[0]).everywhere.filter(pk__in=[row.pk for row in customers]).update(email="same@example.org")
    ninja.tell(amount=250.0, client={"id": "Wpmbk5ezJn", "contacts": [{"email": "SAME@example.org "}]})
    assert (ninja.read(), ninja.said()) == (0, [overpaid.UnknownClient.message])


def test_another_company_s_customer_is_never_the_one(ninja: Ninja) -> None:
    stranger = story.a_customer(story.a_company())
    type(stranger).everywhere.filter(pk=stranger.pk).update(email="only@example.org")
    ninja.tell(amount=250.0, client={"id": "Wpmbk5ezJn", "contacts": [{"email": "only@example.org"}]})
    assert (ninja.read(), Payment.everywhere.filter(customer=stranger).count()) == (0, 0)


def test_the_rest_of_a_payment_whose_invoice_is_refused_is_refused_too(ninja: Ninja) -> None:
    ninja.tell(invoices={"NINJA-0042": 100.0, ninja.invoice.number: 200.0}, amount=500.0)
    assert (ninja.read(), credit(ninja), ninja.amounts()) == (1, 0, [200])
    assert sorted(ninja.said()) == sorted([invoice_ninja.UnknownNumber.message, overpaid.PartRefused.message])


def test_money_that_came_by_the_bank_already_is_not_counted_again(ninja: Ninja) -> None:
    today = local_day(timezone.now())
    with company_scope(ninja.company):
        record_payment(
            customer=ninja.invoice.customer, amount=Decimal(250), method=Method.TRANSFER, paid_on=today, shares=[],
            actor=story.ACTOR, at=timezone.now(),
        )  # fmt: skip
    ninja.tell(amount=250.0, client={"id": "Wpmbk5ezJn", "id_number": ninja.invoice.customer.siret})
    assert (ninja.read(), credit(ninja)) == (0, 250)
    assert ninja.said() == [overpaid.MaybeRecorded.message]


def test_two_payments_of_one_amount_there_are_two(ninja: Ninja) -> None:
    client = {"id": "Wpmbk5ezJn", "id_number": ninja.invoice.customer.siret}
    ninja.tell(amount=250.0, client=client)
    ninja.tell(amount=250.0, client=client)
    assert (ninja.read(), credit(ninja), ninja.said()) == (2, 500, [])


def a_payment_of(ninja: Ninja, amount: int) -> Payment:
    """Recorded by a person, today."""
    with company_scope(ninja.company):
        return record_payment(
            customer=ninja.invoice.customer, amount=Decimal(amount), method=Method.TRANSFER, shares=[],
            paid_on=local_day(timezone.now()), actor=story.ACTOR, at=timezone.now(),
        )  # fmt: skip


def test_what_is_refunded_there_is_credit_no_more_whatever_else_speaks_against_keeping_it(ninja: Ninja) -> None:
    key = ninja.tell(amount=300.0, client={"id": "Wpmbk5ezJn", "id_number": ninja.invoice.customer.siret})
    assert (ninja.read(), credit(ninja)) == (1, 300)
    a_payment_of(ninja, 250)
    ninja.tell(id=key, refunded=50.0, status_id="5", client={"id": "Wpmbk5ezJn", "id_number": ""})
    assert (ninja.read(), credit(ninja)) == (1, 500)


@pytest.mark.parametrize("is_read", [True, False])
def test_a_line_of_the_same_money_is_not_matched_without_a_person(ninja: Ninja, is_read: bool, tmp_path: Any) -> None:
    """Its customer has the credit already, read there or recorded by a person."""
    invoice = ninja.invoice
    now = timezone.now()
    with override_settings(MEDIA_ROOT=str(tmp_path)):
        [line] = bank_lines(ninja.company, [a_credit("1200.00", remittance=f"Facture {invoice.number}")], at=now)
    with company_scope(ninja.company):
        assert propose(line, build_index(ninja.company, at=now)).kind == AUTO, "the control"
        if is_read:
            ninja.tell(amount=1200.0, date=str(line.booked_on), client={"id": "a", "id_number": invoice.customer.siret})
            assert ninja.read() == 1
        else:
            a_payment_of(ninja, 1200)
        verdict = propose(line, build_index(ninja.company, at=now))
        assert (verdict.kind, "est peut-être le même argent" in explain(verdict)) == (PROPOSED, True)
        assert reconcile(company=ninja.company, actor=story.ACTOR, at=now).matched == 0
        assert (ninja.balance(), credit(ninja)) == (1200, 1200)


def test_a_credit_note_used_there_with_money_left_over_is_said(ninja: Ninja) -> None:
    key = ninja.pays(1200.0, amount=1300.0)
    ninja.tell(id=key, paymentables=[{"id": "a", "credit_id": "b", "amount": 50.0, "refunded": 0.0}], amount=1300.0)
    assert (ninja.read(), ninja.said()) == (0, [invoice_ninja.UNDIVIDED])


def test_a_credit_in_another_currency_is_said(ninja: Ninja) -> None:
    client = {"id": "Wpmbk5ezJn", "id_number": ninja.invoice.customer.siret}
    ninja.tell(amount=250.0, currency_id="1", client=client)
    assert (ninja.read(), ninja.said()) == (0, [invoice_ninja.OtherCurrency.message])


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_readings_at_once_keep_the_credit_once(sandbox: str) -> None:
    ninja = a_ninja(sandbox)
    ninja.pays(1200.0, amount=1300.0)
    assert sum(at_once(4, lambda _place: ninja.read())) == 2
    assert (credit(ninja), ninja.balance()) == (100, 0)
    assert list(chain.verify(ninja.company)) == []
