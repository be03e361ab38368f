"""« Lecture automatique » in the settings: the owner connects a service step by step, and sees how it does."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from cryptography import x509
from django.test import Client
from django.urls import reverse

from config.kernel.errors import DomainError, RemoteError
from config.kernel.models import AuditEvent, Company, Membership, User
from config.kernel.roles import Role
from config.kernel.scope import company_scope
from config.pages.settings import feeds as feed_settings
from config.pages.settings.feed_forms import SIMULATOR_TOKEN
from config.sandbox.accounts import CLIENT_SECRET
from payments.feeds.revolut.client import PRODUCTION
from payments.models import BankLine, Feed, FeedKind
from payments.services.feeds.reading import read_feed
from tests.api.senders import a_source
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.factories import money
from tests.factories.people import read, signed_in
from tests.factories.story import ACTOR, AT, a_company
from tests.payments.revolut import Business

pytestmark = pytest.mark.django_db
LIST, REVOLUT, NINJA = (f"/settings/bank/feeds/{name}" for name in ("", "revolut/", "invoice-ninja/"))
CONSENT = f"{REVOLUT}consent/"


@pytest.fixture(autouse=True)
def _files(settings: Any, tmp_path: Path) -> None:
    settings.MEDIA_ROOT = str(tmp_path)


@pytest.fixture
def company() -> Company:
    row = a_company()
    money.a_bank_account(row)
    return row


@pytest.fixture
def client(company: Company) -> Client:
    return signed_in(company)


def feed(company: Company) -> Feed:
    return Feed.everywhere.get(company=company)


def leave(client: Client) -> dict[str, str]:
    """What is brought back from Revolut's consent page, where it is asked for."""
    there = client.get(f"{REVOLUT}authorise/")["Location"]
    answer = requests.get(there, allow_redirects=False, timeout=5)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def text_of(client: Client, **more: Any) -> str:
    """The words of a page, messages and all."""
    return read(client.get(REVOLUT, more))


def secrets_of(row: Feed) -> list[str]:
    return [secret for name in ("key", "grant", "token") if (secret := row.secret(name))]


def test_revolut_is_connected_step_by_step(client: Client, company: Company, sandbox: str) -> None:
    assert "Non relié" in read(client.get(LIST))
    assert "Préparer le certificat" in text_of(client)
    assert client.post(REVOLUT, {"base_url": PRODUCTION}).status_code == 302
    row = feed(company)
    assert x509.load_pem_x509_certificate(row.certificate.encode()).public_key().key_size == 2048
    assert "BEGIN CERTIFICATE" in text_of(client)
    assert "Certificat à déposer" in read(client.get(LIST))
    business = Business(sandbox, company)
    assert "Autorisation à donner" in text_of(client)
    business.moves(10)
    back = leave(client)
    assert client.get(CONSENT, back).status_code == 302
    assert "Revolut est relié" in text_of(client)
    row = feed(company)
    assert row.grant_cipher
    answer = client.post(f"{REVOLUT}read/", follow=True)
    assert "Lu : 1 nouveauté." in read(answer)
    assert BankLine.everywhere.filter(company=company).count() == 1
    tags = AuditEvent.everywhere.filter(subjects__contains=[row.subject]).order_by("id").values_list("tag", flat=True)
    assert [*tags] == ["payments.feed.changed"] * 3 + [
        "payments.feed.connected",
        "kernel.sync.completed",
        "payments.feed.read",
    ]


def test_the_consent_address_asks_for_reading_alone(client: Client, company: Company) -> None:
    client.post(REVOLUT, {"base_url": PRODUCTION})
    client.post(REVOLUT, {"base_url": PRODUCTION, "client_id": "abc"})
    there = urlsplit(client.get(f"{REVOLUT}authorise/")["Location"])
    asked = parse_qs(there.query)
    assert (there.netloc, asked["scope"], asked["client_id"]) == ("business.revolut.com", ["READ"], ["abc"])
    assert asked["redirect_uri"] == ["http://127.0.0.1:8000/settings/bank/feeds/revolut/consent/"]


def test_a_state_serves_once(client: Client, company: Company, sandbox: str) -> None:
    Business(sandbox, company)
    back = leave(client)
    client.get(CONSENT, back)
    again = leave(client)
    client.get(CONSENT, {**back, "code": again["code"]})
    assert "n’a pas été demandée ici" in text_of(client)


@pytest.mark.parametrize("whose", ["nobody", "forged", "another session", "another person", "another company", "old"])
def test_a_consent_that_this_session_did_not_ask_for_is_refused(
    client: Client, company: Company, sandbox: str, whose: str, monkeypatch: Any
) -> None:
    Business(sandbox, company)
    back = leave(client)
    if whose == "nobody":
        back.pop("state")
    elif whose == "forged":
        back["state"] = back["state"][:-2] + "xx"
    elif whose == "old":
        monkeypatch.setattr(feed_settings, "CONSENT_WITHIN", -1)
    else:
        client = thief(client, company, sandbox, whose)
    client.get(CONSENT, back)
    assert "n’a pas été demandée ici" in text_of(client)
    assert not Feed.everywhere.exclude(grant_cipher="").exists()


def thief(client: Client, company: Company, sandbox: str, whose: str) -> Client:
    """Another browser; that of another person even has the same number in its session."""
    other = a_company() if whose == "another company" else company
    if other is not company:
        Business(sandbox, other)
    user = User.objects.create_user("second@verone.example", "a long password 42")
    Membership.objects.create(user=user, company=other, role=Role.OWNER)
    found = Client()
    found.force_login(user if whose != "another session" else company.memberships.exclude(user=user).get().user)
    if whose != "another session":
        session = found.session
        session[feed_settings._NONCE] = client.session[feed_settings._NONCE]
        session.save()
    return found


def test_a_refused_consent_and_a_wrong_code_are_said(client: Client, company: Company, sandbox: str) -> None:
    Business(sandbox, company)
    back = leave(client)
    client.get(CONSENT, {"state": back["state"], "error": "access_denied"})
    assert "n’a pas donné d’autorisation" in text_of(client)
    client.get(CONSENT, {**leave(client), "code": "forged"})
    assert "autorisez de nouveau" in text_of(client)
    assert not feed(company).grant_cipher


def test_no_secret_is_on_a_page_in_the_audit_or_in_the_logs(
    client: Client, company: Company, sandbox: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    business = Business(sandbox, company)
    back = leave(client)
    client.get(CONSENT, back)
    client.post(f"{REVOLUT}read/")
    business.tell(revoked=True)
    Feed.everywhere.update(token_until=None)
    client.post(f"{REVOLUT}read/")
    row = feed(company)
    assert "autorisez de nouveau" in row.last_error
    pages = "".join(client.get(address).text for address in (LIST, REVOLUT, "/settings/bank/"))
    audit = str(list(AuditEvent.everywhere.values_list("data", flat=True)))
    secrets = secrets_of(row)
    assert len(secrets) == 3
    for secret in [*secrets, back["code"], secrets[0].splitlines()[1]]:
        assert secret not in pages + audit + caplog.text
        assert secret not in str(Feed.everywhere.filter(pk=row.pk).values())


def test_invoice_ninja_is_connected_by_its_address_and_its_token(client: Client, company: Company) -> None:
    assert client.post(NINJA, {"base_url": "https://invoicing.co"}).status_code == 422
    for address in ("http://invoicing.co", "https://me:pw@invoicing.co", "ftp://x", "x"):
        assert client.post(NINJA, {"base_url": address, "secret": "t0ken"}).status_code == 422
    assert not Feed.everywhere.exists()
    assert client.post(NINJA, {"base_url": "https://invoicing.co/", "secret": "t0ken-of-ours"}).status_code == 302
    row = feed(company)
    assert (row.kind, row.base_url, row.secret("key")) == (
        FeedKind.INVOICE_NINJA,
        "https://invoicing.co",
        "t0ken-of-ours",
    )
    assert "t0ken" not in client.get(NINJA).text + row.key_cipher
    assert AuditEvent.everywhere.filter(tag="payments.feed.connected").count() == 1


def test_a_token_is_never_sent_to_an_address_it_was_not_given_for(client: Client, company: Company) -> None:
    client.post(NINJA, {"base_url": "https://invoicing.co", "secret": "t0ken-of-ours"})
    assert "Indiquez le jeton" in read(client.post(NINJA, {"base_url": "https://elsewhere.example"}))
    assert feed(company).base_url == "https://invoicing.co"
    count = AuditEvent.everywhere.count()
    assert client.post(NINJA, {"base_url": "https://invoicing.co"}).status_code == 302
    assert (feed(company).secret("key"), AuditEvent.everywhere.count()) == ("t0ken-of-ours", count)


def test_another_client_forgets_what_opened_the_one_before(client: Client, company: Company, sandbox: str) -> None:
    business = Business(sandbox, company).consents()
    business.reads()
    certificate = feed(company).certificate
    client.post(REVOLUT, {"base_url": business.base_url, "client_id": "another"})
    row = feed(company)
    assert (row.grant_cipher, row.token_cipher, row.cursor) == ("", "", "")
    assert row.certificate == certificate


def test_a_feed_is_switched_off_on_and_disconnected(client: Client, company: Company, sandbox: str) -> None:
    Business(sandbox, company).consents()
    client.post(f"{REVOLUT}switch/")
    assert not feed(company).is_enabled
    assert "rien n’arrive de ce service" in text_of(client)
    client.post(f"{REVOLUT}switch/", {"active": "on"})
    assert feed(company).is_enabled
    assert "autorisation comprise" in read(client.get(f"{REVOLUT}disconnect/"))
    client.post(f"{REVOLUT}disconnect/")
    row = feed(company)
    assert (secrets_of(row), row.client_id, row.is_enabled) == ([], "", False)
    assert "Préparer le certificat" in text_of(client)
    client.post(REVOLUT, {"base_url": PRODUCTION})
    assert feed(company).is_enabled


def test_what_is_not_read_is_said_where_nobody_can_miss_it(client: Client, company: Company, sandbox: str) -> None:
    business = Business(sandbox, company).consents()
    business.an_account("FR7612345987650123456789014", name="Épargne")
    business.reads()
    for page in (LIST, REVOLUT):
        assert "Épargne (EUR)" in read(client.get(page))


def test_a_failing_feed_says_since_when_and_why(client: Client, company: Company, sandbox: str) -> None:
    business = Business(sandbox, company).consents()
    business.fails("503", operation="read", times=5)
    answer = client.post(f"{REVOLUT}read/", follow=True)
    assert "La lecture a échoué" in read(answer)
    for page in (LIST, REVOLUT):
        assert "momentanément indisponible" in read(client.get(page))
    assert "En échec" in read(client.get(LIST))


def test_a_feed_that_waits_for_a_person_is_not_called_failing(client: Client, company: Company, sandbox: str) -> None:
    with pytest.raises(DomainError):
        Business(sandbox, company).reads()
    assert feed(company).last_error
    for page in (LIST, REVOLUT):
        words = read(client.get(page))
        assert "Autorisation à donner" in words
        assert "En échec" not in words
        assert "échoue" not in words


@pytest.mark.parametrize("role", [Role.ACCOUNTANT, Role.SALES, Role.VIEWER])
def test_readers_of_the_bank_see_the_state_and_the_others_change_nothing(company: Company, role: Role) -> None:
    client = signed_in(company, role)
    assert client.get(LIST).status_code == (403 if role == Role.SALES else 200)
    assert f'"{REVOLUT}"' not in client.get(LIST).text
    for address in (REVOLUT, NINJA, CONSENT, f"{REVOLUT}authorise/"):
        assert client.get(address).status_code == 403
    for address in (REVOLUT, f"{REVOLUT}switch/", f"{REVOLUT}disconnect/"):
        assert client.post(address, {"base_url": PRODUCTION}).status_code == 403
    # reading now is an act of who reconciles
    assert client.post(f"{REVOLUT}read/").status_code == (404 if role == Role.ACCOUNTANT else 403)


def test_the_neighbours_feed_is_neither_shown_nor_touched(client: Client, sandbox: str) -> None:
    other = a_company()
    money.a_bank_account(other)
    business = Business(sandbox, other).consents()
    assert business.client_id not in client.get(REVOLUT).text
    for name in ("read", "switch", "disconnect"):
        assert client.post(f"{REVOLUT}{name}/").status_code == 404
    assert feed(other).grant_cipher
    assert client.get("/settings/bank/feeds/qonto/").status_code == 404


def test_the_bank_settings_and_the_webhook_lead_here_and_there(client: Client, company: Company) -> None:
    assert reverse("feed-settings") in client.get("/settings/bank/").text
    client.post(REVOLUT, {"base_url": PRODUCTION})
    assert reverse("inbound-new") in client.get(REVOLUT).text
    source = a_source(company, "revolut")
    assert reverse("inbound-source", args=[source.pk]) in client.get(REVOLUT).text


# -- the simulators, as `make run` has them: neither DEBUG nor private addresses ------------------------------------


@pytest.fixture
def as_it_runs(settings: Any, sandbox: str) -> str:
    settings.DEBUG = settings.WEBHOOK_ALLOW_PRIVATE = False
    settings.SANDBOX_URL = sandbox
    return sandbox


def test_revolut_s_simulator_is_connected_from_the_settings_alone(
    client: Client, company: Company, as_it_runs: str
) -> None:
    base_url = f"{as_it_runs}/revolut/api/1.0"
    assert "Simulateur de cette machine" in text_of(client)
    assert SIMULATOR_TOKEN == CLIENT_SECRET
    client.post(REVOLUT, {"base_url": base_url})
    page = f"{as_it_runs}/sandbox/revolut/clients"
    assert page in client.get(REVOLUT).text
    assert "<form" in requests.get(page, timeout=5).text
    told = {
        "certificate": feed(company).certificate,
        "redirect_uri": "http://127.0.0.1:8000/settings/bank/feeds/revolut/consent/",
        "iban": company.iban,
    }
    made = requests.post(page, data=told, timeout=5).text
    client_id = made.partition('id="client-id">')[2].partition("<")[0]
    client.post(REVOLUT, {"base_url": base_url, "client_id": client_id})
    client.get(CONSENT, leave(client))
    assert "Lu : 1 nouveauté" in read(client.post(f"{REVOLUT}read/", follow=True)).replace("\u00a0", " ")
    assert BankLine.everywhere.filter(company=company).count() == 1


def test_invoice_ninja_s_simulator_is_connected_from_the_settings_alone(
    client: Client, company: Company, as_it_runs: str
) -> None:
    assert f"{as_it_runs}, jeton {CLIENT_SECRET}" in read(client.get(NINJA))
    assert client.post(NINJA, {"base_url": as_it_runs, "secret": CLIENT_SECRET}).status_code == 302
    assert "rien de nouveau" in read(client.post(f"{NINJA}read/", follow=True))
    elsewhere = as_it_runs.rpartition(":")[0] + ":1"
    assert client.post(NINJA, {"base_url": elsewhere, "secret": "ninja_demo-1"}).status_code == 422


def test_production_knows_no_simulator(client: Client, company: Company, as_it_runs: str, settings: Any) -> None:
    client.post(NINJA, {"base_url": as_it_runs, "secret": "ninja_demo-1"})
    settings.PRODUCTION = True
    assert "Simulateur" not in text_of(client)
    assert "Simulateur" not in read(client.get(NINJA))
    assert client.post(NINJA, {"base_url": as_it_runs, "secret": "ninja_demo-2"}).status_code == 422
    with company_scope(company), pytest.raises(RemoteError):
        read_feed(feed=Feed.objects.get(), actor=ACTOR, at=AT)
