"""Orders: draft, confirmed, shipped; goods leave the stock all together or not at all."""

from __future__ import annotations

from decimal import Decimal

import pytest

from billing.models import Invoice, OrderStatus, Product, SalesOrder, StockMovement
from billing.pdf import render_pdf
from billing.services.correcting import draft_correction
from billing.services.deposits import NoDepositHere, draft_deposit
from billing.services.generating import AlreadyInvoiced, OrderNotShipped, generate_invoice
from billing.services.issuing import issue_invoice
from billing.services.orders import NotADraft, NothingOrdered, cancel_order, confirm_order, save_order, ship_order
from billing.services.products import NoStockKept, NotEnoughStock, ReferenceTaken, move_stock, save_product
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, TransitionRefused
from config.kernel.models import AuditEvent
from config.kernel.scope import company_scope
from payments.services.crediting import issue_correction
from tests.billing.test_pdf import text_of
from tests.factories import story
from tests.factories.money import credit_invoice
from tests.trust.at_once import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_scope")]


def act(service, **given):
    return service(actor=story.ACTOR, at=story.AT, **given)


def a_product(company, reference="CH-1", *, stock="10", **values):
    given = {"reference": reference, "name": f"Chaise {reference}", "unit_price": Decimal("100"), "tracks_stock": True}
    with company_scope(company):
        product = act(save_product, product=None, company_id=company.pk, values={**given, **values})
        if stock:
            act(move_stock, product=product, quantity=Decimal(stock), reason="RECEIPT")
    return product


def an_order(customer, *lines, **values):
    """An order of so many of these products."""
    inputs = [
        story.a_line(product.name, quantity=Decimal(quantity), unit_price=product.unit_price, product_id=product.pk)
        for product, quantity in lines
    ]
    with company_scope(customer.company_id):
        return act(save_order, order=None, customer=customer, values=values, lines=inputs or [story.a_line()])


def a_confirmed_order(customer, *lines, **values):
    with company_scope(customer.company_id):
        return act(confirm_order, order=an_order(customer, *lines, **values))


def on_hand(product):
    return Product.everywhere.get(pk=product.pk).on_hand


def test_a_draft_takes_its_number_and_its_totals_at_once(customer):
    order = an_order(customer, purchase_order="BC-7")
    assert (order.number, order.status, order.order_date) == ("CMD-2026-00001", "DRAFT", local_day(story.AT))
    assert (order.total_net, order.total_vat, order.total_gross) == (1200, 240, 1440)


def test_an_order_goes_from_draft_to_confirmed_to_shipped_and_says_so(company, customer):
    order = a_confirmed_order(customer, (a_product(company), "4"))
    assert order.status == OrderStatus.PENDING
    act(ship_order, order=order)
    assert (order.status, order.shipped_at) == (OrderStatus.SHIPPED, story.AT)
    tags = AuditEvent.objects.filter(subjects__contains=[order.subject]).order_by("id").values_list("tag", flat=True)
    assert list(tags) == [
        "billing.order.created",
        "billing.order.confirmed",
        "billing.order.shipped",
        "billing.stock.moved",
    ]


@pytest.mark.parametrize(
    ("reached", "refused"),
    [
        ([], [ship_order]),
        ([confirm_order], [confirm_order]),
        ([confirm_order, ship_order], [confirm_order, ship_order, cancel_order]),
        ([cancel_order], [confirm_order, ship_order, cancel_order]),
        ([confirm_order, cancel_order], [confirm_order, ship_order, cancel_order]),
    ],
)
def test_what_the_table_of_moves_does_not_hold_is_refused(customer, reached, refused):
    order = an_order(customer)
    for service in reached:
        act(service, order=order)
    before = order.status
    for service in refused:
        with pytest.raises(TransitionRefused):
            act(service, order=order)
    order.refresh_from_db()
    assert order.status == before


def test_a_confirmed_order_no_longer_changes(customer):
    order = a_confirmed_order(customer)
    with pytest.raises(NotADraft):
        act(save_order, order=order, customer=customer, values={"notes": "autre"}, lines=[story.a_line()])
    assert SalesOrder.objects.get(pk=order.pk).notes == ""


def test_an_order_without_lines_is_not_confirmed(customer):
    order = act(save_order, order=None, customer=customer, values={}, lines=[])
    with pytest.raises(NothingOrdered):
        act(confirm_order, order=order)


def test_shipping_takes_the_goods_out_and_leaves_services_alone(company, customer):
    chair, table = a_product(company), a_product(company, "TA-1", stock="3")
    fitting = a_product(company, "PO-1", stock="", is_service=True)
    act(ship_order, order=a_confirmed_order(customer, (chair, "4"), (table, "3"), (fitting, "1"), (chair, "2")))
    assert (on_hand(chair), on_hand(table), on_hand(fitting)) == (4, 0, 0)
    out = StockMovement.objects.filter(reason="SHIPMENT").order_by("quantity")
    assert [movement.quantity for movement in out] == [-4, -3, -2]
    for product in (chair, table):
        moved = sum(movement.quantity for movement in StockMovement.objects.filter(product=product))
        assert on_hand(product) == moved, "what is on hand is the sum of its movements"


def test_when_one_product_is_short_nothing_leaves(company, customer):
    chair, table = a_product(company), a_product(company, "TA-1", stock="2")
    order = a_confirmed_order(customer, (chair, "4"), (table, "3"))
    events = AuditEvent.objects.count()
    with pytest.raises(NotEnoughStock, match="2 en stock, 3 demandés"):
        act(ship_order, order=order)
    order.refresh_from_db()
    assert (order.status, order.shipped_at) == (OrderStatus.PENDING, None)
    assert (on_hand(chair), on_hand(table)) == (10, 2)
    assert not StockMovement.objects.filter(reason="SHIPMENT").exists()
    assert AuditEvent.objects.count() == events


def test_stock_is_not_kept_for_what_is_not_tracked(company):
    product = a_product(company, stock="", tracks_stock=False)
    with pytest.raises(NoStockKept):
        act(move_stock, product=product, quantity=Decimal(1), reason="RECEIPT")


def test_a_reference_is_taken_once_in_a_company(company):
    a_product(company, "CH-1")
    with pytest.raises(ReferenceTaken) as refused:
        a_product(company, "CH-1")
    assert refused.value.fields == {"reference": ReferenceTaken.message}
    a_product(story.a_company(), "CH-1")


def test_a_shipped_order_gives_its_invoice_once(company, customer):
    order = a_confirmed_order(customer, (a_product(company), "4"), purchase_order="BC-7", notes="Livré par nos soins")
    with pytest.raises(OrderNotShipped):
        act(generate_invoice, order=order)
    act(ship_order, order=order)
    invoice = act(generate_invoice, order=order)
    assert (invoice.status, invoice.number, invoice.order, invoice.customer) == ("DRAFT", None, order, customer)
    assert (invoice.total_net, invoice.total_gross) == (order.total_net, order.total_gross) == (400, 480)
    assert (invoice.purchase_order, invoice.notes) == ("BC-7", "Livré par nos soins")
    assert invoice.supply_date == local_day(story.AT)
    assert [line.product_id for line in invoice.lines.all()] == [line.product_id for line in order.lines.all()]
    with pytest.raises(AlreadyInvoiced):
        act(generate_invoice, order=order)
    assert Invoice.objects.filter(order=order).count() == 1


def an_invoiced_order(customer):
    """A shipped order of ten chairs, and its issued invoice."""
    order = a_confirmed_order(customer)
    act(ship_order, order=order)
    return order, act(issue_invoice, invoice=act(generate_invoice, order=order))


def credited(invoice, parts=None):
    act(credit_invoice, invoice=invoice, parts=parts, reason="Retour")


def test_an_order_whose_invoice_is_wholly_credited_is_invoiced_again(customer):
    order, first = an_invoiced_order(customer)
    credited(first, story.a_return(first, 4))
    with pytest.raises(AlreadyInvoiced):  # a part of it still stands
        act(generate_invoice, order=order)
    credited(first)
    second = act(generate_invoice, order=order)
    assert second.total_gross == order.total_gross
    with pytest.raises(AlreadyInvoiced):
        act(generate_invoice, order=order)
    credited(act(issue_invoice, invoice=second))
    assert act(generate_invoice, order=order).is_draft


def test_a_corrected_invoice_stands_for_the_order_until_it_is_credited_too(customer):
    order, first = an_invoiced_order(customer)
    draft = act(draft_correction, invoice=first, reason="Adresse")
    with pytest.raises(AlreadyInvoiced):
        act(generate_invoice, order=order)
    corrected = act(issue_correction, invoice=draft)
    with pytest.raises(AlreadyInvoiced):
        act(generate_invoice, order=order)
    with pytest.raises(NoDepositHere):
        act(draft_deposit, source=order, gross=Decimal(100), description="Acompte")
    credited(corrected)
    assert act(generate_invoice, order=order).is_draft


def test_a_drafted_corrected_invoice_of_a_credited_one_holds_no_order(customer):
    order, first = an_invoiced_order(customer)
    act(draft_correction, invoice=first, reason="Adresse")
    credited(first)
    assert act(generate_invoice, order=order).is_draft


def test_the_second_invoice_of_an_order_deducts_the_deposits_that_the_credit_note_set_free(customer):
    order = a_confirmed_order(customer)
    deposit = act(issue_invoice, invoice=act(draft_deposit, source=order, gross=Decimal(360), description="Acompte"))
    act(ship_order, order=order)
    first = act(issue_invoice, invoice=act(generate_invoice, order=order))
    assert first.amount_deposited == 360
    credited(first)
    more = act(draft_deposit, source=order, gross=Decimal(240), description="Acompte")
    second = act(issue_invoice, invoice=act(generate_invoice, order=order))
    assert (second.amount_deposited, second.payable) == (360, 1080)
    credited(second)
    credited(deposit)
    act(issue_invoice, invoice=more)
    assert act(generate_invoice, order=order).amount_deposited == 240


def test_paper_names_the_order_by_our_number_and_by_the_customers(company, customer):
    order = a_confirmed_order(customer, purchase_order="BC-7")
    act(ship_order, order=order)
    text = text_of(render_pdf(act(generate_invoice, order=order)))
    assert "Notre commande CMD-2026-00001" in text
    assert "Votre commande BC-7" in text


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_shipments_at_once_never_take_more_than_there_is_nor_wait_in_a_ring(company):
    customer = story.a_customer(company)
    chair, table = a_product(company, stock="5"), a_product(company, "TA-1", stock="5")
    # half of them name the two products the other way round
    orders = [a_confirmed_order(customer, *[(chair, "1"), (table, "1")][:: 1 if turn % 2 else -1]) for turn in range(8)]

    def warehouse(place: int) -> str:
        with company_scope(company):
            try:
                act(ship_order, order=orders[place])
            except DomainError as refused:
                return refused.code
        return "shipped"

    answers = at_once(8, warehouse)
    assert sorted(answers) == ["not_enough_stock"] * 3 + ["shipped"] * 5
    assert (on_hand(chair), on_hand(table)) == (0, 0)
    assert StockMovement.everywhere.filter(reason="SHIPMENT").count() == 10


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_one_order_shipped_or_invoiced_by_several_people_at_once_leaves_once(company):
    order = a_confirmed_order(story.a_customer(company), (a_product(company), "4"))

    def person(service) -> str:
        with company_scope(company):
            try:
                act(service, order=SalesOrder.objects.select_related("customer").get(pk=order.pk))
            except DomainError as refused:
                return refused.code
        return "done"

    shipped = at_once(4, lambda _place: person(ship_order))
    assert shipped.count("done") == 1
    assert set(shipped) <= {"done", "stale", "transition_refused"}
    assert StockMovement.everywhere.filter(reason="SHIPMENT").count() == 1
    invoiced = at_once(4, lambda _place: person(generate_invoice))
    assert sorted(invoiced) == ["already_invoiced"] * 3 + ["done"]
    with company_scope(company):
        credited(act(issue_invoice, invoice=Invoice.objects.get(order=order)))
    again = at_once(4, lambda _place: person(generate_invoice))
    assert sorted(again) == ["already_invoiced"] * 3 + ["done"]
    assert Invoice.everywhere.filter(order=order).count() == 2
