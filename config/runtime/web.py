"""How the web server starts: `python -m config.runtime.web HOST PORT`. granian holds connections, Front the bounds."""

from __future__ import annotations

import os
import sys

HEADER_SECONDS = 10  # to send the headers, and between two requests of one connection
CONNECTIONS = 1024  # of each process
STOP_SECONDS = 4  # for the requests at work when the server is stopped
APPLICATION = "config.asgi:application"


def command(
    host: str,
    port: int,
    *,
    workers: int = 2,
    application: str = APPLICATION,
    header_seconds: int = HEADER_SECONDS,
    stop_seconds: int = STOP_SECONDS,
) -> list[str]:
    return [
        sys.executable,
        "-m",
        "granian",
        application,
        "--interface",
        "asginl",
        "--no-ws",
        "--http",
        "1",
        "--host",
        host,
        "--port",
        str(port),
        "--workers",
        str(workers),
        "--loop",
        "asyncio",
        "--http1-header-read-timeout",
        str(header_seconds * 1000),
        "--backlog",
        str(CONNECTIONS * workers),
        "--backpressure",
        str(CONNECTIONS),
        "--respawn-failed-workers",
        "--workers-kill-timeout",
        str(stop_seconds),
        "--log-level",
        "warning",
    ]


if __name__ == "__main__":
    os.execv(sys.executable, command(sys.argv[1], int(sys.argv[2])))  # noqa: S606 - the container's only program
