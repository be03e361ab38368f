"""« Webhooks » in the settings: the owner adds, tests, mends and removes destinations; the secret is shown once."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from config.kernel.models import WebhookDelivery, WebhookEndpoint
from config.kernel.roles import Role
from config.kernel.webhooks import endpoints, sending
from tests.api.receiver import receiving
from tests.factories.people import read, signed_in
from tests.factories.story import ACTOR, a_company

pytestmark = pytest.mark.django_db
LIST, NEW = "/settings/webhooks/", "/settings/webhooks/new/"
SECRET = re.compile(r"whsec_[A-Za-z0-9+/=]{44}")


@pytest.fixture
def client(company):
    return signed_in(company)


def an_endpoint(company: Any, url: str = "https://erp.example/hooks", **changes: Any) -> WebhookEndpoint:
    values = {"events": ["*"], **changes}
    return endpoints.create_endpoint(company=company, url=url, actor=ACTOR, at=timezone.now(), **values)[0]


def page_of(endpoint: WebhookEndpoint, name: str = "webhook-detail") -> str:
    return reverse(name, args=[endpoint.pk])


def test_a_destination_is_added_with_its_events_and_its_secret_shown_once(client, company):
    assert NEW in read(client.get(LIST))
    made = client.post(
        NEW, {"url": "https://erp.example/hooks", "description": "ERP", "events_invoice": ["invoice.paid"]}
    )
    assert made.status_code == 200
    (secret,) = set(SECRET.findall(made.text))
    assert "no-store" in made["Cache-Control"]
    endpoint = WebhookEndpoint.everywhere.get(company=company)
    assert (endpoint.events, endpoint.secrets_at(timezone.now())) == (["invoice.paid"], [secret])
    for address in (LIST, page_of(endpoint), page_of(endpoint, "webhook-edit")):
        page = client.get(address)
        assert "erp.example" in page.text
        assert not SECRET.search(page.text)


def test_what_is_wrong_is_said_at_its_field_and_nothing_is_lost(client, company):
    an_endpoint(company)
    for typed, words in (
        ({"url": "https://10.0.0.1/", "events_invoice": ["invoice.paid"]}, "Cette adresse n’est pas publique"),
        ({"url": "http://erp.example/"}, "doit commencer par https"),
        ({"url": "https://erp.example/hooks", "everything": "on"}, "reçoit déjà les événements"),
        ({"url": "https://other.example/"}, "Choisissez au moins un événement"),
    ):
        page = client.post(NEW, typed)
        assert page.status_code == 422
        assert words in read(page)
        assert typed["url"] in page.text
    assert WebhookEndpoint.everywhere.count() == 1


def test_saving_what_is_shown_changes_nothing(client, company):
    endpoint = an_endpoint(company, events=["customer.updated", "invoice.paid"], description="ERP")
    form = client.get(page_of(endpoint, "webhook-edit")).context["form"]
    shown = {name: form[name].value() for name in form.fields if form[name].value()}
    assert client.post(page_of(endpoint, "webhook-edit"), shown).status_code == 302
    kept = WebhookEndpoint.everywhere.get(pk=endpoint.pk)
    assert (kept.url, kept.events, kept.description) == (endpoint.url, endpoint.events, "ERP")


def test_a_test_shows_its_tries_and_is_sent_again(client, company, settings):
    settings.WEBHOOK_ALLOW_PRIVATE = True
    with receiving() as receiver:
        endpoint = an_endpoint(company, receiver.url)
        receiver.choose = lambda _one: 404
        page = client.post(page_of(endpoint, "webhook-test"))
        sending.carry_due()
        assert "Réponse 404" in read(client.get(page["Location"]))
        assert "En échec" in read(client.get(page_of(endpoint)))
        assert len(client.get(page_of(endpoint) + "?q=ping&status=PENDING").context["rows"]) == 1
        assert "Aucun envoi ne répond" in read(client.get(page_of(endpoint) + "?q=autre"))
        receiver.choose = lambda _one: 200
        WebhookDelivery.everywhere.update(next_attempt_at=timezone.now())
        sending.carry_due()
        delivered = read(client.get(page["Location"]))
        assert "Réponse 200" in delivered
        assert "Rejouer" in delivered
        client.post(reverse("webhook-replay", args=[WebhookDelivery.everywhere.get().pk]))
        sending.carry_due()
    assert len({one.id for one in receiver.seen}) == 1
    assert len(receiver.seen) == 3


def test_a_silent_destination_is_told_on_the_home_page_of_the_owner_and_comes_back(client, company):
    endpoint = an_endpoint(company)
    endpoints.disable_endpoint(endpoint=endpoint, reason=sending.SILENT, actor=ACTOR, at=timezone.now())
    assert "1 webhook désactivé" in read(client.get("/"))
    assert page_of(endpoint) in client.get("/").text
    assert "1 webhook désactivé" not in read(signed_in(company, Role.ACCOUNTANT).get("/"))
    assert "Aucun message n’est passé depuis trois jours" in read(client.get(page_of(endpoint)))
    client.post(page_of(endpoint, "webhook-enable"))
    assert WebhookEndpoint.everywhere.get(pk=endpoint.pk).is_active
    assert "webhook désactivé" not in read(client.get("/"))


def test_a_new_secret_is_shown_once_and_the_page_says_until_when_the_old_one_is_good(client, company):
    endpoint = an_endpoint(company)
    page = client.post(page_of(endpoint, "webhook-rotate"))
    assert SECRET.search(page.text)
    assert "deux signatures" in read(page)
    assert "Secret précédent valable" in read(client.get(page_of(endpoint)))
    past = timezone.now() - timedelta(hours=1)
    WebhookEndpoint.everywhere.update(previous_secret_until=past)
    assert "Secret précédent valable" not in read(client.get(page_of(endpoint)))


def test_a_destination_is_switched_off_and_deleted(client, company):
    endpoint = an_endpoint(company)
    client.post(page_of(endpoint, "webhook-disable"))
    assert not WebhookEndpoint.everywhere.get(pk=endpoint.pk).is_active
    assert client.post(page_of(endpoint, "webhook-delete")).status_code == 302
    assert not WebhookEndpoint.everywhere.exists()


@pytest.mark.parametrize("role", [Role.ACCOUNTANT, Role.SALES, Role.VIEWER])
def test_only_the_owner_gets_in(company, role):
    endpoint = an_endpoint(company)
    other = signed_in(company, role)
    assert "Webhooks" not in other.get(reverse("company-settings")).text
    for address in (LIST, NEW, page_of(endpoint)):
        assert other.get(address).status_code == 403
    assert other.post(page_of(endpoint, "webhook-rotate")).status_code == 403


def test_another_companys_destinations_do_not_exist(client):
    endpoint = an_endpoint(a_company())
    delivery = endpoints.send_test(endpoint=endpoint, actor=ACTOR, at=timezone.now())
    for name in ("webhook-detail", "webhook-edit"):
        assert client.get(page_of(endpoint, name)).status_code == 404
    for name in ("webhook-rotate", "webhook-test", "webhook-enable", "webhook-disable", "webhook-delete"):
        assert client.post(page_of(endpoint, name)).status_code == 404
    assert client.get(reverse("webhook-delivery", args=[delivery.pk])).status_code == 404
    assert client.post(reverse("webhook-replay", args=[delivery.pk])).status_code == 404
