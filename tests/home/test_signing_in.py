"""Too many wrong passwords make one wait, at every door; tokens end with what they rest on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.kernel import sign_in
from config.kernel.models import Membership, SignInTries, User
from config.kernel.roles import Role
from tests.api.client import Partner
from tests.trust.at_once import at_once

pytestmark = pytest.mark.django_db
RIGHT, WRONG = "une phrase assez longue", "faux"
EMAIL = "claire@verone.example"


@pytest.fixture
def person(company):
    user = User.objects.create_user(EMAIL, RIGHT, is_staff=True, is_superuser=True)
    Membership.objects.create(user=user, company=company, role=Role.OWNER)
    return user


def on_page(password, email=EMAIL, **headers):
    return Client().post(reverse("login"), {"username": email, "password": password}, **headers)


def in_admin(password):
    return Client().post(reverse("admin:login"), {"username": EMAIL, "password": password})


def by_api(password):
    return Client().post("/api/auth/token", {"email": EMAIL, "password": password}, content_type="application/json")


def wait_is_over():
    SignInTries.objects.update(paused_until=timezone.now() - timedelta(seconds=1))


@pytest.mark.usefixtures("person")
def test_five_wrong_passwords_close_every_door_even_to_the_right_one():
    for _ in range(sign_in.OF_BOTH):
        assert on_page(WRONG).status_code == 200
    refused = on_page(RIGHT)
    assert "Trop d’essais de connexion" in refused.text
    assert "Attendez" in refused.text
    assert "Trop d’essais de connexion" in in_admin(RIGHT).text
    answer = by_api(RIGHT)
    assert (answer.status_code, answer.json()["code"]) == (429, "sign_in_paused")
    assert 0 < int(answer["Retry-After"]) <= 15
    wait_is_over()
    assert on_page(RIGHT).status_code == 302
    assert on_page(RIGHT).status_code == 302, "a success forgets"


@pytest.mark.usefixtures("person")
def test_each_further_try_waits_twice_as_long_up_to_an_hour():
    for _ in range(sign_in.OF_BOTH):
        by_api(WRONG)
    waits = []
    for _ in range(12):
        waits.append(int(by_api(RIGHT)["Retry-After"]))
        wait_is_over()
        by_api(WRONG)
    assert [round(wait / 15) for wait in waits[:4]] == [1, 2, 4, 8]
    assert max(waits) <= 3600


def test_an_address_nobody_has_is_answered_like_any_other(person):
    known, unknown = EMAIL, "personne@verone.example"
    texts = []
    for email in (known, unknown):
        pages = [on_page(WRONG, email, REMOTE_ADDR=f"192.0.2.{len(texts) + 1}").text for _ in range(7)]
        texts.append([page.replace(email, "").partition('role="alert"')[2][:120] for page in pages])
    assert texts[0] == texts[1]


@pytest.mark.usefixtures("person")
def test_another_address_is_not_closed_by_it():
    for _ in range(sign_in.OF_BOTH):
        on_page(WRONG)
    assert on_page(RIGHT, REMOTE_ADDR="192.0.2.7").status_code == 302


@pytest.mark.usefixtures("person")
def test_the_limit_holds_with_the_broker_away(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    for _ in range(sign_in.OF_BOTH):
        by_api(WRONG)
    assert by_api(RIGHT).status_code == 429


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_twenty_tries_at_once_are_no_more_than_five(person):
    def one(_place):
        return sign_in._count("a" * 64, sign_in.OF_BOTH, at=timezone.now())

    assert sum(at_once(20, one)) == sign_in.OF_BOTH


@pytest.mark.parametrize(
    "change",
    [
        lambda user: (user.set_password("une autre phrase, longue"), user.save()),
        lambda user: User.objects.filter(pk=user.pk).update(password="!"),
        lambda user: User.objects.filter(pk=user.pk).update(is_active=False),
        lambda user: Membership.objects.filter(user=user).update(role=Role.VIEWER),
        lambda user: Membership.objects.filter(user=user).delete(),
    ],
    ids=["password", "password by SQL", "deactivated", "role", "removed"],
)
def test_tokens_end_with_what_they_were_given_for(person, change):
    pair = by_api(RIGHT).json()
    assert Partner(pair["access"]).get("/api/company").status_code == 200
    change(User.objects.get(pk=person.pk))
    assert Partner(pair["access"]).get("/api/company").status_code == 401
    refreshed = Client().post("/api/auth/token/refresh", {"refresh": pair["refresh"]}, content_type="application/json")
    assert refreshed.status_code == 401


def test_a_row_saved_whole_brings_no_old_token_back(person):
    stale = User.objects.get(pk=person.pk)
    User.objects.filter(pk=person.pk).update(password="!")
    stale.first_name = "Claire"
    stale.save()
    person.refresh_from_db()
    assert person.token_version >= 1
