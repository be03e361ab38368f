"""Who gets in, and how the API says no."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from config.kernel.api import keys
from config.kernel.api.json import dumps
from config.kernel.models import ApiKey
from config.kernel.roles import Role
from tests.api.client import PASSWORD, Partner, a_machine, a_member, a_partner, json_of
from tests.factories import story

pytestmark = pytest.mark.django_db


def token(**body: Any) -> Any:
    return Client().post("/api/auth/token", dumps(body), content_type="application/json")


def refresh(text: str) -> Any:
    return Client().post("/api/auth/token/refresh", dumps({"refresh": text}), content_type="application/json")


def test_a_password_gives_tokens_that_open_the_api() -> None:
    company = story.a_company()
    answer = a_partner(company).get("/api/company")
    assert answer.status_code == 200
    assert json_of(answer)["siren"] == company.siren
    assert answer["X-Company"] == str(company.pk)


def test_a_wrong_password_an_unknown_address_and_a_closed_account_are_refused_alike() -> None:
    user = a_member(story.a_company())
    closed = a_member(story.a_company(), Role.SALES)
    closed.is_active = False
    closed.save()
    answers = [
        token(email=user.email, password="wrong"),
        token(email="nobody@example.org", password=PASSWORD),
        token(email=closed.email, password=PASSWORD),
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert {json_of(answer)["code"] for answer in answers} == {"bad_credentials"}


def test_the_eleventh_password_in_a_minute_waits(settings: Any) -> None:
    user = a_member(story.a_company())
    settings.API_LOGIN_LIMIT = "3/minute"
    answers = [token(email=user.email, password="wrong") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429]
    assert int(answers[3]["Retry-After"]) > 0


def test_a_head_is_let_in_as_a_get_is() -> None:
    company = story.a_company()
    address = f"/api/customers/{story.a_customer(company).pk}"
    assert Partner("nobody").call("HEAD", address).status_code == 401
    assert a_machine(company, "payments.read").call("HEAD", address).status_code == 403
    answer = a_partner(company).call("HEAD", address)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer["ETag"] == a_partner(company).get(address)["ETag"]


def test_without_a_credential_the_answer_says_how_to_present_one() -> None:
    answer = Client().get("/api/company")
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["WWW-Authenticate"].startswith("Bearer")
    problem = json_of(answer)
    assert problem["code"] == "not_authenticated"
    assert problem["request_id"] == answer["X-Request-Id"]


@pytest.mark.parametrize("credential", ["", "x", "eyJhbGciOiJub25lIn0.e30.", "qk_0_0", "qk__", "é" * 20])
def test_a_forged_credential_is_refused(credential: str) -> None:
    answer = Client().get("/api/company", headers={"Authorization": f"Bearer {credential}"})
    assert answer.status_code == 401


def test_a_token_signed_with_another_key_or_for_another_audience_is_refused() -> None:
    import jwt
    from django.conf import settings

    user = a_member(story.a_company())
    good = json_of(token(email=user.email, password=PASSWORD))["access"]
    claims = jwt.decode(good, options={"verify_signature": False})
    forged = jwt.encode(claims, "another key of thirty-two signs or more", algorithm="HS256")
    elsewhere = jwt.encode({**claims, "aud": "other"}, settings.JWT_SIGNING_KEY, algorithm="HS256")
    assert Partner(good).get("/api/company").status_code == 200
    assert Partner(forged).get("/api/company").status_code == 401
    assert Partner(elsewhere).get("/api/company").status_code == 401


def test_a_refresh_token_is_good_once_and_its_second_use_revokes_everything() -> None:
    user = a_member(story.a_company())
    first = json_of(token(email=user.email, password=PASSWORD))
    second = json_of(refresh(first["refresh"]))
    assert Partner(second["access"]).get("/api/company").status_code == 200
    assert refresh(first["refresh"]).status_code == 401
    assert Partner(second["access"]).get("/api/company").status_code == 401
    assert refresh(second["refresh"]).status_code == 401


def test_an_access_token_is_no_refresh_token_and_the_other_way_round() -> None:
    pair = json_of(token(email=a_member(story.a_company()).email, password=PASSWORD))
    assert refresh(pair["access"]).status_code == 401
    assert Partner(pair["refresh"]).get("/api/company").status_code == 401


def test_revoking_refuses_the_access_token_at_once() -> None:
    partner = a_partner(story.a_company())
    assert partner.post("/api/auth/token/revoke").status_code == 204
    assert partner.get("/api/company").status_code == 401


def test_a_key_opens_what_its_scopes_say_and_nothing_else() -> None:
    company = story.a_company()
    assert a_machine(company, "company.read").get("/api/company").status_code == 200
    answer = a_machine(company, "invoices.read").get("/api/company")
    assert answer.status_code == 403
    assert json_of(answer)["code"] == "not_allowed"


def test_only_the_digest_of_a_key_is_kept() -> None:
    company = story.a_company()
    key, text = keys.create_key(
        company=company, name="ERP", scopes=["company.read"], by=a_member(company), at=timezone.now()
    )
    stored = ApiKey.everywhere.filter(pk=key.pk).values().get()
    secret = text.rpartition("_")[2]
    assert secret not in str(stored)


def test_a_revoked_and_an_expired_key_are_refused_at_once() -> None:
    company = story.a_company()
    soon = timezone.now() + timedelta(hours=1)
    key, text = keys.create_key(
        company=company, name="ERP", scopes=["company.read"], by=a_member(company), at=timezone.now(), expires_at=soon
    )
    assert Partner(text).get("/api/company").status_code == 200
    ApiKey.everywhere.filter(pk=key.pk).update(expires_at=timezone.now())
    assert Partner(text).get("/api/company").status_code == 401
    ApiKey.everywhere.filter(pk=key.pk).update(expires_at=None, revoked_at=timezone.now())
    assert Partner(text).get("/api/company").status_code == 401


def test_a_key_bound_to_a_network_is_refused_from_elsewhere() -> None:
    company = story.a_company()
    assert a_machine(company, "company.read", networks=["127.0.0.0/8"]).get("/api/company").status_code == 200
    assert a_machine(company, "company.read", networks=["203.0.113.0/24"]).get("/api/company").status_code == 401


def test_a_person_of_two_companies_names_the_one_and_strangers_none() -> None:
    company, other, stranger = story.a_company(), story.a_company(), story.a_company()
    user = a_member(company)
    user.memberships.create(company=other, role=Role.VIEWER)
    access = json_of(token(email=user.email, password=PASSWORD))["access"]
    assert json_of(Partner(access).get("/api/company"))["id"] == company.pk
    assert json_of(Partner(access, **{"X-Company": str(other.pk)}).get("/api/company"))["id"] == other.pk
    assert json_of(Partner(access, **{"X-Company": other.siren}).get("/api/company"))["id"] == other.pk
    assert Partner(access, **{"X-Company": stranger.siren}).get("/api/company").status_code == 403


def test_the_limit_is_told_in_every_answer_and_kept(settings: Any) -> None:
    settings.API_RATE_LIMIT = "2/minute"
    partner = a_partner(story.a_company())
    answers = [partner.get("/api/company") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[0]["RateLimit-Policy"] == '"calls";q=2;w=60'
    assert '"calls";r=1;' in answers[0]["RateLimit"]
    assert json_of(answers[2])["code"] == "too_many_calls"
    assert int(answers[2]["Retry-After"]) > 0


def test_the_api_works_without_its_broker(settings: Any) -> None:
    settings.REDIS_URL = "redis://127.0.0.1:1/0"
    assert a_partner(story.a_company()).get("/api/company").status_code == 200


def test_an_unknown_address_and_a_wrong_method_are_problems_too() -> None:
    partner = a_partner(story.a_company())
    missing, wrong = partner.get("/api/nothing/here"), partner.delete("/api/company")
    assert (missing.status_code, json_of(missing)["code"]) == (404, "not_found")
    assert (wrong.status_code, json_of(wrong)["code"]) == (405, "method_not_allowed")
    stranger = Client(enforce_csrf_checks=True).post("/api/nothing")
    assert (stranger.status_code, json_of(stranger)["code"]) == (404, "not_found")


def test_a_body_that_is_not_json_and_one_that_is_too_large_are_refused() -> None:
    def post(content: bytes, kind: str = "application/json") -> Any:
        return Client(raise_request_exception=False).post("/api/auth/token", content, content_type=kind)

    for content in (b"{", b"\xff\xfe", b'{"email": NaN}', b"[" * 100_000):
        assert (post(content).status_code, json_of(post(content))["code"]) == (400, "malformed")
    assert post(b"a=b", "text/plain").status_code == 415
    assert post(b" " * (13 * 1024 * 1024)).status_code == 413


def test_everything_wrong_is_said_at_once_with_unknown_fields_in_the_callers_language() -> None:
    answer = Client().post(
        "/api/auth/token",
        dumps({"email": "x", "pasword": "y"}),
        content_type="application/json",
        headers={"Accept-Language": "en"},
    )
    assert answer.status_code == 400
    problem = json_of(answer)
    assert set(problem["fields"]) == {"email", "password", "pasword"}
    assert problem["fields"]["pasword"] == "This field does not exist here."


def test_half_a_character_is_refused_as_any_other_mistake() -> None:
    for body in (b'{"\\ud800": 1}', b'{"email": "\\ud800"}'):
        answer = Client().post("/api/auth/token", body, content_type="application/json")
        assert (answer.status_code, json_of(answer)["code"]) == (400, "invalid")


def test_the_etag_spares_reading_again_what_has_not_changed() -> None:
    partner = a_partner(story.a_company())
    tag = partner.get("/api/company")["ETag"]
    again = partner.get("/api/company", If_None_Match=tag)
    assert (again.status_code, again.content) == (304, b"")


def test_a_defect_is_told_as_a_problem_without_its_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    from config.api.companies import CompanyItem

    def broken(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("a connection string")

    monkeypatch.setattr(CompanyItem, "answered", broken)
    answer = a_partner(story.a_company()).get("/api/company")
    assert (answer.status_code, answer["Content-Type"]) == (500, "application/problem+json")
    assert json_of(answer)["code"] == "internal_error"
    assert b"connection string" not in answer.content
