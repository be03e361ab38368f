"""The answer, from a WSGI application in a thread to an ASGI connection that may take it slowly."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from config.runtime.front.bodies import CallerGone
from config.runtime.front.requests import REFUSED

Send = Callable[[dict[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[dict[str, Any]]]
WsgiApplication = Callable[[dict[str, Any], Callable[..., Any]], Iterable[bytes]]
PIECE = 64 * 1024  # bytes sent at once
TAKE_SECONDS = 60.0  # for a piece; whoever reads more slowly is gone
LINGER_SECONDS = 3.0


@dataclass
class AnswerGiven:
    """For the log."""

    status: int = 0
    sent: int = 0
    request_id: str = ""


class Connection:
    """The caller's end. Its coroutines run in the server's loop; `write` is called by the thread that answers."""

    def __init__(self, receive: Receive, send: Send, loop: asyncio.AbstractEventLoop) -> None:
        self.given = AnswerGiven()
        self._receive, self._send, self._loop = receive, send, loop
        self._gone: asyncio.Task[None] | None = None
        self._waiting: list[dict[str, Any]] = []

    def start(self, status: str, headers: list[tuple[str, str]], *, last: bool) -> None:
        """Kept until the first piece goes. `last`: nothing more is read from this connection."""
        self.given.status = int(status.split(" ", 1)[0])
        self.given.request_id = next((value for name, value in headers if name.lower() == "x-request-id"), "")
        raw = [(name.lower().encode("latin-1"), value.strip().encode("latin-1")) for name, value in headers]
        if last:
            # without a length it ends when we say so
            raw = [(name, value) for name, value in raw if name != b"content-length"] + [(b"connection", b"close")]
        self._waiting = [{"type": "http.response.start", "status": self.given.status, "headers": raw}]

    def keep(self, body: bytes) -> None:
        """The whole body, sent by `finish` when the thread is free again."""
        self._waiting.append({"type": "http.response.body", "body": body})

    def write(self, piece: bytes) -> None:
        """Wait, in a thread, until the caller has taken it. Raises CallerGone."""
        # a stream writes from its thread, since it computes as it goes; slow callers are bounded by TAKE_SECONDS
        asyncio.run_coroutine_threadsafe(self.put(piece), self._loop).result()

    async def put(self, piece: bytes) -> None:
        """Send one piece of a body that comes in pieces. Raises CallerGone."""
        # watched only while streaming: reading before the body is consumed would eat the body itself
        if self._gone is None:
            self._gone = asyncio.ensure_future(self._until_gone())
        if self._gone.done():
            raise CallerGone
        self._waiting.append({"type": "http.response.body", "body": piece, "more_body": True})
        await self._flush()

    async def linger(self) -> None:
        """Send a refusal before its end, and read and forget what comes of the body meanwhile.

        A caller that is still sending when the connection closes would see it break, and not why.
        """
        for event in self._waiting[1:]:
            event["more_body"] = True
        await self._flush()
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while (await self._receive()).get("more_body"):
                    pass

    async def finish(self) -> None:
        if not self._waiting or self._waiting[-1]["type"] != "http.response.body":
            self.keep(b"")
        await self._flush()

    def leave(self) -> None:
        if self._gone is not None:
            self._gone.cancel()

    async def refuse(self, status: int) -> None:
        phrase = HTTPStatus(status).phrase
        headers = [("Content-Type", "text/plain"), ("Retry-After", "5")] if status == 503 else []
        self.start(f"{status} {phrase}", headers, last=True)
        self.keep(phrase.encode())
        await self._flush()

    async def _flush(self) -> None:
        waiting, self._waiting = self._waiting, []
        try:
            async with asyncio.timeout(TAKE_SECONDS):
                for event in waiting:
                    await self._send(event)
                    self.given.sent += len(event.get("body", b""))
        except TimeoutError:
            raise CallerGone from None

    async def _until_gone(self) -> None:
        """The body was read, so that nothing else can come."""
        while (await self._receive())["type"] != "http.disconnect":
            pass


def answer(application: WsgiApplication, environ: dict[str, Any], connection: Connection) -> Iterable[bytes] | None:
    """Run the application in this thread. A file is returned unsent: to read it takes no thread in particular."""

    def start_response(status: str, headers: list[tuple[str, str]], _failure: object = None) -> None:
        connection.start(status, headers, last=REFUSED in environ)

    result: Any = application(environ, start_response)
    if environ["REQUEST_METHOD"] != "HEAD" and getattr(result, "file_to_stream", None) is not None:
        return result  # Django's FileResponse
    try:
        if environ["REQUEST_METHOD"] == "HEAD":
            pass
        elif getattr(result, "streaming", False):
            for piece in pieces(result):
                connection.write(piece)
        else:
            connection.keep(b"".join(result))
    finally:
        _close(result)
    return None


async def serve_file(file: Iterable[bytes], connection: Connection, threads: ThreadPoolExecutor) -> None:
    """A thread reads each piece, and none waits while the caller takes it."""
    loop, read = asyncio.get_running_loop(), pieces(file)
    try:
        while piece := await loop.run_in_executor(threads, next, read, b""):
            await connection.put(piece)
    finally:
        await loop.run_in_executor(threads, _close, file)


def pieces(parts: Iterable[bytes]) -> Iterator[bytes]:
    """The parts of a body gathered into pieces of PIECE bytes at least, the last one apart."""
    gathered: list[bytes] = []
    size = 0
    for part in parts:
        gathered.append(part)
        size += len(part)
        if size >= PIECE:
            yield b"".join(gathered)
            gathered, size = [], 0
    if size:
        yield b"".join(gathered)


def _close(result: Any) -> None:
    """Django gives its connection to the database back here."""
    if hasattr(result, "close"):
        result.close()
