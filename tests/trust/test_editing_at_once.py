"""An edit writes what was edited: what others committed since the row was read stays."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.db.models import Sum
from django.test import Client
from django.urls import reverse

from billing.models import MovementReason, Product, StockMovement
from billing.services.orders import confirm_order, save_order
from billing.services.products import archive_product, move_stock, save_product
from config.kernel.models import Company, User
from config.kernel.scope import company_scope
from customers.models import Customer
from customers.services import archive_customer, save_contact, save_customer
from tests.factories import story

pytestmark = [pytest.mark.trust, pytest.mark.django_db]


@pytest.fixture
def chair(company: Company) -> Product:
    with company_scope(company):
        product = save_product(
            product=None,
            company_id=company.pk,
            actor=story.ACTOR,
            at=story.AT,
            values={"reference": "CH-1", "name": "Chaise", "unit_price": Decimal(120), "tracks_stock": True},
        )
        move(product, "10")
    return product


def move(product: Product, quantity: str, reason: MovementReason = MovementReason.RECEIPT) -> StockMovement:
    return move_stock(product=product, quantity=Decimal(quantity), reason=reason, actor=story.ACTOR, at=story.AT)


def now(row: Any) -> Any:
    return type(row).everywhere.get(pk=row.pk)


def test_an_edit_read_before_a_shipment_does_not_give_the_stock_back(chair: Product):
    with company_scope(chair.company):
        read_before = now(chair)
        move(chair, "-4", MovementReason.SHIPMENT)
        saved = save_product(
            product=read_before,
            company_id=chair.company_id,
            values={"name": "Chaise Bistrot"},
            actor=story.ACTOR,
            at=story.AT,
        )
    assert (saved.on_hand, now(chair).on_hand, now(chair).name) == (6, 6, "Chaise Bistrot")
    assert StockMovement.everywhere.filter(product=chair).aggregate(total=Sum("quantity"))["total"] == 6


def test_an_edit_does_not_bring_back_what_was_archived(chair: Product, customer: Customer):
    with company_scope(chair.company):
        product, person = now(chair), now(customer)
        archive_product(product=now(chair), actor=story.ACTOR, at=story.AT)
        archive_customer(customer=now(customer), actor=story.ACTOR, at=story.AT)
        save_product(product=product, company_id=chair.company_id, values={"name": "X"}, actor=story.ACTOR, at=story.AT)
        save_customer(
            customer=person,
            company_id=person.company_id,
            actor=story.ACTOR,
            at=story.AT,
            values={"kind": person.kind, "name": "Nouveau nom", "siret": person.siret, "terms": person.terms},
            address={"line": "2 avenue Foch", "postcode": "69006", "city": "Lyon"},
        )
    assert now(chair).archived_at == now(customer).archived_at == story.AT


def test_two_edits_of_different_columns_of_a_contact_both_stand(customer: Customer):
    with company_scope(customer.company):
        contact = save_contact(
            contact=None,
            customer=customer,
            values={"name": "Ada", "email": "ada@client.example"},
            actor=story.ACTOR,
            at=story.AT,
        )
        first, second = now(contact), now(contact)
        for row, values in ((first, {"name": "Ada L."}), (second, {"email": "al@client.example"})):
            save_contact(contact=row, customer=customer, values=values, actor=story.ACTOR, at=story.AT)
    assert (now(contact).name, now(contact).email) == ("Ada L.", "al@client.example")


def test_an_edit_of_an_order_that_was_confirmed_meanwhile_is_refused(chair: Product, customer: Customer):
    with company_scope(customer.company):
        order = save_order(
            order=None, customer=customer, values={}, lines=[story.a_line()], actor=story.ACTOR, at=story.AT
        )
        read_before = now(order)
        confirm_order(order=order, actor=story.ACTOR, at=story.AT)
        with pytest.raises(Exception, match=order.number):
            save_order(
                order=read_before, customer=customer, values={}, lines=[story.a_line()], actor=story.ACTOR, at=story.AT
            )


def test_a_superusers_page_writes_the_edited_columns_alone(chair: Product):
    client = Client()
    client.force_login(User.objects.create_superuser("chief@verone.example", "quittance-2026"))
    address = reverse("admin:billing_product_change", args=[chair.pk])
    form = client.get(address).context["adminform"].form
    typed = {name: form[name].value() for name in form.fields if form[name].value() is not None}
    with company_scope(chair.company):
        move(chair, "-4", MovementReason.SHIPMENT)
    assert client.post(address, {**typed, "name": "Chaise Bistrot"}).status_code == 302
    assert (now(chair).on_hand, now(chair).name) == (6, "Chaise Bistrot")


def test_postgresql_refuses_any_stock_that_no_movement_carries(chair: Product):
    with pytest.raises(DatabaseError, match="by movements alone"), transaction.atomic():
        Product.everywhere.filter(pk=chair.pk).update(on_hand=99)
    chair.pk, chair.reference, chair.on_hand = 42, "CH-2", Decimal(5)
    with pytest.raises(DatabaseError, match="by movements alone"), transaction.atomic():
        chair.save(force_insert=True)
