"""What the front makes of a request and of its answer, with applications of its own behind it."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from django.conf import settings

from config.runtime import web
from config.runtime.front import Front, answers, bodies, callers
from config.runtime.front.requests import environ_of

T = TypeVar("T")
Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def scope(method: str = "GET", path: bytes = b"/", headers: Iterable[tuple[bytes, bytes]] = ()) -> dict[str, Any]:
    return {
        "type": "http",
        "method": method,
        "raw_path": path,
        "query_string": b"a=%C3%A9",
        "http_version": "1.1",
        "scheme": "http",
        "headers": list(headers),
        "server": ("127.0.0.1", "80"),
        "client": ("192.0.2.1", "5"),
    }


class Caller:
    """Sends what it is given, then stays until it is told to go; takes what it gets, or nothing more after `takes`."""

    def __init__(self, *sent: dict[str, Any], takes: int = 10_000) -> None:
        self.events = [*sent] or [{"type": "http.request"}]
        self.taken: list[dict[str, Any]] = []
        self.takes = takes
        self.gone = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        if self.events:
            return self.events.pop(0)
        await self.gone.wait()
        return {"type": "http.disconnect"}

    async def send(self, event: dict[str, Any]) -> None:
        if len(self.taken) >= self.takes:
            await self.gone.wait()
        self.taken.append(event)

    @property
    def status(self) -> int:
        return int(self.taken[0]["status"])

    @property
    def body(self) -> bytes:
        return b"".join(event.get("body", b"") for event in self.taken[1:])


def run(story: Coroutine[Any, Any, T]) -> T:
    """In a thread of its own: the browser's loop may run in this one."""
    with ThreadPoolExecutor(1) as apart:
        return apart.submit(asyncio.run, story).result()


def call(application: Application, request: dict[str, Any], caller: Caller, record: Any = None) -> Caller:
    run(Front(application, record)(request, caller.receive, caller.send))
    return caller


def echo(environ: dict[str, Any], start_response: Any) -> list[bytes]:
    start_response("201 Created", [("X-Request-Id", "r1"), ("Set-Cookie", " a=1")])
    return [environ["REQUEST_METHOD"].encode(), environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))]


class Stream:
    """An answer that streams, as Django's."""

    streaming = True

    def __init__(self, parts: Iterable[bytes]) -> None:
        self.parts = iter(parts)
        self.closed_in = ""

    def __iter__(self) -> Iterator[bytes]:
        return self.parts

    def close(self) -> None:
        self.closed_in = threading.current_thread().name


def streaming(stream: Stream) -> Application:
    def application(_environ: dict[str, Any], start_response: Any) -> Stream:
        start_response("200 OK", [])
        return stream

    return application


async def until(holds: Callable[[], object]) -> None:
    while not holds():  # noqa: ASYNC110 - what is waited for knows of no event
        await asyncio.sleep(0.01)


def test_a_header_with_an_underscore_is_not_taken_for_one_of_our_proxy() -> None:
    headers = [(b"x_forwarded_for", b"9.9.9.9"), (b"x-forwarded-for", b"1.1.1.1"), (b"x-forwarded-for", b"2.2.2.2")]
    made = environ_of(scope(headers=headers))
    assert made["HTTP_X_FORWARDED_FOR"] == "1.1.1.1,2.2.2.2"


def test_paths_and_cookies_are_as_wsgi_wants_them() -> None:
    made = environ_of(scope(path=b"/caf%C3%A9/%FF", headers=[(b"cookie", b"a=1"), (b"cookie", b"b=2")]))
    assert made["PATH_INFO"].encode("latin-1") == "/café/".encode() + b"\xff"
    assert (made["HTTP_COOKIE"], made["QUERY_STRING"]) == ("a=1; b=2", "a=%C3%A9")


def test_a_body_in_pieces_of_the_network_is_read_whole_and_answered() -> None:
    sent = [{"type": "http.request", "body": b"ab", "more_body": True}, {"type": "http.request", "body": b"c"}]
    kept: list[Any] = []
    request = scope("POST", headers=[(b"content-length", b"3")])
    caller = call(echo, request, Caller(*sent), lambda _environ, given, _seconds: kept.append(given))
    assert (caller.status, caller.body) == (201, b"POSTabc")
    assert (b"set-cookie", b"a=1") in caller.taken[0]["headers"]
    assert kept == [answers.AnswerGiven(201, 7, "r1")]


@pytest.mark.parametrize("sent", [b"ab", b"abcd"], ids=["shorter", "longer"])
def test_a_body_that_is_not_what_was_announced_reaches_nobody(sent: bytes) -> None:
    caller = call(
        echo, scope("POST", headers=[(b"content-length", b"3")]), Caller({"type": "http.request", "body": sent})
    )
    assert not caller.taken


def test_a_body_that_does_not_come_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "SILENCE_SECONDS", 0.05)
    begun = {"type": "http.request", "body": b"a", "more_body": True}
    caller = call(echo, scope("POST", headers=[(b"content-length", b"3")]), Caller(begun))
    assert caller.status == 408


def test_a_body_that_drips_is_told_so_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "FIRST_SECONDS", 0.1)
    dripping = Caller({"type": "http.request"})

    async def receive() -> dict[str, Any]:
        await asyncio.sleep(0.01)
        return {"type": "http.request", "body": b"a", "more_body": True}

    dripping.receive = receive  # a slow one
    assert call(echo, scope("POST", headers=[(b"content-length", b"1000")]), dripping).status == 408


def test_a_head_has_no_body_and_its_answer_is_closed() -> None:
    stream = Stream(iter([b"never read"]))
    caller = call(streaming(stream), scope("HEAD"), Caller())
    assert (caller.status, caller.body) == (200, b"")
    assert stream.closed_in


def test_what_streams_waits_for_a_slow_caller_and_ends_when_the_caller_goes() -> None:
    made: list[int] = []

    def rows() -> Iterator[bytes]:
        for number in range(10_000):
            made.append(number)
            yield b"x" * answers.PIECE

    stream = Stream(rows())

    async def story() -> Caller:
        caller = Caller(takes=4)
        serving = asyncio.ensure_future(Front(streaming(stream))(scope(), caller.receive, caller.send))
        await until(lambda: len(caller.taken) == 4)
        await asyncio.sleep(0.2)
        assert len(made) <= 5, "no more than the caller takes"
        caller.gone.set()
        await serving
        return caller

    run(story())
    assert len(made) < 20
    assert stream.closed_in.startswith("request"), "where its connection to the database is"


def test_a_caller_that_takes_nothing_for_long_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "TAKE_SECONDS", 0.05)
    stream = Stream(b"x" * answers.PIECE for _ in range(100))
    caller = call(streaming(stream), scope(), Caller(takes=2))
    assert len(caller.taken) == 2
    assert stream.closed_in


def test_a_stream_that_breaks_is_no_whole_answer() -> None:
    def rows() -> Iterator[bytes]:
        yield b"x" * answers.PIECE
        raise ZeroDivisionError

    caller = Caller()
    with pytest.raises(ZeroDivisionError):
        call(streaming(Stream(rows())), scope(), caller)
    assert caller.taken[-1]["more_body"] is True


def test_when_no_thread_is_free_for_long_the_others_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("config.runtime.front.TURN_SECONDS", 0.05)
    let_go = threading.Event()

    def hangs(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if environ["PATH_INFO"] != "/health/":
            let_go.wait()
        return echo(environ, start_response)

    async def story() -> list[int]:
        front = Front(hangs)
        stuck = [Caller() for _ in range(5)]
        serving = [asyncio.ensure_future(front(scope(), one.receive, one.send)) for one in stuck]
        healthy = Caller()
        await front(scope(path=b"/health/"), healthy.receive, healthy.send)
        assert healthy.status == 201
        await until(lambda: any(one.taken for one in stuck))
        let_go.set()
        await asyncio.gather(*serving)
        return sorted(one.status for one in stuck)

    assert run(story()) == [201] * 4 + [503]


def test_what_is_refused_unread_is_told_before_the_rest_of_it_is_forgotten() -> None:
    pieces = [{"type": "http.request", "body": b"x", "more_body": True} for _ in range(3)]
    request = scope("POST", headers=[(b"transfer-encoding", b"chunked")])
    caller = Caller(*pieces, {"type": "http.request", "body": b"x"})
    seen: list[int] = []
    receive = caller.receive

    async def forgotten() -> dict[str, Any]:
        seen.append(len(caller.taken))
        return await receive()

    caller.receive = forgotten  # tells what was answered when each piece came
    assert call(echo, request, caller).body == b"POST"
    assert seen == [2, 2, 2, 2], "the headers and the words first"
    assert (b"connection", b"close") in caller.taken[0]["headers"]


def test_the_proxy_of_the_deployment_has_the_same_bounds() -> None:
    caddyfile = (Path(settings.BASE_DIR) / "config/deploy/Caddyfile").read_text()
    assert f"read_header {web.HEADER_SECONDS}s" in caddyfile
    assert f"max_size {callers.FILES // 1024**2}MiB" in caddyfile
    kept = re.search(r"keepalive (\d+)s", caddyfile)
    assert kept
    assert int(kept[1]) < web.HEADER_SECONDS
