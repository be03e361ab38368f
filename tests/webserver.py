"""The web server really started, as `make run` and the image start it, on a port of its own."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from django.conf import settings

from config.runtime import web
from tests.waiting import PATIENCE, wait_until

Address = tuple[str, int]


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def status_of(address: Address, path: str = "/health/web/") -> int:
    """0 when nobody answers."""
    with suppress(OSError, http.client.HTTPException):
        line = http.client.HTTPConnection(*address, timeout=PATIENCE)
        try:
            line.request("GET", path)
            return line.getresponse().status
        finally:
            line.close()
    return 0


@contextmanager
def web_server(
    log: Path, environment: Mapping[str, str] | None = None, **options: Any
) -> Iterator[tuple[Address, subprocess.Popen[bytes]]]:
    """Its address and its process, from the first answer on; what it says goes to `log`. `options`: `web.command`."""
    address = ("127.0.0.1", free_port())
    with log.open("wb") as out:
        process = subprocess.Popen(
            web.command(*address, **{"workers": 1, **options}),
            cwd=settings.BASE_DIR,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        wait_until(lambda: process.poll() is not None or status_of(address), what="the web server")
        assert process.poll() is None, log.read_text()
        yield address, process
    finally:
        process.terminate()
        process.wait(PATIENCE)
