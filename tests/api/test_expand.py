"""`?expand=`: the objects beside their ids, for whoever may read them, at a cost that no row adds to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import yaml
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from billing.models import Invoice
from config.kernel.api.expand import Expandable, expand
from config.kernel.api.schema import DOCUMENT
from config.kernel.roles import READERS, Role
from config.kernel.scope import ScopedManager, company_scope
from customers.api.customers import CUSTOMER
from einvoicing.models import PlatformAccount, Transmission
from tests.api.client import a_machine, a_partner, json_of
from tests.api.test_matrix import ROUTES
from tests.api.world import World, a_world
from tests.conftest import never_committed
from tests.factories import money, story
from tests.factories.money import credit_invoice

pytestmark = pytest.mark.django_db

EXPANDING = [route for route in ROUTES if route.operation.expandable]
NAMES = [(route, name) for route in EXPANDING for name in route.operation.expandable]
by_name = {"ids": lambda one: one if isinstance(one, str) else one.operation.id}


@pytest.fixture(scope="module")
def _built_once(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    with never_committed(django_db_blocker):
        yield a_tied_world()


def a_tied_world() -> World:
    """One row of each list, tied to one another."""
    world = a_world()
    partner = a_partner(world.company)
    assert partner.post(f"/api/orders/{world.order.pk}/confirm").status_code == 200
    assert partner.post(f"/api/orders/{world.order.pk}/ship").status_code == 200
    answer = partner.post("/api/invoices/generate", {"salesOrderId": world.order.pk})
    assert answer.status_code == 201, answer.content
    assert all([world.invoice, world.payment, world.transmission])
    return world


def first(answer: Any) -> Any:
    """The object of an answer, or the first row of a list."""
    assert answer.status_code == 200, answer.content
    value = json_of(answer)
    return value[0] if isinstance(value, list) else value


def refused(answer: Any, status: int = 400) -> str:
    """What the refusal says of the parameter."""
    assert answer.status_code == status, answer.content
    return str(json_of(answer)["fields"]["expand"])


# -- what is shown -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("route", "name"), NAMES, **by_name)
def test_each_declared_name_adds_its_object_and_changes_nothing_else(route: Any, name: str, world: World) -> None:
    partner, address = a_partner(world.company), route.address(world)
    plain = first(partner.get(address))
    row = first(partner.get(f"{address}?expand={name}"))
    assert name not in plain
    shown = row.pop(name)
    assert row == plain
    assert (shown and shown["id"]) == plain[f"{name}_id"]


def test_the_object_is_the_one_its_own_address_shows(world: World) -> None:
    partner = a_partner(world.company)
    customer = json_of(partner.get(f"/api/customers/{world.customer.pk}"))
    orders = {row["id"]: row for row in json_of(partner.get("/api/orders"))}
    invoices = {row["id"]: row for row in json_of(partner.get("/api/invoices"))}
    (billed,) = [row for row in json_of(partner.get("/api/invoices?expand=order,customer")) if row["order_id"]]
    assert (billed["customer"], billed["order"]) == (customer, orders[world.order.pk])
    for address in (f"/api/orders/{world.order.pk}", f"/api/payments/{world.payment.pk}"):
        assert first(partner.get(f"{address}?expand=customer"))["customer"] == customer
    carried = first(partner.get(f"/api/transmissions/{world.transmission.pk}?expand=invoice"))
    assert carried["invoice"] == invoices[world.invoice.pk]


def test_a_credit_note_shows_the_invoice_it_corrects(world: World) -> None:
    with company_scope(world.company):
        note = credit_invoice(invoice=world.invoice, parts=None, reason="Erreur", actor=story.ACTOR, at=story.AT)
    row = first(a_partner(world.company).get(f"/api/invoices/{note.pk}?expand=corrects"))
    assert (row["corrects"]["id"], row["corrects"]["invoice_number"]) == (world.invoice.pk, world.invoice.number)


def test_where_there_is_no_id_there_is_null(world: World) -> None:
    row = first(a_partner(world.company).get(f"/api/invoices/{world.invoice.pk}?expand=order,corrects"))
    assert (row["order_id"], row["order"], row["corrects"]) == (None, None, None)


@pytest.mark.parametrize(
    "query", ["expand=customer,order", "expand=customer&expand=order", "expand=order,customer,order"]
)
def test_several_names_come_between_commas_or_one_by_one(world: World, query: str) -> None:
    row = first(a_partner(world.company).get(f"/api/invoices/{world.invoice.pk}?{query}"))
    assert {"customer", "order"} <= set(row)


def test_the_next_page_is_expanded_too(world: World) -> None:
    answer = a_partner(world.company).get("/api/invoices?limit=1&expand=customer")
    assert "expand=customer" in answer["Link"]


# -- what is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "names", ["", ",", "payments", "customer,", "customer,payments", "Customer", "%00", "__class__"]
)
def test_a_name_that_is_not_declared_is_refused(world: World, names: str) -> None:
    partner = a_partner(world.company)
    for address in ("/api/invoices", f"/api/invoices/{world.invoice.pk}", "/api/payments"):
        assert refused(partner.get(f"{address}?expand={names}"))


def test_the_refusal_says_which_names_there_are(world: World) -> None:
    partner = a_partner(world.company)
    assert refused(partner.get("/api/invoices?expand=lines", Accept_Language="en")) == (
        "This address can expand only: customer, order."
    )


def test_an_address_without_anything_to_expand_refuses_the_parameter(world: World) -> None:
    partner = a_partner(world.company)
    assert refused(partner.get("/api/customers?expand=invoices"))
    assert refused(partner.put(f"/api/orders/{world.order.pk}?expand=customer", {}))


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_a_table_holds_no_objects(world: World, form: str) -> None:
    assert "JSON" in refused(a_partner(world.company).get(f"/api/invoices?format={form}&expand=customer"))


@pytest.mark.parametrize(("route", "name"), NAMES, **by_name)
def test_a_key_expands_only_what_its_scopes_read(route: Any, name: str, world: World) -> None:
    own, other = f"{route.view.area}.read", f"{route.operation.expandable[name].area}.read"
    address = f"{route.address(world)}?expand={name}"
    assert a_machine(world.company, own, other).get(address).status_code == 200
    if own == other:
        return
    answer = a_machine(world.company, own).get(address)
    assert (answer.status_code, json_of(answer)["code"]) == (403, "not_allowed")
    assert f"«\N{NO-BREAK SPACE}{name}\N{NO-BREAK SPACE}»" in json_of(answer)["detail"]


def test_a_role_expands_only_what_it_reads(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(READERS, "customers", frozenset({Role.OWNER}))
    assert a_partner(world.company).get("/api/payments?expand=customer").status_code == 200
    viewer = a_partner(world.company, Role.VIEWER)
    assert viewer.get("/api/payments").status_code == 200
    assert viewer.get("/api/payments?expand=customer").status_code == 403


@pytest.mark.parametrize("filtered", [True, False], ids=["", "without the application's filter"])
def test_another_companys_object_is_never_shown(world: World, filtered: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = story.a_customer(story.a_company())
    records = [{"customer_id": theirs.pk}, {"customer_id": world.customer.pk}]
    if not filtered:
        everything: Callable[..., Any] = models.Manager.get_queryset
        monkeypatch.setattr(ScopedManager, "get_queryset", everything)
    with company_scope(world.company):
        expand(records, {"customer": CUSTOMER}, {})
    assert [record["customer"] and record["customer"]["id"] for record in records] == [None, world.customer.pk]


@pytest.mark.parametrize("route", [route for route in EXPANDING if "<" in route.path], **by_name)
def test_another_companys_row_does_not_exist_whatever_is_expanded(route: Any, world: World) -> None:
    stranger = a_partner(story.a_company())
    assert stranger.get(f"{route.address(world)}?expand={','.join(route.operation.expandable)}").status_code == 404


# -- what it costs -----------------------------------------------------------------------------------------------------


def a_draft_of_an_order(world: World) -> None:
    Invoice.everywhere.filter(pk=world.draft.pk).update(order=world.order)


def a_transmission(world: World) -> None:
    account, _made = PlatformAccount.everywhere.get_or_create(company=world.company, kind="chorus_pro")
    Transmission.everywhere.create(
        company=world.company,
        invoice=world.invoice,
        account=account,
        tracking_id=uuid4().hex,
        created_at=story.AT,
        next_attempt_at=story.AT,
    )


# a row of each list, and what its objects cost: a customer comes with its addresses and contacts
ROWS: dict[str, tuple[Callable[[World], Any], int]] = {
    "invoice_list": (a_draft_of_an_order, 4),
    "order_list": (lambda world: world.order, 3),
    "payment_list": (lambda world: money.a_payment(world.customer, "10.00"), 3),
    "transmission_list": (a_transmission, 1),
}


@pytest.mark.parametrize("route", [route for route in EXPANDING if route.operation.many], **by_name)
def test_a_list_costs_the_same_few_queries_more_with_thirty_rows_as_with_three(route: Any) -> None:
    world = a_world()
    partner = a_partner(world.company)
    a_row, more = ROWS[route.operation.id]

    def cost(query: str, rows: int) -> int:
        with CaptureQueriesContext(connection) as queries:
            assert len(json_of(partner.get(f"/{route.path}{query}"))) == rows
        return len(queries)

    costs = []
    for added, rows in ((3, 3), (27, 30)):
        for _ in range(added):
            a_row(World(world.company))  # each of another customer
        costs.append((cost("", rows), cost(f"?expand={','.join(route.operation.expandable)}", rows)))
    assert costs[0] == costs[1]
    assert costs[1][1] - costs[1][0] == more


# -- versions ----------------------------------------------------------------------------------------------------------


def test_what_is_expanded_is_part_of_the_version(world: World) -> None:
    partner = a_partner(world.company)
    address = f"/api/orders/{world.order.pk}"
    plain, expanded = partner.get(address)["ETag"], partner.get(f"{address}?expand=customer")["ETag"]
    assert plain != expanded
    assert partner.get(f"{address}?expand=customer", If_None_Match=expanded).status_code == 304
    assert partner.get(f"{address}?expand=customer", If_None_Match=plain).status_code == 200
    assert partner.get(address, If_None_Match=expanded).status_code == 200
    assert partner.put(f"/api/customers/{world.customer.pk}", {"phone": "0102030405"}).status_code == 200
    assert partner.get(address)["ETag"] == plain
    assert partner.get(f"{address}?expand=customer", If_None_Match=expanded).status_code == 200


def test_a_change_may_name_the_version_read_expanded_and_asks_for_the_object_alone(world: World) -> None:
    partner = a_partner(world.company)
    address = f"/api/invoices/{world.draft.pk}"
    tag = partner.get(f"{address}?expand=customer,order")["ETag"]
    assert partner.put(f"/api/customers/{world.customer.pk}", {"phone": "0102030405"}).status_code == 200
    assert partner.put(address, {"notes": "a"}, If_Match=tag).status_code == 200
    assert partner.put(address, {"notes": "b"}, If_Match=tag).status_code == 412


# -- the document ------------------------------------------------------------------------------------------------------


def test_the_document_lists_the_names_and_shows_what_each_adds() -> None:
    document: dict[str, Any] = yaml.load(Path(DOCUMENT).read_bytes(), yaml.CSafeLoader)
    operations = {one["operationId"]: one for methods in document["paths"].values() for one in methods.values()}
    assert len(EXPANDING) == 8
    for route in EXPANDING:
        operation, declared = operations[route.operation.id], route.operation.expandable
        (parameter,) = [one for one in operation["parameters"] if one["name"] == "expand"]
        assert parameter["schema"]["items"]["enum"] == list(declared)
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        shape = document["components"]["schemas"][schema.get("items", schema)["$ref"].rpartition("/")[2]]
        for name, what in declared.items():
            assert name not in shape["required"]
            assert_names(shape["properties"][name], what)


def assert_names(schema: dict[str, Any], what: Expandable) -> None:
    ways = schema.get("allOf") or schema["oneOf"]
    assert {"$ref": f"#/components/schemas/{what.shape.__name__}"} in ways
