"""« Se préparer »: each step says what is left, the activation is the owner's, the banner goes when all is done."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from billing.models import Invoice, InvoiceLine
from config.kernel.models import AuditEvent, Company
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from customers.models import Address, Customer
from einvoicing.models import PlatformAccount
from einvoicing.services import readiness
from einvoicing.services.polling import poll_account
from einvoicing.views.readiness import deadline_words, readiness_banner
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import platforms, story
from tests.factories.people import read, signed_in

pytestmark = pytest.mark.django_db

URL = reverse("einvoicing:readiness")
DRAFTS = reverse("einvoicing:readiness-drafts")
ACTIVATE = reverse("einvoicing:readiness-activate")
TODAY = date(2026, 11, 21)


def connected(company, **values) -> PlatformAccount:
    """An account whose platform answered a while ago."""
    account = platforms.a_platform_account(company, sends_automatically=False)
    PlatformAccount.everywhere.filter(pk=account.pk).update(**{"polled_at": timezone.now(), **values})
    account.refresh_from_db()
    return account


def states(client) -> dict[str, str]:
    return {step.name: str(step.state[0]) for step in client.get(URL).context["steps"]}


# -- the steps ---------------------------------------------------------------------------------------------------------


def test_a_new_company_sees_what_is_done_to_do_and_not_needed(company):
    assert states(signed_in(company)) == {
        "identity": "Fait",
        "platform": "À faire",
        "customers": "Sans objet",
        "drafts": "Sans objet",
        "active": "À faire",
    }


def test_each_gap_of_the_company_is_named(company):
    Company.objects.filter(pk=company.pk).update(vat_number="", recovery_mention="", electronic_address="100000009")
    company.refresh_from_db()
    assert readiness.identity_gaps(company) == ["vat_number", "electronic_address", "recovery_mention"]
    page = read(signed_in(company).get(URL))
    assert "À compléter : N° de TVA intracommunautaire, Adresse de facturation électronique (0225)" in page


def test_a_small_business_under_the_exemption_needs_no_vat_number(company):
    Company.objects.filter(pk=company.pk).update(vat_number="", vat_regime="FRANCHISE")
    company.refresh_from_db()
    assert readiness.identity_gaps(company) == []
    company.vat_number = "FR00000000000"
    assert readiness.identity_gaps(company) == ["vat_number"]


def test_a_platform_counts_once_it_has_answered(company, sandbox):
    account = platforms.a_platform_account(company, sandbox)
    client = signed_in(company)
    assert states(client)["platform"] == "À faire"
    assert "n’a pas encore répondu" in read(client.get(URL))
    poll_account(account=account, at=timezone.now())
    assert states(client)["platform"] == "Fait"


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"last_error": "Le service distant est injoignable."}, "ne nous reconnaît pas : Le service distant"),
        ({"is_offline": True}, "est hors ligne"),
        ({"is_enabled": False}, "Aucune plateforme active"),
    ],
)
def test_a_platform_that_cannot_carry_is_to_do_and_says_why(company, columns, words):
    connected(company, **columns)
    client = signed_in(company)
    assert states(client)["platform"] == "À faire"
    assert words in read(client.get(URL))


def test_customers_that_could_not_be_reached_are_listed_with_what_they_lack(company):
    ready, bare, town, homeless = (
        story.a_customer(company, name=name) for name in ("Prêt", "Nu", "Ville", "Sans toit")
    )
    Customer.everywhere.filter(pk=bare.pk).update(siret="", electronic_address="")
    Customer.everywhere.filter(pk=town.pk).update(is_public_body=True, requires_service_code=True)
    Address.everywhere.filter(customer=homeless).delete()
    with company_scope(company):
        lacking = {row.name: readiness.lacks(row) for row in readiness.waiting_customers()}
        counts = readiness.customer_counts()
    assert lacking == {
        "Nu": ["siret", "electronic_address"],
        "Ville": ["service_code"],
        "Sans toit": ["billing_line"],
    }
    assert (counts.organisations, counts.waiting) == (4, 3)
    page = read(signed_in(company).get(URL))
    assert "3 clients à compléter sur 4" in page
    assert f"{reverse('customers:customer-edit', args=[town.pk])}#id_service_code" in page
    assert ready.get_absolute_url() not in page


def test_foreign_and_individual_and_archived_customers_need_no_siret(company):
    foreign = story.a_customer(company, name="Sonnenhaus", siret="", vat_number="DE136695976")
    abroad = story.a_customer(company, name="Alpine", siret="")
    Address.everywhere.filter(customer=abroad).update(country="CH")
    story.a_customer(company, kind="INDIVIDUAL")
    old = story.a_customer(company, name="Ancien")
    Customer.everywhere.filter(pk=old.pk).update(siret="", electronic_address="", archived_at=timezone.now())
    assert foreign.siren == ""
    with company_scope(company):
        assert list(readiness.waiting_customers()) == []


def test_twenty_customers_are_shown_at_a_time(company):
    for number in range(21):
        story.a_customer(company, name=f"Client {number:02}")
    Customer.everywhere.filter(company=company).update(electronic_address="")
    client = signed_in(company)
    page = client.get(URL)
    assert len(page.context["customers"]) == 20
    following = client.get(URL, {"cursor": page.context["page"].next})
    assert [one["row"].name for one in following.context["customers"]] == ["Client 20"]


def test_the_page_costs_the_same_for_two_customers_and_forty(company):
    connected(company)
    client = signed_in(company)
    story.a_draft(story.a_customer(company))
    counts = []
    for total in (2, 40):
        while Customer.everywhere.filter(company=company).count() < total:
            story.a_draft(story.a_customer(company))
        Customer.everywhere.filter(company=company).update(electronic_address="")
        client.get(URL)
        with CaptureQueriesContext(connection) as queries:
            client.get(URL)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 8


def test_another_company_s_customers_and_drafts_are_not_mine(company):
    stranger = story.a_customer(story.a_company(), name="Inconnu")
    story.a_draft(stranger)
    Customer.everywhere.filter(pk=stranger.pk).update(electronic_address="")
    client = signed_in(company)
    assert "Inconnu" not in client.get(URL).text
    assert client.get(DRAFTS).context["rows"] == []


# -- the drafts --------------------------------------------------------------------------------------------------------


def test_drafts_are_judged_on_demand_each_with_its_rule_and_where_to_mend_it(company):
    good = story.a_draft(story.a_customer(company, name="Bonne"))
    bad = story.a_draft(story.a_customer(company, name="Mauvaise"))
    empty = story.a_draft(story.a_customer(company, name="Vide"))
    homeless = story.a_draft(story.a_customer(company, name="Sans toit"))
    Customer.everywhere.filter(pk=bad.customer_id).update(electronic_address="")
    InvoiceLine.everywhere.filter(invoice=empty).delete()
    Address.everywhere.filter(customer=homeless.customer).delete()
    page = signed_in(company).get(DRAFTS, headers={"HX-Request": "true"})
    assert "<html" not in page.text
    rows = {row["invoice"].pk: row for row in page.context["rows"]}
    assert {pk: row["rejected"] for pk, row in rows.items()} == {
        good.pk: False,
        bad.pk: True,
        empty.pk: True,
        homeless.pk: True,
    }
    rules = [broken.rule for broken in rows[bad.pk]["broken_rules"]]
    assert any(rule.startswith("BR-FR") for rule in rules)
    assert reverse("customers:customer-edit", args=[bad.customer_id]) in page.text
    assert Invoice.everywhere.filter(company=company, number=None).count() == 4


def test_ten_drafts_are_judged_at_a_time_and_the_page_stands_alone(company):
    customer = story.a_customer(company)
    for _ in range(11):
        InvoiceLine.everywhere.filter(invoice=story.a_draft(customer)).delete()
    page = signed_in(company).get(DRAFTS)
    assert "<html" in page.text
    assert len(page.context["rows"]) == 10
    assert page.context["page"].next


def test_who_may_not_issue_may_not_judge_drafts(company):
    client = signed_in(company, Role.VIEWER)
    assert client.get(DRAFTS).status_code == 403
    story.a_draft(story.a_customer(company))
    assert DRAFTS not in client.get(URL).text


# -- switching it on ---------------------------------------------------------------------------------------------------


def test_the_owner_switches_the_transmission_on_and_the_trail_says_so(company):
    account = connected(company)
    client = signed_in(company)
    assert ACTIVATE in client.get(URL).text
    assert client.post(ACTIVATE).status_code == 302
    account.refresh_from_db()
    assert account.sends_automatically
    event = AuditEvent.everywhere.get(company=company, tag="einvoicing.account.changed")
    assert event.data["changes"] == {"sends_automatically": [False, True]}
    assert states(client)["active"] == "Fait"
    assert ACTIVATE not in client.get(URL).text


def test_activating_twice_changes_nothing_more(company):
    connected(company)
    client = signed_in(company)
    client.post(ACTIVATE)
    client.post(ACTIVATE)
    assert AuditEvent.everywhere.filter(company=company, tag="einvoicing.account.changed").count() == 1


@pytest.mark.parametrize("role", [Role.ACCOUNTANT, Role.SALES, Role.VIEWER])
def test_only_the_owner_switches_it_on(company, role):
    account = connected(company)
    client = signed_in(company, role)
    assert ACTIVATE not in client.get(URL).text
    assert client.post(ACTIVATE).status_code == 403
    account.refresh_from_db()
    assert not account.sends_automatically


def test_nothing_is_switched_on_before_the_essential_steps(company):
    account = connected(company, polled_at=None)
    client = signed_in(company)
    assert ACTIVATE not in client.get(URL).text
    page = client.post(ACTIVATE)
    assert page.status_code == 409
    assert "Complétez d’abord" in page.text
    account.refresh_from_db()
    assert not account.sends_automatically


def test_the_carrier_of_public_bodies_is_switched_on_with_the_other(company):
    connected(company)
    platforms.a_platform_account(company, kind="chorus_pro", sends_automatically=False)
    signed_in(company).post(ACTIVATE)
    assert PlatformAccount.everywhere.filter(company=company, sends_automatically=True).count() == 2


# -- the banner --------------------------------------------------------------------------------------------------------


def test_the_banner_counts_the_days_until_the_company_must_issue(company):
    assert readiness_banner(company, TODAY) == "Émission obligatoire le 1er septembre 2027 : il reste 284 jours."
    eve = date(2027, 9, 1) - timedelta(days=1)
    assert (readiness_banner(company, eve) or "").endswith("il reste 1 jour.")


def test_a_large_company_is_told_that_it_must_already(company):
    company.size = "GE"
    assert readiness_banner(company, TODAY) == "Émission obligatoire depuis le 1er septembre 2026."


def test_the_banner_is_said_in_english_too(company):
    with translation.override("en"):
        assert deadline_words(company, TODAY) == "Issuing is mandatory from 1 September 2027: 284 days left."


def test_the_banner_goes_once_the_company_is_ready_and_active(company):
    account = connected(company)
    assert readiness_banner(company, TODAY)
    PlatformAccount.everywhere.filter(pk=account.pk).update(sends_automatically=True)
    assert readiness_banner(company, TODAY) is None
    company.vat_number = ""
    assert readiness_banner(company, TODAY)


def test_switched_off_there_is_no_banner(company, settings):
    settings.ENABLE_EINVOICING = False
    assert readiness_banner(company, TODAY) is None


def test_the_banner_costs_one_query_and_the_home_page_leads_to_the_steps(company, django_assert_num_queries):
    with django_assert_num_queries(1):
        readiness_banner(company, TODAY)
    page = signed_in(company).get(reverse("home")).text
    assert "Émission obligatoire" in page
    assert URL in page
