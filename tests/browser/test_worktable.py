"""The worktable by keyboard alone: twenty decisions of several kinds, a key each, and the last one taken back.

`make test` takes six.
"""

from __future__ import annotations

import os
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from billing.models import Invoice
from config.kernel.models import Company
from config.kernel.scope import company_scope
from payments.models import Allocation, BankLine, LineStatus, Match, WriteOff
from payments.services.settling import settle_line
from payments.services.settling_parts import Booked
from tests.browser.conftest import sign_in
from tests.factories import money, story
from tests.payments.money_state import money_state
from tests.trust.at_once import WHOLE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DECISIONS = 20 if WHOLE else 6
WIRED = DECISIONS * 3 // 5


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


def a_morning(company: Company) -> list[BankLine]:
    """Two fees booked before, then transfers that name invoices and more fees, three to two, all still open."""
    fees = [
        money.a_credit("-3.60", remittance=f"FRAIS TENUE {place}", counterparty="BANQUE")
        for place in range(DECISIONS - WIRED + 2)
    ]
    customer = story.a_customer(company)
    invoices = [story.an_issued_invoice(customer) for _place in range(WIRED)]
    wired = [
        money.a_credit(str(row.balance), remittance=row.number[-9:], counterparty=customer.name) for row in invoices
    ]
    lines = money.bank_lines(company, [*fees, *wired])
    with company_scope(company):
        for line in [line for line in lines if line.amount < 0][:2]:
            parts = [Booked("627000", line.amount, "Frais")]
            settle_line(line=line, parts=parts, rule="person", is_automatic=False, actor=story.ACTOR, at=story.AT)
        return list(BankLine.objects.filter(status=LineStatus.OPEN))


def decided(company: Company) -> int:
    with company_scope(company):
        return Match.objects.filter(undone_at=None).count()


@pytest.mark.trust
def test_twenty_decisions_take_a_key_each_and_the_last_is_taken_back(page: Page, company: Company) -> None:
    assert len(a_morning(company)) == DECISIONS
    before = decided(company)
    sign_in(page)
    page.goto("/bank/worktable/")
    for place in range(DECISIONS):
        expect(page.locator("[data-key='1']")).to_be_focused()
        at = page.url
        page.keyboard.press("Enter")
        page.wait_for_function("at => location.href !== at && document.querySelector('[data-undo]')", arg=at)
        assert decided(company) - before == place + 1
    assert decided(company) - before == DECISIONS
    expect(page.get_by_role("heading", name="Tout est rapproché")).to_be_visible()
    page.keyboard.press("Control+z")
    expect(page.locator("[data-key='1']")).to_be_focused()
    assert decided(company) - before == DECISIONS - 1


def test_j_and_k_move_between_lines_and_the_place_is_kept(page: Page, company: Company) -> None:
    money.bank_lines(company, [money.a_credit(f"{place}.00", remittance=f"L{place}") for place in range(1, 4)])
    sign_in(page)
    page.goto("/bank/worktable/")
    first = page.url
    amount = page.locator(".card .record-amount")
    shown = [amount.inner_text()]
    for key in ("j", "j", "k", "k"):
        page.keyboard.press(key)
        expect(amount).not_to_have_text(shown[-1])
        shown.append(amount.inner_text())
    assert shown == [shown[0], shown[1], shown[2], shown[1], shown[0]]
    page.keyboard.press("c")
    page.keyboard.press("Tab")
    expect(page.locator("[name=account]")).to_be_focused()
    page.keyboard.type("627000")
    page.keyboard.press("Enter")
    page.wait_for_url("**done=**")
    page.keyboard.press("m")
    page.keyboard.press("Tab")
    page.keyboard.type("Inconnu")
    page.keyboard.press("Enter")
    expect(page.locator(".page-head p")).to_contain_text("1 ligne")
    assert first != page.url


def pictures(page: Page, name: str) -> None:
    folder = os.environ.get("SCREENSHOTS")
    for scheme in ("light", "dark") if folder else ():
        for width in (1440, 390):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 900})
            page.screenshot(path=f"{folder}/{name}-{width}-{scheme}.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 720})


def test_a_credit_and_a_fee_are_chosen_and_taken_back_by_keyboard(page: Page, company: Company) -> None:
    customer = story.a_customer(company)
    with company_scope(company):
        older = money.a_payment(customer, "300.00")
        first, second = story.an_issued_invoice(customer), story.an_issued_invoice(customer)
    [line] = money.bank_lines(
        company, [money.a_credit(f"{first.balance - 305:f}", remittance=first.number, counterparty=customer.name)]
    )
    with company_scope(company):
        before = money_state(company)
    sign_in(page)
    page.goto(f"/bank/worktable/{line.pk}/")
    expect(page.locator("[data-key='1']")).to_be_focused()
    expect(page.get_by_text("Déduire du crédit du client")).to_be_visible()
    expect(page.get_by_label("Pour une perte")).to_be_hidden()
    page.locator("select[name=difference_reason]").first.focus()
    page.keyboard.press("End")
    expect(page.get_by_label("Pour une perte")).to_be_visible()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowDown")
    pictures(page, "worktable")
    page.locator("[data-key='1']").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**done=**")
    with company_scope(company):
        assert WriteOff.objects.get().reason == "BANK_FEE"
        assert Allocation.objects.filter(payment=older, invoice=first).exists()
        assert second.balance == Invoice.objects.get(pk=second.pk).balance
    page.keyboard.press("Control+z")
    expect(page.locator("[data-key='1']")).to_be_focused()
    with company_scope(company):
        assert money_state(company).differences(before) == []
