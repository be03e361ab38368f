"""Where messages may go: nothing that is not public, whatever the name server or the receiver does."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from config.kernel import outbound
from config.kernel.errors import RemoteError
from config.kernel.http import AnsweredError, Response, Session
from tests.api.receiver import receiving
from tests.waiting import PATIENCE

PUBLIC = "93.184.215.14"
ANY = "0.0.0.0"  # nothing is bound to it
HIDDEN = [
    "127.0.0.1", "127.8.9.1", ANY, "10.0.0.1", "172.16.4.1", "192.168.1.1", "169.254.169.254", "100.64.0.1",
    "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255", "192.0.2.7", "198.18.0.1", "::1", "::", "fe80::1",
    "fc00::1", "fd12::1", "fec0::1", "ff02::1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "::ffff:10.0.0.1",
    "64:ff9b::7f00:1", "2002:7f00:1::", "2001:db8::1", "::127.0.0.1",
]  # fmt: skip


def post(url: str, *names: str, deadline: float = 3, resolver: outbound.Resolver | None = None) -> Response:
    """A message to this address, with these as what the name server answers."""
    adapter = outbound.PublicAdapter(deadline=deadline, resolver=resolver or (lambda _host, _port: list(names)))
    with Session(timeout=(1, deadline), deadline=deadline, max_bytes=65536, attempts=1, adapter=adapter) as session:
        return session.post(url, data=b"{}", accept=range(200, 300))


@contextmanager
def behaving(behave: Callable[[socket.socket], None]) -> Iterator[tuple[str, list[bytes]]]:
    """A server that reads a request and then does as it likes with the connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    seen: list[bytes] = []

    def run() -> None:
        while True:
            try:
                connection, _address = listener.accept()
            except OSError:
                return
            with connection:
                try:
                    seen.append(connection.recv(65536))
                    behave(connection)
                except OSError:
                    continue

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/hooks", seen
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


@pytest.mark.parametrize("address", HIDDEN)
def test_an_address_that_is_not_public_is_never_connected_to(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[Any] = []
    monkeypatch.setattr(outbound, "create_connection", lambda *args: tried.append(args))
    with pytest.raises(RemoteError) as refused:
        post("https://erp.example/hooks", address)
    assert (refused.value.code, tried) == ("forbidden_address", [])


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"])
def test_a_public_address_is_allowed(address: str) -> None:
    assert outbound.is_allowed(address)


def test_private_networks_are_allowed_where_the_installation_says_so_and_link_local_never(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    allowed = {address for address in HIDDEN if outbound.is_allowed(address)}
    assert {"127.0.0.1", "10.0.0.1", "::1", "fd12::1", "::ffff:10.0.0.1"} <= allowed
    assert not allowed & {"169.254.169.254", "::ffff:169.254.169.254", "fe80::1", "224.0.0.1", ANY, "ff02::1"}


def test_one_hidden_address_among_public_ones_is_enough_to_refuse() -> None:
    with pytest.raises(RemoteError) as refused:
        post("https://erp.example/hooks", PUBLIC, "10.0.0.1")
    assert refused.value.code == "forbidden_address"


def test_the_address_judged_is_the_one_connected_to_whatever_the_name_server_says_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """DNS rebinding: a public address to the judge, the loopback to the connection."""
    answers = [[PUBLIC], ["127.0.0.1"]]
    asked: list[str] = []
    tried: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return answers.pop(0)

    def connecting(place: tuple[str, int], _timeout: Any) -> socket.socket:
        tried.append(place[0])
        raise TimeoutError

    monkeypatch.setattr(outbound, "create_connection", connecting)
    with pytest.raises(RemoteError) as failed:
        post("https://rebinding.example/hooks", resolver=rebinding)
    assert (asked, tried, failed.value.code) == (["rebinding.example"], [PUBLIC], "connect_timeout")
    with pytest.raises(RemoteError) as refused:
        post("https://rebinding.example/hooks", resolver=rebinding)
    assert (tried, refused.value.code) == ([PUBLIC], "forbidden_address")


@pytest.mark.parametrize("url", ["https://2130706433/", "https://0x7f.1/", "https://127.1/", "https://0177.0.0.1/"])
def test_other_spellings_of_the_loopback_are_the_loopback(url: str) -> None:
    with pytest.raises(RemoteError) as refused:
        post(url, resolver=outbound.resolve)
    assert refused.value.code == "forbidden_address"


IMPOSSIBLE = [
    "https://a..b/x", f"https://{'a' * 64}.example/x", "https://.example/", "https://a%2e%2eb/", "https://é..example/",
    "https://[", "https://[::1", "https://erp.example:99999/",
]  # fmt: skip


@pytest.mark.parametrize("url", IMPOSSIBLE)
def test_a_name_that_no_name_server_knows_is_refused_when_it_is_typed(url: str) -> None:
    assert outbound.refusal(url) == "L’adresse du service distant est incorrecte."
    with pytest.raises(RemoteError) as refused:
        post(url, resolver=outbound.resolve)
    assert (refused.value.code, refused.value.retryable) == ("bad_address", False)


@pytest.mark.parametrize("url", ["https://erp.example./", f"https://{'a' * 63}.example/", "https://é.example/"])
def test_an_unusual_name_is_let_through(url: str) -> None:
    assert outbound.refusal(url) == ""


@pytest.mark.parametrize("host", ["a..b", "a" * 64, "a\x00b"])
def test_a_name_that_cannot_be_asked_for_is_an_unknown_one(host: str) -> None:
    with pytest.raises(RemoteError) as failed:
        outbound.connect(host, 443, 1, outbound.resolve)
    assert failed.value.code == "unknown_host"


def test_a_name_that_does_not_exist_is_told_as_such() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror

    with pytest.raises(RemoteError) as failed:
        post("https://nowhere.example/", resolver=unknown)
    assert failed.value.code == "unknown_host"


def test_a_redirect_is_a_failure_and_is_not_followed(settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True

    def redirect(connection: socket.socket) -> None:
        place = b"Location: http://169.254.169.254/latest/meta-data/\r\nContent-Length: 0\r\n\r\n"
        connection.sendall(b"HTTP/1.1 307 Temporary Redirect\r\n" + place)

    with behaving(redirect) as (url, seen), pytest.raises(AnsweredError) as failed:
        post(url, "127.0.0.1")
    assert (failed.value.code, len(seen)) == ("http_307", 1)


def test_proxies_of_the_environment_take_no_part(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://10.0.0.9:3128")
    with receiving() as receiver:
        assert post(receiver.url, "127.0.0.1").status == 204


def drip_head(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        connection.sendall(b"a")
        time.sleep(0.05)


def drip_body(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 60000\r\n\r\n")
    while True:
        connection.sendall(b"a")
        time.sleep(0.05)


def drip_without_length(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        connection.sendall(b"a")
        time.sleep(0.05)


def flood(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    while True:
        connection.sendall(b"a" * 65536)


def say_nothing(connection: socket.socket) -> None:
    """Until the caller hangs up."""
    connection.settimeout(PATIENCE)
    while connection.recv(4096):
        pass


@pytest.mark.parametrize("behave", [drip_head, drip_body, drip_without_length, flood, say_nothing])
def test_a_receiver_that_never_ends_is_left_in_time(behave: Callable[[socket.socket], None], settings: Any) -> None:
    settings.WEBHOOK_ALLOW_PRIVATE = True
    with behaving(behave) as (url, _seen), pytest.raises(RemoteError) as failed:
        post(url, "127.0.0.1", deadline=1)
    assert failed.value.code in {"deadline", "connection_broken", "answer_too_large", "read_timeout"}
