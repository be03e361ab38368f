"""axe-core finds nothing critical or serious on the pages people work with, and a form begins at its first field."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from billing.services.orders import save_order
from billing.services.products import save_product
from config.kernel.models import Company
from tests.browser.buying_pages import buying_addresses
from tests.browser.conftest import sign_in
from tests.browser.money_pages import money_addresses
from tests.factories import story
from tests.trust.at_once import a_share

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
GRAVE = {"critical", "serious"}


@pytest.fixture
def addresses(company: Company) -> list[str]:
    money_pages = money_addresses(company)  # issued earlier: numbers follow the days
    customer = story.a_customer(company)
    issued, draft = story.an_issued_invoice(customer), story.a_draft(customer)
    order = save_order(order=None, customer=customer, values={}, lines=[story.a_line()], actor=story.ACTOR, at=story.AT)
    values = {"reference": "CH-1", "name": "Chaise", "unit_price": Decimal(120)}
    product = save_product(product=None, company_id=company.pk, values=values, actor=story.ACTOR, at=story.AT)
    records: list[Any] = [customer, product, order, draft]
    return [
        "/",
        "/search?q=maison",
        *("/customers/", "/products/", "/orders/", "/invoices/", "/payments/", "/bank/", "/bank/statements/"),
        *("/reminders/", "/reminders/held/", f"{order.get_absolute_url()}cancel/", "/emails/"),
        *("/customers/new/", "/products/new/", "/orders/new/", "/invoices/new/"),
        *(record.get_absolute_url() for record in [*records, issued]),
        *(f"{record.get_absolute_url()}edit/" for record in records),
        f"/payments/new/?invoice={issued.pk}",
        f"{issued.get_absolute_url()}credit/",
        f"{draft.get_absolute_url()}issue/",
        *("/settings/", "/settings/bank/", "/settings/platform/", "/settings/webhooks/", "/settings/api/"),
        *("/settings/webhooks/new/", "/settings/api/new/", "/settings/received/"),
        *money_pages,
        *buying_addresses(company),
    ]


def faults(page: Page) -> list[str]:
    results: dict[str, Any] = Axe().run(page).response
    return [
        f"{page.url} {fault['id']} ({fault['impact']}): {node['html'][:140]} | {node.get('failureSummary', '')[:200]}"
        for fault in results["violations"]
        if fault["impact"] in GRAVE
        for node in fault["nodes"][:3]
    ]


@pytest.mark.trust
def test_axe_finds_nothing_grave(page: Page, addresses: list[str]) -> None:
    page.emulate_media(reduced_motion="reduce")  # colours are judged where they end, not on their way
    page.goto("/login/")
    found = faults(page)
    sign_in(page)
    for address in a_share(addresses, 8):
        answer = page.goto(address)
        assert answer is not None
        assert answer.status == 200, address
        found += faults(page)
    page.emulate_media(reduced_motion="reduce", color_scheme="dark")
    for address in a_share(addresses[::4], 4):
        page.goto(address)
        found += faults(page)
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("address", "field"),
    [
        ("/customers/new/", "name"),
        ("/products/new/", "name"),
        ("/orders/new/", "customer_text"),
        ("/invoices/new/", "customer_text"),
        ("/settings/webhooks/new/", "url"),
    ],
)
def test_the_first_field_of_a_form_takes_the_cursor(page: Page, address: str, field: str) -> None:
    sign_in(page)
    page.goto(address)
    expect(page.locator(f"main [name={field}]")).to_be_focused()


SMALL_TARGETS = """() => [...document.querySelectorAll(
    'button, select, textarea, summary, input:not([type=hidden]), .btn, .tab, .rail-link, .menu-item, .crumb, .bar-link'
  )].filter((one) => {
    // the label around a box or a switch is its target
    const box = (one.closest('label') || one).getBoundingClientRect();
    const style = getComputedStyle(one);
    const seen = one.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    return seen && box.width > 1 && box.height > 1 && style.clipPath === 'none' && box.height < 43.5;
  }).map((one) => `${one.outerHTML.slice(0, 110)} ${Math.round(one.getBoundingClientRect().height)} px`)"""


@pytest.mark.trust
def test_what_is_touched_is_44_px_high(chromium: Browser, addresses: list[str], live_server: Any) -> None:
    context = chromium.new_context(
        locale="fr-FR", base_url=live_server.url, has_touch=True, is_mobile=True, viewport={"width": 390, "height": 844}
    )
    page = context.new_page()
    sign_in(page)
    small = {}
    for address in a_share(addresses, 8):
        page.goto(address)
        for target in page.evaluate(SMALL_TARGETS):
            small.setdefault(target, address)
    context.close()
    assert not small, "\n".join(f"{address} {target}" for target, address in small.items())
