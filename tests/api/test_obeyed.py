"""What a partner sends is obeyed or refused: every field of every route that writes, from the routes themselves."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from rest_framework.serializers import ListSerializer, Serializer

from billing.models import Invoice
from config.kernel.api.fields import Body
from config.kernel.api.stated import agrees
from config.kernel.models import VatRegime
from config.kernel.roles import Role
from customers.models import Address, CustomerKind
from tests.api.client import Partner, a_partner, json_of
from tests.api.test_matrix import ROUTES, Route
from tests.api.world import World
from tests.factories import story
from tests.trust.at_once import WHOLE

pytestmark = pytest.mark.django_db

LYON = {"line": "2 avenue Foch", "extra": "Quai 3", "postcode": "69006", "city": "Lyon", "country": "BE"}
WRITING = {route.operation.id: route for route in ROUTES if route.operation.body is not None}


def an_item(world: World) -> dict[str, Any]:
    return {
        "description": "Conseil",
        "quantity": Decimal("2.50"),
        "unit": "HUR",
        "unit_price": Decimal("200.00"),
        "discount_percent": Decimal("10.00"),
        "vat_rate": Decimal("0.00"),
        "vat_category": "E",
        "exemption_code": "VATEX-FR-CGI261-4",
        "is_service": True,
        "product_id": world.product.pk,
    }


def an_invoice(world: World) -> dict[str, Any]:
    return {
        "customer_id": world.customer.pk,
        "kind": "deposit",
        "invoice_number": "INV-1",
        "external_reference": "INV-1",
        "invoice_date": "2026-11-02",
        "supply_date": "2026-11-02",
        "due_date": "2026-12-24",
        "status": "draft",
        "notes": "Merci",
        "terms": "À 30 jours",
        "internal_notes": "Voir Ada",
        "purchase_order": "PO-1",
        "contract_reference": "MARCHE-1",
        "currency": "USD",
        "service_code": "S1",
        "delivery_address": LYON,
        "items": [an_item(world)],
    }


def an_order(world: World) -> dict[str, Any]:
    return {
        "customer_id": world.customer.pk,
        "customer_type": "organisation",
        "order_date": "2026-11-02",
        "purchase_order": "PO-1",
        "service_code": "S1",
        "notes": "Merci",
        "delivery_address": LYON,
        "items": [an_item(world)],
    }


def a_purchase_order(world: World) -> dict[str, Any]:
    item = {
        "description": "Ramette A4",
        "quantity": Decimal("12.5"),
        "unit_price": Decimal("4.123456"),
        "account": "606400",
        "product_id": world.product.pk,
    }
    return {
        "supplier_id": world.supplier.pk,
        "expected_on": "2026-12-24",
        "internal_notes": "Voir Ada",
        "items": [item],
    }


def a_product(world: World) -> dict[str, Any]:
    return {
        "reference": "CH-9",
        "name": "Fauteuil",
        "description": "Rouge",
        "is_service": False,
        "unit": "HUR",
        "unit_price": Decimal("99.50"),
        "vat_category": "E",
        "vat_rate": Decimal("0.00"),
        "exemption_code": "VATEX-FR-CGI261-4",
        "tracks_stock": False,
    }


def a_customer(world: World) -> dict[str, Any]:
    siren = story.a_siren()
    contact = {
        "name": "Ada",
        "position": "Achats",
        "email": "ada@client.example",
        "phone": "0102030405",
        "gets_invoices": False,
        "gets_reminders": True,
    }
    return {
        "customer_type": "organisation",
        "name": "Mairie",
        "first_name": "",
        "last_name": "",
        "email": "mairie@client.example",
        "phone": "0102030406",
        "siren": siren,
        "siret": story.a_siret(siren),
        "vat_number": "",
        "electronic_address": f"{siren}_FACT",
        "is_public_body": True,
        "service_code": "S1",
        "requires_service_code": True,
        "requires_commitment": True,
        "payment_terms_id": world.customer.terms_id,
        "exemption_code": "VATEX-FR-CGI261-4",
        "reminders_paused_until": "2027-01-05",
        "notes": "Midi",
        "billing_address": LYON,
        "delivery_address": LYON,
        "contacts": [contact],
    }


def a_bought_invoice(world: World) -> dict[str, Any]:
    item = {
        "description": "Ramettes",
        "quantity": Decimal("4.00"),
        "unit_price": Decimal("25.00"),
        "amount_ht": Decimal("100.00"),
        "vat_category": "S",
        "vat_rate": Decimal("20.00"),
        "regime": "goods",
        "account": "606300",
        "deductible_percent": Decimal("80.00"),
        "starts_on": "2026-11-01",
        "ends_on": "2027-10-31",
    }
    return {
        "supplier_id": world.supplier.pk,
        "number": "F-API",
        "kind": "invoice",
        "issue_date": "2026-11-02",
        "due_date": "2026-12-24",
        "supply_date": "2026-11-01",
        "currency": "EUR",
        "vat_on_debits": True,
        "total_ht": Decimal("100.00"),
        "total_vat": Decimal("20.00"),
        "total_ttc": Decimal("120.00"),
        "iban": story.SECOND_IBAN,
        "payment_reference": "RF18",
        "order_reference": "BC-1",
        "corrects_number": "F-0",
        "internal_notes": "Voir Ada",
        "items": [item],
        "vat": [{"category": "S", "rate": Decimal("20.00"), "base": Decimal("100.00"), "amount": Decimal("20.00")}],
    }


def a_supplier(world: World) -> dict[str, Any]:
    siren = story.a_siren()
    return {
        "name": "Imprimerie Nord",
        "siret": story.a_siret(siren),
        "siren": siren,
        "vat_number": "",
        "email": "compta@imprimeur.example",
        "phone": "0102030405",
        "notes": "Midi",
        "payment_terms_id": world.customer.terms_id,
        "rule": {
            "account": "623000",
            "regime": "services",
            "deductible_percent": Decimal("50.00"),
            "may_validate_itself": False,
        },
    }


def a_payment(world: World) -> dict[str, Any]:
    share = {
        "invoice_id": world.invoice.pk,
        "amount": Decimal("20.00"),
        "invoice_number": world.invoice.number,
        "invoice_total": world.invoice.total_gross,
    }
    return {
        "customer_id": world.customer.pk,
        "payment_date": "2026-11-02",
        "amount": Decimal("30.00"),
        "payment_method": "card",
        "reference": "CB",
        "transaction_id": "T-1",
        "notes": "Reçu",
        "allocations": [share],
        "oldest_first": False,
    }


def changed_payment(world: World) -> dict[str, Any]:
    words = {"reference": "CB", "transaction_id": "T-1", "notes": "Reçu"}
    figures = {"payment_date": "2026-11-02", "amount": Decimal("90.00"), "payment_method": "card"}
    return {"invoice_id": world.invoice.pk, **figures, **words}


def a_webhook(_world: World) -> dict[str, Any]:
    return {
        "url": f"https://erp.example/{next(_serial)}",
        "description": "ERP",
        "events": ["invoice.paid"],
        "active": True,
    }


_serial = itertools.count(1)


@dataclass(frozen=True)
class Record:
    """A route that writes a record and shows it: what it is sent, and where the answer holds the record."""

    sample: Callable[[World], dict[str, Any]]
    inside: str = ""


RECORDS = {
    "invoice_create": Record(an_invoice),
    "invoice_update": Record(an_invoice),
    "order_create": Record(an_order),
    "order_update": Record(an_order),
    "product_create": Record(a_product),
    "product_update": Record(lambda world: {**a_product(world), "archived": True}),
    "customer_create": Record(a_customer),
    "customer_update": Record(lambda world: {**a_customer(world), "archived": True}),
    "purchase_create": Record(a_bought_invoice),
    "purchase_update": Record(a_bought_invoice),
    "purchase_order_create": Record(a_purchase_order),
    "purchase_order_update": Record(a_purchase_order),
    "supplier_create": Record(lambda world: {**a_supplier(world), "address": LYON}),
    "supplier_update": Record(lambda world: {**a_supplier(world), "address": LYON}),
    "payment_create": Record(a_payment, inside="payment"),
    "payment_update": Record(changed_payment),
    "bank_account_update": Record(lambda _world: {"name": "Livret", "ledger_account": "512300"}),
    "webhook_create": Record(a_webhook),
    "webhook_update": Record(a_webhook),
    "member_update": Record(
        lambda _world: {
            "role": "sales",
            "credit_note_limit": Decimal("500.00"),
            "write_off_limit": Decimal("0.00"),
            "payment_run_limit": None,
        }
    ),
    "invitation_create": Record(lambda _world: {"email": "ada@verone.example", "role": "viewer"}),
    "webhook_source_update": Record(lambda _world: {"active": False, "secret": "a secret of sixteen"}),
}

# fields that the record shows under another name, or by what they do
ELSEWHERE: dict[str, Callable[[dict[str, Any], Any], bool]] = {
    "invoice_number": lambda shown, sent: shown["external_reference"] == sent,
    "notes": lambda shown, sent: str(shown["notes"]).startswith(sent),
    "terms": lambda shown, sent: str(shown["notes"]).endswith(sent),
    "oldest_first": lambda shown, _sent: shown["unallocated"] == 10,
    "address": lambda shown, _sent: Address.everywhere.get(customer=shown["id"]).line == LYON["line"],
    "secret": lambda shown, _sent: bool(shown["has_secret"]),
}
OTHER_NAMES = {"invoice_id", "delivery_address", "contacts.id"}

# routes that act: each of these fields decides something that the tests of its route hold. A new one is added here
# with its test, never left to be ignored.
ACTS = {
    "token_obtain": {"email", "password", "code"},
    "token_refresh": {"refresh"},
    "finance_job_retry": {"reason"},
    "finance_sync": {"source"},
    "finance_mark_paid": {"payment_method", "payment_reference", "payment_date", "amount"},
    "finance_remind": {"reminder_type", "subject", "message"},
    "finance_create_and_send": set(WRITING["invoice_create"].operation.body().fields),
    "webhook_source_create": {"source", "secret"},
    "invoice_generate": {"salesOrderId"},
    "invoice_generate_many": {"salesOrderIds", "groupedPerCustomer"},
    "invoice_dispute_open": {"reason"},
    "order_deposit_create": {"amount", "percent", "description"},
    "invoice_deposit_create": {"amount", "percent", "description"},
    "deduction_update": {"deposit_ids"},
    "correction_create": {"reason"},
    "credit_note_create": {"reason", "items", "items.id", "items.quantity", "items.amount"},
    "stock_adjust": {"reason", "quantity", "note"},
    "statement_import": {"file"},
    "match_accept": {"allocations"},
    "match_undo": {"reason"},
    "transaction_ignore": {"reason"},
    "allocation_create": {"invoice_id", "amount", "invoice_number", "invoice_total"},
    "payment_reverse": {"reason"},
    "invoice_mark_paid": {"payment_method", "payment_reference", "payment_date", "amount"},
    "invoice_remind": {"reminder_type", "subject", "message"},
    "reminder_cancel": {"reason"},
    "customer_refund_create": {
        "amount", "payment_method", "iban", "refund_date", "reason", "bank_account_id", "payments",
    },
    "customer_mandate_create": {
        "debtor_name", "iban", "bic", "reference", "scheme", "is_one_off", "notice_days", "language", "signed_on",
    },
    "invoice_debit_announce": {"collected_on"},
    "debit_order_create": {"bank_account_id", "debits"},
    "mandate_sign": {"signed_on"},
    "mandate_revoke": {"reason"},
    "direct_debit_cancel": {"reason"},
    "direct_debit_return": {"code", "returned_on"},
    "debit_order_cancel": {"reason"},
    "received_document_upload": {"file"},
    "purchase_refuse": {"code", "reason"},
    "journal_entry_create": {
        "day", "journal", "label", "piece", "lines", "lines.account", "lines.customer_id", "lines.debit",
        "lines.credit", "lines.label", "lines.due_date",
    },
    "purchase_dispute_open": {"code", "reason"},
    "purchase_order_receipt_create": {
        "received_on", "delivery_note", "items", "items.line_id", "items.quantity",
    },
    "supplier_iban_create": {"iban", "bic", "holder"},
    "refund_cancel": {"reason"},
    "supplier_payment_create": {
        "purchases", "purchases.purchase_id", "purchases.amount", "purchases.discount", "payment_method",
        "payment_date", "bank_account_id", "iban", "reference",
    },
    "supplier_payment_cancel": {"reason"},
    "invoice_use_credit": {"amount"},
    "invoice_write_off": {"amount", "reason", "with_vat", "note"},
    "write_off_take_back": {"reason"},
    "invoice_bulk_create": {"issue", "invoices"},
    "transmission_retry": {"reason"},
    "invoice_transmit": {"platform_id"},
    "chorus_submit": {"invoiceData", "document"},
    "chorus_query": {
        "dateFrom", "dateTo", "supplierSiret", "recipientSiret", "invoiceNumber", "status", "page", "pageSize",
    },
    "chorus_entity_lookup": {"siret", "name"},
}  # fmt: skip


def names_of(body: Body, path: str = "") -> Iterator[str]:
    """Every field of a body, with those of its smaller bodies."""
    for name, field in body.fields.items():
        yield path + name
        child = getattr(field, "child", field)
        if isinstance(child, Serializer):
            yield from names_of(child, f"{path}{name}.")


def sent_names(body: dict[str, Any], path: str = "") -> Iterator[str]:
    for name, value in body.items():
        yield path + name
        inner = value[0] if isinstance(value, list) and value else value
        if isinstance(inner, dict):
            yield from sent_names(inner, f"{path}{name}.")


def call(route: Route, world: World, partner: Partner, body: dict[str, Any]) -> Any:
    at = route.address(world)
    if route.operation.id == "invoice_update":
        at = f"/api/invoices/{world.draft.pk}"
    return partner.call(route.method.upper(), at, body, key=bool(route.operation.repeatable))


def test_every_field_of_every_route_that_writes_is_known(world: World) -> None:
    """A field that is new here has to say where its value is seen, or what it decides."""
    assert set(WRITING) == {*RECORDS, *ACTS}
    for key, route in WRITING.items():
        body = route.operation.body
        assert body is not None, key
        assert issubclass(body, Body), key
        declared = set(names_of(body()))
        if key in RECORDS:
            assert declared - OTHER_NAMES == set(sent_names(RECORDS[key].sample(world))) & declared - OTHER_NAMES, key
        elif key != "finance_create_and_send":
            assert {one for one in declared if not one.startswith("allocations.")} == ACTS[key], key


@pytest.mark.parametrize("key", RECORDS)
def test_what_is_sent_is_what_the_record_then_says(key: str, world: World) -> None:
    record, route = RECORDS[key], WRITING[key]
    body = record.sample(world)
    answer = call(route, world, world.partners[Role.OWNER], body)
    assert answer.status_code in {200, 201}, answer.content
    shown = json_of(answer)
    shown = shown[record.inside] if record.inside else shown
    ignored = {
        name
        for name, value in body.items()
        if not (ELSEWHERE[name](shown, value) if name in ELSEWHERE else agrees(value, shown.get(name)))
    }
    assert ignored == set()


def another(value: Any) -> Any:
    """Something else than what is shown."""
    if isinstance(value, bool) or value is None:
        return not value
    if isinstance(value, list):
        return [*value, {}]
    if isinstance(value, dict):
        return {"x": 1}
    return f"{value}x" if isinstance(value, str) else value + 1


def states(key: str) -> bool:
    body = WRITING[key].operation.body() if key in RECORDS else None
    return isinstance(body, Body) and bool(body.compared)


@pytest.mark.trust
@pytest.mark.parametrize("key", [key for key in RECORDS if states(key)])
def test_what_a_body_cannot_set_is_accepted_as_the_record_says_it_and_refused_otherwise(
    key: str, world: World, partner: Partner
) -> None:
    record, route = RECORDS[key], WRITING[key]
    body = record.sample(world)
    if key == "payment_update":  # figures that change replace the payment: what was read of it is another's
        body = {name: body[name] for name in ("reference", "transaction_id", "notes")}
    taken = call(route, world, partner, body)
    assert taken.status_code in {200, 201}, taken.content
    shown = json_of(taken)
    kind = route.operation.body()
    assert isinstance(kind, Body)
    ours = ("id", "order_number", "created_at") if "create" in key else ()  # the next one has its own
    body, shown = body | _fresh(key, world), shown | _fresh(key, world)
    stated = {name: shown[name] for name in kind.compared if name in shown and name not in ours}
    _sets_rows(kind, body, shown)
    again = call(route, world, partner, {**stated, **body})
    assert again.status_code in {200, 201}, again.content
    wrong = {name: another(shown.get(name)) for name in kind.compared - set(body)}
    # each is refused at its own field, one by one in the whole test
    for lies in [{name: value} for name, value in wrong.items()] if WHOLE else [wrong]:
        refused = call(route, world, partner, {**body, **_fresh(key, world), **lies})
        assert refused.status_code == 400, lies
        assert set(json_of(refused)["fields"]) == set(lies)


def _fresh(key: str, world: World) -> dict[str, Any]:
    """What two records may not share."""
    if key == "product_create":
        return {"reference": f"FA-{next(_serial)}"}
    names = {"webhook_create": {"url"}, "customer_create": {"siren", "siret", "electronic_address"}}.get(key, set())
    return {name: value for name, value in RECORDS[key].sample(world).items() if name in names}


def _sets_rows(kind: Body, body: dict[str, Any], shown: dict[str, Any]) -> None:
    """Each row of a list states what was shown of it."""
    for name, field in kind.fields.items():
        if isinstance(field, ListSerializer) and isinstance(field.child, Body) and field.child.compared:
            body[name] = [
                row | {one: there[one] for one in field.child.compared}
                for row, there in zip(body[name], shown[name], strict=True)
            ]


@pytest.fixture
def partner(world: World) -> Partner:
    return world.partners[Role.OWNER]


def sold(world: World, **values: Any) -> dict[str, Any]:
    item = {"description": "Conseil", "quantity": 5, "unit_price": Decimal("200.00"), "vat_rate": 20}
    return {"customer_id": world.customer.pk, "items": [item], **values}


WRONG = [
    ({"currency": "XYZ"}, "currency", "devise"),
    ({"accounting_vat": 1}, "accounting_vat", ""),
    ({"exchange_rate": 2}, "exchange_rate", ""),
    ({"total_ttc": Decimal("999.99")}, "total_ttc", "1 200,00"),
    ({"subtotal_ht": 1}, "subtotal_ht", "1 000,00"),
    ({"total_vat": "200.01"}, "total_vat", "200,00"),
    ({"balance_due": 0}, "balance_due", "1 200,00"),
    ({"vat_breakdown": []}, "vat_breakdown", ""),
    ({"payment_status": "paid"}, "payment_status", ""),
    ({"issued_at": "2020-01-01T00:00:00Z"}, "issued_at", ""),
    ({"invoice_number": "A", "external_reference": "B"}, "invoice_number", ""),
    ({"invoice_date": "2026-11-01", "supply_date": "2026-11-02"}, "invoice_date", ""),
]


@pytest.mark.parametrize(("said", "field", "words"), WRONG, ids=[field for _said, field, _words in WRONG])
def test_a_decisive_field_that_would_not_be_obeyed_is_refused_and_nothing_is_written(
    world: World, partner: Partner, said: dict[str, Any], field: str, words: str
) -> None:
    body = sold(world, **said)
    rows = [{**body, "status": "sent"}, body]
    ours = Invoice.everywhere.filter(company=world.company)
    before = ours.count()
    answers = [
        partner.post("/api/invoices", body, key=True),
        partner.post("/api/invoices", rows[0], key=True),
        partner.post("/api/finance/invoices/create-and-send", body, key=True),
    ]
    problems = [json_of(answer) for answer in answers]
    bulk = json_of(partner.post("/api/invoices/bulk", {"invoices": rows}, key=True))
    problems += [one["problem"] for one in bulk["results"]]
    for problem in problems:
        assert set(problem["fields"]) == {field}
        assert words in problem["fields"][field].replace("\u202f", " ").replace("\xa0", " ")
    assert ours.count() == before


def test_the_totals_of_a_line_are_held_too(world: World, partner: Partner) -> None:
    body = sold(world)
    body["items"][0] |= {"subtotal": 1000, "vat_amount": 200, "total": Decimal("1200.10")}
    assert set(json_of(partner.post("/api/invoices", body))["fields"]) == {"items.1.total"}
    body["items"][0]["total"] = "1200.00"
    assert partner.post("/api/invoices", body).status_code == 201


def test_what_matches_is_accepted_and_the_invoice_may_leave_at_once(world: World, partner: Partner) -> None:
    body = sold(world, currency="EUR", total_ttc=1200, subtotal_ht=Decimal("1000.00"), issued_at=None, status="sent")
    assert partner.post("/api/invoices", body, key=True).status_code == 201


def test_old_totals_do_not_pass_with_new_lines(world: World, partner: Partner) -> None:
    draft = json_of(partner.post("/api/invoices", sold(world)))
    draft["items"][0]["quantity"] = 6
    refused = json_of(partner.put(f"/api/invoices/{draft['id']}", draft))
    totals = {"subtotal_ht", "total_vat", "total_ttc", "balance_due", "vat_breakdown"}
    assert set(refused["fields"]) == {*totals, "items.1.subtotal", "items.1.vat_amount", "items.1.total"}
    bare = {
        "items": [{name: draft["items"][0][name] for name in ("description", "quantity", "unit_price", "vat_rate")}]
    }
    assert partner.put(f"/api/invoices/{draft['id']}", bare).status_code == 200


def test_the_number_is_kept_though_the_reference_is_empty(world: World, partner: Partner) -> None:
    said = sold(world, invoice_number="INV-7", external_reference="")
    assert json_of(partner.post("/api/invoices", said))["external_reference"] == "INV-7"


def test_a_service_has_no_stock_and_an_individual_no_other_name(world: World, partner: Partner) -> None:
    service = {"reference": "SV", "name": "Conseil", "unit_price": 1, "is_service": True, "tracks_stock": True}
    assert set(json_of(partner.post("/api/products", service))["fields"]) == {"tracks_stock"}
    person = {
        "customer_type": "individual",
        "first_name": "Ada",
        "last_name": "Martin",
        "name": "Société Martin",
        "billing_address": LYON,
    }
    assert set(json_of(partner.post("/api/customers", person))["fields"]) == {"name"}
    assert partner.post("/api/customers", {**person, "name": "Ada Martin"}).status_code == 201


def test_under_the_small_business_exemption_a_category_of_another_kind_is_refused() -> None:
    company = story.a_company(vat_regime=VatRegime.FRANCHISE)
    customer = story.a_customer(company, kind=CustomerKind.INDIVIDUAL)
    item = {"description": "Conseil", "quantity": 1, "unit_price": 100, "vat_rate": 0}
    for field, value in (("vat_category", "AE"), ("exemption_code", "VATEX-EU-AE")):
        body = {"customer_id": customer.pk, "items": [{**item, field: value}]}
        refused = json_of(a_partner(company).post("/api/invoices", body))
        assert set(refused["fields"]) == {f"items.1.{field}"}


def test_a_share_says_nothing_else_than_its_invoice(world: World, partner: Partner) -> None:
    share = {"invoice_id": world.invoice.pk, "amount": 10, "invoice_total": 1}
    body = {"customer_id": world.customer.pk, "amount": 10, "payment_method": "card", "allocations": [share]}
    assert set(json_of(partner.post("/api/payments", body, key=True))["fields"]) == {"allocations.1.invoice_total"}


def test_a_payment_that_pays_an_invoice_does_not_forget_it_by_a_null(world: World, partner: Partner) -> None:
    answer = partner.put(f"/api/payments/{world.payment.pk}", {"invoice_id": None})
    assert set(json_of(answer)["fields"]) == {"invoice_id"}
