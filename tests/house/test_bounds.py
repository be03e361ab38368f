"""Numbers and texts without measure are refused where they are read, on every page and route."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from config.kernel.api.json import loads
from tests.factories.people import signed_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "text", ["1e99999999999999999999", "-1e-99999999999999999999", "9" * 5000, "1" * 200 + ".5", "1e101"]
)
def test_a_number_beyond_measure_is_no_json(text):
    with pytest.raises(ValueError, match=r"measure|limit"):
        loads(f'{{"amount": {text}}}'.encode())
    for body in (f'{{"email": {text}, "password": "x"}}', f'{{"email": "a@b.example", "password": {text}}}'):
        answer = Client(raise_request_exception=False).post("/api/auth/token", body, content_type="application/json")
        assert answer.status_code == 400, answer.content


def test_amounts_stay_exact():
    assert loads(b'{"a": 1234567890.12, "b": 12, "c": 1e2}') == {
        "a": Decimal("1234567890.12"),
        "b": 12,
        "c": Decimal("1e2"),
    }
    assert json.dumps(loads(b"[0]")) == "[0]"


def plain_pages() -> list[str]:
    """The address of each page that takes no parameter."""
    found = []

    def walk(patterns, prefix):
        for pattern in patterns:
            route = prefix + str(pattern.pattern)
            if isinstance(pattern, URLResolver):
                walk(pattern.url_patterns, route)
            elif isinstance(pattern, URLPattern) and "<" not in route and "^" not in route and "(" not in route:
                found.append(f"/{route}")

    walk(get_resolver().url_patterns, "")
    return sorted(page for page in found if not page.startswith(("/api", "/admin", "/integrations", "/metrics")))


def test_no_page_fails_on_a_nul_or_an_endless_number(company):
    client = signed_in(company)
    client.raise_request_exception = False
    pages = plain_pages()
    assert len(pages) > 25
    for page in pages:
        for query in (
            "q=%00",
            "q=a%00b&cursor=%00",
            "customer=%00",
            "%00=1",
            "q=%ED%A0%80",
            f"customer={'9' * 400}",
            f"page={'9' * 400}",
        ):
            answer = client.get(f"{page}?{query}")
            assert answer.status_code < 500, (page, query)
            if "%00" in query:
                assert answer.status_code in {400, 405}, (page, query, answer.status_code)
        assert client.post(page, {"name": "a\0b", "q": "\0", "customer_text": "\0"}).status_code < 500, page
