"""Two people do the same with a supplier invoice at the same moment: it happens once, and nobody waits in a circle."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from billing.models import JournalEntry, PrepaidShare, PurchaseCredit, PurchaseDeposit, PurchaseInvoice
from billing.purchases.approval_rules import save_approval_rule
from billing.purchases.approving import approve_purchase
from billing.purchases.booking import book_purchase
from billing.purchases.checking import check_purchase, save_purchase
from billing.purchases.crediting import use_supplier_credit
from billing.purchases.deducting import choose_purchase_deposits
from billing.purchases.disputing import dispute_purchase
from billing.purchases.orders import close_order
from billing.purchases.recording import record_purchase
from billing.purchases.refusing import refuse_purchase
from billing.purchases.settling import settle_purchase
from billing.purchases.spreading import book_due_shares
from billing.services.products import save_product
from config.kernel import chain
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.scope import company_scope
from customers.models import Customer
from tests.factories import people, story
from tests.factories.purchases import (
    a_bought_line,
    a_checked_purchase,
    a_placed_order,
    a_purchase,
    a_supplier,
    content,
    kept,
    ordered,
    received,
)
from tests.factories.story import ACTOR, AT
from tests.trust.at_once import at_once

pytestmark = [pytest.mark.trust, pytest.mark.django_db(transaction=True)]

PEOPLE = 4
DAY = local_day(AT)
WHO: dict[str, Any] = {"actor": ACTOR, "at": AT}


@pytest.fixture
def supplier() -> Customer:
    return a_supplier(story.a_company())


def together(supplier: Customer, *acts: Callable[[], object], people_at_work: int = 0) -> list[str]:
    """What each answers: done, or the code of its refusal. One act alone is done by PEOPLE at once."""

    def person(place: int) -> str:
        with company_scope(supplier.company_id):
            try:
                acts[place % len(acts)]()
            except DomainError as refused:
                return refused.code
        return "done"

    answers = at_once(people_at_work or max(PEOPLE, len(acts)), person)
    assert list(chain.verify(supplier.company)) == []
    return answers


def test_one_document_is_recorded_once(supplier: Customer) -> None:
    same = content(number="F-1")
    given = {"company_id": supplier.company_id, "supplier": supplier, "content": same, "received_on": DAY}
    answers = together(supplier, lambda: record_purchase(**given, **WHO))
    assert sorted(answers) == ["done", *["purchase_exists"] * (PEOPLE - 1)]
    assert PurchaseInvoice.everywhere.get().reference == "ACH-2026-00001"


def test_one_purchase_is_checked_approved_and_booked_once(supplier: Customer) -> None:
    purchase = a_purchase(supplier)
    assert together(supplier, lambda: check_purchase(purchase=purchase, **WHO)).count("done") == 1
    boss = people.a_person(supplier.company)
    with company_scope(supplier.company_id):
        values = {"name": "Direction"}
        save_approval_rule(rule=None, company=supplier.company, values=values, approvers=[boss], **WHO)
    waiting = a_checked_purchase(supplier, [kept("70", "607000")])
    answers = together(supplier, lambda: approve_purchase(purchase=waiting, actor=Actor.user(boss), at=AT))
    assert answers.count("done") == 1
    assert JournalEntry.everywhere.filter(journal="HA").count() == 2
    foreign = a_checked_purchase(supplier, [kept("50", "607000")], currency="USD")
    with company_scope(supplier.company_id):
        approved = approve_purchase(purchase=foreign, actor=Actor.user(boss), at=AT)
    PurchaseInvoice.everywhere.filter(pk=approved.pk).update(currency="EUR")
    answers = together(supplier, lambda: book_purchase(purchase=approved, on=DAY, **WHO))
    assert answers.count("done") == 1
    assert JournalEntry.everywhere.filter(journal="HA").count() == 3


def test_what_is_corrected_refused_contested_and_approved_at_once_ends_in_one_piece(supplier: Customer) -> None:
    boss = Actor.user(people.a_person(supplier.company))
    purchase = a_purchase(supplier)
    answers = together(
        supplier,
        lambda: check_purchase(purchase=purchase, actor=boss, at=AT),
        lambda: refuse_purchase(purchase=purchase, code="TRANSAC_INC", reason="", **WHO),
        lambda: dispute_purchase(purchase=purchase, code="QTE_ERR", reason="", **WHO),
        lambda: save_purchase(purchase=purchase, values={"internal_notes": "vu"}, **WHO),
    )
    row = PurchaseInvoice.everywhere.get()
    assert "done" in answers
    assert (row.status == "BOOKED") == JournalEntry.everywhere.filter(source=row.subject).exists()
    assert row.status != "REFUSED" or (row.disputed_at is None and row.booked_on is None)


def test_no_more_is_paid_than_is_owed(supplier: Customer) -> None:
    purchase = a_checked_purchase(supplier, [kept("100", "611000", "SERVICES")])
    pay = {"purchase": purchase, "amount": Decimal("50.00"), "on": DAY}
    answers = together(supplier, lambda: settle_purchase(**pay, **WHO))
    assert sorted(answers) == ["done", "done", "purchase_paid_twice", "purchase_paid_twice"]
    assert PurchaseInvoice.everywhere.get().amount_paid == Decimal("100.00")


def test_one_credit_settles_so_much_and_no_more_whoever_uses_it(supplier: Customer) -> None:
    first = a_checked_purchase(supplier, [kept("100", "607000")], number="A-1")
    second = a_checked_purchase(supplier, [kept("90", "607000")], number="A-2")
    note = a_checked_purchase(supplier, [kept("50", "607000")], kind="381", number="C-1")
    naming = a_purchase(supplier, [a_bought_line("30")], kind="381", number="C-2", corrects_number="A-1")
    answers = together(
        supplier,
        lambda: use_supplier_credit(credit_note=note, purchase=first, amount=Decimal("60.00"), **WHO),
        lambda: use_supplier_credit(credit_note=note, purchase=second, amount=Decimal("60.00"), **WHO),
        lambda: check_purchase(purchase=naming, actor=Actor.user(people.a_person(supplier.company)), at=AT),
    )
    assert answers.count("done") in {2, 3}
    assert sum(row.amount for row in PurchaseCredit.everywhere.filter(credit_note=note)) == Decimal("60.00")


def test_one_deposit_is_deducted_by_one_invoice(supplier: Customer) -> None:
    deposit = a_checked_purchase(supplier, [kept("30", "409100", "SERVICES")], kind="386", number="D-1")
    finals = [a_purchase(supplier, [a_bought_line(str(net))], number=f"F-{net}") for net in range(90, 94)]
    acts = [lambda final=final: choose_purchase_deposits(purchase=final, deposits=[deposit], **WHO) for final in finals]
    answers = together(supplier, *acts)
    assert sorted(answers) == ["done", *["purchase_deposit_not_deductible"] * 3]
    assert PurchaseDeposit.everywhere.filter(is_live=True).count() == 1


def test_a_month_of_a_prepaid_charge_is_booked_once(supplier: Customer) -> None:
    period = {"starts_on": DAY.replace(month=1, day=1), "ends_on": DAY.replace(month=12, day=31)}
    a_checked_purchase(supplier, [kept("1200", "616000", "NO_VAT", "0", **period)])
    sweep = {"company_id": supplier.company_id, "on": DAY}
    assert together(supplier, lambda: book_due_shares(**sweep, **WHO)) == ["done"] * PEOPLE
    assert JournalEntry.everywhere.filter(journal="OD").count() == 10
    assert PrepaidShare.everywhere.filter(booked_on=None).count() == 2


def test_one_delivery_is_noted_once_and_stock_comes_in_once(supplier: Customer) -> None:
    values = {"reference": "RAM", "name": "Ramette A4 80 g", "unit_price": Decimal(7), "tracks_stock": True}
    with company_scope(supplier.company_id):
        product = save_product(product=None, company_id=supplier.company_id, values=values, **WHO)
    order = a_placed_order(supplier, [ordered(product=product)])
    answers = together(supplier, lambda: received(order, 12, delivery_note="BL 1"))
    assert sorted(answers) == ["done", *["same_receipt"] * (PEOPLE - 1)]
    answers = together(supplier, lambda: received(order, 8, after=1))
    assert sorted(answers) == ["done", *["received_meanwhile"] * (PEOPLE - 1)]
    product.refresh_from_db()
    assert product.on_hand == 20


def test_receiving_tying_and_closing_an_order_wait_for_each_other_in_no_circle(supplier: Customer) -> None:
    order = a_placed_order(supplier)
    line = a_bought_line("90", description="Ramette A4 80 g", quantity=Decimal(20))
    purchases = [a_purchase(supplier, [line], order_reference=order.number) for _number in range(2)]

    def tie(purchase: PurchaseInvoice) -> Callable[[], object]:
        return lambda: save_purchase(purchase=purchase, values={"internal_notes": "Vu"}, lines=[again], **WHO)

    again = kept("90", "606400", description="Ramette A4 80 g", quantity=Decimal(20))
    acts = [lambda: received(order, 20), *map(tie, purchases), lambda: close_order(order=order, **WHO)]
    answers = together(supplier, *acts, people_at_work=8)
    assert set(answers) <= {"done", "nothing_to_receive", "transition_refused", "stale"}
    assert "done" in answers
