"""Reading a body: no more than was admitted, and in a time that its size allows."""

from __future__ import annotations

import asyncio
import io
import tempfile
from collections.abc import Awaitable, Callable
from typing import IO, Any

STRANGERS = 1024 * 1024  # bytes; a webhook's message is the largest thing somebody sends who shows no credential
IN_MEMORY = 256 * 1024  # bytes; what is larger waits in a temporary file
SILENCE_SECONDS = 10.0  # between two pieces
FIRST_SECONDS = 20.0  # for all of it, and one second more for each SLOWEST bytes
SLOWEST = 20_000


class Refused(Exception):
    """Answered by a bare status: nobody is there to read words, or no thread to write them."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class CallerGone(Exception):
    """The connection is closed, or nothing of the answer was taken for a long time."""


def room(length: int) -> IO[bytes]:
    """Where so many bytes wait; to be closed by the caller."""
    return io.BytesIO() if length <= IN_MEMORY else tempfile.TemporaryFile()


def length_of(environ: dict[str, Any]) -> int:
    """Raises Refused."""
    text = environ.get("CONTENT_LENGTH") or "0"
    # int() also takes « +1 » and « 1_000 », which a server in front may read otherwise (RFC 9112 §6.3)
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Refused(400)
    return int(text)


async def read(receive: Callable[[], Awaitable[dict[str, Any]]], body: IO[bytes], length: int) -> None:
    """Fill `body` and wind it back. Raises Refused (408) and CallerGone."""
    try:
        # two bounds: one byte every nine seconds passes the silence, and not this
        async with asyncio.timeout(FIRST_SECONDS + length / SLOWEST):
            more = True
            while more:
                async with asyncio.timeout(SILENCE_SECONDS):
                    event = await receive()
                if event["type"] != "http.request":
                    raise CallerGone
                body.write(event.get("body", b""))
                more = event.get("more_body", False)
    except TimeoutError:
        raise Refused(408) from None
    # a body shorter than announced is half of a request: it must not act
    if body.tell() != length:
        raise CallerGone
    body.seek(0)
