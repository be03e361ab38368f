"""What leaves for Sentry and OpenTelemetry, received over HTTP as they would: no secret, no person, no body."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import brotli
import pytest

from config.runtime import watching
from tests.trust.killed import ROOT
from tests.waiting import PATIENCE

SECRETS = ("hunter2", "s3ss10n", "tok3n", "claire@client.example", "FR7630006000011234567890189", "typed by a person")
OPENED = {"": bytes, "gzip": gzip.decompress, "br": brotli.decompress}
REQUESTS = """
import django
django.setup()
from django.conf import settings
from django.http import HttpResponse
from django.contrib.auth.decorators import login_not_required
from django.test import Client
from django.urls import path

@login_not_required
def broken(request, number):
    typed = request.POST.get("typed", "typed by a person")
    raise ValueError("password=hunter2 of claire@client.example, IBAN FR7630006000011234567890189")

urlpatterns = [path("broken/<int:number>/", broken)]
settings.ROOT_URLCONF = "__main__"
settings.MIDDLEWARE = [one for one in settings.MIDDLEWARE if "watching" in one]
caller = Client(raise_request_exception=False, headers={"Authorization": "Bearer tok3n-tok3n"})
caller.cookies["sessionid"] = "s3ss10n"
caller.post("/broken/7/?token=tok3n", {"typed": "typed by a person"})
import sentry_sdk
sentry_sdk.flush()
"""


@pytest.fixture
def received() -> Iterator[tuple[str, dict[str, bytes]]]:
    """Its address, and what came to each path."""
    found: dict[str, bytes] = {}

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found[self.path] = OPENED[self.headers.get("Content-Encoding", "")](body)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_said: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}", found
    server.shutdown()
    server.server_close()


def test_an_error_and_a_request_are_told_without_secret_person_or_body(received: tuple[str, dict[str, bytes]]) -> None:
    address, found = received
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "SENTRY_DSN": f"http://key@{address}/1",
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://{address}",
    }
    command = [sys.executable, "-c", REQUESTS]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert done.returncode == 0, done.stderr
    assert {"/api/1/envelope/", "/v1/traces"} <= found.keys(), done.stderr
    error, trace = found["/api/1/envelope/"].decode(), found["/v1/traces"]
    assert "ValueError" in error
    assert "[redacted]" in error
    assert b"/broken/<int:number>/" in trace
    assert [secret for secret in SECRETS if secret in error or secret.encode() in trace] == []


def test_without_their_variables_neither_is_imported() -> None:
    code = "import sys, django; django.setup(); print({'sentry_sdk', 'opentelemetry'} & sys.modules.keys())"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "config.settings", "SENTRY_DSN": ""}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    assert done.stdout == "set()\n", done.stderr


def test_without_the_extra_the_start_says_what_to_install() -> None:
    with pytest.raises(SystemExit, match="SENTRY_DSN : installez l’extra"):
        watching._extra("no_such_module", "SENTRY_DSN")
