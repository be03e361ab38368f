"""The simulated platform itself: it must be as strict as a real one, or the adapter's tests prove nothing."""

from __future__ import annotations

import base64
import json
import uuid
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from django.test import override_settings

from config.sandbox.accounts import CLIENT_SECRET
from einvoicing import validation
from einvoicing.formats import cdar, cii
from einvoicing.sandbox import reading, stories
from tests.einvoicing import documents

pytestmark = pytest.mark.django_db

FLOWS = "/flow-service/v1/flows"
CREDENTIALS = {"grant_type": "client_credentials", "client_id": "demo-strict", "client_secret": CLIENT_SECRET}


@pytest.fixture
def api(sandbox: str) -> Api:
    return Api(sandbox)


class Api:
    """Bare HTTP, without our adapter."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.client_id = f"demo-{uuid.uuid4().hex[:8]}"
        credentials = CREDENTIALS | {"client_id": self.client_id}
        answer = requests.post(f"{address}/oauth/token", data=credentials, timeout=5)
        self.headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        headers = {**self.headers, **options.pop("headers", {})}
        return requests.request(method, f"{self.address}{path}", headers=headers, timeout=20, **options)

    def deposit(self, data: bytes, headers: dict[str, str] | None = None, **info: str) -> requests.Response:
        told = {"name": "invoice.xml", "flowSyntax": "CII", "trackingId": uuid.uuid4().hex} | info
        parts = {"flowInfo": (None, json.dumps(told), "application/json"), "file": ("invoice.xml", data)}
        return self.call("POST", FLOWS, files=parts, headers=headers or {})

    def search(self, **body: Any) -> requests.Response:
        return self.call("POST", f"{FLOWS}/search", json=body)

    def acknowledgement(self, answer: requests.Response) -> dict[str, Any]:
        found: dict[str, Any] = self.call("GET", f"{FLOWS}/{answer.json()['flowId']}").json()["acknowledgement"]
        return found


def test_a_token_wants_a_known_client_the_secret_and_the_grant(sandbox):
    def ask(**changed: str) -> requests.Response:
        return requests.post(f"{sandbox}/oauth/token", data=CREDENTIALS | changed, timeout=5)

    assert ask().json()["token_type"] == "Bearer"
    for changed in ({"client_secret": "wrong"}, {"client_id": "stranger"}):
        refused = ask(**changed)
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")
        assert "WWW-Authenticate" in refused.headers
    unsupported = ask(grant_type="password")
    assert (unsupported.status_code, unsupported.json()["error"]) == (400, "unsupported_grant_type")


def test_the_secret_may_come_by_basic_authentication(sandbox):
    basic = base64.b64encode(f"demo-strict:{CLIENT_SECRET}".encode()).decode()
    answer = requests.post(
        f"{sandbox}/oauth/token",
        data={"grant_type": "client_credentials"},
        headers={"Authorization": f"Basic {basic}"},
        timeout=5,
    )
    assert answer.status_code == 200


def test_a_token_forged_or_out_of_date_opens_nothing(api):
    assert api.call("GET", "/flow-service/v1/healthcheck").status_code == 200
    forged = api.call("GET", "/flow-service/v1/healthcheck", headers={"Authorization": "Bearer forged"})
    assert (forged.status_code, forged.json()["errorCode"]) == (401, "MISSING_TOKEN")
    with override_settings(SANDBOX_TOKEN_SECONDS=-1):
        late = Api(api.address)
    assert late.call("GET", "/flow-service/v1/healthcheck").status_code == 401


@pytest.mark.parametrize(
    "info",
    [
        {"flowSyntax": "DOCX"},
        {"sha256": "not-a-digest"},
        {"processingRule": "B2Z"},
        {"name": ""},
        {"trackingId": "x" * 65},
    ],
)
def test_a_deposit_ill_described_is_refused(api, info):
    answer = api.deposit(b"<x/>", **info)
    assert (answer.status_code, answer.json()["errorCode"]) == (400, "INVALID_FIELD")
    assert next(iter(info)) in answer.json()["errorMessage"]


def test_a_deposit_without_its_parts_is_refused(api):
    for parts in ({"file": ("a.xml", b"<x/>")}, {"flowInfo": (None, "{}", "application/json")}):
        answer = api.call("POST", FLOWS, files=parts)
        assert (answer.status_code, answer.json()["errorCode"]) == (400, "MISSING_REQUIRED_FIELD")


def test_a_file_beyond_the_limit_is_refused(api):
    with override_settings(SANDBOX_MAX_BYTES=10):
        answer = api.deposit(b"<much-too-long/>")
    assert (answer.status_code, answer.json()["errorCode"]) == (413, "FILE_SIZE_EXCEEDED")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"where": {}},
        {"where": {"colour": "red"}},
        {"where": {"trackingId": "x"}, "limit": 101},
        {"where": {"trackingId": "x"}, "cursor": "nonsense"},
        {"where": {"updatedAfter": "2026-11-21T10:00:00"}},
    ],
)
def test_a_search_needs_one_criterion_and_sound_values(api, body):
    assert api.search(**body).status_code == 400


def test_a_flow_nobody_deposited_is_missing(api):
    answer = api.call("GET", f"{FLOWS}/{uuid.uuid4()}")
    assert (answer.status_code, answer.json()["errorCode"]) == (404, "MISSING_RESOURCE")
    assert api.call("GET", f"{FLOWS}/x?docType=Picture").status_code == 400


def test_only_the_loopback_is_served(sandbox):
    assert requests.get(sandbox, headers={"Host": "platform.example.com"}, timeout=5).status_code == 400
    assert requests.get(sandbox, timeout=5).status_code == 200


def test_a_failure_may_be_asked_for_by_header(api):
    answer = api.deposit(b"<x/>", headers={"X-Sandbox-Fault": "429=3"})
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")


def test_a_failure_of_no_known_kind_is_refused(sandbox):
    for asked in ({"kind": "earthquake"}, {"kind": "500", "operation": "lunch"}, {}, {"kind": "500", "remaining": "x"}):
        assert requests.post(f"{sandbox}/sandbox/faults", json=asked, timeout=5).status_code == 400


def test_a_failure_serves_as_often_as_told(api):
    told = {"kind": "500", "operation": "health", "remaining": 2, "client_id": api.client_id}
    assert requests.post(f"{api.address}/sandbox/faults", json=told, timeout=5).status_code == 201
    seen = [api.call("GET", "/flow-service/v1/healthcheck").status_code for _turn in range(3)]
    assert seen == [500, 500, 200]


def test_the_directory_knows_its_companies_and_no_others(api):
    line = api.call("GET", "/directory-service/v1/directory-line/code:217500016_21750001600019_SRV01")
    assert line.json()["directoryLineStatus"] == "Enabled"
    assert line.json()["routingCode"]["routingIdentifier"] == "SRV01"
    body = api.call("GET", "/directory-service/v1/siret/code-insee:21750001600019").json()
    assert body["b2gAdditionalData"]["serviceCodeStatus"] is True
    for path in ("directory-line/code:999999999", "siren/code-insee:999999999", "siret/code-insee:99999999900000"):
        answer = api.call("GET", f"/directory-service/v1/{path}")
        assert (answer.status_code, answer.json()["errorCode"]) == (404, "NOT_FOUND")


def test_statuses_come_one_by_one_as_time_passes(api):
    where = {"flowDirection": ["In"], "flowType": ["CustomerInvoiceLC"]}
    data = cii.render(replace(documents.standard_invoice(), number=f"F-{uuid.uuid4().hex[:8]}"))
    with override_settings(SANDBOX_PACE=3600):
        answer = api.deposit(data)
        assert api.acknowledgement(answer)["status"] == "Pending"
        assert api.search(where=where).json()["results"] == []
    with override_settings(SANDBOX_PACE=0):
        assert api.acknowledgement(answer)["status"] == "Ok"
        assert len(api.search(where=where).json()["results"]) == 6


def test_the_official_rules_decide(api):
    sound = replace(documents.standard_invoice(), number=f"F-{uuid.uuid4().hex[:8]}")
    unsound = replace(sound, number=f"F-{uuid.uuid4().hex[:8]}", notes=())
    with override_settings(SANDBOX_VALIDATES=True):
        assert api.acknowledgement(api.deposit(cii.render(sound)))["status"] == "Ok"
        refused = api.acknowledgement(api.deposit(cii.render(unsound)))
    assert refused["status"] == "Error"
    assert "BR-FR-05" in str(refused["details"])


def test_a_status_of_ours_is_taken_in_and_answered_by_nothing(api):
    heading = reading.heading(cii.render(documents.standard_invoice()), "CII")
    now = datetime.now(UTC)
    message = stories.message(heading, stories.Chapter("205"), received_at=now, at=now, serial="1")
    assert api.acknowledgement(api.deposit(message, flowSyntax="CDAR"))["status"] == "Ok"
    assert api.search(where={"flowDirection": ["In"]}).json()["results"] == []
    lying = api.acknowledgement(api.deposit(b"<x/>", flowSyntax="CDAR"))
    assert lying["details"][0]["reasonCode"] == "FlowTypeError"


@pytest.mark.parametrize("behaviour", sorted(stories.BEHAVIOURS))
def test_every_message_sent_keeps_the_official_rules(behaviour):
    heading = reading.heading(cii.render(documents.standard_invoice()), "CII")
    now = datetime.now(UTC)
    for chapter in stories.BEHAVIOURS[behaviour]:
        message = stories.message(heading, chapter, received_at=now, at=now, serial="1")
        report = validation.check(message)
        assert report.valid, report.violations
        assert cdar.parse(message).seller_siren == documents.SELLER.siren


@pytest.mark.parametrize(
    ("buyer", "behaviour"),
    [
        (documents.BUYER, "accepts"),
        (documents.INDIVIDUAL, "private"),
        (replace(documents.BUYER, siren="404833048"), "unreachable"),
        (replace(documents.BUYER, name="Litiges & Cie : LITIGE"), "disputes"),
    ],
)
def test_the_buyer_decides_what_happens(buyer, behaviour):
    invoice = replace(documents.standard_invoice(), buyer=buyer)
    assert stories.behaviour_of(reading.heading(cii.render(invoice), "CII")) == behaviour


@pytest.mark.parametrize(
    "body",
    [
        {"where": {}},
        {"where": {"sender": "x"}},
        {"where": {"flowDirection": ["Up"]}},
        {"where": {"flowDirection": "In"}},
        {"where": {"flowType": ["Invoice"]}},
        {"where": {"ackStatus": "Done"}},
        {"where": {"trackingId": "a"}, "limit": 101},
        {"where": {"trackingId": "a"}, "limit": "25"},
        {"where": {"trackingId": "a"}, "page": 2},
        [],
    ],
)
def test_a_search_in_words_that_are_not_published_is_refused(api: Api, body: Any) -> None:
    assert api.call("POST", f"{FLOWS}/search", json=body).status_code == 400


def test_a_deposit_and_a_reading_in_words_that_are_not_published_are_refused(api: Api) -> None:
    data = cii.render(documents.standard_invoice())
    refused = api.deposit(data, fileName="invoice.xml")
    assert (refused.status_code, "fileName" in refused.json()["errorMessage"]) == (400, True)
    taken = api.deposit(data)
    for query in ("docType=Copy", "format=pdf"):
        assert api.call("GET", f"{FLOWS}/{taken.json()['flowId']}?{query}").status_code == 400


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"filters": {"siren": {"op": "strict", "value": "217500016"}}, "include": ["routingCode"]}, 200),
        ({"filters": {"siren": {"op": "contains", "value": "2175"}}}, 400),
        ({"filters": {"name": {"op": "strict", "value": "x"}}}, 400),
        ({"filters": {}, "page": 2}, 400),
        ({"filters": {}, "sorting": [{"field": "siren", "sortingOrder": "ascending"}]}, 400),
        ({"filters": {}, "limit": 0}, 400),
        ({}, 400),
    ],
)
def test_the_directory_is_searched_in_its_own_words(api: Api, body: Any, status: int) -> None:
    answer = api.call("POST", "/directory-service/v1/directory-line/search", json=body)
    assert answer.status_code == status
    if status == 200:
        found = [row["addressingIdentifier"] for row in answer.json()["results"]]
        assert found == ["217500016", "217500016_21750001600019", "217500016_21750001600019_SRV01"]
