"""The web server writes who asked for what, and none of the secrets an address may hold."""

from __future__ import annotations

import json
from pathlib import Path

from tests.waiting import wait_until
from tests.webserver import Address, status_of

TOKEN = "k" * 43


def test_an_address_that_is_a_secret_is_not_in_the_log(address: Address, log: Path) -> None:
    def lines() -> list[str]:
        return [
            line for line in log.read_text().splitlines() if '"event": "request"' in line and "/api/webhooks/" in line
        ]

    assert status_of(address, f"/api/webhooks/afnor/{TOKEN}?code={TOKEN}") == 405
    wait_until(lines, what="the line of the request")
    (line,) = map(json.loads, lines())
    assert (line["method"], line["path"], line["status"]) == ("GET", "/api/webhooks/[redacted]", 405)
    assert line["request_id"]
    assert TOKEN not in log.read_text()
