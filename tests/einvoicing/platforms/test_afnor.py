"""What is proper to the flow service of XP Z12-013: a feed, tracking ids, digests, CDAR messages."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator

import pytest

from config.kernel.errors import RemoteError
from einvoicing.formats import cdar
from einvoicing.platforms.answers import AckStatus, RemoteMessage
from tests.einvoicing.platforms.conftest import Account, opened

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(sandbox: str) -> Iterator[Account]:
    with opened("afnor", sandbox) as account:
        yield account


def codes(messages: list[RemoteMessage]) -> list[str]:
    return [cdar.parse(message.data).status_code for message in messages]


def test_a_deposit_is_proved_by_its_digest_and_its_file(account):
    _number, deposit = account.invoice()
    receipt = account.platform.deposit(deposit)
    assert receipt.raw["sha256"] == deposit.sha256
    assert receipt.submitted_at is not None
    assert account.platform.fetch(receipt.remote_id) == deposit.data
    assert account.platform.acknowledgement(receipt.remote_id).raw_status == "Ok"


def test_the_same_tracking_id_again_is_refused_by_its_reason(account):
    number, deposit = account.invoice()
    account.platform.deposit(deposit)
    second = account.platform.deposit(deposit)
    ack = account.platform.acknowledgement(second.remote_id)
    assert [item.reason_code for item in ack.details] == ["AlreadyExistingFlow"]
    entry = account.ledger(number)
    assert (entry["received"], entry["accepted"]) == (2, 1)


def test_the_same_number_under_another_tracking_id_is_refused_for_good(account):
    number, deposit = account.invoice()
    account.platform.deposit(deposit)
    account.fails("refuse-duplicates")
    with pytest.raises(RemoteError) as caught:
        account.platform.deposit(dataclasses.replace(deposit, tracking_id=uuid.uuid4().hex))
    assert account.ledger(number)["accepted"] == 1
    assert (caught.value.code, caught.value.retryable) == ("AlreadyExistingFlow", False)


def test_statuses_arrive_in_order_and_only_once(account):
    number, deposit = account.invoice()
    account.platform.deposit(deposit)
    messages, cursor = account.read()
    assert codes(messages) == ["200", "201", "202", "203", "204", "205"]
    assert {cdar.parse(message.data).invoice_number for message in messages} == {number}
    assert {message.kind for message in messages} == {"CustomerInvoiceLC"}
    nothing, cursor = account.read(cursor)
    assert nothing == []
    account.platform.deposit(account.invoice()[1])
    news, _cursor = account.read(cursor)
    assert codes(news) == ["200", "201", "202", "203", "204", "205"]


@pytest.mark.parametrize("plain", [False, True], ids=["pages by cursor", "pages by date, as before 1.3"])
def test_many_messages_are_read_page_by_page_without_loss_or_repetition(account, plain):
    if plain:
        account.fails("plain-pages", times=100)
    for _turn in range(9):
        account.platform.deposit(account.invoice()[1])
    messages, cursor = account.read()
    assert len(messages) == 54
    assert len({message.remote_id for message in messages}) == 54
    assert account.read(cursor)[0] == []


def test_messages_out_of_order_come_as_the_platform_gives_them(account):
    account.fails("out-of-order")
    account.platform.deposit(account.invoice()[1])
    messages, _cursor = account.read()
    assert codes(messages) == ["205", "204", "203", "202", "201", "200"]


def test_a_message_sent_twice_comes_as_two_flows_of_one_message_id(account):
    account.fails("duplicate")
    account.platform.deposit(account.invoice()[1])
    messages, _cursor = account.read()
    assert len({message.remote_id for message in messages}) == 12
    assert len({cdar.parse(message.data).message_id for message in messages}) == 6


@pytest.mark.parametrize(
    ("buyer", "last", "reason"),
    [("SA REFUSE TOUT", "210", "CMD_ERR"), ("REJETTE", "213", "DEST_INC"), ("SILENCE ET FILS", "203", None)],
)
def test_the_buyer_s_answer_is_told_with_its_reason(account, buyer, last, reason):
    account.platform.deposit(account.invoice(buyer=buyer)[1])
    messages, _cursor = account.read()
    told = cdar.parse(messages[-1].data)
    assert told.status_code == last
    assert told.reason_codes == ((reason,) if reason else ())


def test_a_number_is_free_again_after_a_rejection(account):
    number, deposit = account.invoice(buyer="REJETTE")
    account.platform.deposit(deposit)
    assert codes(account.read()[0])[-1] == "213"
    _number, corrected = account.invoice(number=number)
    receipt = account.platform.deposit(corrected)
    assert account.platform.acknowledgement(receipt.remote_id).status is AckStatus.OK


def test_a_file_altered_on_its_way_is_refused(account):
    number, deposit = account.invoice()
    altered = dataclasses.replace(deposit, sha256="0" * 64)
    receipt = account.platform.deposit(altered)
    ack = account.platform.acknowledgement(receipt.remote_id)
    assert ack.status is AckStatus.ERROR
    assert [item.reason_code for item in ack.details] == ["ChecksumMismatch"]
    assert ack.duplicate is False
    assert account.ledger(number)["accepted"] == 0


def test_a_file_that_is_not_what_it_says_is_refused_with_its_reason(account):
    _number, deposit = account.invoice()
    for data, syntax, reason in ((b"", "CII", "EmptyFlow"), (b"%PDF-1.7", "Factur-X", "FlowTypeError")):
        lying = dataclasses.replace(deposit, data=data, syntax=syntax, sha256="", tracking_id=uuid.uuid4().hex)
        ack = account.platform.acknowledgement(account.platform.deposit(lying).remote_id)
        assert [item.reason_code for item in ack.details] == [reason]


def test_a_message_whose_file_is_missing_does_not_hold_back_the_others(account):
    account.platform.deposit(account.invoice()[1])
    account.fails("empty-body", operation="read")
    messages, _cursor = account.read()
    assert [message.problem for message in messages] == ["empty_file", "", "", "", "", ""]


def test_a_flow_of_somebody_else_is_missing(account):
    receipt = account.platform.deposit(account.invoice()[1])
    other = account.another()
    with pytest.raises(RemoteError) as caught:
        other.platform.acknowledgement(receipt.remote_id)
    other.platform.close()
    assert caught.value.code == "MISSING_RESOURCE"
