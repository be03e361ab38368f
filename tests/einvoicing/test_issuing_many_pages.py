"""« Émettre la sélection »: from the checked drafts of the list to their numbers, each judged, each refusal told."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Email, Invoice, InvoiceStatus
from billing.services.correcting import draft_correction
from config.kernel.errors import DomainError
from config.kernel.models import Company
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from customers.models import Customer
from einvoicing.services import documents
from einvoicing.services.sending import issue_many
from einvoicing.views import issuing
from tests.factories import story
from tests.factories.people import signed_in
from tests.trust.test_issuing_many_at_once import a_deposit_and_its_final

pytestmark = pytest.mark.django_db
PAGE = "einvoicing:invoice-issue-many"
ACT: dict[str, Any] = {"actor": story.ACTOR, "at": story.AT}


@pytest.fixture
def drafts(customer: Customer) -> list[Invoice]:
    """The oldest first; the last one has no line, and is refused."""
    found = [story.a_draft(customer) for _draft in range(4)]
    with company_scope(customer.company_id):
        found[-1].lines.all().delete()
    return found


def asked(drafts: list[Invoice]) -> str:
    return f"{reverse(PAGE)}?{urlencode({'invoice': [draft.pk for draft in drafts]}, doseq=True)}"


def checked(page: str) -> list[int]:
    return [int(key) for key in re.findall(r'name="invoice"\s+value="(\d+)"\s+checked', page)]


def status_of(drafts: list[Invoice]) -> list[str]:
    return [Invoice.everywhere.get(pk=draft.pk).status for draft in drafts]


def test_the_list_offers_its_drafts_to_who_may_issue(
    company: Company, customer: Customer, drafts: list[Invoice]
) -> None:
    issued = story.an_issued_invoice(customer)
    page = signed_in(company).get(reverse("billing:invoice-list")).text
    offered = {int(key) for key in re.findall(r'name="invoice"\s+value="(\d+)"', page)}
    assert offered == {draft.pk for draft in drafts}
    assert issued.pk not in offered
    assert f"{reverse(PAGE)}?all=1" in page
    for_viewer = signed_in(company, Role.VIEWER).get(reverse("billing:invoice-list")).text
    assert reverse(PAGE) not in for_viewer
    assert signed_in(company, Role.VIEWER).get(asked(drafts)).status_code == 403


def test_the_page_shows_what_is_frozen_and_what_is_refused_and_issues_nothing(
    company: Company, drafts: list[Invoice]
) -> None:
    page = signed_in(company).get(asked(drafts)).text
    assert checked(page) == [draft.pk for draft in drafts[:3]], "the oldest first"
    assert "1 brouillon serait refusé" in page
    assert "Ajoutez au moins une ligne avant d’émettre." in page
    assert reverse("einvoicing:invoice-issue", args=[drafts[3].pk]) in page
    assert "3 brouillons à émettre" in page
    assert set(status_of(drafts)) == {InvoiceStatus.DRAFT}


def test_the_chosen_are_issued_once_in_their_order_and_the_page_tells_each(
    company: Company, drafts: list[Invoice]
) -> None:
    client = signed_in(company)
    # the second was unchecked; the refused one is sent all the same, as a form made by hand would
    sent = {"invoice": [drafts[0].pk, drafts[2].pk, drafts[3].pk], "send": "no"}
    for _time in range(2):
        page = client.post(reverse(PAGE), sent, follow=True).text
    assert status_of(drafts) == ["ISSUED", "DRAFT", "ISSUED", "DRAFT"]
    numbers = [Invoice.everywhere.get(pk=draft.pk).number for draft in (drafts[0], drafts[2])]
    assert [str(number)[-5:] for number in numbers] == ["00001", "00002"]
    assert all(str(number) in page for number in numbers)
    assert "Ajoutez au moins une ligne" in page
    assert not Email.everywhere.filter(invoice__in=drafts).exists()


def test_issued_and_sent_each_goes_to_its_customer(company: Company, customer: Customer, drafts: list[Invoice]) -> None:
    nobody = story.a_draft(story.a_customer(company, email="", name="Sans adresse"))
    sent = {"invoice": [drafts[0].pk, nobody.pk], "send": "yes"}
    assert "2 factures émises." in signed_in(company).post(reverse(PAGE), sent, follow=True).text
    assert [email.recipient for email in Email.everywhere.filter(invoice__in=[drafts[0], nobody])] == [customer.email]


def test_all_of_the_filter_is_capped_in_words(
    company: Company, customer: Customer, drafts: list[Invoice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuing, "MOST", 2)
    other = story.a_draft(story.a_customer(company, name="Autre client"))
    address = f"{reverse(PAGE)}?{urlencode({'all': 1, 'customer': customer.pk})}"
    page = signed_in(company).get(address).text
    assert checked(page) == [draft.pk for draft in drafts[:2]]
    assert "il en reste 2, à émettre ensuite" in page
    assert str(other.pk) not in page


def test_another_companys_draft_is_none(company: Company, drafts: list[Invoice]) -> None:
    stranger = story.a_draft(story.a_customer(story.a_company()))
    client: Client = signed_in(company)
    assert "Aucun brouillon n’est choisi" in client.get(asked([stranger])).text
    client.post(reverse(PAGE), {"invoice": [stranger.pk]})
    assert status_of([stranger]) == ["DRAFT"]


def test_a_draft_saved_while_the_rules_judge_is_stale_and_the_others_are_issued(
    company: Company, drafts: list[Invoice], monkeypatch: pytest.MonkeyPatch
) -> None:
    check, changed = documents.validation.check, drafts[1]

    def overtaken(*args: Any, **rules: Any) -> Any:
        Invoice.everywhere.filter(pk=changed.pk).update(purchase_order="BC-99")
        return check(*args, **rules)

    monkeypatch.setattr(documents.validation, "check", overtaken)
    with company_scope(company):
        outcomes = issue_many(invoices=drafts[:3], **ACT)
    assert [getattr(outcome, "code", "issued") for outcome in outcomes] == ["issued", "stale", "issued"]
    assert status_of(drafts[:3]) == ["ISSUED", "DRAFT", "ISSUED"]


def test_what_settles_another_invoice_is_issued_with_the_others(company: Company, customer: Customer) -> None:
    with company_scope(company):
        original = story.an_issued_invoice(customer)
        corrected = draft_correction(invoice=original, reason="Adresse erronée", **ACT)
        outcomes = issue_many(invoices=[corrected, story.a_draft(customer)], **ACT)
    assert [str(outcome) for outcome in outcomes] == ["FAC-2026-00003", "FAC-2026-00002"]
    assert status_of([original]) == ["CREDITED"]


@pytest.mark.parametrize("first", ["deposit", "final"])
def test_a_deposit_goes_before_the_final_invoice_of_its_order(company: Company, customer: Customer, first: str) -> None:
    with company_scope(company):
        deposit, final = a_deposit_and_its_final(customer)
        chosen = [deposit, final] if first == "deposit" else [final, deposit]
        outcomes = issue_many(invoices=[*chosen, story.a_draft(customer)], **ACT)
        final.refresh_from_db()
    assert not [outcome for outcome in outcomes if isinstance(outcome, DomainError)]
    assert (final.amount_deposited, final.payable) == (deposit.total_gross, final.total_gross - deposit.total_gross)
