"""The front of the web server: what a request must pass before a thread works on it.

    granian (config/runtime/web.py)   reads the headers, within a time
    Front                     admits the body or refuses it, reads it whole within a time, then lends a thread
    Django (WSGI)             answers in that thread

Whoever sends or reads slowly costs a connection and a little memory, never a thread: other callers are answered.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any

from config.runtime import health
from config.runtime.front import bodies, callers
from config.runtime.front.answers import AnswerGiven, Connection, Receive, Send, WsgiApplication, answer, serve_file
from config.runtime.front.requests import REFUSED, environ_of

THREADS = 4
TURN_SECONDS = 30.0  # a request waits that long for a thread, all of which may wait for a frozen database
Record = Callable[[dict[str, Any], AnswerGiven, float], None]


class Front:
    """An ASGI application over a WSGI one. `record` writes each answer down."""

    def __init__(self, application: WsgiApplication, record: Record | None = None) -> None:
        self.application = application
        self.record = record
        self.turns = asyncio.Semaphore(THREADS)
        self.threads = ThreadPoolExecutor(THREADS, thread_name_prefix="request")
        # what must be answered even when every thread hangs
        self.health = ThreadPoolExecutor(2, thread_name_prefix="health")
        self.doorkeepers = ThreadPoolExecutor(2, thread_name_prefix="admitting")

    async def __call__(self, scope: dict[str, Any], receive: Receive, send: Send) -> None:
        began, environ = time.monotonic(), environ_of(scope)
        connection = Connection(receive, send, asyncio.get_running_loop())
        try:
            await self._serve(environ, receive, connection)
            # the body was not read: closing at once would reset the connection before the caller has read the refusal
            if REFUSED in environ:
                await connection.linger()
            await connection.finish()
        except bodies.Refused as refused:
            await connection.refuse(refused.status)
        except bodies.CallerGone:
            pass
        finally:
            connection.leave()
            if self.record:
                self.record(environ, connection.given, time.monotonic() - began)

    async def _serve(self, environ: dict[str, Any], receive: Receive, connection: Connection) -> None:
        if environ["PATH_INFO"] in health.PATHS and environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            await self._answer(self.health, environ, connection)
            return
        length = await self._admit(environ)
        with bodies.room(length) as body:
            if length:
                await bodies.read(receive, body, length)
            # the body is whole before a thread is taken: a caller who sends slowly occupies none
            environ["wsgi.input"] = body
            async with self._turn():
                file = await self._answer(self.threads, environ, connection)
        if file is not None:
            await serve_file(file, connection, self.threads)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Raises Refused (503) when no thread becomes free."""
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self.turns.acquire()
        except TimeoutError:
            raise bodies.Refused(503) from None
        try:
            yield
        finally:
            self.turns.release()

    async def _admit(self, environ: dict[str, Any]) -> int:
        """How many bytes to read. What is too large is not read: Django is told to refuse it in words."""
        if "HTTP_TRANSFER_ENCODING" in environ:
            environ[REFUSED] = 411
            return 0
        length = bodies.length_of(environ)
        # only a large body asks the database who sends it, on threads of its own: strangers cannot occupy the others
        if length > bodies.STRANGERS:
            loop = asyncio.get_running_loop()
            if length > await loop.run_in_executor(self.doorkeepers, callers.largest_body, dict(environ)):
                environ[REFUSED] = 413
                environ["CONTENT_LENGTH"] = "0"
                return 0
        return length

    async def _answer(
        self, threads: ThreadPoolExecutor, environ: dict[str, Any], connection: Connection
    ) -> Iterable[bytes] | None:
        return await asyncio.get_running_loop().run_in_executor(threads, answer, self.application, environ, connection)
