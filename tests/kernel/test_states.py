"""States: one table of moves for each machine, one writer, one audit row for each move."""

from __future__ import annotations

import pytest
from django.apps import apps
from django.db import models, transaction

from billing.models import OrderStatus, SalesOrder
from billing.services.orders import cancel_order, confirm_order, save_order
from config.kernel import states
from config.kernel.errors import Stale, TransitionRefused
from config.kernel.models import AuditEvent
from config.kernel.scope import company_scope
from tests.factories import story

MACHINES = [model for model in apps.get_models() if hasattr(model, "MOVES")]


def an_order() -> SalesOrder:
    customer = story.a_customer(story.a_company())
    with company_scope(customer.company_id):
        return save_order(
            order=None, customer=customer, values={}, lines=[story.a_line()], actor=story.ACTOR, at=story.AT
        )


def move(order: SalesOrder, to: OrderStatus, **more) -> None:
    with company_scope(order.company_id):
        states.move(order, to, tag="billing.order.moved", actor=story.ACTOR, at=story.AT, **more)


def moves_of(order: SalesOrder) -> list[dict]:
    events = AuditEvent.everywhere.filter(tag="billing.order.moved", subjects__contains=[order.subject])
    return [event.data for event in events]


def test_there_are_machines_to_look_at():
    names = {model.__name__ for model in MACHINES}
    assert {"SalesOrder", "Invoice", "BankLine", "Email", "Reminder", "Transmission"} <= names


@pytest.mark.parametrize("model", MACHINES, ids=lambda model: model.__name__)
def test_every_state_of_a_machine_has_its_row_of_moves(model):
    known = {value for value, _label in model._meta.get_field("status").choices}
    assert {str(source) for source in model.MOVES} == known
    for source, targets in model.MOVES.items():
        assert {str(target) for target in targets} <= known
        assert source not in targets, "a state does not move to itself"
    reached = {str(target) for targets in model.MOVES.values() for target in targets}
    starts = known - reached
    assert len(starts) <= 1 or model.__name__ == "Reminder", f"no way leads to {starts}"


@pytest.mark.parametrize("model", MACHINES, ids=lambda model: model.__name__)
def test_a_status_is_a_column_of_choices(model):
    field = model._meta.get_field("status")
    assert isinstance(field, models.CharField)
    assert all(len(value) <= (field.max_length or 0) for value, _label in field.choices)


@pytest.mark.django_db
def test_a_move_writes_the_state_its_changes_and_one_audit_row():
    order = an_order()
    move(order, OrderStatus.PENDING, data={"why": "téléphone"}, notes="Fragile")
    order.refresh_from_db()
    assert (order.status, order.notes) == (OrderStatus.PENDING, "Fragile")
    assert moves_of(order) == [{"from": "DRAFT", "to": "PENDING", "why": "téléphone"}]


@pytest.mark.django_db
def test_a_move_that_is_not_in_the_table_is_refused_and_writes_nothing():
    order = an_order()
    with pytest.raises(TransitionRefused, match="Brouillon") as refused:
        move(order, OrderStatus.SHIPPED)
    assert (refused.value.code, refused.value.status) == ("transition_refused", 409)
    order.refresh_from_db()
    assert order.status == OrderStatus.DRAFT
    assert moves_of(order) == []


@pytest.mark.django_db
def test_whoever_looked_before_somebody_else_moved_is_told_so():
    order = an_order()
    looked_before = SalesOrder.everywhere.get(pk=order.pk)
    with company_scope(order.company_id):
        cancel_order(order=order, actor=story.ACTOR, at=story.AT)
        with pytest.raises(Stale):
            confirm_order(order=looked_before, actor=story.ACTOR, at=story.AT)
    order.refresh_from_db()
    assert order.status == OrderStatus.CANCELLED


@pytest.mark.django_db
def test_a_move_and_its_audit_row_are_lost_together():
    order = an_order()
    with transaction.atomic():
        move(order, OrderStatus.PENDING)
        transaction.set_rollback(True)
    order.refresh_from_db()
    assert order.status == OrderStatus.DRAFT
    assert moves_of(order) == []
