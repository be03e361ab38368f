"""The web server writes who asked for what, and none of the secrets an address may hold."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from django.conf import settings

TOKEN = "k" * 43


def test_an_address_that_is_a_secret_is_not_in_the_log() -> None:
    command = [sys.executable, "-m", "gunicorn", "config.wsgi", "--bind", "127.0.0.1:0", "--worker-class", "gthread"]
    command += ["--threads", "1", "--access-logfile", "-", "--logger-class", "config.access_log.AccessLog"]
    server = subprocess.Popen(
        command, cwd=Path(settings.BASE_DIR), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    try:
        said = _read_until(server, r"Listening at: (http://[\d.:]+)")
        address = re.search(r"Listening at: (http://[\d.:]+)", said)[1]  # type: ignore[index]  # just found
        with pytest.raises(urllib.error.HTTPError, match="405"):
            urllib.request.urlopen(f"{address}/api/webhooks/afnor/{TOKEN}?code={TOKEN}", timeout=30)  # noqa: S310
        said += _read_until(server, r'"event": "request"')
    finally:
        server.terminate()
        said += server.communicate(timeout=30)[0]
    (line,) = [json.loads(line) for line in said.splitlines() if '"event": "request"' in line]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/api/webhooks/[redacted]", 405)
    assert line["request_id"]
    assert TOKEN not in said


def _read_until(server: subprocess.Popen[str], words: str) -> str:
    said = ""
    while server.stdout and (line := server.stdout.readline()):
        said += line
        if re.search(words, said):
            break
    return said
