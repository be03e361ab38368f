"""A password alone opens nothing where there is a second factor, and each code opens once."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.kernel.models import AccountMail, AuditEvent, Company, SignInTries, User
from config.kernel.people.second_factor import OF_CODES, PERIOD, CodePaused, WrongCode, use_code
from tests.factories import people
from tests.trust.at_once import at_once

pytestmark = pytest.mark.django_db
PASSWORD = "a long password 42"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


def code_at(at: datetime, secret: str = SECRET) -> str:
    return str(format_hotp_value(hotp_value(secret, int(at.timestamp()) // PERIOD)))


@pytest.fixture
def person(company: Company) -> User:
    return people.a_person(company)


@pytest.fixture
def with_factor(person: User) -> User:
    TOTP.activate(person, SECRET)
    RecoveryCodes.activate(person)
    return person


def password_typed(person: User, client: Client | None = None) -> Client:
    client = client or Client()
    answer = client.post(reverse("login"), {"username": person.email, "password": PASSWORD})
    assert answer.status_code == 302
    return client


def is_signed_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def codes_of(person: User) -> list[str]:
    row = Authenticator.objects.get(user=person, type=Authenticator.Type.RECOVERY_CODES)
    return list(row.wrap().get_unused_codes())


def test_without_one_the_password_signs_in(person):
    assert is_signed_in(password_typed(person))


def test_the_password_alone_opens_nothing_and_the_code_does(with_factor):
    client = password_typed(with_factor)
    assert not is_signed_in(client)
    assert client.get("/").status_code == 302
    answer = client.post(reverse("mfa_authenticate"), {"code": code_at(timezone.now())})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert is_signed_in(client)


def test_the_code_page_is_shut_to_who_typed_no_password(with_factor):
    answer = Client().post(reverse("mfa_authenticate"), {"code": code_at(timezone.now())})
    assert (answer.status_code, answer["Location"]) == (302, reverse("login"))


def test_a_session_given_by_another_is_not_the_one_that_is_signed_in(with_factor):
    client = Client()
    client.get(reverse("login"))
    client.session.save()
    given = client.session.session_key
    password_typed(with_factor, client)
    client.post(reverse("mfa_authenticate"), {"code": code_at(timezone.now())})
    assert is_signed_in(client)
    assert client.session.session_key != given
    stranger = Client()
    stranger.cookies["sessionid"] = given
    assert stranger.get("/").status_code == 302


def test_a_code_opens_once_and_older_ones_no_more(with_factor):
    at = timezone.now()
    assert use_code(with_factor, code_at(at), at=at)
    for code in (code_at(at), code_at(at - timedelta(seconds=PERIOD))):
        with pytest.raises(WrongCode):
            use_code(with_factor, code, at=at)
    later = at + timedelta(seconds=PERIOD)
    assert use_code(with_factor, code_at(later), at=later)


def test_the_code_of_the_step_before_is_taken_and_none_older(with_factor):
    at = timezone.now()
    with pytest.raises(WrongCode):
        use_code(with_factor, code_at(at - timedelta(seconds=2 * PERIOD)), at=at)
    assert use_code(with_factor, code_at(at - timedelta(seconds=PERIOD)), at=at)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["totp", "recovery"])
def test_of_six_with_the_same_code_at_once_one_gets_in(with_factor, kind):
    at = timezone.now()
    code = code_at(at) if kind == "totp" else codes_of(with_factor)[0]

    def attempt(_place: int) -> bool:
        try:
            return bool(use_code(with_factor, code, at=at))
        except (WrongCode, CodePaused):
            return False

    assert sum(at_once(6, attempt)) == 1


def test_a_recovery_code_opens_once(with_factor):
    at, code = timezone.now(), codes_of(with_factor)[0]
    assert use_code(with_factor, code, at=at)
    with pytest.raises(WrongCode):
        use_code(with_factor, code, at=at)
    assert code not in codes_of(with_factor)


def test_guessing_is_slower_than_ten_a_minute_wherever_from(with_factor):
    at, minute = timezone.now(), 60
    tries = 0
    for second in range(minute):
        try:
            use_code(with_factor, "000000", at=at + timedelta(seconds=second))
        except WrongCode:
            tries += 1
        except CodePaused:
            continue
    assert OF_CODES <= tries <= 10
    with pytest.raises(CodePaused):  # even the right one
        use_code(with_factor, code_at(at), at=at + timedelta(seconds=minute - 1))


def test_who_must_wait_is_told_on_the_page_and_a_success_forgets(with_factor):
    client = password_typed(with_factor)
    for _ in range(OF_CODES):
        client.post(reverse("mfa_authenticate"), {"code": "000000"})
    assert "Trop de codes faux" in client.post(reverse("mfa_authenticate"), {"code": "000000"}).text
    SignInTries.objects.update(paused_until=None)
    client.post(reverse("mfa_authenticate"), {"code": code_at(timezone.now())})
    assert is_signed_in(client)
    assert set(SignInTries.objects.values_list("tries", flat=True)) == {0}


def test_the_database_alone_gives_no_code_and_no_recovery_code(with_factor):
    rows = str(list(Authenticator.objects.values()))
    assert SECRET not in rows
    assert not any(code in rows for code in codes_of(with_factor))


# -- setting it up ---------------------------------------------------------------------------------------------------


def activate(client: Client) -> str:
    page = client.get(reverse("mfa_activate_totp"))
    assert page.status_code == 200, page.headers
    secret: str = page.context["form"].secret
    code = code_at(timezone.now(), secret)
    answer = client.post(reverse("mfa_activate_totp"), {"code": code})
    assert (answer.status_code, answer["Location"]) == (302, reverse("mfa_view_recovery_codes"))
    return code


@pytest.mark.django_db(transaction=True)
def test_who_adds_one_is_told_it_is_in_the_trail_and_tokens_end(person, company):
    client = password_typed(person)
    code = activate(client)
    assert len(client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"]) == 10
    assert list(AccountMail.everywhere.values_list("kind", "to")) == [("factor_added", person.email)]
    assert AuditEvent.everywhere.filter(company=company, tag="kernel.person.factor_added").count() == 1
    assert User.objects.get(pk=person.pk).token_version == person.token_version + 1
    # the code that activated it was seen: it opens nothing
    with pytest.raises(WrongCode):
        use_code(person, code, at=timezone.now())


def test_what_changes_the_account_asks_who_it_is_once_more(person):
    client = Client()
    client.force_login(person)
    for name in ("mfa_activate_totp", "mfa_generate_recovery_codes", "account-password", "account-email"):
        answer = client.get(reverse(name))
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, reverse("account_reauthenticate"))
    back = client.post(reverse("account_reauthenticate"), {"password": PASSWORD, "next": reverse("account-password")})
    assert back["Location"] == reverse("account-password")
    assert client.get(reverse("account-password")).status_code == 200


def test_removing_the_last_one_takes_the_recovery_codes_with_it(with_factor):
    client = password_typed(with_factor)
    client.post(reverse("mfa_authenticate"), {"code": code_at(timezone.now())})
    answer = client.post(reverse("mfa_deactivate_totp"))
    assert answer.status_code == 302
    assert not Authenticator.objects.filter(user=with_factor).exists()
    assert AuditEvent.everywhere.filter(tag="kernel.person.factor_removed").count() == 1


def test_a_superuser_lets_in_again_who_lost_the_telephone(with_factor, settings):
    root = Client()
    root.force_login(User.objects.create_superuser("root@verone.example", PASSWORD))
    row = Authenticator.objects.get(user=with_factor, type="totp")
    page = root.get(reverse("admin:mfa_authenticator_change", args=[row.pk]))
    assert SECRET not in page.text
    root.post(reverse("admin:mfa_authenticator_delete", args=[row.pk]), {"post": "yes"})
    assert is_signed_in(password_typed(with_factor))
    assert AuditEvent.everywhere.get(tag="kernel.person.factor_removed").actor_name


# -- who must have one -----------------------------------------------------------------------------------------------


def test_a_company_that_asks_for_it_shows_nothing_else_until_it_is_there(company, person):
    Company.objects.filter(pk=company.pk).update(requires_mfa=True)
    client = password_typed(person)
    for address in ("/", "/invoices/", reverse("company-settings"), reverse("account")):
        if address == reverse("account"):
            continue
        assert client.get(address)["Location"] == reverse("mfa_index"), address
    assert client.get("/search", headers={"HX-Request": "true"})["HX-Redirect"] == reverse("mfa_index")
    assert "Un second facteur est exigé" in client.get(reverse("mfa_index")).text
    activate(client)
    assert client.get("/").status_code == 200


def test_superusers_must_have_one_in_the_admin_too(settings):
    settings.MFA_FOR_SUPERUSERS = True
    root = User.objects.create_superuser("root@verone.example", PASSWORD)
    client = password_typed(root)
    assert client.get("/admin/")["Location"] == reverse("mfa_index")
    activate(client)
    assert client.get("/admin/").status_code == 200


def test_the_admin_has_no_door_of_its_own(with_factor):
    User.objects.filter(pk=with_factor.pk).update(is_staff=True, is_superuser=True)
    client = Client()
    answer = client.post(reverse("admin:login"), {"username": with_factor.email, "password": PASSWORD})
    assert answer["Location"].startswith(reverse("login"))
    assert not is_signed_in(client)


# -- programs --------------------------------------------------------------------------------------------------------


def token(person: User, **more: Any) -> tuple[int, str]:
    typed = {"email": person.email, "password": PASSWORD, **more}
    answer = Client().post("/api/auth/token", typed, content_type="application/json")
    return answer.status_code, answer.json().get("code", "")


def test_tokens_want_the_code_too(with_factor):
    assert token(with_factor) == (401, "mfa_required")
    assert token(with_factor, code="000000") == (401, "wrong_code")
    code = code_at(timezone.now())
    assert token(with_factor, code=code)[0] == 200
    assert token(with_factor, code=code) == (401, "wrong_code")
    assert token(with_factor, code=codes_of(with_factor)[0])[0] == 200


def test_no_token_for_who_must_have_one_and_has_not(company, person):
    answer = Client().post(
        "/api/auth/token", {"email": person.email, "password": PASSWORD}, content_type="application/json"
    )
    Company.objects.filter(pk=company.pk).update(requires_mfa=True)
    assert token(person) == (401, "mfa_setup_required")
    refresh = {"refresh": answer.json()["refresh"]}
    assert Client().post("/api/auth/token/refresh", refresh, content_type="application/json").status_code == 401
    User.objects.filter(pk=person.pk).update(is_partner=True)
    assert token(person)[0] == 200


def test_codes_are_read_of_this_very_moment():
    """The control of the tests above: two steps differ."""
    now = datetime.fromtimestamp(time.time(), tz=timezone.get_current_timezone())
    assert code_at(now) != code_at(now + timedelta(seconds=PERIOD))
