"""Money given back, written off, matched and undone by two people at the same moment: once, or refused in words."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError

from billing.models import Invoice
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.models import Match, Payment, Refund, WriteOff
from payments.outgoing import refunding
from payments.services import allocations, undoing, write_offs
from payments.services.payments import record_payment, reverse_payment
from payments.services.settling import settle_line
from payments.services.settling_parts import Found, Part, Received, Refunded, Returned
from tests.factories import money, story
from tests.trust.at_once import at_once
from tests.trust.money_figures import check_banks, check_figures, check_money, check_vat

pytestmark = [pytest.mark.trust, pytest.mark.django_db(transaction=True)]

HUNDRED = Decimal("100.00")
WHO: dict[str, Any] = {"actor": story.ACTOR, "at": story.AT}
Act = Callable[[], object]


@pytest.fixture
def company(settings: Any, tmp_path: Path) -> Company:
    settings.MEDIA_ROOT = str(tmp_path)
    return story.a_company()


@pytest.fixture
def invoice(company: Company) -> Invoice:
    """Of 1,200.00."""
    line = story.a_line(quantity=Decimal(1), unit_price=Decimal(1000))
    return story.an_issued_invoice(story.a_customer(company), [line])


def each(company: Company, acts: Sequence[Act]) -> list[str]:
    """What each is answered who does one of the acts at the same moment: "done", or why not."""

    def person(place: int) -> str:
        with company_scope(company):
            try:
                acts[place]()
            except DomainError as refused:
                return refused.code
            return "done"

    return at_once(len(acts), person)


def agree(company: Company) -> None:
    with company_scope(company):
        check_figures(company)
        check_money()
        check_vat()
        check_banks(local_day(story.AT))


def refund(invoice: Invoice, amount: Decimal, method: str = "CHECK") -> Refund:
    return refunding.refund_customer(
        customer=invoice.customer, amount=amount, method=method, iban=story.IBAN, reason="Trop-perçu",
        made_on=local_day(story.AT), **WHO,
    )  # fmt: skip


def settle(line: Any, part: Part) -> Match:
    return settle_line(line=line, parts=[part], rule="person", is_automatic=False, **WHO)


def pay(invoice: Invoice, amount: Decimal) -> Payment:
    return record_payment(
        customer=invoice.customer, amount=amount, method="CARD", paid_on=local_day(story.AT),
        shares=[allocations.Share(invoice, amount)], **WHO,
    )  # fmt: skip


def use(payment: Payment, invoice: Invoice) -> object:
    return allocations.allocate_payment(payment=payment, invoice=invoice, amount=HUNDRED, **WHO)


def test_a_credit_refunded_while_it_is_used_on_an_invoice_is_spent_once(company: Company, invoice: Invoice) -> None:
    credit = money.a_payment(invoice.customer, "300.00", method="CARD")
    acts: list[Act] = [lambda: refund(invoice, HUNDRED), lambda: use(credit, invoice)]
    answers = each(company, acts * 4)
    assert answers.count("done") == 3
    assert set(answers) <= {"done", "refund_beyond_credit", "not_enough_credit"}
    agree(company)


def test_without_the_lock_both_spend_it_and_only_postgresql_sees_it(
    company: Company, invoice: Invoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    credit = money.a_payment(invoice.customer, "100.00", method="CARD")
    both_have_read = threading.Barrier(2, timeout=30)

    def careless(payment: Payment) -> Payment:
        found: Payment = Payment.everywhere.select_related("customer").get(pk=payment.pk)
        both_have_read.wait()
        return found

    monkeypatch.setattr(refunding, "lock_payment", careless)
    monkeypatch.setattr(allocations, "lock_payment", careless)
    with pytest.raises(IntegrityError, match="quittance"):
        each(company, [lambda: refund(invoice, HUNDRED), lambda: use(credit, invoice)])


def write_off(invoice: Invoice, amount: Decimal) -> WriteOff:
    return write_offs.write_off(invoice=invoice, amount=amount, reason="DISCOUNT", with_vat=True, note="", **WHO)


def test_an_invoice_written_off_while_it_is_paid_is_settled_once(company: Company, invoice: Invoice) -> None:
    half = Decimal("600.00")
    acts: list[Act] = [lambda: write_off(invoice, half), lambda: pay(invoice, half)]
    answers = each(company, acts * 3)
    assert answers.count("done") == 2
    invoice.refresh_from_db()
    assert (invoice.balance, invoice.status) == (0, "PAID")
    agree(company)


def test_a_write_off_taken_back_twice_at_once_comes_back_once(company: Company, invoice: Invoice) -> None:
    with company_scope(company):
        row = write_off(invoice, HUNDRED)
    acts: list[Act] = [lambda: write_offs.take_back_write_off(write_off=row, reason="Erreur", **WHO)]
    assert sorted(each(company, acts * 4)) == ["done"] + ["write_off_taken_back"] * 3
    agree(company)


def test_a_refund_cancelled_while_the_bank_shows_it_is_one_or_the_other(company: Company, invoice: Invoice) -> None:
    money.a_payment(invoice.customer, "100.00", method="CARD")
    with company_scope(company):
        row = refund(invoice, HUNDRED, "TRANSFER")
    [line] = money.bank_lines(company, [money.a_credit("-100.00", end_to_end_id=row.end_to_end_id)])
    cancel: Act = lambda: refunding.cancel_refund(refund=row, reason="Erreur", **WHO)  # noqa: E731
    answers = each(company, [cancel, lambda: settle(line, Refunded(row))] * 2)
    row.refresh_from_db()
    assert answers.count("done") == 1
    assert Match.everywhere.filter(line=line, undone_at=None).count() == int(row.is_live)
    agree(company)


def test_a_payment_taken_back_by_the_bank_while_it_is_reversed_leaves_once(company: Company, invoice: Invoice) -> None:
    payment = money.a_payment(invoice.customer, "1200.00", [(invoice, "1200.00")], method="CARD")
    [line] = money.bank_lines(company, [money.a_credit("-1200.00")])
    answers = each(
        company,
        [
            lambda: settle(line, Returned(payment, Decimal(-1200))),
            lambda: reverse_payment(payment=payment, reason="Erreur", **WHO),
        ],
    )
    assert answers.count("done") == 1
    agree(company)


def test_a_payment_found_at_the_bank_while_it_is_reversed_is_one_or_the_other(
    company: Company, invoice: Invoice
) -> None:
    payment = money.a_payment(invoice.customer, "1200.00", [(invoice, "1200.00")], method="CARD")
    [line] = money.bank_lines(company, [money.a_credit("1200.00")])
    answers = each(
        company,
        [
            lambda: settle(line, Found(payment, Decimal(1200))),
            lambda: undoing.take_back_payment(payment=payment, reason="Erreur", **WHO),
        ],
    )
    payment.refresh_from_db()
    # matched first, it is taken back with its match
    is_matched = Match.everywhere.filter(line=line, undone_at=None).exists()
    assert "done" in answers
    assert is_matched == payment.can_be_reversed
    agree(company)


def test_a_match_undone_by_four_at_once_is_undone_once(company: Company, invoice: Invoice) -> None:
    [line] = money.bank_lines(company, [money.a_credit("1200.00")])
    with company_scope(company):
        match = settle(line, Received(invoice.customer, line.amount, [allocations.Share(invoice, line.amount)]))
    acts: list[Act] = [lambda: undoing.undo_match(match=match, reason="Erreur", **WHO)]
    assert sorted(each(company, acts * 4)) == ["already_undone"] * 3 + ["done"]
    agree(company)


def test_without_the_lock_a_write_off_and_a_payment_settle_the_same_rest_and_postgresql_sees_it(
    company: Company, invoice: Invoice, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_have_read = threading.Barrier(2, timeout=30)

    def careless(one: Invoice) -> Invoice:
        found: Invoice = Invoice.everywhere.select_related("customer").get(pk=one.pk)
        both_have_read.wait()
        return found

    def careless_each(keys: Collection[int]) -> dict[int, Invoice]:
        return {one.pk: careless(one) for one in Invoice.everywhere.filter(pk__in=keys)}

    monkeypatch.setattr(write_offs, "lock_invoice", careless)
    monkeypatch.setattr(allocations, "lock_each", careless_each)
    # its constraints, or its watch over those who wait for each other
    with pytest.raises(DatabaseError):
        each(company, [lambda: write_off(invoice, Decimal(1200)), lambda: pay(invoice, Decimal(1200))])
