"""The Pennylane adapter over real HTTP, against a simulator that takes copies in: what protects is ours."""

from __future__ import annotations

import dataclasses
import json
from datetime import UTC, datetime, timedelta

import pytest
import requests
from django.test import override_settings

from config.kernel.errors import Invalid, RemoteError
from einvoicing.formats import cii
from einvoicing.platforms.answers import AckStatus
from einvoicing.platforms.base import Watched
from einvoicing.platforms.pennylane import payloads, statuses
from einvoicing.platforms.pennylane.client import PennylanePlatform
from einvoicing.platforms.registry import connect, read_statuses
from einvoicing.sandbox.pennylane.access import LIMIT
from tests.einvoicing import documents
from tests.einvoicing.loopback import answer, serving
from tests.einvoicing.platforms.pennylane.conftest import said
from tests.waiting import wait_until

pytestmark = pytest.mark.django_db


def everything(pennylane, cursor, watched=()):
    found = []
    for _turn in range(50):
        page = pennylane.platform.incoming(cursor, watched)
        found += page.messages
        cursor = page.next_cursor
        if not page.more:
            return found, cursor
    raise AssertionError("Pennylane never comes to an end")


def watch(receipt, deposit):
    return Watched(receipt.remote_id, deposit.tracking_id, deposit.number)


def test_an_invoice_is_imported_and_sent_in_one_call(pennylane):
    deposit = pennylane.invoice()
    receipt = pennylane.platform.deposit(deposit)
    (entry,) = pennylane.ledger(deposit.number)["entries"]
    assert (entry["id"], entry["sent"]) == (receipt.remote_id, True)
    assert pennylane.platform.fetch(receipt.remote_id) == deposit.data


def test_it_is_found_again_by_its_number_alone(pennylane):
    deposit = pennylane.invoice()
    receipt = pennylane.platform.deposit(deposit)
    found = pennylane.platform.find(deposit.tracking_id, deposit.number)
    assert found is not None
    assert (found.remote_id, found.tracking_id) == (receipt.remote_id, deposit.tracking_id)
    assert pennylane.platform.find("any", "FAC-ELSE") is None
    with pytest.raises(RemoteError) as caught:
        pennylane.platform.find(deposit.tracking_id)
    assert caught.value.code == "number_wanted"


@pytest.mark.parametrize("fault", ["reset-after-accept", "accepted-then-500", "empty-body"])
def test_a_look_up_after_an_unknown_outcome_leaves_one_document(pennylane, fault):
    deposit = pennylane.invoice()
    pennylane.fails(fault, operation="deposit")
    with pytest.raises(RemoteError) as caught:
        pennylane.platform.deposit(deposit)
    assert (caught.value.outcome_unknown, caught.value.retryable) == (True, True)
    found = pennylane.platform.find(deposit.tracking_id, deposit.number)
    assert found is not None
    assert pennylane.ledger(deposit.number)["received"] == 1


def test_a_time_out_leaves_the_outcome_unknown_and_one_document(pennylane):
    deposit = pennylane.invoice()
    pennylane.fails("latency", value="1.0", operation="deposit")
    hasty = connect(dataclasses.replace(pennylane.settings, read_timeout=0.3))
    with pytest.raises(RemoteError) as caught:
        hasty.deposit(deposit)
    hasty.close()
    assert (caught.value.code, caught.value.outcome_unknown) == ("read_timeout", True)
    wait_until(lambda: pennylane.ledger(deposit.number)["received"], what="the document that was sent")
    assert pennylane.platform.find(deposit.tracking_id, deposit.number) is not None
    assert pennylane.ledger(deposit.number)["received"] == 1


def test_an_import_that_was_never_sent_on_is_sent_when_it_is_found(pennylane):
    deposit = pennylane.invoice()
    pennylane.bare("POST", payloads.IMPORTS, files={"file": (deposit.name, deposit.data)}).raise_for_status()
    assert pennylane.ledger(deposit.number)["entries"][0]["sent"] is False
    assert pennylane.platform.find(deposit.tracking_id, deposit.number) is not None
    assert pennylane.ledger(deposit.number)["entries"][0]["sent"] is True


def test_being_sent_already_is_a_success_after_a_doubt(pennylane):
    receipt = pennylane.platform.deposit(pennylane.invoice())
    again = pennylane.bare("POST", f"/customer_invoices/{receipt.remote_id}/send_to_pa", json={})
    assert again.status_code == 422
    pennylane.platform._send(receipt.remote_id)  # raises nothing


@pytest.mark.parametrize(("status", "words"), [("409 Conflict", "not ready"), ("422 Unprocessable", "not eligible")])
def test_a_sending_refused_for_another_reason_is_not_taken_for_one(pennylane, status, words):
    body = json.dumps({"status": int(status[:3]), "message": words}).encode()
    with serving(answer(status, body), answer("200 OK", b'{"id": 1, "e_invoicing": null}')) as loopback:
        platform = PennylanePlatform(dataclasses.replace(pennylane.settings, base_url=loopback.url))
        with pytest.raises(RemoteError) as caught:
            platform._send("1")
        platform.close()
    assert words in caught.value.message


def test_a_copy_refused_at_once_gives_the_first_receipt(pennylane):
    deposit = pennylane.invoice()
    first = pennylane.platform.deposit(deposit)
    pennylane.fails("refuse-duplicates")
    again = pennylane.platform.deposit(deposit)
    assert (again.remote_id, again.duplicate, first.duplicate) == (first.remote_id, True, False)
    assert pennylane.ledger(deposit.number)["received"] == 1


def test_both_statuses_are_read_for_the_verdict(pennylane):
    deposit = pennylane.invoice()
    with override_settings(SANDBOX_PACE=3600):
        receipt = pennylane.platform.deposit(deposit)
        pending = pennylane.platform.acknowledgement(receipt.remote_id)
    assert (pending.status, pending.raw_status) == (AckStatus.PENDING, "pending submitted")
    with override_settings(SANDBOX_PACE=0):
        good = pennylane.platform.acknowledgement(receipt.remote_id)
    assert (good.status, good.raw_status) == (AckStatus.OK, "valid submitted")


def test_an_invoice_found_invalid_after_its_sending_is_an_error(pennylane):
    with override_settings(SANDBOX_VALIDATES=True):
        receipt = pennylane.platform.deposit(pennylane.invoice())  # a heading alone: the schema refuses it
        ack = pennylane.platform.acknowledgement(receipt.remote_id)
    assert (ack.status, ack.raw_status) == (AckStatus.ERROR, "invalid rejected")
    assert [item.reason_code for item in ack.details] == ["schematron"]


def test_a_sound_invoice_passes_the_official_rules(pennylane):
    invoice = documents.standard_invoice()
    deposit = dataclasses.replace(pennylane.invoice(number=invoice.number), data=cii.render(invoice))
    with override_settings(SANDBOX_VALIDATES=True):
        ack = pennylane.platform.acknowledgement(pennylane.platform.deposit(deposit).remote_id)
    assert (ack.status, ack.raw_status) == (AckStatus.OK, "valid accepted")


def test_an_unknown_verdict_is_kept_and_never_guessed():
    ack = statuses.acknowledgement({"schematron_validation_status": "half", "e_invoicing": {"status": "sent"}})
    assert (ack.status, ack.raw_status) == (AckStatus.UNKNOWN, "half sent")


@pytest.mark.parametrize(
    ("buyer", "word", "code", "reason"),
    [
        ("ACHETEUR", "accepted", "205", ""),
        ("LITIGE", "in_dispute", "207", "QTE_ERR"),
        ("REFUS", "refused", "210", "CONTRAT_TERM"),
        ("REJET", "rejected", "213", "DEST_ERR"),
    ],
)
def test_the_buyer_s_answer_arrives_by_the_changes(pennylane, buyer, word, code, reason):
    _nothing, cursor = everything(pennylane, "")
    deposit = pennylane.invoice(buyer=buyer)
    pennylane.platform.deposit(deposit)
    messages, cursor = everything(pennylane, cursor)
    (status,) = read_statuses("pennylane", messages[-1].data)
    assert (status.number, status.raw, status.code, status.reason_code) == (deposit.number, word, code, reason)
    assert everything(pennylane, cursor)[0] == []


def test_a_word_nobody_announced_is_kept_and_has_no_code(pennylane):
    _nothing, cursor = everything(pennylane, "")
    deposit = pennylane.invoice()
    receipt = pennylane.platform.deposit(deposit)
    _messages, cursor = everything(pennylane, cursor)
    for word in ("teleported", "approved", "partially_collected"):
        pennylane.hears(receipt.remote_id, word, "as it came")
        messages, cursor = everything(pennylane, cursor)
        assert said(messages) == [(deposit.number, word, "")]
        assert read_statuses("pennylane", messages[0].data)[0].reason == "as it came"


def test_a_status_that_comes_back_is_told_again(pennylane):
    _nothing, cursor = everything(pennylane, "")
    receipt = pennylane.platform.deposit(pennylane.invoice())
    _messages, cursor = everything(pennylane, cursor)
    ids = set()
    for word in ("in_dispute", "accepted", "in_dispute"):
        pennylane.hears(receipt.remote_id, word)
        messages, cursor = everything(pennylane, cursor)
        assert [status[1] for status in said(messages)] == [word]
        ids.add(messages[0].remote_id)
    assert len(ids) == 3


def test_a_change_that_says_nothing_new_of_its_life_gives_no_message(pennylane):
    _nothing, cursor = everything(pennylane, "")
    receipt = pennylane.platform.deposit(pennylane.invoice())
    _messages, cursor = everything(pennylane, cursor)
    pennylane.hears(receipt.remote_id, "accepted")
    assert everything(pennylane, cursor)[0] == []


def test_many_changes_are_read_page_by_page_without_loss(pennylane):
    _nothing, cursor = everything(pennylane, "")
    with override_settings(SANDBOX_WINDOW_SECONDS=0.2):
        numbers = {deposit.number for deposit in (pennylane.invoice() for _turn in range(12))}
        for number in sorted(numbers):
            pennylane.platform.deposit(pennylane.invoice(number=number))
        messages, cursor = everything(pennylane, cursor)
    assert [status[0] for status in said(messages)].count("") == 0
    assert {status[0] for status in said(messages)} == numbers
    assert len(messages) == 12


def test_changes_sent_twice_give_one_message(pennylane):
    _nothing, cursor = everything(pennylane, "")
    pennylane.fails("duplicate")
    pennylane.platform.deposit(pennylane.invoice())
    assert len(everything(pennylane, cursor)[0]) == 1


def test_what_was_watched_before_the_first_reading_is_asked_for_itself(pennylane):
    deposit = pennylane.invoice()
    receipt = pennylane.platform.deposit(deposit)
    messages, _cursor = everything(pennylane, "", [watch(receipt, deposit)])
    assert said(messages) == [(deposit.number, "accepted", "205")]


def test_after_a_pause_of_more_than_four_weeks_each_watched_invoice_is_asked(pennylane):
    deposit = pennylane.invoice()
    receipt = pennylane.platform.deposit(deposit)
    old = payloads.Bookmark(since=(datetime.now(UTC) - timedelta(weeks=6)).isoformat()).write()
    messages, cursor = everything(pennylane, old, [watch(receipt, deposit)])
    assert said(messages) == [(deposit.number, "accepted", "205")]
    assert everything(pennylane, cursor, [watch(receipt, deposit)])[0] == []


def test_an_invoice_deleted_at_pennylane_does_not_hold_back_the_others(pennylane):
    deposit = pennylane.invoice()
    receipt = pennylane.platform.deposit(deposit)
    gone = Watched("424242", "t", "FAC-GONE")
    messages, _cursor = everything(pennylane, "", [gone, watch(receipt, deposit)])
    assert said(messages) == [(deposit.number, "accepted", "205")]
    assert pennylane.platform.acknowledgement("424242").status is AckStatus.UNKNOWN


def test_the_limit_of_requests_is_waited_for_and_never_broken(pennylane):
    with override_settings(SANDBOX_WINDOW_SECONDS=1):
        for _turn in range(LIMIT + 5):
            pennylane.platform.ping()
    with override_settings(SANDBOX_WINDOW_SECONDS=600):
        answers = {pennylane.bare("GET", "/me").status_code for _turn in range(LIMIT + 5)}
    assert 429 in answers  # without the wait, the limit is met


def test_a_call_for_patience_is_heard_and_nothing_was_deposited(pennylane):
    deposit = pennylane.invoice()
    pennylane.fails("429", value="7", operation="deposit")
    with pytest.raises(RemoteError) as caught:
        pennylane.platform.deposit(deposit)
    assert (caught.value.retryable, caught.value.outcome_unknown, caught.value.retry_after) == (True, False, 7)
    assert pennylane.ledger(deposit.number)["received"] == 0


def test_a_refusal_is_told_in_pennylane_s_own_words(pennylane):
    with pytest.raises(RemoteError) as caught:
        pennylane.platform.deposit(dataclasses.replace(pennylane.invoice(), data=b"<x/>", sha256=""))
    assert (caught.value.code, caught.value.retryable) == ("http_422", False)
    assert "cannot be read" in caught.value.message


def test_the_token_is_never_shown(pennylane, caplog, capsys):
    secret = "pennylane-mistyped-4f6a"
    wrong = connect(dataclasses.replace(pennylane.settings, client_secret=secret))
    with pytest.raises(RemoteError) as caught:
        wrong.ping()
    assert (caught.value.code, caught.value.retryable) == ("invalid_client", False)
    assert "Vérifiez le jeton" in caught.value.message
    wrong.close()
    printed = capsys.readouterr()
    for text in (str(caught.value), repr(caught.value.__dict__), repr(wrong.__dict__), caplog.text, *printed):
        assert secret not in text


def test_the_token_is_not_given_to_the_host_of_the_files(pennylane):
    deposit = pennylane.invoice()
    receipt = pennylane.platform.deposit(deposit)
    url = pennylane.bare("GET", f"/customer_invoices/{receipt.remote_id}").json()["public_file_url"]
    headers = {"Authorization": f"Bearer {pennylane.settings.client_secret}"}
    assert requests.get(url, headers=headers, timeout=5).status_code == 400  # the simulator would notice
    assert pennylane.platform.fetch(receipt.remote_id) == deposit.data


def test_a_status_of_ours_is_not_pretended_to_be_carried(pennylane):
    with pytest.raises(RemoteError) as caught:
        pennylane.platform.deposit(dataclasses.replace(pennylane.invoice(), syntax="CDAR"))
    assert (caught.value.code, caught.value.retryable) == ("no_status_taken", False)


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b'{"e_invoicing": {"status": "sent"}}'])
def test_a_message_that_is_no_invoice_is_said_to_be_unreadable(data):
    with pytest.raises(Invalid):
        read_statuses("pennylane", data)


def test_amounts_are_decimals_whatever_the_wire_says(pennylane):
    assert read_statuses("pennylane", b'{"amount": 0.1, "e_invoicing": null}') == ()
