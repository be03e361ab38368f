"""Logs: one JSON object a line, no secret in it, and the request's id on every line, also in the worker."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from celery import signals
from celery.app.trace import build_tracer
from structlog.contextvars import bind_contextvars, clear_contextvars

from config.celery import app
from config.kernel.logs import adopt_request_id, current_request_id, json_formatter, redact

CANARY = "canary8d1fopensesame"
IBAN = "FR7630006000011234567890189"


@pytest.fixture(autouse=True)
def _nothing_bound() -> Iterator[None]:
    clear_contextvars()
    yield
    clear_contextvars()


@pytest.fixture
def lines() -> Iterator[Any]:
    """What the product logs, line by line, as the settings would write it."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(json_formatter())
    logger = logging.getLogger("tests.logs")
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    logger.propagate = False
    yield lambda: [json.loads(line) for line in written.getvalue().splitlines()]
    logger.removeHandler(handler)


@pytest.mark.parametrize(
    "holds_it",
    [
        {"client_secret": CANARY},
        {"Authorization": f"Bearer {CANARY}"},
        {"headers": [{"Cookie": CANARY}, {"X-Api-Key": CANARY}]},
        {"access_token": CANARY, "deep": ({"PASSWORD": CANARY},)},
        {"words": f"Authorization: Bearer {CANARY}"},
        {"words": f"basic {CANARY}"},
        {"url": f"https://example.fr/?access_token={CANARY}&page=2"},
        {"form": f"grant_type=client_credentials&client_secret={CANARY}"},
        {"words": f"eyJhbGciOiJIUzI1NiJ9.{CANARY}.signature"},
        {"signing_key": CANARY, "private": CANARY},
        {"body": json.dumps({"access_token": CANARY, "expires_in": 1800})},
        {"body": f"{{'client_secret': '{CANARY}'}}"},
        {"path": f"/api/webhooks/afnor/{CANARY * 3}"},
    ],
)
def test_a_secret_is_redacted_wherever_it_hides(holds_it):
    clean = redact(holds_it)
    assert CANARY not in json.dumps(clean)
    assert "[redacted]" in json.dumps(clean)


def test_an_iban_keeps_its_first_four_signs():
    for written in (IBAN, "FR76 3000 6000 0112 3456 7890 189"):
        clean = redact(f"virement de {written} reçu")
        assert clean == "virement de FR76… reçu"


@pytest.mark.parametrize("text", ["FAC-2026-00001", "SIREN 732829320", "12 rue des Martyrs", "Basic plan", 42, None])
def test_ordinary_words_are_left_alone(text):
    assert redact(text) == text


def test_a_line_of_log_is_one_json_object_without_the_secret(lines):
    structlog.get_logger("tests.logs").warning("platform_refused", client_secret=CANARY, reason=f"Bearer {CANARY}")
    (line,) = lines()
    assert CANARY not in json.dumps(line)
    assert (line["event"], line["level"], line["logger"]) == ("platform_refused", "warning", "tests.logs")
    assert line["timestamp"].endswith("Z")


def test_the_standard_librarys_own_lines_are_cleaned_too(lines):
    logging.getLogger("tests.logs").error("refused: %s for %s", f"client_secret={CANARY}", IBAN)
    (line,) = lines()
    assert CANARY not in json.dumps(line)
    assert IBAN not in json.dumps(line)
    assert "FR76…" in line["event"]


def test_a_secret_in_an_exception_does_not_reach_the_log(lines):
    try:
        raise ConnectionError(f"https://pa.example/token?client_secret={CANARY}&x=1")
    except ConnectionError:
        structlog.get_logger("tests.logs").exception("unreachable")
    (line,) = lines()
    assert "ConnectionError" in line["exception"]
    assert CANARY not in json.dumps(line)


def test_every_line_carries_the_request_id(lines):
    adopt_request_id("request-4711")
    structlog.get_logger("tests.logs").info("one")
    logging.getLogger("tests.logs").info("two")
    assert [line["request_id"] for line in lines()] == ["request-4711"] * 2


@pytest.mark.parametrize("given", ["", "short", "x" * 65, "with space 123", 'quote"12345', "line\nbreak-123"])
def test_a_harmful_request_id_is_replaced(given):
    kept = adopt_request_id(given)
    assert kept != given
    assert len(kept) == 32
    assert current_request_id() == kept


def published_headers() -> dict[str, Any]:
    """The headers with which a task would leave now."""
    headers: dict[str, Any] = {}
    signals.before_task_publish.send(sender="tests.any", headers=headers, body=(), routing_key="sync")
    return headers


def run_in_the_worker(headers: dict[str, Any]) -> dict[str, Any]:
    """What is bound while a task with these headers runs; the worker knows nothing of the request."""
    clear_contextvars()
    bind_contextvars(request_id="the-job-before", company="another")
    seen: dict[str, Any] = {}

    @app.task(name="tests.look_around", shared=False)
    def look_around() -> None:
        seen.update(structlog.contextvars.get_contextvars())

    # as the worker does: the message's headers are the task's request
    outcome = build_tracer(look_around.name, look_around, app=app)("job-1", (), {}, dict(headers))
    app.tasks.unregister(look_around.name)
    assert outcome.info is None, outcome
    return seen


def test_the_request_id_follows_a_job_into_the_worker():
    adopt_request_id("request-4711")
    headers = published_headers()
    assert headers == {"request_id": "request-4711"}
    seen = run_in_the_worker(headers)
    assert (seen["request_id"], seen["task"]) == ("request-4711", "tests.look_around")
    assert "company" not in seen, "nothing of the job before stays bound"


def test_a_job_nobody_asked_for_gets_an_id_of_its_own():
    headers = published_headers()
    assert headers == {}
    seen = run_in_the_worker(headers)
    assert seen["request_id"] not in {"", "the-job-before"}
