"""« Émettre la sélection »: from the checked drafts of the list to their numbers, each judged, each refusal told."""

from __future__ import annotations

import re
from dataclasses import replace
from decimal import Decimal
from html import unescape
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from billing.models import Email, Invoice, InvoiceStatus
from billing.services.correcting import draft_correction
from billing.services.crediting import draft_credit_note
from billing.services.invoices import inputs_of, save_draft
from config.kernel import typography
from config.kernel.errors import DomainError
from config.kernel.models import Company
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from customers.models import Customer
from einvoicing.services import documents
from einvoicing.services.sending import issue_many, version_of
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
    # every row can be chosen for one act or another; the page after says which of them are issued already
    assert offered == {issued.pk, *(draft.pk for draft in drafts)}
    assert f'formaction="{reverse(PAGE)}"' in page
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
    assert "cochés : <span data-chosen-count>3</span> sur 3" in page
    assert page.count('data-cents="144000"') == 3
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
    assert all(f"Déjà émise : {number}" in page for number in numbers), "the second sending"
    assert "Établissez un avoir" not in page
    assert "Ajoutez au moins une ligne" in page
    assert "1 brouillon n’a pas été émis" in page
    assert "serait refusé" not in page
    assert not Email.everywhere.filter(invoice__in=drafts).exists()


def test_issued_and_sent_each_goes_to_its_customer(company: Company, customer: Customer, drafts: list[Invoice]) -> None:
    nobody = story.a_draft(story.a_customer(company, email="", name="Sans adresse"))
    sent = {"invoice": [drafts[0].pk, nobody.pk], "send": "yes"}
    page = signed_in(company).post(reverse(PAGE), sent, follow=True).text
    assert "2 factures émises." in page
    assert page.count("Émise, sans e-mail : le client n’a pas d’adresse.") == 1
    assert [email.recipient for email in Email.everywhere.filter(invoice__in=[drafts[0], nobody])] == [customer.email]


def read(page: str) -> dict[str, str]:
    """What the form of the page sends when nothing is unchecked."""
    return dict(re.findall(r'name="(version-\d+|next)"\s+value="([^"]*)"', page))


def test_what_changed_or_went_since_the_page_was_read_is_told_and_not_issued(
    company: Company, customer: Customer, drafts: list[Invoice]
) -> None:
    client = signed_in(company)
    with company_scope(company):
        original = story.an_issued_invoice(customer)
        alone = draft_correction(invoice=original, reason="Adresse erronée", **ACT)
    chosen = [*drafts[:3], alone]
    sent = {"invoice": [draft.pk for draft in chosen], "send": "no", **read(client.get(asked(chosen)).text)}
    with company_scope(company):
        dearer = [replace(line, unit_price=Decimal(99990)) for line in inputs_of(list(drafts[0].lines.all()))]
        for changed in (drafts[0], alone):
            save_draft(invoice=changed, customer=customer, values={}, lines=dearer, **ACT)
    drafts[1].delete()
    page = client.post(reverse(PAGE), sent, follow=True).text
    assert page.count("Modifiée depuis : relisez-la.") == 2
    assert page.count("Supprimée depuis.") == 1
    assert "1 facture émise." in page
    assert status_of([drafts[0], drafts[2], alone]) == ["DRAFT", "ISSUED", "DRAFT"]


def test_a_draft_saved_again_as_it_was_is_the_one_that_was_read(
    company: Company, customer: Customer, drafts: list[Invoice]
) -> None:
    with company_scope(company):
        before = version_of(drafts[0])
        lines = inputs_of(list(drafts[0].lines.order_by("position")))
        save_draft(invoice=drafts[0], customer=customer, values={"internal_notes": "Vu"}, lines=lines, **ACT)
        assert version_of(Invoice.objects.get(pk=drafts[0].pk)) == before
        save_draft(invoice=drafts[0], customer=customer, values={"notes": "Merci"}, lines=lines, **ACT)
        assert version_of(Invoice.objects.get(pk=drafts[0].pk)) != before


def test_what_a_draft_deducts_is_read_with_it(company: Company, drafts: list[Invoice]) -> None:
    with company_scope(company):
        before = version_of(drafts[0])
        drafts[0].amount_deposited = Decimal(1)
        assert version_of(drafts[0]) != before


def test_all_of_the_filter_is_reached_a_page_at_a_time_past_the_refused(
    company: Company, customer: Customer, drafts: list[Invoice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuing, "MOST", 2)
    with company_scope(company):
        for draft in drafts[:2]:
            draft.lines.all().delete()
    story.a_draft(story.a_customer(company, name="Autre client"))
    client = signed_in(company)
    page = client.get(f"{reverse(PAGE)}?{urlencode({'all': 1, 'customer': customer.pk})}").text
    assert checked(page) == []
    assert "2 brouillons seraient refusés" in page
    onward = unescape(re.findall(r'rel="next" href="([^"]+)"', page)[0])
    page = client.get(onward).text
    assert checked(page) == [drafts[2].pk]
    assert "Autre client" not in page
    assert 'rel="next"' not in page


def test_the_page_after_leads_to_the_rest_of_the_filter(
    company: Company, customer: Customer, drafts: list[Invoice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuing, "MOST", 2)
    client, address = signed_in(company), f"{reverse(PAGE)}?{urlencode({'all': 1, 'customer': customer.pk})}"
    page = client.get(address).text
    page = client.post(address, {"invoice": checked(page), "send": "no", **read(page)}, follow=True).text
    assert "2 factures émises." in page
    onward = unescape(re.findall(r'href="([^"]+)">Continuer avec les brouillons suivants', page)[0])
    assert checked(client.get(onward).text) == [drafts[2].pk]


def test_more_than_the_most_are_told_to_be_left_out(
    company: Company, drafts: list[Invoice], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(issuing, "MOST", 2)
    sent = {"invoice": [draft.pk for draft in drafts[:3]], "send": "no"}
    assert "1 brouillon est laissé de côté" in signed_in(company).post(reverse(PAGE), sent, follow=True).text


def test_a_credit_note_is_shown_as_it_counts_and_is_no_invoice(company: Company, customer: Customer) -> None:
    with company_scope(company):
        invoice = story.an_issued_invoice(customer)
        note = draft_credit_note(invoice=invoice, parts=None, reason="Retour", **ACT)
    client = signed_in(company)
    page = client.get(asked([note])).text
    assert page.count(typography.money(-invoice.total_gross)) == 2, "on its row and in the sum"
    sent = {"invoice": [note.pk], "send": "no", **read(page)}
    assert "1 document émis." in client.post(reverse(PAGE), sent, follow=True).text


def test_two_notes_that_give_an_invoice_back_twice_are_not_both_shown_as_good(
    company: Company, customer: Customer
) -> None:
    with company_scope(company):
        invoice = story.an_issued_invoice(customer)
        first, second, *parts = (
            draft_credit_note(invoice=invoice, parts=part, reason="Retour", **ACT)
            for part in (None, None, story.a_return(invoice, 4), story.a_return(invoice, 6))
        )
    client = signed_in(company)
    page = client.get(asked([first, second])).text
    assert checked(page) == [first.pk]
    assert f"ne laissent que {typography.money(0)} à créditer sur {invoice.number}" in page
    assert checked(client.get(asked(parts)).text) == [note.pk for note in parts], "the control: together they are whole"
    sent = {"invoice": [note.pk for note in (first, second)], "send": "no"}
    client.post(reverse(PAGE), sent)
    assert status_of([first, second]) == ["ISSUED", "DRAFT"]


def test_two_notes_of_one_line_that_give_it_back_twice_are_not_both_shown_as_good(
    company: Company, customer: Customer
) -> None:
    with company_scope(company):
        invoice = story.an_issued_invoice(customer, [story.a_line("Chaise"), story.a_line("Table")])
        first, second = (
            draft_credit_note(invoice=invoice, parts=story.a_return(invoice, 6), reason="Retour", **ACT)
            for _note in range(2)
        )
    page = signed_in(company).get(asked([first, second])).text
    assert checked(page) == [first.pk]
    assert f"ne laissent pas assez de « Chaise » à créditer sur {invoice.number}" in page


def test_what_somebody_else_issues_between_the_reading_and_the_lock_is_no_error(
    company: Company, drafts: list[Invoice], monkeypatch: pytest.MonkeyPatch
) -> None:
    def overtaken(**asked_for: Any) -> Any:
        issue_many(invoices=drafts[:1], **ACT)
        return issue_many(**asked_for)

    monkeypatch.setattr(issuing, "issue_many", overtaken)
    sent = {"invoice": [draft.pk for draft in drafts[:2]], "send": "no"}
    page = signed_in(company).post(reverse(PAGE), sent, follow=True).text
    assert page.count("Déjà émise : FAC-2026-00001") == 1
    assert "1 facture émise." in page
    assert "Établissez un avoir" not in page


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
        read_as = {row.pk: version_of(Invoice.objects.get(pk=row.pk)) for row in chosen}
        outcomes = issue_many(invoices=[*chosen, story.a_draft(customer)], versions=read_as, **ACT)
        final.refresh_from_db()
    assert not [outcome for outcome in outcomes if isinstance(outcome, DomainError)]
    assert (final.amount_deposited, final.payable) == (deposit.total_gross, final.total_gross - deposit.total_gross)
