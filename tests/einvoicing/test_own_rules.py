"""What a public body or the concentrator refuses although every schematron is content."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from billing.models import Invoice
from config.kernel.scope import company_scope
from einvoicing.problems.rules import PublicNeeds, check
from einvoicing.services.directory import Answer, Reach
from einvoicing.services.documents import preflight
from tests.einvoicing import documents
from tests.factories import platforms, story
from tests.factories.people import signed_in

PUBLIC = replace(documents.public_invoice(), buyer_reference="SERVICE-1", purchase_order="ENG-2026-7")
NEEDS_BOTH = PublicNeeds(service_code=True, commitment=True)


def rules(document, public=NEEDS_BOTH):
    return [(one.rule, one.severity, one.term) for one in check(document, public)]


def test_a_public_body_that_has_what_it_asks_for_is_content():
    assert rules(PUBLIC) == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ({"buyer_reference": ""}, ("CPRO-SERVICE", "fatal", "BT-10")),
        ({"buyer_reference": "FACTURES_PUBLIQUES"}, ("CPRO-SERVICE", "fatal", "BT-10")),
        ({"purchase_order": ""}, ("CPRO-ENGAGEMENT", "fatal", "BT-13")),
        ({"purchase_order": "E" * 51}, ("CPRO-ENGAGEMENT", "fatal", "BT-13")),
        ({"payment": replace(PUBLIC.payment, iban="")}, ("CPRO-IBAN", "fatal", "BT-84")),
        ({"number": "F" * 21}, ("PPF-NUMERO", "warning", "BT-1")),
    ],
)
def test_what_it_would_refuse_is_named_with_its_field(change, rule):
    assert rules(replace(PUBLIC, **change)) == [rule]


def test_a_company_is_asked_for_nothing_of_the_kind():
    assert rules(replace(PUBLIC, buyer_reference="", purchase_order=""), public=None) == []


@pytest.mark.django_db
def test_the_pre_flight_of_a_draft_holds_these_rules_too():
    customer = story.a_customer(story.a_company(), is_public_body=True)
    draft = story.a_draft(customer)
    with company_scope(customer.company):
        assert preflight(invoice=draft, at=story.AT).valid
    type(customer).everywhere.filter(pk=customer.pk).update(requires_commitment=True)
    again = Invoice.everywhere.select_related("company", "customer").get(pk=draft.pk)
    with company_scope(customer.company):
        report = preflight(invoice=again, at=story.AT)
    assert not report.valid
    assert [one.rule for one in report.fatal] == ["CPRO-ENGAGEMENT"]


@pytest.mark.django_db
@pytest.mark.parametrize(("reach", "warned"), [("UNREACHABLE", True), ("UNKNOWN", False), ("REACHABLE", False)])
def test_an_address_that_leads_nowhere_is_told_before_the_issue_and_does_not_forbid_it(monkeypatch, reach, warned):
    company = story.a_company()
    platforms.a_platform_account(company)
    draft = story.a_draft(story.a_customer(company))
    answer = Answer(Reach(reach), timezone.now() - timedelta(hours=1))
    monkeypatch.setattr("einvoicing.services.directory.reachability", lambda **_asked: answer)
    page = signed_in(company).get(reverse("einvoicing:invoice-issue", args=[draft.pk]))
    assert ("L’annuaire ne connaît pas d’adresse active" in page.text) is warned
    assert not page.context["blocked"]
