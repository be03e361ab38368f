"""Each page, and each list of the API, asks the same number of questions with 60 rows or with thousands."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from billing.models import Invoice
from billing.services.orders import save_order
from billing.services.products import save_product
from config.kernel.postgresql.base import APP_ROLE
from config.kernel.scope import company_scope
from tests.api.client import Partner, a_partner, json_of
from tests.factories import money, story
from tests.factories.people import signed_in
from tests.trust.at_once import WHOLE

pytestmark = pytest.mark.trust

FEW, MANY = 60, 10_000 if WHOLE else 400
LARGEST_PAGE = 60_000  # before it is compressed
API_LISTS = (
    "/api/invoices?limit=50",
    "/api/invoices?limit=50&status=overdue&from_date=2020-01-01",
    "/api/invoices/stats",
    "/api/customers?limit=50",
    "/api/products?limit=50",
    "/api/orders?limit=50",
    "/api/payments?limit=50",
    "/api/payments/stats",
    "/api/transactions?limit=50",
    "/api/finance/dashboard",
    "/api/finance/jobs?limit=50",
)
LISTS = (
    "home",
    "customers:customer-list",
    "billing:product-list",
    "billing:order-list",
    "billing:invoice-list",
    "payments:payment-list",
    "payments:bankline-list",
    "payments:statement-list",
    "payments:reminder-list",
    "payments:reminder-held",
    "payments:reminder-letters",
    "payments:reminder-history",
    "payments:reminder-promises",
    "payments:reminder-forecast",
    "einvoicing:transmission-list",
    "billing:email-list",
    "billing:purchase-list",
    "billing:purchase-order-list",
    "einvoicing:received-list",
    "billing:supplier-list",
)


def multiply(table: str, count: int, **changes: str) -> None:
    """Copy the table's first row `count` times, with these columns given as SQL over n (1 … count)."""
    pairs = ", ".join(f"'{column}', {expression}" for column, expression in changes.items())
    with connection.cursor() as cursor:
        # triggers and foreign keys have nothing to learn from copies
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute(
            f"INSERT INTO {table} SELECT copied.* FROM (SELECT * FROM {table} ORDER BY id LIMIT 1) AS model,"
            f" generate_series(1, {count}) AS n,"
            f" LATERAL jsonb_populate_record(NULL::{table}, to_jsonb(model) || jsonb_build_object({pairs})) AS copied"
        )
        cursor.execute("SET LOCAL session_replication_role = DEFAULT")
        cursor.execute(f"SET LOCAL ROLE {APP_ROLE}")


def grow(count: int) -> None:
    """So many more rows of everything the pages list, each after the ones before."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM billing_invoice")
        start = cursor.fetchone()[0]
    key = f"{start} + n"
    unique = f"(1000000000000 + {key})"
    multiply("customers_customer", count, id=unique, name=f"'Client ' || ({key})", siren="''", siret="''")
    multiply("billing_product", count, id=unique, reference=f"'P' || ({key})", name=f"'Produit ' || ({key})")
    multiply("billing_salesorder", count, id=unique, number=f"'CMD-2025-' || ({key})")
    multiply(
        "billing_invoice", count, id=unique, number=f"'FAC-2025-' || ({key})", due_date="date '2026-10-01' - (n % 40)"
    )
    multiply("payments_payment", count, id=unique, number=f"'ENC-2025-' || ({key})")
    multiply("payments_bankline", count, id=unique, import_key=f"'copy:' || ({key})", remittance=f"'VIR ' || ({key})")
    analyse()


def analyse() -> None:
    """As autovacuum does after such a growth; without it the planner thinks that the tables are still empty."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE NONE")
        cursor.execute("ANALYZE")
        cursor.execute(f"SET LOCAL ROLE {APP_ROLE}")


def questions(client: Client | Partner, address: str) -> tuple[int, int]:
    with CaptureQueriesContext(connection) as queries:
        answer = client.get(address)
    assert answer.status_code == 200, address
    return len(queries), len(answer.content)


@pytest.fixture
def world(db: None) -> tuple[Client, Invoice]:
    company = story.a_company()
    customer = story.a_customer(company)
    invoice = story.an_issued_invoice(customer)
    with company_scope(company):
        save_order(order=None, customer=customer, values={}, lines=[story.a_line()], actor=story.ACTOR, at=story.AT)
        values = {"reference": "P0", "name": "Produit", "unit_price": Decimal("10")}
        save_product(product=None, company_id=company.pk, values=values, actor=story.ACTOR, at=story.AT)
    money.a_payment(customer, "10.00")
    money.bank_lines(company, [money.a_credit("77.77", remittance="VIR")])
    return signed_in(company), invoice


def test_every_list_costs_the_same_with_thousands_of_rows(world: tuple[Client, Invoice]) -> None:
    client, invoice = world
    partner = a_partner(invoice.company)
    pages = [reverse(name) for name in LISTS] + [invoice.get_absolute_url(), f"{reverse('search')}?q=Client"]
    addresses = [*((client, page) for page in pages), *((partner, route) for route in API_LISTS)]
    grow(FEW)
    for caller, address in addresses:
        caller.get(address)  # what is asked once only (content types, session) is not of the page
    before = [questions(caller, address)[0] for caller, address in addresses]
    assert len(json_of(partner.get(API_LISTS[0]))) == 50
    grow(MANY)
    after = [questions(caller, address) for caller, address in addresses]
    assert [count for count, _weight in after] == before
    heaviest = max((weight, page) for page, (_count, weight) in zip(pages, after, strict=False))
    assert heaviest < (LARGEST_PAGE, "")
    assert Invoice.everywhere.count() > MANY
