"""The page of a document that was read with doubts: pointed at, typed, recorded, learnt from; without JavaScript."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from billing.models import PurchaseInvoice
from config.kernel.clock import local_day
from config.kernel.models import AuditEvent, Company
from config.kernel.roles import Role
from customers.models import Customer
from einvoicing.models import ReceivedDocument, ReceivedStatus, SupplierAnchor
from tests.einvoicing.reception import buying
from tests.einvoicing.reception.buying import SUPPLIER, TWENTY, a_recent_invoice, received
from tests.einvoicing.reception.drawn.facts import Item, Party
from tests.einvoicing.reception.odd import odd_page
from tests.factories.people import read, signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def company() -> Company:
    return buying.a_buying_company()


@pytest.fixture
def accountant(company: Company) -> Client:
    return signed_in(company, Role.ACCOUNTANT)


def form_of(page: str) -> dict[str, str]:
    """What a browser would send: each input that has a value, and what is chosen."""
    sent = {}
    for tag in re.findall(r"<input[^>]*>", page):
        found = dict(re.findall(r'(\w+)="([^"]*)"', tag))
        if "name" in found and found.get("value") and ("checked" in tag or found.get("type") != "radio"):
            sent[found["name"]] = found["value"]
    return {"kind": "invoice", **sent}


def address(document: ReceivedDocument) -> str:
    return f"/purchases/inbox/{document.pk}/correct/"


def word(page: str, text: str) -> str:
    found = re.search(rf'name="word"\s+value="([\d.]+)"\s+title="{re.escape(text)}"', page)
    assert found, text
    return found[1]


def pointed(client: Client, document: ReceivedDocument, page: str, field: str, text: str) -> str:
    """The page after a field and then its word were pressed."""
    page = read(client.post(address(document), {**form_of(page), "pick": field}))
    return read(client.post(address(document), {**form_of(page), "word": word(page, text)}))


def test_what_is_pointed_at_is_recorded_and_read_right_on_the_next_document(
    company: Company, accountant: Client
) -> None:
    first = received(company, odd_page(a_recent_invoice(company)))
    assert (first.status, first.number, first.purchase) == (ReceivedStatus.READ, "", None)
    page = read(accountant.get(address(first)))
    assert "Le numéro de facture n’a pas été trouvé" in page
    page = pointed(accountant, first, page, "number", "F-2026-0417")
    due = local_day(timezone.now()) + timedelta(days=25)
    page = pointed(accountant, first, page, "due_date", f"{due:%d/%m/%Y}")
    assert form_of(page)["number"] == "F-2026-0417"
    assert form_of(page)["due_date"] == f"{due:%d/%m/%Y}"
    answer = accountant.post(address(first), {**form_of(page), "save": "1"})
    recorded = PurchaseInvoice.everywhere.get(number="F-2026-0417")
    assert answer["Location"] == recorded.get_absolute_url()
    assert (recorded.supplier.name, recorded.due_date) == (SUPPLIER.name, due)
    assert (recorded.total_net, recorded.total_gross) == (Decimal("1000.00"), Decimal("1200.00"))
    assert not recorded.is_auto_validated  # a person was needed
    first.refresh_from_db()
    assert first.status == ReceivedStatus.RECORDED
    learnt = dict(SupplierAnchor.everywhere.values_list("field", "label"))
    assert learnt["number"] == "chrono"
    assert learnt["due_date"] == "a honorer pour le"

    # the next one of the same layout says the same labels: no person is needed
    items = [Item("Affiches", Decimal(3), Decimal("150.00"), TWENTY)]
    again = a_recent_invoice(company, number="F-2026-0533", due=due + timedelta(days=3), items=items)
    second = received(company, odd_page(again))
    assert (second.status, second.number, second.doubts) == (ReceivedStatus.RECORDED, "F-2026-0533", [])
    assert second.purchase is not None
    assert second.purchase.is_auto_validated
    assert second.purchase.due_date == due + timedelta(days=3)


def test_what_is_typed_teaches_as_well_where_it_stands_once_on_the_page(company: Company, accountant: Client) -> None:
    document = received(company, odd_page(a_recent_invoice(company)))
    typed = {**form_of(read(accountant.get(address(document)))), "number": "F-2026-0417", "save": "1"}
    assert accountant.post(address(document), typed).status_code == 302
    assert SupplierAnchor.everywhere.get(field="number").label == "chrono"
    taught = AuditEvent.objects.get(tag="einvoicing.received.taught")
    assert "number" in taught.data["fields"]


def test_an_unknown_supplier_is_created_beside_the_form_and_comes_back_chosen(
    company: Company, accountant: Client
) -> None:
    stranger = Party("Papeterie Collet SAS", "552100554", "1 rue Pasteur", "59800", "Lille", "00013", SUPPLIER.iban)
    document = received(company, odd_page(a_recent_invoice(company, supplier=stranger)))
    page = read(accountant.get(address(document)))
    assert "Ni SIREN, ni n° de TVA, ni IBAN confirmé" in page
    typed = {**form_of(page), "number": "F-2026-0417", "line": "1 rue Pasteur", "postcode": "59800", "city": "Lille"}
    page = read(accountant.post(address(document), {**typed, "create": "1"}))
    created = Customer.everywhere.get(siren="552100554")
    assert (created.is_supplier, form_of(page)["supplier"]) == (True, str(created.pk))
    assert form_of(page)["number"] == "F-2026-0417"  # nothing typed was lost
    assert accountant.post(address(document), {**form_of(page), "save": "1"}).status_code == 302
    recorded = PurchaseInvoice.everywhere.get(number="F-2026-0417")
    # its account is that of another supplier: recording does not make it right
    assert recorded.supplier == created
    assert "payee_differs" in recorded.doubts
    assert not created.ibans.filter(confirmed_at__isnull=False).exists()


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_recorded(company: Company, accountant: Client) -> None:
    document = received(company, odd_page(a_recent_invoice(company)))
    typed = {**form_of(read(accountant.get(address(document)))), "number": "F-1", "gross": "1 300", "save": "1"}
    answer = accountant.post(address(document), typed)
    assert answer.status_code == 422
    assert "Le HT et la TVA n’ont pas le TTC pour somme." in read(answer)
    assert form_of(read(answer))["gross"] == "1 300"
    assert not PurchaseInvoice.everywhere.filter(number="F-1").exists()


def test_a_page_is_shown_as_a_picture_and_never_as_the_file(company: Company, accountant: Client) -> None:
    document = received(company, odd_page(a_recent_invoice(company)))
    picture = accountant.get(f"/purchases/inbox/{document.pk}/pages/1/")
    assert picture["Content-Type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    assert picture["X-Content-Type-Options"] == "nosniff"
    assert accountant.get(f"/purchases/inbox/{document.pk}/pages/2/").status_code == 404


def test_a_salesperson_looks_and_records_nothing(company: Company) -> None:
    document = received(company, odd_page(a_recent_invoice(company)))
    sales = signed_in(company, Role.SALES)
    page = read(sales.get(address(document)))
    assert "Enregistrer la facture" not in page
    assert sales.post(address(document), {**form_of(page), "save": "1"}).status_code == 403
