"""Structured JSON logs. Each line carries the request id, which follows a job into the worker; secrets are redacted."""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import MutableMapping
from typing import Any

import structlog
from structlog.contextvars import bind_contextvars, get_contextvars

_SECRET_KEY = re.compile(r"(?i)(secret|password|passwd|token|authorization|api[_-]?key|signing|cookie|private)")
_SECRET_TEXT = re.compile(
    r"(?i)(bearer\s+|basic\s+)[a-z0-9._~+/=-]{6,}"
    r"|\b(client_secret|password|access_token|refresh_token|id_token)[\"']?\s*[=:]\s*[\"']?[^&\s\"',}]+"
    r"|\beyJ[\w-]{8,}\.[\w-]{4,}\.[\w-]*"
    r"|(?<=/api/webhooks/)\w+/[\w-]{20,}"  # an address that is itself the secret
    r"|(?<=/c/)[a-z2-7]{56}"  # the same, of a customer's page
)
_IBAN = re.compile(r"\b([A-Z]{2}\d{2})(?:\s?[A-Z0-9]{4}){2,7}(?:\s?[A-Z0-9]{1,4})?\b")
_SAFE_ID = re.compile(r"^[A-Za-z0-9._-]{8,64}$")


def redact(value: Any) -> Any:
    """The value without secrets: tokens and passwords by name or by look, IBANs cut to their first four signs."""
    if isinstance(value, MutableMapping | dict):
        return {key: "[redacted]" if _SECRET_KEY.search(str(key)) else redact(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [redact(item) for item in value]
    if isinstance(value, str):
        return _IBAN.sub(r"\1…", _SECRET_TEXT.sub("[redacted]", value))
    return value


def _redact_event(_logger: Any, _name: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    clean: dict[str, Any] = redact(event)
    return clean


SHARED: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.PositionalArgumentsFormatter(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    _redact_event,
]


def configure() -> None:
    """Make structlog and the standard library speak the same JSON."""
    structlog.configure(
        processors=[*SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )


def json_formatter() -> logging.Formatter:
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ],
    )


def dictionary(*, level: str) -> dict[str, Any]:
    """What LOGGING holds: every line as JSON on the console, and of talkative libraries what matters alone."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "config.kernel.logs.json_formatter"}},
        "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "json"}},
        "root": {"handlers": ["console"], "level": level},
        "loggers": {
            "django.server": {"handlers": ["console"], "level": "WARNING", "propagate": False},
            # one warning a page load would drown the rest: a 404 is not an incident
            "django.request": {"level": "ERROR"},
            "pikepdf": {"level": "WARNING"},
            "fontTools": {"level": "ERROR"},
            "weasyprint": {"level": "ERROR"},
        },
    }


def current_request_id() -> str:
    return str(get_contextvars().get("request_id", ""))


def adopt_request_id(given: str) -> str:
    """Bind the caller's request id when it is harmless, else a new one; returns the id in force."""
    request_id = given if _SAFE_ID.match(given) else uuid.uuid4().hex
    bind_contextvars(request_id=request_id)
    return request_id
