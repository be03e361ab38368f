"""The web server's own record of each request: one JSON line, without query strings and without secrets in its path."""

from __future__ import annotations

from typing import Any

import structlog

from config.runtime.front.answers import AnswerGiven

log = structlog.get_logger("quittance.access")


def record(environ: dict[str, Any], given: AnswerGiven, seconds: float) -> None:
    """What a server prints by itself would hold tokens and codes."""
    log.info(
        "request",
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"],
        status=given.status,
        bytes=given.sent,
        milliseconds=round(seconds * 1000),
        client=environ["REMOTE_ADDR"],
        request_id=given.request_id,
    )
