"""The contract every platform adapter keeps, over real HTTP, against the simulator of its platform."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Iterator

import pytest

from config.kernel.errors import RemoteError
from einvoicing import lifecycle
from einvoicing.platforms.answers import Acknowledgement, AckStatus
from einvoicing.platforms.base import Deposit
from einvoicing.platforms.registry import PLATFORMS, connect, provider
from tests.einvoicing.loopback import free_port
from tests.einvoicing.platforms.conftest import Account, opened, serve, stop

pytestmark = pytest.mark.django_db


@pytest.fixture(params=sorted(PLATFORMS))
def account(request: pytest.FixtureRequest, sandbox: str) -> Iterator[Account]:
    with opened(request.param, sandbox) as account:
        yield account


def needs_tokens(account: Account) -> None:
    if not account.settings.token_url:
        pytest.skip("opened by a key, not by tokens")


def needs_lookup(account: Account) -> None:
    if not account.platform.capabilities.lookup:
        pytest.skip("cannot look a deposit up")


def needs_uniqueness(account: Account) -> None:
    if not account.platform.capabilities.duplicate_error:
        pytest.skip("does not tell copies apart")


def needs_a_carrier(account: Account) -> None:
    if provider(account.kind).is_mirror:
        pytest.skip("keeps a copy, and tells nothing of the buyer")


def verdict(account: Account, deposit: Deposit) -> Acknowledgement | RemoteError:
    """A platform refuses a file at once, or in its acknowledgement."""
    try:
        return account.platform.acknowledgement(account.send(deposit))
    except RemoteError as error:
        return error


def test_a_deposit_gives_a_receipt_and_is_found_again(account):
    needs_lookup(account)
    number, deposit = account.invoice()
    receipt = account.platform.deposit(deposit)
    assert receipt.remote_id
    assert (receipt.duplicate, receipt.tracking_id) == (False, deposit.tracking_id)
    found = account.find(deposit)
    assert found is not None
    assert found.remote_id == receipt.remote_id
    assert receipt.submitted_at in {None, found.submitted_at}
    assert account.ledger(number)["received"] == 1


def test_what_was_never_deposited_is_not_found(account):
    needs_lookup(account)
    account.platform.deposit(account.invoice()[1])
    assert account.platform.find("another", "ANOTHER-1") is None


def test_the_deposited_file_comes_back_as_it_was_or_not_at_all(account):
    needs_a_carrier(account)
    _number, deposit = account.invoice()
    remote_id = account.send(deposit)
    try:
        data = account.platform.fetch(remote_id)
    except RemoteError as refusal:
        told = (refusal.code, refusal.retryable)
    else:
        told = ("", data == deposit.data)
    assert told in {("", True), ("not_offered", False)}


def test_the_acknowledgement_is_positive_for_a_sound_document(account):
    ack = account.platform.acknowledgement(account.send(account.invoice()[1]))
    assert (ack.status, ack.details, ack.duplicate) == (AckStatus.OK, (), False)


def test_the_same_document_again_is_told_to_be_a_duplicate(account):
    needs_uniqueness(account)
    number, deposit = account.invoice()
    first = account.send(deposit)
    second = account.platform.deposit(deposit)
    if second.duplicate:
        assert second.remote_id == first
    else:
        ack = account.platform.acknowledgement(second.remote_id)
        assert (ack.status, ack.duplicate) == (AckStatus.ERROR, True)
    found = account.platform.find(deposit.tracking_id, number)
    assert found is not None
    assert found.remote_id == first
    assert account.ledger(number)["accepted"] == 1


def test_a_platform_that_refuses_a_copy_at_once_gives_the_first_receipt(account):
    needs_uniqueness(account)
    _number, deposit = account.invoice()
    first = account.platform.deposit(deposit)
    account.fails("refuse-duplicates")
    again = account.platform.deposit(deposit)
    assert (again.remote_id, again.duplicate, first.duplicate) == (first.remote_id, True, False)


def test_statuses_arrive_in_order_and_only_once(account):
    needs_a_carrier(account)
    number, deposit = account.invoice()
    account.send(deposit)
    messages, cursor = account.news()
    statuses = account.statuses(messages)
    assert {status.number for status in statuses} == {number}
    assert [status.at for status in statuses] == sorted(status.at for status in statuses)
    assert statuses[-1].code == "205"
    nothing, cursor = account.news(cursor)
    assert nothing == []
    other, deposit = account.invoice()
    account.send(deposit)
    news, _cursor = account.news(cursor)
    assert {status.number for status in account.statuses(news)} == {other}


def test_a_poll_of_many_documents_loses_and_repeats_nothing(account):
    needs_a_carrier(account)
    numbers = set()
    for _turn in range(9):
        number, deposit = account.invoice()
        account.send(deposit)
        numbers.add(number)
    messages, cursor = account.read()
    assert len({message.remote_id for message in messages}) == len(messages)
    assert {status.number for status in account.statuses(messages)} == numbers
    assert len(account.statuses(messages)) == len(
        {(one.number, one.code, one.at) for one in account.statuses(messages)}
    )
    account._seen |= {message.remote_id for message in messages}
    assert account.news(cursor)[0] == []


def test_a_buyer_s_refusal_is_told_with_its_reason(account):
    needs_a_carrier(account)
    account.send(account.invoice(buyer="SA REFUSE TOUT")[1])
    last = account.statuses(account.news()[0])[-1]
    assert last.code == "210"
    assert last.reason_code or last.reason


def test_a_buyer_who_says_nothing_leaves_the_invoice_where_it_was_put(account):
    needs_a_carrier(account)
    account.send(account.invoice(buyer="SILENCE ET FILS")[1])
    last = account.statuses(account.news()[0])[-1]
    assert lifecycle.STATUSES[last.code].phase == lifecycle.TRANSMISSION


@pytest.mark.parametrize("fault", ["reset-after-accept", "accepted-then-500", "empty-body"])
def test_a_deposit_without_a_usable_answer_is_unknown_and_a_look_up_leaves_it_single(account, fault):
    needs_lookup(account)
    number, deposit = account.invoice()
    account.fails(fault)
    with pytest.raises(RemoteError) as caught:
        account.platform.deposit(deposit)
    assert caught.value.retryable is True
    assert caught.value.outcome_unknown or account.ledger(number)["received"] == 0
    # a copy made in several steps is not found before it is whole: its deposit goes on where it stopped
    found = account.find(deposit) or account.again(deposit)
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
    account.fails(fault, value="7", times=3)  # a reading may be tried twice
    with pytest.raises(RemoteError) as caught:
        account.platform.deposit(deposit)
    error = caught.value
    assert (error.retryable, error.outcome_unknown) == (True, False)
    assert error.retry_after == 7 or fault == "503"  # not every service says for how long it is down
    assert account.ledger(number)["received"] == 0


def test_an_expired_token_is_replaced_once(account):
    needs_tokens(account)
    _number, deposit = account.invoice()
    order = account.fails("expired-token")
    assert account.platform.deposit(deposit).remote_id
    assert account.failures_left(order) == 0


def test_a_service_that_refuses_every_token_is_not_asked_for_ever(account):
    needs_tokens(account)
    _number, deposit = account.invoice()
    order = account.fails("expired-token", times=10)
    with pytest.raises(RemoteError) as caught:
        account.platform.deposit(deposit)
    assert account.failures_left(order) == 8
    assert caught.value.retryable is False


def test_threads_of_one_account_ask_for_one_token(account):
    needs_tokens(account)
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
    assert caught.value.retryable is False
    assert caught.value.code == "invalid_client" or not account.settings.token_url
    assert "refuse" in caught.value.message
    assert "mistyped" not in str(caught.value)
    assert "mistyped" not in repr(wrong.__dict__)


def test_a_file_that_is_not_what_it_says_is_refused_with_its_reason(account):
    number, deposit = account.invoice()
    for data, syntax in ((b"", deposit.syntax), (b"%PDF-1.7", "Factur-X")):
        lying = dataclasses.replace(deposit, data=data, syntax=syntax, sha256="", tracking_id=f"{number}:{len(data)}")
        told = verdict(account, lying)
        if isinstance(told, RemoteError):
            assert (told.retryable, told.outcome_unknown) == (False, False)
        else:
            assert told.status is AckStatus.ERROR
            assert all(detail.reason_code or detail.reason_message for detail in told.details)
            assert told.details
            assert told.duplicate is False


def test_a_failure_while_reading_loses_no_message(account):
    needs_a_carrier(account)
    account.send(account.invoice()[1])
    account.fails("429", operation="read")
    with pytest.raises(RemoteError):
        account.read()
    assert account.statuses(account.news()[0])[-1].code == "205"


def test_an_account_sees_nothing_of_another(account):
    remote_id = account.send(account.invoice()[1])
    other = account.another()
    other.sent = list(account.sent)
    # what is somebody else's is to this account as if it had been deleted
    told = [message for message in other.read()[0] if not message.problem]
    assert [message.data for message in told if message.kind != "deleted"] == []
    try:
        status = other.platform.acknowledgement(remote_id).status
    except RemoteError as refusal:
        status = AckStatus.UNKNOWN if not refusal.retryable else AckStatus.PENDING
    other.platform.close()
    assert status is AckStatus.UNKNOWN


def test_eight_deposits_of_one_invoice_at_once_leave_one_accepted(account):
    needs_uniqueness(account)
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
    needs_lookup(account)
    deposit = account.invoice()[1]
    account.send(deposit)
    second = serve()
    try:
        elsewhere = account.at(second.address)
        assert elsewhere.find(deposit) is not None
        elsewhere.platform.close()
    finally:
        stop(second)


def test_the_service_is_well_when_it_answers(account):
    account.platform.ping()
    account.fails("500", operation="health", times=2)
    with pytest.raises(RemoteError) as caught:
        account.platform.ping()
    assert caught.value.retryable is True
