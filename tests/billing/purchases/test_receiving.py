"""What comes of an order: stock follows, one delivery is noted once, and what quotes the order is held against it."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, connection, transaction

from billing.models import MovementReason, PurchaseStatus, StockMovement
from billing.purchases.approval_rules import save_approval_rule
from billing.purchases.checking import check_purchase, save_purchase
from billing.purchases.matching import compare_lines
from billing.purchases.models import PurchaseApproval
from billing.purchases.order_standing import lines_to_bill, ordered_lines, with_order_standing
from billing.purchases.orders import OrderIsBilled, cancel_order, close_order, place_order, reopen_order
from billing.purchases.receiving import ReceivedMeanwhile, SameReceipt
from billing.services.products import NotEnoughStock, archive_product, move_stock, save_product
from config.kernel.clock import local_day
from config.kernel.errors import Invalid, TransitionRefused
from tests.factories import people
from tests.factories.purchases import a_bought_line, a_placed_order, a_purchase, a_supplier, an_order, ordered, received
from tests.factories.story import ACTOR, AT

pytestmark = pytest.mark.usefixtures("in_scope")

WHO = {"actor": ACTOR, "at": AT}
TODAY = local_day(AT)


@pytest.fixture
def supplier(company):
    return a_supplier(company)


@pytest.fixture
def product(company):
    values = {"reference": "RAM-A4", "name": "Ramette A4 80 g", "unit_price": Decimal("7"), "tracks_stock": True}
    return save_product(product=None, company_id=company.pk, values=values, **WHO)


def standing(order):
    return with_order_standing(type(order).objects.filter(pk=order.pk), TODAY).get().standing


def billed(order, quantity="20", price="4.50", **values):
    net = str(Decimal(quantity) * Decimal(price))
    line = a_bought_line(net, description="Ramette A4 80 g", quantity=Decimal(quantity), unit_price=Decimal(price))
    return a_purchase(order.supplier, [line], order_reference=order.number, **values)


def test_a_receipt_brings_what_is_kept_in_stock_and_a_return_takes_it_out(supplier, product):
    order = a_placed_order(supplier, [ordered(product=product), ordered("Port", "1", "9")])
    received(order, 15, 1, delivery_note="BL 1")
    archive_product(product=product, **WHO)
    received(order, 5, 0, delivery_note="BL 2")
    received(order, -3)
    product.refresh_from_db()
    assert product.on_hand == 17
    moves = StockMovement.objects.filter(product=product).order_by("-quantity")
    assert [(move.quantity, move.reason, move.note) for move in moves] == [
        (15, MovementReason.RECEIPT, f"{order.number} BL 1"),
        (5, MovementReason.RECEIPT, f"{order.number} BL 2"),
        (-3, MovementReason.RETURN, order.number),
    ]
    move_stock(product=product, quantity=Decimal(-17), reason=MovementReason.SHIPMENT, ordered_by=order, **WHO)
    with pytest.raises(NotEnoughStock):
        received(order, -1)
    assert [row.received for row in ordered_lines(order)] == [17, 1], "and nothing of the refused return is kept"


def test_an_order_stands_where_its_receipts_leave_it(supplier):
    draft = an_order(supplier, expected_on=TODAY)
    assert standing(draft) == "draft"
    order = place_order(order=draft, **WHO)
    assert standing(order) == "awaited"
    received(order, 5)
    assert standing(order) == "partial"
    tomorrow = with_order_standing(type(order).objects.all(), TODAY + timedelta(days=1)).get()
    assert tomorrow.standing == "late"
    received(order, 17)
    assert (standing(order), ordered_lines(order)[0].is_over) == ("received", True)
    assert standing(close_order(order=order, **WHO)) == "closed"
    assert standing(reopen_order(order=order, **WHO)) == "received"
    with pytest.raises(TransitionRefused):
        reopen_order(order=order, **WHO)


def test_one_delivery_is_noted_once_and_again_after_it_was_taken_back(supplier):
    order = a_placed_order(supplier)
    received(order, 5, delivery_note="BL 1")
    with pytest.raises(SameReceipt):
        received(order, 5, delivery_note="BL 1")
    received(order, 4, delivery_note="BL 1")
    received(order, -9, delivery_note="BL 1")
    received(order, 5, delivery_note="BL 1")
    with pytest.raises(ReceivedMeanwhile):
        received(order, 5, after=3)
    received(order, 5, after=4)


def test_a_receipt_has_a_day_that_can_be(supplier):
    order = a_placed_order(supplier)
    for day in (TODAY + timedelta(days=1), TODAY - timedelta(days=400)):
        with pytest.raises(Invalid) as refused:
            received(order, 1, received_on=day)
        assert "received_on" in refused.value.fields
    received(order, 1)
    for quantity in (0, "9999999999"):
        with pytest.raises(Invalid) as refused:
            received(order, quantity)
        assert "quantities" in refused.value.fields


def test_an_order_placed_after_its_invoice_came_is_held_against_it_and_a_cancelled_one_is_doubted(supplier):
    order = an_order(supplier)
    purchase = billed(order, price="4.80")
    assert purchase.doubts == ["order_unknown"]
    place_order(order=order, **WHO)
    purchase.refresh_from_db()
    assert purchase.doubts == ["order_price", "not_received"]
    assert purchase.lines.get().account == "606400"
    cancel_order(order=order, **WHO)
    purchase.refresh_from_db()
    assert purchase.doubts == ["order_unknown"]


def test_goods_sent_back_doubt_an_invoice_that_waits_for_its_approval(company, supplier):
    approver = people.a_person(company)
    rule = {"rule": None, "company": company, "values": {"name": "Tout", "above": Decimal(0)}, "approvers": [approver]}
    order = a_placed_order(supplier)
    received(order, 20)
    save_approval_rule(**rule, **WHO)
    purchase = check_purchase(purchase=billed(order), **WHO)
    assert purchase.status == PurchaseStatus.TO_APPROVE
    received(order, -2)
    purchase.refresh_from_db()
    assert (purchase.status, purchase.doubts) == (PurchaseStatus.TO_CHECK, ["not_received"])
    assert not PurchaseApproval.objects.filter(purchase=purchase, withdrawn_at=None).exists()
    received(order, 2)
    purchase.refresh_from_db()
    assert purchase.doubts == []


def test_what_is_booked_of_an_order_keeps_it_from_being_cancelled(company, supplier):
    order = a_placed_order(supplier)
    received(order, 20)
    check_purchase(purchase=billed(order), **WHO)
    received(order, -20)
    with pytest.raises(OrderIsBilled):
        cancel_order(order=order, **WHO)
    assert close_order(order=order, **WHO).status == "CLOSED"


def test_each_line_is_shown_with_its_order_and_an_order_gives_the_lines_of_its_invoice(supplier):
    order = a_placed_order(supplier, [ordered(), ordered("Chaise", "2", "150", account="")])
    received(order, 12, 1)
    purchase = billed(order, "10")
    row = compare_lines(purchase)[0]
    assert (row.asked, row.billed, row.received, row.differences) == (Decimal("4.50"), 10, 12, ())
    rest = [(line.description, line.quantity, line.net, line.account) for line in lines_to_bill(order)]
    assert rest == [("Ramette A4 80 g", 2, 9, "606400"), ("Chaise", 1, 150, "")]


def test_a_person_ties_a_purchase_to_an_order_and_takes_it_off_again(supplier):
    order = a_placed_order(supplier)
    purchase = a_purchase(supplier, [a_bought_line("90", description="Ramette A4 80 g", quantity=Decimal(20))])
    assert purchase.doubts == []
    tied = save_purchase(purchase=purchase, values={"order_reference": order.number}, **WHO)
    assert tied.doubts == ["not_received"]
    received(order, 20)
    tied.refresh_from_db()
    assert tied.doubts == []
    off = save_purchase(purchase=tied, values={"order_reference": ""}, **WHO)
    assert (off.doubts, compare_lines(off)) == ([], [])


def test_postgresql_refuses_to_change_what_the_supplier_has_and_what_came(supplier):
    order = a_placed_order(supplier)
    receipt = received(order, 5)
    changes = (
        "UPDATE billing_purchaseorderline SET quantity = 21",
        "DELETE FROM billing_purchaseorderline",
        "UPDATE billing_purchaseorder SET total_net = 1",
        "UPDATE billing_purchaseorder SET number = 'CDF-1'",
        "DELETE FROM billing_purchaseorder",
        "UPDATE billing_receipt SET delivery_note = 'BL 2'",
        "DELETE FROM billing_receipt",
        "UPDATE billing_receiptline SET quantity = 21",
        "DELETE FROM billing_receiptline",
    )
    for change in changes:
        with pytest.raises(DatabaseError, match="quittance"), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(change)
    assert receipt.lines.get().quantity == 5
    draft = an_order(supplier)
    draft.lines.all().delete()
    assert not draft.lines.exists(), "a draft still changes"
