"""The web server's own record of each request: one JSON line, without query strings and without secrets in its path."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import structlog
from gunicorn.glogging import Logger

log = structlog.get_logger("quittance.access")


class AccessLog(Logger):
    """`--logger-class config.access_log.AccessLog`: what gunicorn prints by itself would hold tokens and codes."""

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        if not self.access_log_enabled:
            return
        headers = {name.lower(): value for name, value in resp.headers}
        log.info(
            "request",
            method=environ.get("REQUEST_METHOD"),
            path=environ.get("PATH_INFO"),
            status=resp.status_code,
            bytes=getattr(resp, "sent", None),
            milliseconds=round(request_time / timedelta(milliseconds=1)),
            client=environ.get("REMOTE_ADDR"),
            request_id=headers.get("x-request-id", ""),
        )
