"""Every list: its columns as one chooses them, its views as one keeps them, the totals of its whole filter."""

from __future__ import annotations

import ast
import csv
import io
import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from config.kernel.models import DefaultView, SavedView
from config.kernel.roles import Role
from tests.api.world import World
from tests.factories import story
from tests.factories.people import signed_in
from tests.house.texts import PACKAGES, ROOT

pytestmark = pytest.mark.django_db

INVOICES = "billing:invoice-list"
# what pages through rows and is no list of records to keep, count and take away, and why
NO_LISTS = {
    "billing/views/purchases/approvals.py:approval_list": "what waits for the reader alone: each is opened and decided",
    "einvoicing/views/issuing.py:_page": "the drafts that were chosen in the list of invoices, to be confirmed",
    "einvoicing/views/readiness.py:readiness_steps": "steps to take: customers without what e-invoicing needs",
    "einvoicing/views/readiness.py:readiness_drafts": "steps to take: drafts that would be refused",
    "config/pages/settings/webhooks.py:webhook_detail": "the technical log of one destination, kept three months",
    "config/pages/settings/inbound.py:inbound_list": "the technical log of one source, kept three months",
    "config/pages/bulk.py:bulk_list": "what was asked for; each run has its rows and their file",
    "config/pages/dossiers.py:dossiers": "the companies of one person, each with what waits there",
    "config/pages/imports.py:import_list": "what was asked for; each file has its rows and their file",
    "config/kernel/lists/shown.py:open_list": "this is the list",
    "config/kernel/api/lists.py:page": "for programs, which ask `?format=`",
}


def calls(name: str) -> set[str]:
    """The functions that call it, as `file:function`."""
    found = set()
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            text = path.read_text()
            if f"{name}(" not in text:
                continue
            for node in ast.walk(ast.parse(text)):
                if isinstance(node, ast.FunctionDef) and f"{name}(" in ast.unparse(node) and node.name != name:
                    found.add(f"{path.relative_to(ROOT)}:{node.name}")
    return found


def test_every_page_of_rows_is_a_list_or_says_why_not() -> None:
    assert len(calls("open_list")) >= 24
    assert calls("listing.page") == NO_LISTS.keys(), "declare its columns (config/kernel/lists), or say why it is none"


def test_every_list_offers_views_columns_and_files_and_a_total_where_it_has_rows(world: World) -> None:
    for made in (world.invoice, world.purchase, world.purchase_order, world.order, world.product, world.payment):
        assert made
    client = signed_in(world.company)
    for page in ("billing:invoice-list", "billing:purchase-list", "payments:payment-list", "payments:remittance-list"):
        shown = client.get(reverse(page)).content.decode()
        assert "export=xlsx" in shown, page
        assert reverse("view-new") in shown, page
        assert "columns=" in shown, page


def test_columns_are_chosen_hidden_and_added_on_the_page_and_in_the_file(company: Any) -> None:
    invoice = story.an_issued_invoice(story.a_customer(company))
    client = signed_in(company)
    usual = client.get(reverse(INVOICES)).content.decode()
    assert "no-3" not in usual
    chosen = {"columns": "number,customer,gross,net,siren,unknown"}
    shown = client.get(reverse(INVOICES), chosen).content.decode()
    table = re.search(r'<table class="table rows ([^"]*)"', shown)
    assert table is not None
    assert table[1].split() == ["no-3", "no-4", "no-5", "no-7"]  # issued, due, state, remaining
    assert re.search(r'<th scope="col" class="num">Total HT</th>', shown)
    assert 'data-label="SIREN"' in shown
    answer = client.get(reverse(INVOICES), {**chosen, "export": "csv"})
    head, row = csv.reader(io.StringIO(b"".join(answer.streaming_content).decode("utf-8-sig")), delimiter=";")
    assert head == ["Numéro", "Client", "SIREN", "Total HT", "Total TTC"]
    assert row[0] == invoice.number


def save(client: Client, **fields: Any) -> str:
    """Keep the list as its address has it; where that leads."""
    address = f"{reverse('view-new')}?page={INVOICES}&query=status%3Ddraft%26sort%3D-total%26columns%3Dnumber%2Cgross"
    answer = client.post(address, {"name": "Gros brouillons", **fields})
    assert answer.status_code == 302, answer.content.decode()
    return str(answer["Location"])


def test_a_view_keeps_filter_order_and_columns_in_its_address_and_opens_the_list_for_who_prefers_it(
    company: Any,
) -> None:
    story.an_issued_invoice(story.a_customer(company))
    client = signed_in(company)
    address = save(client, is_default="on")
    view = SavedView.everywhere.get()
    assert parse_qs(urlsplit(address).query) == {
        "status": ["draft"], "sort": ["-total"], "columns": ["number,gross"], "view": [str(view.pk)],
    }  # fmt: skip
    opened = client.get(reverse(INVOICES))
    assert (opened.status_code, opened["Location"]) == (302, address)
    assert client.get(reverse(INVOICES), {"view": "all"}).status_code == 200
    assert client.get(reverse(INVOICES), {"status": "issued"}).status_code == 200
    shown = client.get(address).content.decode()
    assert "Gros brouillons" in shown
    # a filter that is taken off stays off: the address still names its view
    assert f"view={view.pk}" in re.findall(r'chip-filter" href="([^"]*)"', shown)[0]
    edit = reverse("view-edit", args=[view.pk])
    client.post(edit, {"name": "Gros", "is_default": ""})
    assert not DefaultView.everywhere.exists()
    assert client.get(reverse(INVOICES)).status_code == 200
    assert client.post(reverse("view-delete", args=[view.pk]))["Location"].endswith("?view=all")
    assert not SavedView.everywhere.exists()


def test_a_view_is_its_persons_until_somebody_who_may_shares_it(company: Any) -> None:
    accountant, sales = signed_in(company, Role.ACCOUNTANT), signed_in(company, Role.SALES)
    viewer = signed_in(company, Role.VIEWER)
    save(accountant, name="À moi")
    mine = SavedView.everywhere.get()
    assert sales.get(reverse("view-edit", args=[mine.pk])).status_code == 404
    assert sales.post(reverse("view-delete", args=[mine.pk])).status_code == 404
    assert "À moi" not in sales.get(reverse(INVOICES)).content.decode()
    save(accountant, name="À tous", is_shared="on")
    shared = SavedView.everywhere.get(is_shared=True)
    assert "À tous" in sales.get(reverse(INVOICES)).content.decode()
    assert sales.post(reverse("view-delete", args=[shared.pk])).status_code == 404
    save(viewer, name="Du lecteur", is_shared="on")  # the box is not his: it stays his own
    assert SavedView.everywhere.get(name="Du lecteur").is_shared is False
    assert (
        "déjà une vue de ce nom"
        in viewer.post(f"{reverse('view-new')}?page={INVOICES}&query=", {"name": "Du lecteur"}).content.decode()
    )


def test_a_view_of_another_company_or_of_a_page_one_may_not_read_is_none(company: Any) -> None:
    client = signed_in(company)
    save(client)
    view = SavedView.everywhere.get()
    other = signed_in(story.a_company())
    for name in ("view-edit", "view-delete"):
        assert other.post(reverse(name, args=[view.pk]), {"name": "x"}).status_code == 404
    sales = signed_in(company, Role.SALES)
    for page in ("payments:bankline-list", "billing:invoice-detail", "no-page", "https://evil.example"):
        assert sales.get(reverse("view-new"), {"page": page}).status_code == 404, page
    long = f"{reverse('view-new')}?page={INVOICES}&query=q%3D{'x' * 2100}"
    assert client.post(long, {"name": "Longue"}).status_code == 422
