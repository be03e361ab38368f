"""« Mon compte » and the way back for who forgot the password: strangers learn nothing, and no link opens twice."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from billing.services.notices import notify_endpoint_given_up
from config.kernel.models import AccountMail, AuditEvent, Company, User, WebhookEndpoint
from config.kernel.people import profile
from config.kernel.people.mails import ACCOUNT_MAILS, written
from config.kernel.people.passwords import OF_PERSON, reset_link
from config.kernel.people.profile import AddressTaken, BadLink, ask_another_address, confirm_address
from tests.factories import people
from tests.trust.at_once import at_once

pytestmark = pytest.mark.django_db
PASSWORD, OTHER = "a long password 42", "quatre mots sans rapport lointain"
LINK = re.compile(r"https://compta\.example(/\S+)")


@pytest.fixture(autouse=True)
def _public(settings: Any) -> None:
    settings.PUBLIC_URL = "https://compta.example"
    settings.SMTP_CONFIGURED = False


@pytest.fixture
def person(company: Company) -> User:
    return people.a_person(company)


def signed_in(person: User, client: Client | None = None, password: str = PASSWORD) -> Client:
    client = client or Client()
    assert client.post(reverse("login"), {"username": person.email, "password": password}).status_code == 302
    return client


def link_in(kind: str) -> str:
    """The path of the link in the last mail of this kind."""
    mail = AccountMail.everywhere.filter(kind=kind).latest("created_at")
    found = LINK.search(written(mail)[1])
    assert found
    return found[1]


def ask(email: str, client: Client | None = None, **headers: str) -> Any:
    return (client or Client()).post(reverse("password-forgotten"), {"email": email}, **headers)


def choose(path: str, password: str = OTHER) -> Any:
    client = Client()
    page = client.get(path, follow=True)
    if not page.context.get("validlink"):
        return page
    typed = {"new_password1": password, "new_password2": password}
    return client.post(page.redirect_chain[-1][0], typed)


# -- the forgotten password ------------------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_link_opens_once_ends_sessions_and_tokens_and_is_in_the_trail(person, company):
    open_elsewhere = signed_in(person)
    person.refresh_from_db()
    ask(person.email)
    ACCOUNT_MAILS.sweep()
    path = link_in("password_reset")
    assert choose(path).status_code == 302
    assert open_elsewhere.get("/").status_code == 302
    assert User.objects.get(pk=person.pk).token_version > person.token_version
    assert AuditEvent.everywhere.filter(company=company, tag="kernel.person.password_reset").count() == 1
    assert AccountMail.everywhere.filter(kind="password_changed", to=person.email).exists()
    assert "Ce lien n’ouvre plus rien" in choose(path).text
    signed_in(person, password=OTHER)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["password", "signed in", "deactivated", "address", "late"])
def test_a_link_dies_with_what_it_was_given_for(person, company, settings, what):
    ask(person.email)
    ACCOUNT_MAILS.sweep()
    path = link_in("password_reset")
    if what == "password":
        person.set_password(OTHER)
        person.save(update_fields=["password"])
    elif what == "signed in":
        signed_in(person)
    elif what == "late":
        settings.PASSWORD_RESET_TIMEOUT = -1
    else:
        people.a_person(company)  # the company keeps an owner
        changes: dict[str, Any] = {"is_active": False} if what == "deactivated" else {"email": "b@verone.example"}
        User.objects.filter(pk=person.pk).update(**changes)
    assert "Ce lien n’ouvre plus rien" in choose(path).text


@pytest.mark.django_db(transaction=True)
def test_known_and_unknown_addresses_are_told_the_same_by_the_same_work(person):
    answers, work = [], []
    for email in (person.email, "personne@verone.example"):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            answer = ask(email, REMOTE_ADDR=f"192.0.2.{len(work)}")
        answers.append((answer.status_code, answer["Location"], answer.text))
        work.append([re.sub(r"'[^']*'|\d+", "?", query["sql"]) for query in queries])
    assert answers[0] == answers[1]
    assert work[0] == work[1]
    ACCOUNT_MAILS.sweep()
    assert sorted(AccountMail.everywhere.values_list("status", flat=True)) == ["FAILED", "KEPT"]


def test_partners_and_people_who_left_get_no_link(person):
    for changes in ({"is_active": False}, {"is_active": True, "is_partner": True}):
        User.objects.filter(pk=person.pk).update(**changes)
        ask(person.email)
    assert [reset_link(mail, timezone.now()) for mail in AccountMail.everywhere.all()] == [None, None]


def test_a_mailbox_is_not_flooded_and_the_answer_stays_the_same(person):
    answers = {ask(person.email, REMOTE_ADDR=f"192.0.2.{n}")["Location"] for n in range(2 * OF_PERSON)}
    assert answers == {reverse("password-asked")}
    assert AccountMail.everywhere.count() == OF_PERSON


@pytest.mark.django_db(transaction=True)
def test_a_host_that_a_caller_writes_is_in_no_link(person, settings):
    settings.ALLOWED_HOSTS = ["*"]
    ask(person.email, headers={"Host": "evil.example", "X-Forwarded-Host": "evil.example"})
    ACCOUNT_MAILS.sweep()
    subject, text = written(AccountMail.everywhere.get())
    assert "evil" not in subject + text
    assert LINK.search(text)


def test_no_form_is_taken_from_another_site(person):
    strict = Client(enforce_csrf_checks=True)
    for name in ("login", "password-forgotten", "mfa_authenticate", "account", "usersessions_list"):
        assert strict.post(reverse(name), {"email": person.email}).status_code == 403


# -- own address, password, sessions ---------------------------------------------------------------------------------


def test_another_address_holds_once_its_mailbox_answered_and_the_old_one_is_told(person, company):
    client, before = signed_in(person), person.email
    client.post(reverse("account-email"), {"email": "Ada@Person.example"})
    assert User.objects.get(pk=person.pk).email == before
    path = link_in("confirm_address")
    assert Client().get(path).status_code == 200
    assert User.objects.get(pk=person.pk).email == before, "programs open links too"
    assert Client().post(path).status_code == 302
    assert User.objects.get(pk=person.pk).email == "ada@person.example"
    assert AccountMail.everywhere.filter(kind="address_changed", to=before).exists()
    event = AuditEvent.everywhere.get(company=company, tag="kernel.person.email_changed")
    assert event.data["before"] == before
    assert Client().post(path).status_code == 400, "once"


def test_an_address_of_another_account_is_answered_alike_and_gets_nothing(person, company):
    other = people.a_person(company)
    client = signed_in(person)
    answer = client.post(reverse("account-email"), {"email": other.email})
    assert answer["Location"] == reverse("account")
    assert not AccountMail.everywhere.filter(to=other.email).exists()


def test_a_link_is_no_other_persons_and_lives_a_day(person, monkeypatch):
    ask_another_address(user=person, email="ada@person.example", at=timezone.now())
    token = link_in("confirm_address").strip("/").rpartition("/")[2]
    for bad in (token[:-1], token + "x", "x"):
        with pytest.raises(BadLink):
            confirm_address(bad, at=timezone.now())
    monkeypatch.setattr(profile, "OPEN_FOR", -1)
    with pytest.raises(BadLink):
        confirm_address(token, at=timezone.now())


@pytest.mark.django_db(transaction=True)
def test_of_two_who_take_one_address_at_once_one_gets_it(company):
    tokens = []
    for _ in range(2):
        ask_another_address(user=people.a_person(company), email="ada@person.example", at=timezone.now())
        tokens.append(link_in("confirm_address").strip("/").rpartition("/")[2])

    def confirm(place: int) -> str:
        try:
            return confirm_address(tokens[place], at=timezone.now()).email
        except AddressTaken:
            return "taken"

    assert sorted(at_once(2, confirm)) == ["ada@person.example", "taken"]


def test_another_password_keeps_this_session_and_ends_the_others(person, company):
    here, elsewhere = signed_in(person), signed_in(person)
    typed = {"new_password1": OTHER, "new_password2": OTHER}
    assert here.post(reverse("account-password"), typed).status_code == 302
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302
    assert AuditEvent.everywhere.filter(company=company, tag="kernel.person.password_changed").count() == 1


@pytest.mark.parametrize("weak", ["short1", "motdepasse123", "azertyuiop123", "Quittance2026"])
def test_a_password_that_is_guessed_is_refused_in_words(person, weak):
    client = signed_in(person)
    answer = client.post(reverse("account-password"), {"new_password1": weak, "new_password2": weak})
    assert answer.status_code == 422
    assert User.objects.get(pk=person.pk).check_password(PASSWORD)


def test_disconnecting_everywhere_leaves_this_session_alone(person, company):
    here, elsewhere = signed_in(person), signed_in(person)
    assert len(here.get(reverse("usersessions_list")).context["sessions"]) == 2
    version = User.objects.get(pk=person.pk).token_version
    here.post(reverse("usersessions_list"))
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302
    assert User.objects.get(pk=person.pk).token_version == version + 1
    assert AuditEvent.everywhere.get(company=company, tag="kernel.person.sessions_ended").data["count"] == 1


def test_a_new_browser_is_told_and_a_known_one_is_not(person):
    known = signed_in(person)
    assert not AccountMail.everywhere.exists(), "the very first one"
    known.post(reverse("logout"))
    signed_in(person, known)
    assert not AccountMail.everywhere.exists()
    strange = Client(headers={"User-Agent": "Strange/1.0"})
    signed_in(person, strange)
    mail = AccountMail.everywhere.get()
    assert (mail.kind, mail.to) == ("new_place", person.email)
    assert "Strange/1.0" in written(mail)[1]


def test_language_and_theme_go_where_the_person_signs_in(person):
    client = signed_in(person)
    typed = {"first_name": "Ada", "last_name": "L.", "language": "en", "theme": "dark", "notices": ["action_needed"]}
    assert client.post(reverse("account"), typed).status_code == 302
    elsewhere = signed_in(person)
    page = elsewhere.get("/").text
    assert 'lang="en"' in page
    assert 'data-theme="dark"' in page
    elsewhere.post(reverse("language"), {"language": "fr"})
    assert User.objects.get(pk=person.pk).language == "fr"


def test_a_notice_that_was_muted_does_not_leave(person, company):
    at = timezone.now()
    endpoint = WebhookEndpoint.everywhere.create(
        company=company, url="https://erp.example", events=["*"], created_at=at
    )
    assert len(notify_endpoint_given_up(endpoint=endpoint, reason="", at=at)) == 1
    client = signed_in(person)
    client.post(reverse("account"), {"notices": ["action_needed"]})
    assert notify_endpoint_given_up(endpoint=endpoint, reason="", at=at + timedelta(days=1)) == []


def test_people_without_a_company_have_an_account_too():
    client = Client()
    client.force_login(User.objects.create_user("seule@person.example", PASSWORD))
    for name in ("account", "mfa_index", "usersessions_list"):
        assert client.get(reverse(name)).status_code == 200
