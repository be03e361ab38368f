"""Webhooks over REST: what a partner asks, is given, and is refused."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from standardwebhooks import Webhook

from config.kernel.facts import PARTNER_EVENTS
from config.kernel.models import Company, WebhookDelivery, WebhookEndpoint
from config.kernel.roles import Role
from config.kernel.webhooks import endpoints, sending
from tests.api.client import Partner, a_machine, a_partner, json_of
from tests.api.receiver import Receiver, receiving
from tests.factories import story

pytestmark = pytest.mark.django_db
BODY = {"url": "https://erp.example/hooks", "description": "ERP", "events": ["invoice.paid", "customer.updated"]}


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    with receiving() as found:
        yield found


def created(partner: Partner, **changes: Any) -> Any:
    answer = partner.post("/api/webhooks", {**BODY, **changes})
    assert answer.status_code == 201, answer.content
    return json_of(answer)


def test_a_webhook_is_made_read_changed_and_deleted_and_its_secret_shown_once(partner: Partner) -> None:
    made = created(partner)
    assert made["secret"].startswith("whsec_")
    place = f"/api/webhooks/{made['id']}"
    read = partner.get(place)
    assert json_of(read) == {name: value for name, value in made.items() if name != "secret"}
    changed = partner.put(place, {**json_of(read), "events": ["*", "invoice.paid"], "active": False})
    assert (changed.status_code, json_of(changed)["events"], json_of(changed)["active"]) == (200, ["*"], False)
    assert [one["id"] for one in json_of(partner.get("/api/webhooks"))] == [made["id"]]
    assert partner.delete(place).status_code == 204
    assert partner.get(place).status_code == 404


def test_whoever_changes_what_somebody_else_changed_first_is_told(partner: Partner) -> None:
    place = f"/api/webhooks/{created(partner)['id']}"
    tag = partner.get(place)["ETag"]
    assert partner.put(place, {**BODY, "description": "Autre"}, If_Match=tag).status_code == 200
    assert partner.put(place, BODY, If_Match=tag).status_code == 412
    assert partner.delete(place, If_Match=tag).status_code == 412


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"url": "http://erp.example/hooks"}, "url"),
        ({"url": "ftp://erp.example"}, "url"),
        ({"url": "https://"}, "url"),
        ({"url": "https://user:secret@erp.example"}, "url"),
        ({"url": "https://erp.example:99999/"}, "url"),
        ({"url": "https://127.0.0.1/hooks"}, "url"),
        ({"url": "https://localhost/hooks"}, "url"),
        ({"url": "https://169.254.169.254/latest"}, "url"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "url"),
        ({"url": "https://[erp.example/"}, "url"),
        ({"url": "https://erp.example/a b"}, "url"),
        ({"url": "https://erp.example/" + "a" * 500}, "url"),
        ({"events": []}, "events"),
        ({"events": ["invoice.exploded"]}, "events.1"),
        ({"event": ["invoice.paid"]}, "event"),
    ],
)
def test_what_cannot_be_is_refused_at_its_field(partner: Partner, changes: dict[str, Any], field: str) -> None:
    answer = partner.post("/api/webhooks", {**BODY, **changes})
    assert answer.status_code == 400
    assert field in json_of(answer)["fields"]
    assert not WebhookEndpoint.everywhere.exists()


def test_the_same_address_twice_and_the_twenty_first_are_refused(partner: Partner) -> None:
    created(partner)
    assert "url" in json_of(partner.post("/api/webhooks", BODY))["fields"]
    for number in range(endpoints.MOST - 1):
        created(partner, url=f"https://erp.example/{number}")
    answer = partner.post("/api/webhooks", {**BODY, "url": "https://erp.example/more"})
    assert (answer.status_code, json_of(answer)["code"]) == (409, "too_many_webhooks")


def test_only_the_owner_and_keys_given_the_right_get_in(company: Company) -> None:
    for role in (Role.ACCOUNTANT, Role.SALES, Role.VIEWER):
        assert a_partner(company, role).get("/api/webhooks").status_code == 403
    reader = a_machine(company, "settings.read")
    assert reader.get("/api/webhooks").status_code == 200
    assert reader.post("/api/webhooks", BODY).status_code == 403
    assert a_machine(company, "settings.edit").post("/api/webhooks", BODY).status_code == 201


def test_another_companys_webhooks_do_not_exist(partner: Partner) -> None:
    made = created(partner)
    tested = json_of(partner.post(f"/api/webhooks/{made['id']}/test"))
    stranger = a_partner(story.a_company())
    place, delivery = f"/api/webhooks/{made['id']}", f"/api/webhooks/deliveries/{tested['id']}"
    answers = [
        stranger.get(place),
        stranger.put(place, BODY),
        stranger.delete(place),
        stranger.get(f"{place}/deliveries"),
        stranger.post(f"{place}/test"),
        stranger.post(f"{place}/rotate-secret"),
        stranger.get(delivery),
        stranger.post(f"{delivery}/replay"),
    ]
    assert {answer.status_code for answer in answers} == {404}
    assert json_of(stranger.get("/api/webhooks")) == []


def test_a_test_arrives_signed_and_its_delivery_shows_every_try(partner: Partner, receiver: Receiver) -> None:
    made = created(partner, url=receiver.url)
    receiver.choose = lambda _one: 500 if not receiver.seen else 204
    queued = partner.post(f"/api/webhooks/{made['id']}/test")
    assert (queued.status_code, json_of(queued)["status"]) == (202, "pending")
    place = f"/api/webhooks/deliveries/{json_of(queued)['id']}"
    sending.carry_due()
    waiting = json_of(partner.get(place))
    assert (waiting["status"], waiting["attempts"], waiting["tries"][0]["http_status"]) == ("pending", 1, 500)
    assert partner.post(f"{place}/replay").status_code == 409
    WebhookDelivery.everywhere.update(next_attempt_at=timezone.now())
    sending.carry_due()
    done = json_of(partner.get(place))
    assert (done["status"], done["next_attempt_at"], len(done["tries"])) == ("delivered", None, 2)
    assert done["tries"][0]["error"] == ""
    assert done["body"] == Webhook(made["secret"]).verify(receiver.seen[1].content, receiver.seen[1].headers)
    assert done["message_id"] == receiver.seen[1].id
    assert partner.post(f"{place}/replay").status_code == 202
    sending.carry_due()
    assert [one.id for one in receiver.seen] == [done["message_id"]] * 3


def test_a_test_with_the_same_key_is_sent_once(partner: Partner, receiver: Receiver) -> None:
    made = created(partner, url=receiver.url)
    first = partner.post(f"/api/webhooks/{made['id']}/test", key="again")
    second = partner.post(f"/api/webhooks/{made['id']}/test", key="again")
    assert (first.content, second["Idempotent-Replayed"]) == (second.content, "true")
    sending.carry_due()
    assert len(receiver.seen) == 1


def test_a_rotated_secret_signs_beside_the_one_before(partner: Partner, receiver: Receiver) -> None:
    made = created(partner, url=receiver.url)
    new = json_of(partner.post(f"/api/webhooks/{made['id']}/rotate-secret"))["secret"]
    assert new != made["secret"]
    partner.post(f"/api/webhooks/{made['id']}/test")
    sending.carry_due()
    assert len(receiver.seen[0].headers["webhook-signature"].split(" ")) == 2
    assert receiver.seen[0].is_signed_with(new)
    assert receiver.seen[0].is_signed_with(made["secret"])


def test_a_disabled_webhook_is_neither_tested_nor_told_and_comes_back(partner: Partner, receiver: Receiver) -> None:
    made = created(partner, url=receiver.url, active=False)
    answer = partner.post(f"/api/webhooks/{made['id']}/test")
    assert (answer.status_code, json_of(answer)["code"]) == (409, "webhook_disabled")
    again = partner.put(f"/api/webhooks/{made['id']}", {**BODY, "url": receiver.url, "active": True})
    assert (json_of(again)["active"], json_of(again)["disabled_at"]) == (True, None)
    assert partner.post(f"/api/webhooks/{made['id']}/test").status_code == 202


def test_deliveries_are_filtered_and_paged_to_the_end_at_the_same_cost(
    partner: Partner, company: Company, receiver: Receiver
) -> None:
    made = created(partner, url=receiver.url)
    place = f"/api/webhooks/{made['id']}/deliveries"
    endpoint = WebhookEndpoint.everywhere.get(pk=made["id"])

    def cost() -> int:
        with CaptureQueriesContext(connection) as captured:
            partner.get(place)
        return len(captured)

    def ping(times: int) -> None:
        for _ in range(times):
            endpoints.send_test(endpoint=endpoint, actor=story.ACTOR, at=timezone.now())

    ping(3)
    few = cost()
    ping(27)
    assert cost() == few
    sending.carry_due(limit=10)
    assert len(json_of(partner.get(f"{place}?status=delivered&event=ping"))) == 10
    assert json_of(partner.get(f"{place}?status=failed")) == []
    assert partner.get(f"{place}?status=lost").status_code == 400
    seen: list[int] = []
    address: str = f"{place}?limit=7"
    while address:
        answer = partner.get(address)
        seen += [one["id"] for one in json_of(answer)]
        links = [link for link in answer.headers.get("Link", "").split(", ") if 'rel="next"' in link]
        address = links[0].split(">")[0].removeprefix("<http://testserver") if links else ""
    assert len(seen) == len(set(seen)) == 30
    assert partner.get(f"{place}?format=csv").status_code == 200


def test_the_events_are_listed_with_words_in_the_readers_language(partner: Partner) -> None:
    found = json_of(partner.get("/api/events", Accept_Language="en"))
    assert {one["name"] for one in found} == set(PARTNER_EVENTS)
    assert {"name": "invoice.paid", "object": "invoice", "description": "Invoice paid in full"} in found
