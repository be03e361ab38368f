"""Errors to Sentry and requests to OpenTelemetry, where SENTRY_DSN or OTEL_EXPORTER_OTLP_ENDPOINT is set.

Without them nothing of either is imported; both come with the extra « watching » of pyproject.toml. What leaves
holds no body, variable, cookie, query or person: errors are redacted as log lines are, spans say the route alone.
"""

from __future__ import annotations

import re
from typing import Any

from django.http import HttpRequest, HttpResponse

from config.kernel.logs import redact
from config.kernel.middleware import GetResponse

# Sentry's own parts of an event that tell of a person, or of what people typed
_PERSONAL = ("user", "breadcrumbs", "extra", "modules")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")


def begin_errors(dsn: str) -> None:
    """From now on errors leave for this address. Raises SystemExit where the extra is not installed."""
    sentry_sdk = _extra("sentry_sdk", "SENTRY_DSN")
    sentry_sdk.init(
        dsn=dsn,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        before_send=lambda event, _hint: scrubbed(event),
        auto_session_tracking=False,
    )


def scrubbed(event: dict[str, Any]) -> dict[str, Any]:
    """What may leave of an error: its kind, where in the code, and its words without secrets and mail addresses."""
    kept = {name: value for name, value in event.items() if name not in _PERSONAL}
    if request := kept.get("request"):
        kept["request"] = {"method": request.get("method", ""), "url": str(request.get("url", "")).partition("?")[0]}
    clean: dict[str, Any] = _without_mails(redact(kept))
    return clean


def _without_mails(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_mails(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_mails(item) for item in value]
    return _MAIL.sub("[e-mail]", value) if isinstance(value, str) else value


class TraceMiddleware:
    """One span a request, by its method and route, sent in batches beside the work."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response
        self.tracer = _tracer()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with self.tracer.start_as_current_span("request", record_exception=False) as span:
            response = self.get_response(request)
            route = getattr(request.resolver_match, "route", "") if request.resolver_match else ""
            span.update_name(f"{request.method} /{route}")
            attributes = {"http.request.method": str(request.method), "http.route": f"/{route}"}
            span.set_attributes({**attributes, "http.response.status_code": response.status_code})
            return response


def _tracer() -> Any:
    exporter = _extra("opentelemetry.exporter.otlp.proto.http.trace_exporter", "OTEL_EXPORTER_OTLP_ENDPOINT")
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": "quittance"}))
    # the exporter reads the standard's own OTEL_EXPORTER_OTLP_… variables
    provider.add_span_processor(BatchSpanProcessor(exporter.OTLPSpanExporter()))
    return provider.get_tracer("quittance")


def _extra(module: str, variable: str) -> Any:
    from importlib import import_module

    try:
        return import_module(module)
    except ImportError:
        raise SystemExit(f"{variable} : installez l’extra « watching » (pip install '.[watching]').") from None
