"""« Webhooks reçus » in the settings: the owner opens an address, reads what came, and replays what was given up."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils import timezone

from config.kernel.inbound import applying
from config.kernel.models import ReceivedWebhook, WebhookSource
from config.kernel.roles import Role
from tests.api.senders import SECRET, a_source, by_abby, event, knock
from tests.factories.people import read, signed_in
from tests.factories.story import a_company

pytestmark = pytest.mark.django_db
LIST, NEW = "/settings/received/", "/settings/received/new/"


@pytest.fixture
def client(company):
    return signed_in(company)


def a_failed_message(company) -> ReceivedWebhook:
    """Abby speaks of an invoice that is not ours, four times over."""
    a_source(company)
    body = event("invoice.paid", "abby_inv_unknown", id="evt_77")
    assert knock("/api/webhooks/abby", body, by_abby(body)).status_code == 200
    for _ in range(4):
        ReceivedWebhook.everywhere.update(next_attempt_at=timezone.now())
        applying.apply_due()
    return ReceivedWebhook.everywhere.get()


def test_a_system_is_let_in_and_its_address_shown_but_never_its_secret(client, company):
    assert NEW in read(client.get(LIST))
    made = client.post(NEW, {"source": "abby", "secret": SECRET}, follow=True)
    source = WebhookSource.everywhere.get(company=company)
    assert f"/api/webhooks/abby/{source.token}" in made.text
    for address in (LIST, made.request["PATH_INFO"]):
        page = client.get(address)
        assert SECRET not in page.text
        assert source.secret_cipher not in page.text
        assert "En service" in read(page)


def test_a_system_without_its_secret_is_told_and_mended(client, company):
    source = a_source(company, "revolut", "")
    address = reverse("inbound-source", args=[source.pk])
    assert "Secret à saisir" in read(client.get(address))
    refused = client.post(address, {"secret": "short"})
    assert (refused.status_code, "de 16 à 200 caractères" in read(refused)) == (422, True)
    client.post(address, {"secret": SECRET})
    source.refresh_from_db()
    assert source.live_secrets() == [SECRET]


def test_a_system_is_switched_off_and_on(client, company):
    source = a_source(company)
    switch = reverse("inbound-switch", args=[source.pk])
    for typed, active in (({}, False), ({"active": "on"}, True)):
        client.post(switch, typed)
        source.refresh_from_db()
        assert source.is_active is active


def test_a_message_that_was_given_up_is_seen_found_and_replayed(client, company):
    row = a_failed_message(company)
    assert row.status == "FAILED"
    assert "abby_inv_unknown" in read(client.get(LIST))
    assert len(client.get(f"{LIST}?status=FAILED&source=abby&q=evt_77").context["rows"]) == 1
    assert "Aucun message ne répond" in read(client.get(f"{LIST}?status=APPLIED"))
    page = read(client.get(reverse("inbound-message", args=[row.pk])))
    assert "Quatre essais" in page
    assert "Rejouer" in page
    client.post(reverse("inbound-replay", args=[row.pk]))
    row.refresh_from_db()
    assert (row.status, row.attempts, row.problem) == ("RECEIVED", 0, "")
    assert "Rejouer" not in read(client.get(reverse("inbound-message", args=[row.pk])))


@pytest.mark.parametrize("role", [Role.ACCOUNTANT, Role.SALES, Role.VIEWER])
def test_only_the_owner_gets_in(company, role):
    row = a_failed_message(company)
    other = signed_in(company, role)
    assert "Webhooks reçus" not in other.get(reverse("company-settings")).text
    for address in (LIST, NEW, reverse("inbound-message", args=[row.pk])):
        assert other.get(address).status_code == 403
    assert other.post(reverse("inbound-replay", args=[row.pk])).status_code == 403


def test_another_companys_systems_and_messages_do_not_exist(client):
    row = a_failed_message(a_company())
    assert client.get(reverse("inbound-source", args=[row.origin_id])).status_code == 404
    assert client.post(reverse("inbound-switch", args=[row.origin_id])).status_code == 404
    assert client.get(reverse("inbound-message", args=[row.pk])).status_code == 404
    assert client.post(reverse("inbound-replay", args=[row.pk])).status_code == 404
