"""Serve the simulated platform: its own addresses, no middleware of ours, one thread per connection."""

from __future__ import annotations

from typing import Any

from django.core.handlers.exception import convert_exception_to_response
from django.core.handlers.wsgi import WSGIHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.http import HttpRequest, HttpResponse, HttpResponseBase

URLCONF = "einvoicing.sandbox.urls"
_LOOPBACK = {"127.0.0.1", "localhost", "[::1]"}


class SandboxHandler(WSGIHandler):
    """Django without our session, company and security layers: this is somebody else's machine."""

    def load_middleware(self, is_async: bool = False) -> None:
        self._view_middleware: list[Any] = []
        self._template_response_middleware: list[Any] = []
        self._exception_middleware: list[Any] = []
        # django-stubs leave this method out
        self._middleware_chain = convert_exception_to_response(self._get_response)  # type: ignore[attr-defined]  # Django’s own, as its load_middleware sets it

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        host = request.META.get("HTTP_HOST", "").rsplit(":", 1)[0]
        if host not in _LOOPBACK:
            return HttpResponse("unknown host", status=400, content_type="text/plain")
        request.urlconf = URLCONF
        return super().get_response(request)


class _RequestHandler(WSGIRequestHandler):
    """Gives the view its connection, so that it can be broken on purpose; writes no access log."""

    def get_environ(self) -> dict[str, Any]:
        return {**super().get_environ(), "sandbox.connection": self.connection}

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name in the standard library
        return


class SandboxServer(ThreadedWSGIServer):
    """Listens at once; `serve_forever` in a thread or in the process of its own."""

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__((host, port), _RequestHandler)
        self.set_app(SandboxHandler())

    @property
    def address(self) -> str:
        return f"http://{self.server_address[0]!s}:{self.server_address[1]}"
