"""A body is admitted before it is read: strangers send little, people and keys what the route takes."""

from __future__ import annotations

import http.client
import socket

import pytest
from django.conf import settings

from config.kernel.api.json import loads
from config.kernel.models import Company
from config.runtime.front import callers
from config.runtime.front.bodies import STRANGERS
from tests.api.client import a_partner
from tests.factories import people
from tests.waiting import PATIENCE
from tests.webserver import Address

HUGE = 600 * 1000 * 1000


def post(address: Address, path: str, size: int, *, sent: int = 0, **headers: str) -> tuple[int, str, bytes]:
    """Announce `size` bytes, send `sent` of them, and read the answer: it must not wait for the others."""
    line = http.client.HTTPConnection(*address, timeout=PATIENCE)
    line.putrequest("POST", path)
    for name, value in {"Content-Length": str(size), **headers}.items():
        line.putheader(name.replace("_", "-"), value)
    line.endheaders()
    line.send(b"x" * sent)
    answer = line.getresponse()
    try:
        return answer.status, str(answer.headers["Content-Type"]), answer.read()
    finally:
        line.close()


@pytest.mark.parametrize("cookie", ["", "sessionid=0123456789abcdefghijklmnopqrstuv"])
def test_a_stranger_is_refused_before_a_byte_is_read(address: Address, cookie: str) -> None:
    status, kind, page = post(address, "/bank/statements/", HUGE, Cookie=cookie, Content_Type="multipart/form-data")
    assert (status, kind) == (413, "text/html; charset=utf-8")
    assert "Envoi refusé" in page.decode()
    for credential in ("", "Bearer qk_nobody_has_this", "Bearer x", "Basic eDp4"):
        status, kind, body = post(address, "/api/payments", STRANGERS + 1, Authorization=credential)
        assert (status, kind, loads(body)["code"]) == (413, "application/problem+json", "too_large")
    assert post(address, "/login/", STRANGERS, sent=STRANGERS)[0] == 403, "what a stranger may send is read"


@pytest.mark.django_db(transaction=True)
def test_whoever_is_signed_in_sends_what_the_route_takes(address: Address, company: Company) -> None:
    cookie = f"sessionid={people.signed_in(company).cookies['sessionid'].value}"
    usual = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert post(address, "/bank/statements/", STRANGERS + 1, sent=STRANGERS + 1, Cookie=cookie)[0] == 403, (
        "without CSRF"
    )
    assert post(address, "/bank/statements/", usual + 1, Cookie=cookie)[0] == 413
    bearer = a_partner(company).headers["Authorization"]
    files = "/integrations/chorus-pro/invoices/submit"
    kind = "multipart/form-data; boundary=x"
    large = usual + 1
    assert post(address, files, large, sent=large, Authorization=bearer, Content_Type=kind)[0] not in (0, 413)
    assert post(address, files, callers.FILES + 1, Authorization=bearer, Content_Type=kind)[0] == 413
    assert post(address, "/api/payments", large, Authorization=bearer, Content_Type="application/json")[0] == 413


def test_a_body_in_pieces_is_refused_unread(address: Address) -> None:
    for path, words in (("/login/", b"text/html"), ("/api/payments", b"length_required")):
        with socket.create_connection(address, timeout=PATIENCE) as line:
            line.sendall(b"POST %s HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" % path.encode())
            answer = b""
            while piece := line.recv(65536):
                answer += piece
        assert answer.startswith(b"HTTP/1.1 411 ")
        assert words in answer
