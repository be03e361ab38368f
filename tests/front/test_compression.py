"""What the product serves is compressed for whoever accepts it, over real connections, and as it was for the others."""

from __future__ import annotations

import gzip
import http.client
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.test import RequestFactory

from config.kernel.api.json import loads
from config.kernel.middleware import CompressMiddleware
from config.kernel.models import Company
from tests.api.client import a_partner
from tests.factories import story
from tests.waiting import PATIENCE
from tests.webserver import Address

Answer = tuple[int, http.client.HTTPMessage, bytes]
GZIP = "gzip, deflate, br"
PADDING = 100  # bytes at random


def ask(address: Address, path: str, accepts: str = "", **headers: str) -> Answer:
    line = http.client.HTTPConnection(*address, timeout=PATIENCE)
    try:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        line.request("GET", path, headers={**sent, "Accept-Encoding": accepts or "identity"})
        answer = line.getresponse()
        return answer.status, answer.headers, answer.read()
    finally:
        line.close()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/login/", "text/html"),
        ("/static/css/app.css", "text/css"),
        ("/static/js/app.js", "text/javascript"),
        ("/static/icon.svg", "image/svg+xml"),
        ("/api/schema?format=json", "application/vnd.oai.openapi+json"),
    ],
)
def test_texts_are_compressed_when_asked_and_not_when_not(address: Address, path: str, kind: str) -> None:
    status, head, plain = ask(address, path)
    assert (status, head["Content-Type"].partition(";")[0], head["Content-Encoding"]) == (200, kind, None)
    assert "Accept-Encoding" in head["Vary"]
    _status, head, packed = ask(address, path, GZIP)
    assert (head["Content-Encoding"], len(packed) < len(plain) + PADDING) == ("gzip", True)
    token = re.compile(rb'name="csrfmiddlewaretoken" value="\w+"')  # another each time
    assert token.sub(b"", gzip.decompress(packed)) == token.sub(b"", plain)
    assert ask(address, path, "br, gzip;q=0")[1]["Content-Encoding"] is None


def test_a_static_file_not_changed_since_is_not_sent_again_and_a_part_of_it_is_a_part_of_the_file(
    address: Address,
) -> None:
    _status, head, plain = ask(address, "/static/css/app.css")
    tag = ask(address, "/static/css/app.css", GZIP)[1]["ETag"]
    assert tag == head["ETag"]
    assert ask(address, "/static/css/app.css", GZIP, If_None_Match=tag)[::2] == (304, b"")
    status, head, part = ask(address, "/static/css/app.css", GZIP, Range="bytes=10-999")
    assert (status, head["Content-Encoding"], part) == (206, None, plain[10:1000])


def test_a_page_with_a_token_has_a_length_that_tells_nothing(address: Address) -> None:
    lengths = {len(ask(address, "/login/", GZIP)[2]) for _time in range(12)}
    assert len(lengths) > 3


@pytest.mark.django_db(transaction=True)
def test_an_object_of_the_api_read_compressed_is_known_again_by_its_tag(address: Address, company: Company) -> None:
    customer = story.a_customer(company)
    bearer = a_partner(company).headers
    path = f"/api/customers/{customer.pk}"
    status, head, packed = ask(address, path, GZIP, **bearer)
    assert (status, head["Content-Encoding"], loads(gzip.decompress(packed))["id"]) == (200, "gzip", customer.pk)
    tag = head["ETag"]
    assert tag == ask(address, path, **bearer)[1]["ETag"]
    assert ask(address, path, GZIP, If_None_Match=tag, **bearer)[::2] == (304, b"")
    assert ask(address, path, GZIP, If_None_Match=f"W/{tag}", **bearer)[0] == 304


@pytest.mark.django_db(transaction=True)
def test_an_export_is_compressed_as_text_and_a_workbook_as_it_is(address: Address, company: Company) -> None:
    for _number in range(5):
        story.a_customer(company)
    bearer = a_partner(company).headers
    plain = ask(address, "/api/customers?format=csv", **bearer)[2]
    _status, head, packed = ask(address, "/api/customers?format=csv", GZIP, **bearer)
    assert (head["Content-Encoding"], gzip.decompress(packed)) == ("gzip", plain)
    _status, head, workbook = ask(address, "/api/customers?format=xlsx", GZIP, **bearer)
    assert (head["Content-Encoding"], workbook[:2]) == (None, b"PK")


def test_what_is_streamed_is_not_waited_for() -> None:
    made: list[int] = []

    def rows() -> Iterator[bytes]:
        for number in range(2000):
            made.append(number)
            yield os.urandom(500).hex().encode()

    def view(_request: HttpRequest) -> HttpResponse:
        return StreamingHttpResponse(rows(), content_type="text/csv")

    request = RequestFactory().get("/", headers={"Accept-Encoding": "gzip"})
    answer: Any = CompressMiddleware(view)(request)
    pieces = iter(answer.streaming_content)
    assert (next(pieces)[:2], made) == (b"\x1f\x8b", [])
    next(pieces)
    assert 0 < len(made) < 1000
