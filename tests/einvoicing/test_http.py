"""The outgoing HTTP session against servers that really are slow, broken, huge or rude."""

from __future__ import annotations

import contextlib
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest
import structlog
from urllib3.exceptions import LocationParseError

from config.kernel import http
from config.kernel.errors import RemoteError
from config.kernel.http import AnsweredError
from tests.einvoicing.loopback import answer, free_port, reset, serving
from tests.waiting import PATIENCE


def Session(**options: object) -> http.Session:  # noqa: N802 - the class, with plain connections
    return http.Session(adapter=http.HTTPAdapter(), **options)


def failure(method: str, url: str, session: http.Session | None = None, **options: object) -> RemoteError:
    with session or Session(attempts=1) as talking, pytest.raises(RemoteError) as caught:
        talking.request(method, url, **options)
    return caught.value


def test_an_answer_is_read_whole_with_its_amounts_exact():
    with (
        serving(answer("200 OK", b'{"amount": 1234.10}', Content_Type="application/json")) as server,
        Session() as talking,
    ):
        response = talking.get(server.url)
    assert response.status == 200
    assert str(response.json()["amount"]) == "1234.10"


def test_a_refused_connection_was_certainly_not_sent():
    error = failure("POST", f"http://127.0.0.1:{free_port()}/")
    assert (error.code, error.retryable, error.outcome_unknown) == ("unreachable", True, False)


def test_an_unknown_host_was_certainly_not_sent(monkeypatch):
    def not_found(*_args: object, **_options: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", not_found)
    error = failure("POST", "https://nowhere.invalid/")
    assert (error.code, error.retryable, error.outcome_unknown) == ("unreachable", True, False)


@pytest.mark.parametrize("url", ["https://a..b/x", f"https://{'a' * 64}.fr/", "https://[", "https://fr:99999/"])
def test_an_address_that_cannot_be_one_is_refused_before_anything_is_sent(url):
    error = failure("POST", url)
    assert (error.code, error.retryable, error.outcome_unknown) == ("bad_address", False, False)


@pytest.mark.parametrize("raised", [LocationParseError("a..b"), UnicodeError("label empty or too long")])
def test_an_address_that_only_the_connection_finds_wrong_is_refused_too(monkeypatch, raised):
    def wrong(*_args: object, **_options: object) -> None:
        raise raised

    monkeypatch.setattr(http.HTTPAdapter, "send", wrong)
    error = failure("POST", "https://erp.example/")
    assert (error.code, error.retryable) == ("bad_address", False)


def test_a_redirect_to_no_address_is_an_answer_like_any_other():
    with serving(answer("307 Temporary Redirect", Location="https://[")) as server:
        error = failure("POST", server.url)
    assert error.code == "http_307"


def test_the_body_of_a_redirect_is_bounded_too():
    sent = []

    def flood(connection: socket.socket, _request: object) -> None:
        connection.sendall(b"HTTP/1.1 302 Found\r\nLocation: https://erp.example/\r\nConnection: close\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(60):
                connection.sendall(b"x" * 1_000_000)
                sent.append(1_000_000)

    with serving(flood) as server:
        error = failure("GET", server.url, Session(max_bytes=100_000))
    assert error.code == "answer_too_large"
    assert sum(sent) < 30_000_000


def test_a_post_cut_after_sending_has_an_unknown_outcome():
    with serving(reset) as server:
        error = failure("POST", server.url, data=b"x" * 100)
    assert (error.code, error.retryable, error.outcome_unknown) == ("connection_broken", True, True)


def test_a_get_cut_after_sending_has_no_outcome_to_wonder_about():
    with serving(reset) as server:
        error = failure("GET", server.url)
    assert (error.retryable, error.outcome_unknown) == (True, False)


def say_nothing(connection: socket.socket, _request: bytes) -> None:
    """Until the caller hangs up."""
    connection.settimeout(PATIENCE)
    connection.recv(1)


def test_a_post_never_answered_has_an_unknown_outcome_within_the_time_out():
    with serving(say_nothing) as server:
        error = failure("POST", server.url, Session(timeout=(0.3, 0.3)))
    assert (error.code, error.retryable, error.outcome_unknown) == ("read_timeout", True, True)


def test_a_server_dripping_bytes_meets_the_deadline():
    def drip(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:  # until the caller hangs up
            connection.sendall(b"1\r\nx\r\n")
            time.sleep(0.05)

    with serving(drip) as server:
        error = failure("POST", server.url, Session(timeout=(1, 1), deadline=0.3))
    assert (error.code, error.outcome_unknown) == ("deadline", True)


def test_several_exchanges_share_the_time_they_are_given():
    with serving(say_nothing, answer("200 OK")) as server, Session() as talking:
        with talking.within(1):
            with pytest.raises(RemoteError) as cut_short:
                talking.post(server.url)
            with pytest.raises(RemoteError) as not_begun:
                talking.post(server.url)
        assert (cut_short.value.code, cut_short.value.outcome_unknown) == ("read_timeout", True)
        assert (not_begun.value.code, not_begun.value.outcome_unknown) == ("deadline", False)
        assert len(server.requests) == 1
        assert talking.post(server.url).status == 200


def test_an_answer_cut_in_its_middle_leaves_a_post_unknown():
    def half(connection: socket.socket, _request: bytes) -> None:
        connection.sendall(b"HTTP/1.1 202 Accepted\r\nContent-Length: 100\r\n\r\n{")

    with serving(half) as server:
        error = failure("POST", server.url, accept=(202,))
    assert (error.code, error.outcome_unknown) == ("connection_broken", True)


def test_an_answer_beyond_the_cap_is_not_read_to_its_end():
    with serving(answer("200 OK", b"x" * 200_000)) as server:
        error = failure("GET", server.url, Session(max_bytes=100_000))
    assert (error.code, error.retryable) == ("answer_too_large", False)


def test_a_compressed_answer_is_measured_unpacked():
    import gzip

    bomb = gzip.compress(b"\0" * 5_000_000)
    with serving(answer("200 OK", bomb, Content_Encoding="gzip")) as server:
        error = failure("GET", server.url, Session(max_bytes=100_000))
    assert len(bomb) < 100_000
    assert error.code == "answer_too_large"


def test_a_redirect_is_not_followed():
    with serving(answer("200 OK", b"secret")) as elsewhere:
        with serving(answer("302 Found", Location=elsewhere.url)) as server:
            error = failure("GET", server.url)
        assert elsewhere.requests == []
    assert (error.code, error.retryable) == ("http_302", False)


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_a_request_for_patience_says_how_long_and_was_not_carried_out(status):
    with serving(answer(status, Retry_After="17")) as server:
        error = failure("POST", server.url)
    assert (error.retryable, error.outcome_unknown, error.retry_after) == (True, False, 17)


def test_a_date_to_come_back_at_is_turned_into_seconds():
    at = datetime.now(UTC) + timedelta(seconds=90)
    with serving(answer("503 Service Unavailable", Retry_After=format_datetime(at, usegmt=True))) as server:
        error = failure("POST", server.url)
    assert error.retry_after is not None
    assert 80 <= error.retry_after <= 91


def test_an_absurd_or_unreadable_delay_is_bounded_or_ignored():
    for given, understood in (("999999999999", 86_400), ("soon", None), ("-5", None), ("", None)):
        with serving(answer("429 Too Many Requests", Retry_After=given)) as server:
            assert failure("POST", server.url).retry_after == understood


@pytest.mark.parametrize("status", ["400 Bad Request", "403 Forbidden", "404 Not Found", "413 Too Large", "422 No"])
def test_a_refusal_is_never_retried_and_its_words_are_kept(status):
    with serving(answer(status, b'{"errorCode":"NO"}')) as server:
        error = failure("GET", server.url, Session(attempts=3))
        assert len(server.requests) == 1
    assert isinstance(error, AnsweredError)
    assert (error.retryable, error.outcome_unknown, error.response.json()) == (False, False, {"errorCode": "NO"})


def test_a_crash_of_the_server_leaves_a_post_unknown_but_not_a_get():
    with serving(answer("500 Oops")) as server:
        assert failure("POST", server.url).outcome_unknown is True
        assert failure("GET", server.url).outcome_unknown is False


def test_a_get_is_tried_again_and_a_post_is_not():
    with serving(answer("502 Bad Gateway"), answer("200 OK", b"{}")) as server, Session() as talking:
        assert talking.get(server.url).status == 200
        assert len(server.requests) == 2
    with serving(answer("502 Bad Gateway"), answer("200 OK", b"{}")) as server:
        failure("POST", server.url, Session())
        assert len(server.requests) == 1


def test_a_post_that_only_reads_is_tried_again_whole():
    with serving(reset, answer("200 OK", b"{}")) as server, Session() as talking:
        talking.post(server.url, json={"where": 1}, reads_only=True)
        assert [request.partition(b"\r\n\r\n")[2] for request in server.requests] == [b'{"where": 1}'] * 2


@pytest.mark.parametrize("address", ["ftp://127.0.0.1/", "http://user:pass@127.0.0.1/", "nonsense", "http://"])
def test_a_strange_address_is_refused_before_anything_is_sent(address):
    error = failure("GET", address)
    assert (error.code, error.retryable) == ("bad_address", False)


def test_plain_http_stays_on_the_machine():
    assert failure("GET", "http://api.example.com/").code == "insecure_address"


def test_the_machine_s_proxies_and_netrc_take_no_part(monkeypatch, tmp_path: Path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password hidden")
    monkeypatch.setenv("NETRC", str(netrc))
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{free_port()}")
    with serving(answer("200 OK")) as server, Session() as talking:
        talking.get(server.url)
        assert b"authorization" not in server.requests[0].lower()


def test_the_request_id_travels_on():
    with (
        serving(answer("200 OK")) as server,
        Session() as talking,
        structlog.contextvars.bound_contextvars(request_id="0123456789abcdef"),
    ):
        talking.get(server.url)
        assert b"X-Request-Id: 0123456789abcdef" in server.requests[0]


def test_what_is_logged_names_the_exchange_and_no_secret(monkeypatch):
    lines: list[tuple[str, dict[str, object]]] = []

    class Recorder:
        def info(self, event: str, **facts: object) -> None:
            lines.append((event, facts))

    monkeypatch.setattr(http, "log", Recorder())
    with serving(answer("401 Unauthorized")) as server:
        failure(
            "POST",
            f"{server.url}/accounts/FR7630006000011234567890189/flows?access_token=tell-nobody",
            headers={"Authorization": "Bearer tell-nobody"},
            data={"client_secret": "tell-nobody"},
        )
    (event, facts), *others = lines
    assert not others
    assert event == "http_exchange"
    assert (facts["status"], facts["problem"], facts["method"]) == (401, "http_401", "POST")
    assert "tell-nobody" not in str(facts)
    assert "1234567890189" not in str(facts)
    assert "/flows" in str(facts["path"])
