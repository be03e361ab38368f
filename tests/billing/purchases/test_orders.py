"""An invoice that quotes an order is held against it and against what came: dearer, more, or not here is a doubt."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from billing.models import PurchaseInvoice, PurchaseStatus
from billing.purchases.approval_rules import save_purchase_settings
from billing.purchases.checking import check_purchase, save_purchase
from billing.purchases.doubts import settle_doubt
from billing.purchases.matching import differences_of
from billing.purchases.orders import (
    OrderHasReceipts,
    OrderLineInput,
    OrderNotEditable,
    cancel_order,
    close_order,
    place_order,
    save_purchase_order,
)
from billing.purchases.receiving import NothingToReceive, ReturnedBeyondReceived, receive_goods
from billing.purchases.refusing import refuse_purchase
from config.kernel.actor import Actor
from config.kernel.errors import TransitionRefused
from tests.factories import people
from tests.factories.purchases import a_bought_line, a_purchase, a_supplier, kept
from tests.factories.story import ACTOR, AT

pytestmark = pytest.mark.usefixtures("in_scope")

WHO = {"actor": ACTOR, "at": AT}
DAY = date(2026, 11, 12)
PAPER = OrderLineInput(
    description="Ramette A4 80 g", quantity=Decimal(20), unit_price=Decimal("4.50"), account="606400"
)
CHAIR = OrderLineInput(description="Chaise de bureau", quantity=Decimal(2), unit_price=Decimal("150"), account="606300")


@pytest.fixture
def supplier(company):
    return a_supplier(company)


@pytest.fixture
def order(supplier):
    draft = save_purchase_order(order=None, supplier=supplier, values={}, lines=[PAPER, CHAIR], **WHO)
    return place_order(order=draft, **WHO)


def came(order, paper=0, chairs=0):
    lines = dict(zip(order.lines.order_by("position").values_list("pk", flat=True), (paper, chairs), strict=True))
    quantities = {key: Decimal(quantity) for key, quantity in lines.items()}
    return receive_goods(order=order, quantities=quantities, received_on=DAY, **WHO)


def billed(order, paper=20, at="4.50", **values):
    net = str(Decimal(paper) * Decimal(at))
    line = a_bought_line(net, description="Ramette A4 80 g", quantity=Decimal(paper), unit_price=Decimal(at))
    return a_purchase(order.supplier, [line], order_reference=order.number, **values)


def said(purchase):
    return [difference.sentence.replace("\xa0", " ") for difference in differences_of(purchase)]


def test_what_is_billed_as_ordered_and_received_passes_on_the_order_s_account(order):
    assert (order.number, order.total_net) == ("CDF-2026-00001", Decimal("390.00"))
    came(order, paper=20)
    purchase = billed(order)
    assert (purchase.doubts, purchase.lines.get().account) == ([], "606400")
    assert purchase.lines.get().proposed_because == {"kind": "order", "number": order.number}
    assert check_purchase(purchase=purchase, **WHO).status == PurchaseStatus.BOOKED


def test_each_difference_is_a_doubt_with_its_figures(order):
    came(order, paper=18)
    dearer = billed(order, paper=10, at="4.60")
    assert (dearer.doubts, said(dearer)) == (["order_price"], ["Facturé 4,60, commandé à 4,50."])
    missing = billed(order, paper=9)
    assert (missing.doubts, said(missing)) == (["not_received"], ["Facturé 19 en tout, reçu 18."])
    more = billed(order, paper=3)
    assert more.doubts == ["order_quantity", "not_received"]
    assert said(more) == ["Facturé 22 en tout, commandé 20.", "Facturé 22 en tout, reçu 18."]
    refuse_purchase(purchase=dearer, code="CALCUL_ERR", reason="Prix", **WHO)
    assert said(more) == []
    extra = a_purchase(order.supplier, [a_bought_line("9", description="Forfait port")], order_reference=order.number)
    assert (extra.doubts, said(extra)) == (["order_quantity"], ["Cette ligne n’est pas dans la commande."])


def test_a_receipt_resolves_what_was_missing_and_a_person_settles_the_rest(company, order):
    purchase = billed(order, at="4.80")
    assert purchase.doubts == ["order_price", "not_received"]
    came(order, paper=20)
    purchase.refresh_from_db()
    assert purchase.doubts == ["order_price"]
    person = Actor.user(people.a_person(company))
    settle_doubt(purchase=purchase, doubt="order_price", actor=person, at=AT)
    line = kept("96", "606400", description="Ramette A4 80 g", quantity=Decimal(20), unit_price=Decimal("4.80"))
    saved = save_purchase(purchase=purchase, values={}, lines=[line], **WHO)
    assert saved.doubts == [], "what a person settled is not asked twice"
    again = save_purchase(purchase=saved, values={}, lines=[replace(line, quantity=Decimal(21))], **WHO)
    assert again.doubts == ["order_quantity", "not_received"]


def test_tolerances_are_the_company_s_own(company, order):
    values = {
        "price_tolerance_percent": Decimal(5),
        "quantity_tolerance_percent": Decimal(10),
        "requires_receipt": False,
    }
    save_purchase_settings(company=company, values=values, **WHO)
    assert billed(order, paper=22, at="4.72").doubts == []
    PurchaseInvoice.objects.all().update(status=PurchaseStatus.REFUSED)
    assert billed(order, paper=23, at="4.73").doubts == ["order_price", "order_quantity"]


def test_an_order_that_is_not_the_supplier_s_is_said(company, order):
    other = a_supplier(company, name="Garage Martin")
    assert a_purchase(other, order_reference=order.number).doubts == ["order_unknown"]
    assert a_purchase(other, [a_bought_line("5")], order_reference="BC 4711").doubts == [], "a number of their own"


def test_an_order_moves_as_its_table_says_and_receives_no_less_than_nothing(supplier, order):
    with pytest.raises(OrderNotEditable):
        save_purchase_order(order=order, supplier=supplier, values={}, lines=[PAPER], **WHO)
    came(order, paper=5)
    with pytest.raises(ReturnedBeyondReceived):
        came(order, paper=-6)
    with pytest.raises(OrderHasReceipts):
        cancel_order(order=order, **WHO)
    came(order, paper=-5)
    closed = close_order(order=order, **WHO)
    with pytest.raises(NothingToReceive):
        came(closed, paper=1)
    with pytest.raises(TransitionRefused):
        cancel_order(order=closed, **WHO)
