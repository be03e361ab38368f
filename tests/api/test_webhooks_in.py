"""Messages of other systems: believed by their signature alone, kept as they came, answered at once."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from django.utils import timezone

from config.api import webhook_receivers
from config.kernel.inbound import receiving
from config.kernel.inbound.sources import change_source
from config.kernel.models import ReceivedWebhook
from einvoicing.inbound import AFNOR_READINGS
from tests.api.client import a_machine, a_partner, json_of
from tests.api.senders import KEY, SECRET, a_source, by_abby, by_afnor, by_revolut, event, knock, mac, path_of
from tests.factories import story

pytestmark = pytest.mark.django_db
ABBY = "/api/webhooks/abby"
BODY = event("invoice.sent", "abby_inv_456", id="evt_123")
REVOLUT = json.dumps(
    {
        "event": "TransactionStateChanged",
        "timestamp": "2026-11-21T09:00:00Z",
        "data": {"id": "9a6434d8", "old_state": "pending", "new_state": "completed"},
    }
).encode()
FLOW = json.dumps(
    {
        "flowId": "flow-1",
        "flowType": "CustomerInvoiceLC",
        "updatedAt": "2026-11-21T09:00:00Z",
        "acknowledgement": {"status": "Ok"},
    }
).encode()


@pytest.fixture(autouse=True)
def _no_counting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_receivers, "FAILURES", "100000/minute")


def kept() -> list[ReceivedWebhook]:
    return list(ReceivedWebhook.everywhere.order_by("received_at"))


# -- who is believed -----------------------------------------------------------------------------------------------


def test_abbys_message_is_kept_byte_for_byte_for_the_company_whose_secret_signed_it() -> None:
    company, other = story.a_company(), story.a_company()
    a_source(other, secret="the other company's secret")
    source = a_source(company)
    answer = knock(ABBY, BODY, by_abby(BODY))
    assert (answer.status_code, json_of(answer)) == (200, {"received": True})
    [row] = kept()
    assert (row.company, row.origin, row.event_id, row.name) == (company, source, "evt_123", "invoice.sent")
    assert bytes(row.body) == BODY


def test_a_repeated_event_is_kept_once_even_with_other_words() -> None:
    source = a_source(story.a_company())
    other = event("invoice.paid", "abby_inv_456", id="evt_123")
    for body in (BODY, BODY, other):
        assert knock(ABBY, body, by_abby(body)).status_code == 200
        assert knock(path_of(source), body, by_abby(body)).status_code == 200
    assert [bytes(row.body) for row in kept()] == [BODY]


GOOD = by_abby(BODY)["X-Abby-Signature"]
FORGED = {
    "missing": None,
    "empty": "",
    "another secret's": mac(BODY, "another secret altogether").hex(),
    "another body's": mac(BODY + b" ").hex(),
    "truncated": GOOD[:-2],
    "too long": GOOD + "00",
    "not hexadecimal": "z" * 64,
    "not ascii": "é" * 64,
    "no text": "\x01\x02",
}


@pytest.mark.parametrize("kind", FORGED)
def test_a_signature_that_is_not_the_secrets_is_refused(kind: str) -> None:
    source = a_source(story.a_company())
    signature = FORGED[kind]
    for path in (ABBY, path_of(source)):
        answer = knock(path, BODY, {} if signature is None else {"X-Abby-Signature": signature})
        assert (answer.status_code, json_of(answer)["code"]) == (401, "bad_signature")
    assert kept() == []


def test_a_changed_body_is_refused() -> None:
    a_source(story.a_company())
    assert knock(ABBY, BODY.replace(b"456", b"457"), by_abby(BODY)).status_code == 401


@pytest.mark.parametrize("token", ["x", "A" * 43, "%00" * 30, "é" * 30, "A" * 500])
@pytest.mark.parametrize("system", ["abby", "afnor", "revolut"])
def test_an_unknown_token_is_refused(system: str, token: str) -> None:
    answer = knock(f"/api/webhooks/{system}/{token}", BODY, by_abby(BODY))
    assert answer.status_code == 401


def test_a_source_switched_off_or_without_a_secret_is_not_believed() -> None:
    source, bare = a_source(story.a_company()), a_source(story.a_company(), secret="")
    change_source(source=source, is_active=False, actor=story.ACTOR, at=timezone.now())
    assert knock(ABBY, BODY, by_abby(BODY)).status_code == 401
    assert knock(path_of(source), BODY, by_abby(BODY)).status_code == 401
    assert knock(path_of(bare), BODY, by_abby(BODY, "")).status_code == 401


def test_a_secret_that_two_companies_share_names_neither() -> None:
    first, _second = a_source(story.a_company()), a_source(story.a_company())
    assert knock(ABBY, BODY, by_abby(BODY)).status_code == 401
    assert knock(path_of(first), BODY, by_abby(BODY)).status_code == 200


def test_the_secret_before_stays_good_until_the_next_change() -> None:
    source = a_source(story.a_company())
    answers = []
    for secret in ("the second secret", "the third secret!"):
        change_source(source=source, secret=secret, actor=story.ACTOR, at=timezone.now())
        answers += [knock(ABBY, BODY, by_abby(BODY, one)).status_code for one in (SECRET, "the second secret")]
    assert answers == [200, 200, 401, 200]


# -- those who sign with the time ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("late", "status"), [(0, 200), (280, 200), (-280, 200), (320, 401), (-320, 401)])
def test_a_message_is_good_for_five_minutes_to_either_side(late: float, status: int) -> None:
    company = story.a_company()
    revolut, afnor = a_source(company, "revolut"), a_source(company, "afnor", KEY)
    assert knock(path_of(revolut), REVOLUT, by_revolut(REVOLUT, late=late)).status_code == status
    assert knock(path_of(afnor), FLOW, by_afnor(FLOW, late=late)).status_code == status


@pytest.mark.parametrize("stamp", ["", "now", "-1", "1e9", "٣" * 13, "9" * 16, "9" * 400])
def test_a_moment_that_is_no_number_of_ours_is_refused(stamp: str) -> None:
    company = story.a_company()
    revolut, afnor = a_source(company, "revolut"), a_source(company, "afnor", KEY)
    signed = {**by_revolut(REVOLUT), "Revolut-Request-Timestamp": stamp}
    assert knock(path_of(revolut), REVOLUT, signed).status_code == 401
    assert knock(path_of(afnor), FLOW, {**by_afnor(FLOW), "Afnor-Signature-Timestamp": stamp}).status_code == 401


def test_revoluts_event_is_told_from_its_own_next_state() -> None:
    source = a_source(story.a_company(), "revolut")
    later = REVOLUT.replace(b"completed", b"reverted")
    for body in (REVOLUT, later, REVOLUT):
        assert knock(path_of(source), body, by_revolut(body)).status_code == 200
    assert sorted(row.event_id for row in kept()) == [
        f"TransactionStateChanged|9a6434d8|{state}|2026-11-21T09:00:00Z" for state in ("completed", "reverted")
    ]


@pytest.mark.parametrize("reading", AFNOR_READINGS)
def test_each_reading_of_the_standard_is_understood(reading: str) -> None:
    source = a_source(story.a_company(), "afnor", KEY)
    assert knock(path_of(source), FLOW, by_afnor(FLOW, reading=reading)).status_code == 200
    forged = by_afnor(FLOW + b" ", reading=reading)
    assert knock(path_of(source), FLOW, forged).status_code == 401
    assert [row.event_id for row in kept()] == ["flow-1|Ok|2026-11-21T09:00:00Z"]


# -- the one who does not sign -------------------------------------------------------------------------------------


def test_invoice_ninja_is_never_told_to_delete_its_webhook() -> None:
    source = a_source(story.a_company(), "invoice_ninja", "")
    assert json_of(knock(path_of(source), b'{"id": "VolejRejNm"}', method="PUT")) == {"received": True}
    for path in ("/api/webhooks/invoice_ninja/unknown", f"/api/webhooks/invoice_ninja/{'A' * 43}"):
        answer = knock(path, b"{}")
        assert (answer.status_code, json_of(answer)) == (200, {"received": False})
    assert len(kept()) == 1
    assert knock("/api/webhooks/invoice_ninja/unknown", b"[]").status_code == 400


def test_invoice_ninjas_agreed_header_is_compared() -> None:
    source = a_source(story.a_company(), "invoice_ninja")
    assert knock(path_of(source), b"{}").status_code == 401
    assert knock(path_of(source), b"{}", {"X-Webhook-Secret": SECRET}).status_code == 200


# -- what is not a message -----------------------------------------------------------------------------------------

MALFORMED = [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"id": NaN}', b"[" * 100_000, b"1" * 10_000]


@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
def test_what_is_no_object_is_refused_even_when_signed(body: bytes) -> None:
    a_source(story.a_company())
    answer = knock(ABBY, body, by_abby(body))
    assert (answer.status_code, json_of(answer)["code"]) == (400, "malformed")
    assert kept() == []


ODD = [
    b"{}",
    b'{"id": null, "type": 5}',
    b'{"id": {"a": 1}, "type": []}',
    b'{"id": "a\\u0000b", "type": "\\ud800"}',
    b'{"id": "' + b"x" * 300 + b'", "type": "' + b"y" * 300 + b'"}',
    b'{"id": 1e99, "data": "text"}',
]


@pytest.mark.parametrize("body", ODD, ids=range(len(ODD)))
@pytest.mark.parametrize("system", ["abby", "revolut", "afnor", "invoice_ninja"])
def test_an_event_without_a_usable_identifier_is_named_by_its_bytes(system: str, body: bytes) -> None:
    source = a_source(story.a_company(), system, KEY if system == "afnor" else SECRET)
    headers = {**by_abby(body), **by_revolut(body), **by_afnor(body), "X-Webhook-Secret": SECRET}
    assert [knock(path_of(source), body, headers).status_code for _ in range(2)] == [200, 200]
    [row] = kept()
    assert row.event_id == f"sha256:{row.sha256}"


def test_a_message_beyond_a_megabyte_is_not_read() -> None:
    a_source(story.a_company())
    full = b'{"id":"' + b"x" * (receiving.MOST_BYTES - 9) + b'"}'
    assert len(full) == receiving.MOST_BYTES
    assert knock(ABBY, full, by_abby(full)).status_code == 200
    over = full + b" "
    answer = knock(ABBY, over, by_abby(over))
    assert (answer.status_code, json_of(answer)["code"]) == (413, "too_large")


def test_any_media_type_is_read_as_the_bytes_it_is() -> None:
    from django.test import Client

    a_source(story.a_company())
    for kind in ("text/plain", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", ""):
        answer = Client().generic("POST", ABBY, BODY, content_type=kind, headers=by_abby(BODY))
        assert answer.status_code == 200, kind


def test_refusals_are_counted_by_address_and_good_messages_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(webhook_receivers, "FAILURES", "3/minute")
    a_source(story.a_company())

    def forged() -> Any:
        from django.test import Client

        http = Client(REMOTE_ADDR="203.0.113.77")
        return http.post(ABBY, BODY, content_type="application/json", headers={"X-Abby-Signature": "00"})

    answers = [forged() for _ in range(5)]
    assert [one.status_code for one in answers] == [401, 401, 401, 429, 429]
    assert answers[-1]["Retry-After"]
    assert [knock(ABBY, BODY, by_abby(BODY)).status_code for _ in range(10)] == [200] * 10


def test_neither_secret_nor_token_nor_signature_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    source = a_source(story.a_company())
    for signature in (GOOD, "00" * 32):
        knock(path_of(source), BODY, {"X-Abby-Signature": signature})
    knock(path_of(source), b"{", by_abby(b"{"))
    assert source.secret_cipher not in caplog.text
    assert SECRET not in caplog.text
    assert source.token not in caplog.text
    assert GOOD not in caplog.text


# -- the owner's side ----------------------------------------------------------------------------------------------


def test_the_owner_opens_a_door_and_never_reads_the_secret_again() -> None:
    company = story.a_company()
    owner = a_partner(company)
    made = owner.post("/api/webhook-sources", {"source": "abby", "secret": SECRET})
    shown = json_of(made)
    assert (made.status_code, shown["has_secret"], shown["active"]) == (201, True, True)
    assert SECRET not in made.text
    path = shown["url"].partition("8000")[2]
    assert knock(path, BODY, by_abby(BODY)).status_code == 200
    changed = owner.put(f"/api/webhook-sources/{shown['id']}", {**shown, "active": False})
    assert json_of(changed)["active"] is False
    assert knock(path, BODY, by_abby(BODY)).status_code == 401
    for word in (1, "true", None):
        refused = owner.put(f"/api/webhook-sources/{shown['id']}", {"active": word})
        assert (refused.status_code, list(json_of(refused)["fields"])) == (400, ["active"])
    [row] = json_of(owner.get("/api/received-webhooks?status=received&source=abby"))
    assert (row["event_id"], row["event"]) == ("evt_123", "invoice.sent")
    whole = json_of(owner.get(f"/api/received-webhooks/{row['id']}"))
    assert whole["body"] == json.loads(BODY)
    assert owner.post(f"/api/received-webhooks/{row['id']}/replay").status_code == 409


def test_a_secret_too_short_is_refused_at_its_field() -> None:
    answer = a_partner(story.a_company()).post("/api/webhook-sources", {"source": "abby", "secret": "short"})
    assert (answer.status_code, list(json_of(answer)["fields"])) == (400, ["secret"])


def test_doors_and_messages_are_the_owners_alone_and_of_one_company() -> None:
    company = story.a_company()
    source = a_source(company)
    knock(ABBY, BODY, by_abby(BODY))
    [row] = kept()
    paths = [f"/api/webhook-sources/{source.pk}", f"/api/received-webhooks/{row.pk}"]
    assert [a_machine(company, "payments.read").get(path).status_code for path in paths] == [403, 403]
    stranger = a_partner(story.a_company())
    assert [stranger.get(path).status_code for path in paths] == [404, 404]
    assert stranger.put(paths[0], {"active": False}).status_code == 404
    assert stranger.post(f"{paths[1]}/replay").status_code == 404
