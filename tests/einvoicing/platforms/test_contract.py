"""The contract every platform adapter keeps, over real HTTP, against the simulator of its platform."""

from __future__ import annotations

import dataclasses
import threading
import uuid
from collections.abc import Iterator

import pytest

from config.kernel.errors import RemoteError
from einvoicing.formats import cdar
from einvoicing.platforms.base import AckStatus, Page, Platform, PlatformSettings, RemoteMessage
from einvoicing.platforms.registry import PLATFORMS, connect
from einvoicing.sandbox.access import CLIENT_SECRET
from tests.einvoicing.loopback import free_port
from tests.einvoicing.platforms.conftest import Account, serve, stop

pytestmark = pytest.mark.django_db


def account_settings(kind: str, address: str) -> PlatformSettings:
    """How each kind of platform is reached in its simulator; a new kind adds its case here."""
    assert kind in {"afnor"}, f"{kind} has no simulator: the contract is not proved for it"
    return PlatformSettings(
        kind=kind,
        base_url=address,
        token_url=f"{address}/oauth/token",
        client_id=f"demo-{uuid.uuid4().hex[:12]}",
        client_secret=CLIENT_SECRET,
        connect_timeout=2,
        read_timeout=5,
    )


@pytest.fixture(params=sorted(PLATFORMS))
def account(request: pytest.FixtureRequest, sandbox: str) -> Iterator[Account]:
    settings = account_settings(request.param, sandbox)
    platform = connect(settings)
    yield Account(settings, platform, sandbox)
    platform.close()


def read_all(platform: Platform, cursor: str = "") -> tuple[list[RemoteMessage], str]:
    """Poll until the platform has no more, as the service does; a page too many is a defect."""
    found: list[RemoteMessage] = []
    for _turn in range(50):
        page: Page = platform.incoming(cursor)
        found += page.messages
        cursor = page.next_cursor
        if not page.more:
            return found, cursor
    raise AssertionError("the platform never comes to an end")


def codes(messages: list[RemoteMessage]) -> list[str]:
    return [cdar.parse(message.data).status_code for message in messages]


def test_a_deposit_gives_a_receipt_and_is_found_again(account):
    number, deposit = account.invoice()
    receipt = account.platform.deposit(deposit)
    assert receipt.remote_id
    assert receipt.submitted_at is not None
    assert receipt.raw["sha256"] == deposit.sha256
    found = account.platform.find(deposit.tracking_id)
    assert found is not None
    assert (found.remote_id, found.submitted_at) == (receipt.remote_id, receipt.submitted_at)
    assert account.platform.fetch(receipt.remote_id) == deposit.data
    assert account.ledger(number)["received"] == 1


def test_what_was_never_deposited_is_not_found(account):
    account.platform.deposit(account.invoice()[1])
    assert account.platform.find("another") is None


def test_the_acknowledgement_is_positive_for_a_sound_document(account):
    receipt = account.platform.deposit(account.invoice()[1])
    ack = account.platform.acknowledgement(receipt.remote_id)
    assert (ack.status, ack.raw_status, ack.details, ack.duplicate) == (AckStatus.OK, "Ok", (), False)


def test_the_same_tracking_id_again_is_told_to_be_a_duplicate(account):
    number, deposit = account.invoice()
    first = account.platform.deposit(deposit)
    second = account.platform.deposit(deposit)
    ack = account.platform.acknowledgement(second.remote_id)
    assert (ack.status, ack.duplicate) == (AckStatus.ERROR, True)
    assert [item.reason_code for item in ack.details] == ["AlreadyExistingFlow"]
    found = account.platform.find(deposit.tracking_id)
    assert found is not None
    assert found.remote_id == first.remote_id
    entry = account.ledger(number)
    assert (entry["received"], entry["accepted"]) == (2, 1)


def test_a_platform_that_refuses_a_copy_at_once_gives_the_first_receipt(account):
    _number, deposit = account.invoice()
    first = account.platform.deposit(deposit)
    account.fails("refuse-duplicates")
    again = account.platform.deposit(deposit)
    assert (again.remote_id, again.duplicate, first.duplicate) == (first.remote_id, True, False)


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
    messages, cursor = read_all(account.platform)
    assert codes(messages) == ["200", "201", "202", "203", "204", "205"]
    assert {cdar.parse(message.data).invoice_number for message in messages} == {number}
    assert {message.kind for message in messages} == {"CustomerInvoiceLC"}
    nothing, cursor = read_all(account.platform, cursor)
    assert nothing == []
    account.platform.deposit(account.invoice()[1])
    news, _cursor = read_all(account.platform, cursor)
    assert codes(news) == ["200", "201", "202", "203", "204", "205"]


@pytest.mark.parametrize("plain", [False, True], ids=["pages by cursor", "pages by date, as before 1.3"])
def test_many_messages_are_read_page_by_page_without_loss_or_repetition(account, plain):
    if plain:
        account.fails("plain-pages", times=100)
    for _turn in range(9):
        account.platform.deposit(account.invoice()[1])
    messages, cursor = read_all(account.platform)
    assert len(messages) == 54
    assert len({message.remote_id for message in messages}) == 54
    assert read_all(account.platform, cursor)[0] == []


def test_messages_out_of_order_come_as_the_platform_gives_them(account):
    account.fails("out-of-order")
    account.platform.deposit(account.invoice()[1])
    messages, _cursor = read_all(account.platform)
    assert codes(messages) == ["205", "204", "203", "202", "201", "200"]


def test_a_message_sent_twice_comes_as_two_flows_of_one_message_id(account):
    account.fails("duplicate")
    account.platform.deposit(account.invoice()[1])
    messages, _cursor = read_all(account.platform)
    assert len({message.remote_id for message in messages}) == 12
    assert len({cdar.parse(message.data).message_id for message in messages}) == 6


@pytest.mark.parametrize(
    ("buyer", "last", "reason"),
    [("SA REFUSE TOUT", "210", "CMD_ERR"), ("REJETTE", "213", "DEST_INC"), ("SILENCE ET FILS", "203", None)],
)
def test_the_buyer_s_answer_is_told_with_its_reason(account, buyer, last, reason):
    account.platform.deposit(account.invoice(buyer=buyer)[1])
    messages, _cursor = read_all(account.platform)
    told = cdar.parse(messages[-1].data)
    assert told.status_code == last
    assert told.reason_codes == ((reason,) if reason else ())


def test_a_number_is_free_again_after_a_rejection(account):
    number, deposit = account.invoice(buyer="REJETTE")
    account.platform.deposit(deposit)
    assert codes(read_all(account.platform)[0])[-1] == "213"
    _number, corrected = account.invoice(number=number)
    receipt = account.platform.deposit(corrected)
    assert account.platform.acknowledgement(receipt.remote_id).status is AckStatus.OK


@pytest.mark.parametrize("fault", ["reset-after-accept", "accepted-then-500", "empty-body"])
def test_a_deposit_without_a_usable_answer_is_unknown_and_then_found(account, fault):
    number, deposit = account.invoice()
    account.fails(fault)
    with pytest.raises(RemoteError) as caught:
        account.platform.deposit(deposit)
    assert (caught.value.outcome_unknown, caught.value.retryable) == (True, True)
    found = account.platform.find(deposit.tracking_id)
    assert found is not None
    assert account.ledger(number)["received"] == 1
    assert account.platform.acknowledgement(found.remote_id).status is AckStatus.OK


def test_a_platform_too_slow_to_answer_leaves_the_deposit_unknown(account):
    _number, deposit = account.invoice()
    account.fails("latency", value="1.0", operation="deposit")
    hasty = connect(dataclasses.replace(account.settings, read_timeout=0.3))
    with pytest.raises(RemoteError) as caught:
        hasty.deposit(deposit)
    hasty.close()
    assert (caught.value.code, caught.value.outcome_unknown) == ("read_timeout", True)


def test_a_platform_that_is_down_has_certainly_nothing(account):
    port = free_port()
    elsewhere = connect(dataclasses.replace(account.settings, base_url=f"http://127.0.0.1:{port}"))
    with pytest.raises(RemoteError) as caught:
        elsewhere.deposit(account.invoice()[1])
    elsewhere.close()
    assert (caught.value.retryable, caught.value.outcome_unknown) == (True, False)


@pytest.mark.parametrize("fault", ["429", "503"])
def test_a_call_for_patience_is_heard_and_nothing_was_deposited(account, fault):
    number, deposit = account.invoice()
    account.fails(fault, value="7")
    with pytest.raises(RemoteError) as caught:
        account.platform.deposit(deposit)
    error = caught.value
    assert (error.retryable, error.outcome_unknown, error.retry_after) == (True, False, 7)
    assert account.ledger(number)["received"] == 0


def test_an_expired_token_is_replaced_once(account):
    _number, deposit = account.invoice()
    order = account.fails("expired-token")
    assert account.platform.deposit(deposit).remote_id
    assert account.failures_left(order) == 0


def test_a_service_that_refuses_every_token_is_not_asked_for_ever(account):
    _number, deposit = account.invoice()
    order = account.fails("expired-token", times=10)
    with pytest.raises(RemoteError) as caught:
        account.platform.deposit(deposit)
    assert account.failures_left(order) == 8
    assert caught.value.retryable is False


def test_threads_of_one_account_ask_for_one_token(account):
    order = account.fails("latency", value="0.2", operation="token", times=10)
    results: list[object] = []

    def ask() -> None:
        platform = connect(account.settings)
        results.append(platform.ping())
        platform.close()

    threads = [threading.Thread(target=ask) for _turn in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert (len(results), account.failures_left(order)) == (5, 9)


def test_a_wrong_secret_is_said_clearly_and_never_retried(account):
    wrong = connect(dataclasses.replace(account.settings, client_secret="mistyped"))
    with pytest.raises(RemoteError) as caught:
        wrong.ping()
    wrong.close()
    assert (caught.value.code, caught.value.retryable) == ("invalid_client", False)
    assert "identifiants" in caught.value.message
    assert "mistyped" not in str(caught.value)
    assert "mistyped" not in repr(wrong.__dict__)


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
    messages, _cursor = read_all(account.platform)
    assert [message.problem for message in messages] == ["empty_file", "", "", "", "", ""]


def test_a_failure_while_reading_loses_no_message(account):
    account.platform.deposit(account.invoice()[1])
    account.fails("429", operation="read")
    with pytest.raises(RemoteError):
        account.platform.incoming("")
    assert len(read_all(account.platform)[0]) == 6


def test_an_account_sees_nothing_of_another(account):
    receipt = account.platform.deposit(account.invoice()[1])
    other = connect(dataclasses.replace(account.settings, client_id="demo-somebody-else"))
    assert read_all(other)[0] == []
    with pytest.raises(RemoteError) as caught:
        other.acknowledgement(receipt.remote_id)
    other.close()
    assert (caught.value.code, caught.value.retryable) == ("MISSING_RESOURCE", False)


def test_eight_deposits_of_one_invoice_at_once_leave_one_accepted(account):
    number, deposit = account.invoice()

    def send() -> None:
        platform = connect(account.settings)
        platform.deposit(deposit)
        platform.close()

    threads = [threading.Thread(target=send) for _turn in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    entry = account.ledger(number)
    assert (entry["received"], entry["accepted"]) == (8, 1)


def test_the_platform_s_memory_outlives_its_server(account):
    _number, deposit = account.invoice()
    account.platform.deposit(deposit)
    second = serve()
    try:
        elsewhere = connect(
            dataclasses.replace(account.settings, base_url=second.address, token_url=f"{second.address}/oauth/token")
        )
        assert elsewhere.find(deposit.tracking_id) is not None
        assert codes(read_all(elsewhere)[0])[-1] == "205"
        elsewhere.close()
    finally:
        stop(second)


def test_the_service_is_well_when_it_answers(account):
    account.platform.ping()
    account.fails("500", operation="health", times=2)
    with pytest.raises(RemoteError) as caught:
        account.platform.ping()
    assert caught.value.retryable is True
