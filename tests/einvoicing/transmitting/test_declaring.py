"""212 and 220: the statuses that we declare, by the same queue as the invoices."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from billing.models import InvoiceKind, VatSubtotal
from config.kernel.scope import company_scope
from einvoicing import validation
from einvoicing.formats import cdar
from einvoicing.models import LifecycleEvent, PlatformAccount, Transmission, TransmissionKind
from einvoicing.models import TransmissionStatus as Status
from einvoicing.services.transmissions import queue_transmission, retry_transmission
from payments.services.payments import reverse_payment
from tests.einvoicing.transmitting.test_every_buyer import BUYERS
from tests.factories import money, story
from tests.factories.money import credit_invoice
from tests.factories.people import signed_in
from tests.factories.queues import drain

pytestmark = pytest.mark.django_db

AT = story.AT
MIXED = [
    story.a_line("Chaise", quantity=Decimal(1), unit_price=Decimal("100.00"), vat_rate=Decimal("20")),
    story.a_line("Livre", quantity=Decimal(1), unit_price=Decimal("33.33"), vat_rate=Decimal("5.5")),
]


def declared(invoice):
    rows = Transmission.everywhere.filter(invoice=invoice, kind=TransmissionKind.STATUS).order_by("created_at", "id")
    return [cdar.parse(bytes(row.content)) for row in rows]


def received(message):
    """Rate → amount, as the message tells them."""
    return {one.percent: one.amount for detail in message.details for one in detail.characteristics}


@pytest.fixture
def invoice(customer):
    return story.an_issued_invoice(customer, MIXED)  # 120.00 + 35.16


def test_a_payment_of_a_transmitted_invoice_is_declared_by_vat_rate(customer, invoice):
    money.a_payment(customer, "155.16", [(invoice, "155.16")])
    (message,) = declared(invoice)
    assert (message.status_code, message.invoice_number) == ("212", invoice.number)
    assert received(message) == {Decimal(20): Decimal("120.00"), Decimal("5.5"): Decimal("35.16")}


@pytest.mark.parametrize("kind", list(BUYERS))
def test_a_payment_by_each_kind_of_buyer_is_declared_validly(customer, kind):
    values, address, line, _rule, _note = BUYERS[kind]
    siret = story.a_siret(story.a_siren())
    usual = {} if values.get("kind") or "siret" in values else {"siret": siret, "electronic_address": siret[:9]}
    customer = story.a_customer(customer.company, address=address, **usual | values)
    invoice = story.an_issued_invoice(customer, [line])
    money.a_payment(customer, str(invoice.payable), [(invoice, str(invoice.payable))])
    row = Transmission.everywhere.get(kind=TransmissionKind.STATUS)
    assert [violation.rule for violation in validation.check(bytes(row.content)).violations] == []


def test_money_is_declared_on_the_day_it_came_not_when_it_was_typed(customer, invoice):
    money.a_payment(customer, "155.16", [(invoice, "155.16")], paid_on=date(2026, 10, 15))
    (message,) = declared(invoice)
    days = {one.value_date for detail in message.details for one in detail.characteristics}
    assert days == {date(2026, 10, 15)}
    assert validation.check(bytes(Transmission.everywhere.get(kind=TransmissionKind.STATUS).content)).valid


def test_partial_payments_are_declared_each_and_add_up_to_the_cent(customer, invoice):
    for amount in ("0.01", "50.00", "51.72", "53.43"):
        money.a_payment(customer, amount, [(invoice, amount)])
    messages = declared(invoice)
    assert len(messages) == 4
    told = sorted(sum(received(one).values()) for one in messages)
    assert [str(amount) for amount in told] == ["0.01", "50.00", "51.72", "53.43"]
    by_rate = {rate: sum(received(one).get(rate, 0) for one in messages) for rate in (Decimal(20), Decimal("5.5"))}
    assert by_rate == {Decimal(20): Decimal("120.00"), Decimal("5.5"): Decimal("35.16")}


def test_a_reversed_payment_is_declared_with_the_opposite_amounts(customer, invoice):
    payment = money.a_payment(customer, "77.77", [(invoice, "77.77")])
    with company_scope(customer.company):
        reverse_payment(payment=payment, reason="Rejet", actor=story.ACTOR, at=AT)
    first, second = sorted(declared(invoice), key=lambda one: sum(received(one).values()), reverse=True)
    assert received(second) == {rate: -amount for rate, amount in received(first).items()}


def test_the_message_keeps_the_official_rules(customer, invoice):
    money.a_payment(customer, "100.00", [(invoice, "100.00")])
    row = Transmission.everywhere.get(invoice=invoice, kind=TransmissionKind.STATUS)
    report = validation.check(bytes(row.content))
    assert (report.syntax, [(one.rule, one.text, one.location) for one in report.fatal]) == ("CDAR", [])


def test_an_invoice_that_no_platform_carries_is_not_declared():
    other = story.a_customer(story.a_company())
    invoice = story.an_issued_invoice(other)
    money.a_payment(other, "10.00", [(invoice, "10.00")])
    assert declared(invoice) == []


def test_a_declared_status_is_carried_and_joins_the_life_of_the_invoice(customer, invoice, sandbox):
    money.a_payment(customer, "155.16", [(invoice, "155.16")])
    drain(at=AT)
    row = Transmission.everywhere.get(invoice=invoice, kind=TransmissionKind.STATUS)
    assert row.status == Status.DEPOSITED
    event = LifecycleEvent.everywhere.get(invoice=invoice)
    assert (event.code, event.document, event.transmission) == ("212", None, row)


def test_a_corrected_invoice_declares_that_the_first_is_replaced(customer, invoice):
    story.an_issued_invoice(customer, MIXED, kind=InvoiceKind.CORRECTED, corrects=invoice)
    (message,) = declared(invoice)
    assert (message.status_code, message.invoice_number) == ("220", invoice.number)


def in_all(invoice):
    """Rate → all that the messages declare at it; rates without a rest left out."""
    sums = Counter()
    for message in declared(invoice):
        sums.update(received(message))
    return {rate: amount for rate, amount in sums.items() if amount}


def credit(invoice, position):
    with company_scope(invoice.company_id):
        parts = story.a_return(invoice, 1, position=position)
        return credit_invoice(invoice=invoice, parts=parts, reason="Retour", actor=story.ACTOR, at=AT)


@pytest.mark.parametrize("receipts", [("60.00", "60.00"), ("0.01", "119.99"), ("119.99", "0.01"), ("155.16",)])
def test_what_is_received_around_a_credit_note_is_declared_at_the_rates_that_stay(customer, invoice, receipts):
    before, *after = receipts
    money.a_payment(customer, before, [(invoice, before)])
    credit(invoice, position=2)
    for amount in after:
        money.a_payment(customer, amount, [(invoice, amount)])
    assert in_all(invoice) == {Decimal(20): Decimal("120.00")}
    rows = Transmission.everywhere.filter(invoice=invoice, kind=TransmissionKind.STATUS)
    assert all(validation.check(bytes(row.content)).valid for row in rows)


def test_two_credit_notes_between_receipts_leave_nothing_declared(customer, invoice):
    money.a_payment(customer, "100.00", [(invoice, "100.00")])
    credit(invoice, position=1)
    assert in_all(invoice) == {Decimal("5.5"): Decimal("35.16")}
    credit(invoice, position=2)
    assert in_all(invoice) == {}


def test_a_credit_note_at_one_rate_declares_nothing(customer):
    invoice = story.an_issued_invoice(customer, [story.a_line(), story.a_line()])
    money.a_payment(customer, "10.00", [(invoice, "10.00")])
    credit(invoice, position=1)
    assert len(declared(invoice)) == 1


FIVE_RATES = ("20", "10", "8.5", "5.5", "2.1")


@pytest.fixture
def five_rates(customer):
    lines = [story.a_line(quantity=Decimal(1), unit_price=Decimal(100), vat_rate=Decimal(rate)) for rate in FIVE_RATES]
    return story.an_issued_invoice(customer, lines)


def test_a_cent_on_five_rates_is_a_cent_of_one_of_them(customer, five_rates):
    money.a_payment(customer, "0.01", [(five_rates, "0.01")])
    (message,) = declared(five_rates)
    assert received(message) == {Decimal(20): Decimal("0.01")}


def test_money_that_comes_by_the_cent_takes_nothing_back_and_ends_on_each_rate(customer, five_rates):
    parts = [*["0.01"] * 7, "0.02", "17.33", "0.01"]
    parts.append(str(five_rates.total_gross - sum(map(Decimal, parts))))
    for part in parts:
        money.a_payment(customer, part, [(five_rates, part)])
    messages = [received(one) for one in declared(five_rates)]
    assert sorted(sum(one.values()) for one in messages) == sorted(map(Decimal, parts))
    assert min(amount for one in messages for amount in one.values()) > 0
    for row in VatSubtotal.everywhere.filter(invoice=five_rates):
        assert sum(one.get(row.rate, 0) for one in messages) == row.base + row.amount


def test_a_declared_status_has_its_place_in_the_list_and_its_page(customer, invoice):
    money.a_payment(customer, "10.00", [(invoice, "10.00")])
    row = Transmission.everywhere.get(invoice=invoice, kind=TransmissionKind.STATUS)
    client = signed_in(customer.company)
    assert "statut 212" in client.get("/transmissions/").text
    assert f"Statut 212 de {invoice.number}" in client.get(row.get_absolute_url()).text


@pytest.fixture
def waiting(customer):
    """Issued, and transmitted only when a person says so."""
    PlatformAccount.everywhere.filter(company=customer.company).update(sends_automatically=False)
    return story.an_issued_invoice(customer, MIXED)


def transmit(invoice):
    with company_scope(invoice.company_id):
        queue_transmission(invoice=invoice, actor=story.ACTOR, at=AT)
    drain(at=AT)


def take_back(payment):
    with company_scope(payment.company_id):
        reverse_payment(payment=payment, reason="Rejet", actor=story.ACTOR, at=AT)


def test_what_was_paid_before_the_invoice_was_transmitted_is_declared_once_it_is(customer, waiting, sandbox):
    for amount, day in (("55.16", 15), ("100.00", 20)):
        money.a_payment(customer, amount, [(waiting, amount)], paid_on=date(2026, 10, day))
    assert declared(waiting) == []
    transmit(waiting)
    messages = sorted(declared(waiting), key=lambda one: sum(received(one).values()))
    days = [{one.value_date for one in message.details[0].characteristics} for message in messages]
    assert days == [{date(2026, 10, 15)}, {date(2026, 10, 20)}]
    assert [sum(received(one).values()) for one in messages] == [Decimal("55.16"), Decimal("100.00")]
    assert in_all(waiting) == {Decimal(20): Decimal("120.00"), Decimal("5.5"): Decimal("35.16")}
    rows = Transmission.everywhere.filter(invoice=waiting, kind=TransmissionKind.STATUS)
    assert all(validation.check(bytes(row.content)).valid for row in rows)


def test_what_was_paid_before_and_taken_back_after_is_declared_as_nothing(customer, waiting, sandbox):
    payment = money.a_payment(customer, "155.16", [(waiting, "155.16")])
    transmit(waiting)
    take_back(payment)
    assert len(declared(waiting)) == 2
    assert in_all(waiting) == {}


def test_what_was_paid_and_taken_back_before_is_not_declared(customer, waiting, sandbox):
    take_back(money.a_payment(customer, "155.16", [(waiting, "155.16")]))
    transmit(waiting)
    assert declared(waiting) == []


def test_what_was_never_declared_is_not_declared_as_taken_back(customer, waiting, sandbox):
    transmit(waiting)
    payment = money.a_payment(customer, "155.16", [(waiting, "155.16")])
    Transmission.everywhere.filter(invoice=waiting, kind=TransmissionKind.STATUS).delete()
    take_back(payment)
    assert declared(waiting) == []


def test_money_of_the_days_when_the_transmission_was_given_up_is_declared_after_its_retry(customer, waiting, sandbox):
    with company_scope(customer.company):
        row = queue_transmission(invoice=waiting, actor=story.ACTOR, at=AT)
        first = money.a_payment(customer, "50.00", [(waiting, "50.00")])
        Transmission.everywhere.filter(pk=row.pk).update(status=Status.DEAD)
        take_back(first)
        money.a_payment(customer, "20.00", [(waiting, "20.00")])
        assert sum(in_all(waiting).values()) == Decimal("50.00")
        row.refresh_from_db()
        retry_transmission(transmission=row, reason="Réparé", actor=story.ACTOR, at=AT)
    drain(at=AT)
    assert sum(in_all(waiting).values()) == Decimal("20.00")
