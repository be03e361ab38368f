"""Too many wrong passwords make one wait, at every door; tokens end with what they rest on."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from config.kernel import sign_in
from config.kernel.models import Membership, SignInTries, User
from config.kernel.roles import Role
from tests.api.client import Partner
from tests.factories.people import a_person
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


def by_api(password, **headers):
    typed = {"email": EMAIL, "password": password}
    return Client().post("/api/auth/token", typed, content_type="application/json", **headers)


def wait_is_over():
    SignInTries.objects.update(paused_until=timezone.now() - timedelta(seconds=1))


SPELT = ["Claire@Verone.example", "  claire@verone.example ", "CLAIRE@VERONE.EXAMPLE", f"{EMAIL}\u200b", f"\xa0{EMAIL}"]


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize("spelt", SPELT)
def test_an_address_is_known_however_it_is_typed_and_every_spelling_counts_for_one(spelt):
    assert on_page(RIGHT, email=spelt).status_code == 302
    typed = {"email": spelt, "password": RIGHT}
    assert Client().post("/api/auth/token", typed, content_type="application/json").status_code == 200
    for place in range(sign_in.OF_BOTH):
        on_page(WRONG, email=SPELT[place % len(SPELT)])
    assert "Trop d’essais de connexion" in on_page(RIGHT, email=spelt).text


def test_no_two_persons_differ_by_the_capitals_of_their_address(client):
    client.force_login(User.objects.create_superuser("root@verone.example", RIGHT))
    new = {"email": "Bob@Verone.example", "password1": "zorglub 77 bulgroz", "password2": "zorglub 77 bulgroz"}
    new |= {"usable_password": "true"}
    assert client.post(reverse("admin:kernel_user_add"), new).status_code == 302
    assert client.post(reverse("admin:kernel_user_add"), new | {"email": "bob@verone.example"}).status_code == 200
    assert User.objects.filter(email="bob@verone.example").count() == 1


@pytest.mark.usefixtures("person")
def test_five_wrong_passwords_close_every_door_even_to_the_right_one():
    for _ in range(sign_in.OF_BOTH):
        assert on_page(WRONG).status_code == 200
    refused = on_page(RIGHT)
    assert "Trop d’essais de connexion" in refused.text
    assert "Attendez" in refused.text
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


def from_everywhere(tries=80, door=on_page):
    """Wrong passwords, each from another address; how many were looked at."""
    for number in range(tries):
        door(WRONG, REMOTE_ADDR=f"198.51.100.{number}")
    person = SignInTries.objects.get(key=sign_in.digest("person", EMAIL))
    return person.tries


@pytest.mark.usefixtures("person")
@pytest.mark.parametrize("door", [on_page, by_api])
def test_wrong_passwords_from_everywhere_slow_strangers_down_and_shut_out_nobody_known(door, settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # counted in PostgreSQL
    browser = Client()
    browser.post(reverse("login"), {"username": EMAIL, "password": RIGHT}, REMOTE_ADDR="192.0.2.1")
    assert by_api(RIGHT, REMOTE_ADDR="192.0.2.2").status_code == 200
    assert from_everywhere(door=door) == sign_in.OF_STRANGERS
    assert "Trop d’essais de connexion" in on_page(RIGHT, REMOTE_ADDR="203.0.113.9").text
    assert by_api(RIGHT, REMOTE_ADDR="203.0.113.9").status_code == 429
    # the browser is known wherever it is, and so are the addresses where the right password was given
    browser.post(reverse("logout"))
    assert (
        browser.post(reverse("login"), {"username": EMAIL, "password": RIGHT}, REMOTE_ADDR="203.0.113.9").status_code
        == 302
    )
    assert on_page(RIGHT, REMOTE_ADDR="192.0.2.1").status_code == 302
    assert by_api(RIGHT, REMOTE_ADDR="192.0.2.2").status_code == 200


@pytest.mark.usefixtures("person")
def test_strangers_wait_minutes_and_not_hours():
    from_everywhere(sign_in.OF_STRANGERS)
    for number in range(12):
        wait_is_over()
        on_page(WRONG, REMOTE_ADDR=f"203.0.113.{number}")
    answer = by_api(RIGHT, REMOTE_ADDR="203.0.113.99")
    assert 0 < int(answer["Retry-After"]) <= sign_in.LONGEST_OF_STRANGERS.total_seconds()


@pytest.mark.usefixtures("person")
def test_a_known_place_counts_its_own_tries():
    assert on_page(RIGHT).status_code == 302
    for _ in range(sign_in.OF_BOTH):
        on_page(WRONG)
    assert on_page(RIGHT).status_code == 200


@pytest.mark.usefixtures("person")
def test_a_known_browser_is_known_for_one_person_and_not_without_end():
    browser = Client()
    signing_in = browser.post(reverse("login"), {"username": EMAIL, "password": RIGHT})
    assert signing_in.cookies[sign_in.DEVICE]["httponly"]
    browser.post(reverse("logout"))
    other = User.objects.create_user("paul@verone.example", RIGHT)
    request = browser.get(reverse("login")).wsgi_request
    assert len(sign_in.limits_of(EMAIL, request)) == 1
    assert len(sign_in.limits_of(other.email, request)) == 3
    for _ in range(sign_in.OF_BOTH):
        browser.post(reverse("login"), {"username": EMAIL, "password": WRONG})
    assert "Trop d’essais" in browser.post(reverse("login"), {"username": EMAIL, "password": RIGHT}).text
    sign_in.forget(at=timezone.now() + sign_in.KNOWN_FOR + timedelta(days=1))
    assert len(sign_in.limits_of(EMAIL, request)) == 3


@pytest.mark.usefixtures("person")
def test_a_made_up_cookie_is_no_known_browser():
    from_everywhere(sign_in.OF_STRANGERS)
    browser = Client()
    browser.cookies[sign_in.DEVICE] = "x"
    refused = browser.post(reverse("login"), {"username": EMAIL, "password": RIGHT}, REMOTE_ADDR="203.0.113.9")
    assert "Trop d’essais" in refused.text


@pytest.mark.usefixtures("person")
def test_all_addresses_of_one_ipv6_network_are_one():
    for number in range(sign_in.OF_BOTH):
        on_page(WRONG, REMOTE_ADDR=f"2001:db8:1:2::{number}")
    assert on_page(RIGHT, REMOTE_ADDR="2001:db8:1:2:ffff::1").status_code == 200
    assert on_page(RIGHT, REMOTE_ADDR="2001:db8:1:3::1").status_code == 302


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_twenty_tries_at_once_are_no_more_than_five(person):
    def one(_place):
        return sign_in.count_try(sign_in.Limit("a" * 64, sign_in.OF_BOTH), at=timezone.now()) is not None

    assert sum(at_once(20, one)) == sign_in.OF_BOTH


def of_address():
    return SignInTries.objects.get(key=sign_in.digest("address", "127.0.0.1"))


@pytest.mark.usefixtures("person")
def test_right_passwords_never_make_an_address_wait(settings):
    settings.REDIS_URL = "redis://127.0.0.1:1/0"  # counted in PostgreSQL
    for _ in range(60):
        assert by_api(RIGHT).status_code == 200
        assert on_page(RIGHT).status_code == 302
    assert (of_address().tries, of_address().paused_until) == (0, None)


@pytest.mark.usefixtures("person")
def test_right_passwords_free_no_wrong_ones_at_their_address():
    for number in range(sign_in.OF_ADDRESS):
        assert [by_api(RIGHT).status_code, on_page(RIGHT).status_code] == [200, 302]
        on_page(WRONG, email=f"{number}@verone.example")
    assert by_api(RIGHT).json()["code"] == "sign_in_paused"
    wait_is_over()
    for _ in range(3):
        assert by_api(RIGHT).status_code == 200
    on_page(WRONG, email="autre@verone.example")
    assert of_address().tries == sign_in.OF_ADDRESS + 1
    assert 15 < int(by_api(RIGHT)["Retry-After"]) <= 30, "twice as long, as without the right ones"


@pytest.mark.usefixtures("person")
def test_right_passwords_do_not_keep_old_wrong_ones_from_being_forgotten():
    on_page(WRONG, email="autre@verone.example")
    long_ago = timezone.now() - sign_in.FORGOTTEN_AFTER + timedelta(minutes=1)
    SignInTries.objects.update(tried_at=long_ago)
    assert by_api(RIGHT).status_code == 200
    assert (of_address().tries, of_address().tried_at) == (1, long_ago)


@pytest.mark.usefixtures("person")
def test_a_try_that_one_pause_refuses_is_given_back_to_the_other_counts():
    for _ in range(sign_in.OF_BOTH):
        on_page(WRONG)
    request = RequestFactory().post(reverse("login"))  # as tries at once come: past the page's own look at the pause
    assert sign_in.LimitedBackend().authenticate(request, EMAIL, RIGHT) is None
    assert of_address().tries == sign_in.OF_BOTH


@pytest.mark.trust
@pytest.mark.django_db(transaction=True)
def test_wrong_passwords_at_once_stay_limited_among_right_ones(person):
    User.objects.create_user("paul@verone.example", RIGHT)

    def one(place):
        return on_page(RIGHT, email="paul@verone.example") if place % 2 else on_page(WRONG)

    at_once(20, one)
    both = SignInTries.objects.get(key=sign_in.digest("both", EMAIL, "127.0.0.1"))
    assert both.tries == of_address().tries == sign_in.OF_BOTH
    assert by_api(RIGHT).status_code == 429


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
def test_tokens_end_with_what_they_were_given_for(person, company, change):
    a_person(company)  # an owner stays
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
