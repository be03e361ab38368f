"""Numbers and texts without measure are refused where they are read, on every page and route, and in the admin."""

from __future__ import annotations

import json
import re
import zlib
from decimal import Decimal
from functools import cached_property

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import get_resolver, reverse
from lxml import html

from config.kernel.api.json import loads
from config.kernel.models import User
from tests.api.test_matrix import patterns
from tests.home.test_every_page import PAGES
from tests.trust.at_once import WHOLE, a_share

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


HUGE = "9" * 400
QUERIES = (
    "q=%00", "q=a%00b&cursor=%00", "customer=%00", "%00=1", "q=%ED%A0%80", f"customer={HUGE}", f"page={HUGE}",
    f"cursor={HUGE}", f"status={HUGE}&month={HUGE}",
)  # fmt: skip
# what only the admin's lists read
ADMIN_QUERIES = (
    *QUERIES, f"p={HUGE}", f"o={HUGE}", f"id__exact={HUGE}", f"pk={HUGE}", f"company__id__exact={HUGE}", "e=1",
    f"q={HUGE}", f"_to_field={HUGE}", f"app_label=billing&model_name={HUGE}&field_name=x",
    f"app_label=kernel&model_name=membership&field_name=user&term=a&page={HUGE}",
)  # fmt: skip
TEXTS = {"name": "a\0b", "q": "\0", "customer_text": "\0"}
NUMBERS = {"action": "delete_selected", "_selected_action": HUGE, "select_across": "1", "pk": HUGE, "index": HUGE}
# the ids that no row has: beyond bigint, the greatest one, none
IDS = ("9" * 25, "9223372036854775807", "0")
WORDS = ("a" * 300, "9" * 300, "-", "%ED%A0%80", "..")
ENDLESS = (HUGE, f"-{HUGE}", "1e999999", "NaN", "Infinity", "9999-12-31", "²", "٣")
OUTSIDE = ("login", "logout", "language", "password-forgotten", "mfa_login_webauthn")

FEW = 1  # for each page, others for the next one; all of them in `make trust`


def some(values, page):
    if WHOLE:
        return values
    start = zlib.crc32(page.encode()) % max(1, len(values))
    return [*values, *values][start : start + FEW]


def asked(client: Client, address: str, typed: dict[str, str] | None = None) -> int:
    """How a page answers, and that it does not fail."""
    answer = client.get(address) if typed is None else client.post(address, typed)
    if answer.streaming:
        b"".join(answer.streaming_content)  # read to its end, a file is closed
    assert answer.status_code < 500, (address[:200], list(typed or ()))
    return int(answer.status_code)


def bound(client: Client, page: str, queries: tuple[str, ...]) -> None:
    for query in some(queries, page):
        status = asked(client, f"{page}?{query}")
        if "%00" in query:
            assert status in {400, 405}, (page, query, status)
    asked(client, page, TEXTS)
    asked(client, page, NUMBERS)
    fields = fields_of(client, page)
    for typed in ENDLESS if WHOLE else some(ENDLESS, page)[:1]:
        asked(client, page, dict.fromkeys(fields, typed))


def fields_of(client: Client, page: str) -> list[str]:
    """What the forms of the page ask for."""
    answer = client.get(page)
    if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html") or answer.streaming:
        return []
    found = html.fromstring(f"<div>{answer.text}</div>").xpath(
        "//*[self::input or self::select or self::textarea]/@name"
    )
    names = {str(name) for name in found} - {"csrfmiddlewaretoken"}
    # a sheet of as many lines as there may be takes seconds to draw
    return sorted(name for name in names if WHOLE or not name.endswith("TOTAL_FORMS"))


@pytest.mark.trust
@pytest.mark.parametrize("page", a_share(PAGES, 6), ids=lambda page: page.name)
def test_no_page_fails_on_a_nul_an_endless_number_or_an_id_of_nothing(page, world):
    client = world.browser()
    client.raise_request_exception = False
    bound(client, page.address(world), QUERIES)
    for strange in some(strange_paths(f"/{page.path}"), page.path):
        asked(client, strange)
        asked(client, strange, NUMBERS)


def test_nor_do_those_outside_a_company():
    client = Client(raise_request_exception=False)
    for name in OUTSIDE:
        bound(client, reverse(name), QUERIES)


def strange_paths(path: str) -> list[str]:
    """The page's address with values that name nothing in place of each of its parameters."""
    found = {re.sub(r"<int:\w+>", n, re.sub(r"<(?!int:)[^>]*>", word, path)) for n in IDS for word in WORDS}
    return sorted(found - {path})


def admin_patterns() -> list[str]:
    """The address of each page of the admin, its parameters in brackets."""
    found = [f"/{path}" for path, _name, _pattern in patterns(get_resolver()) if path.startswith("admin/")]
    return [path for path in found if "(" not in path and "logout" not in path]


@pytest.mark.trust
@pytest.mark.parametrize("path", a_share(admin_patterns(), 6))
def test_no_page_of_the_admin_fails_either(path, root, db):
    if "<" not in path:
        bound(root, path, ADMIN_QUERIES)
    for strange in some([re.sub(r"<[^>]*>", value, path) for value in (*IDS, *WORDS, "_5F", "1_002F")], path):
        if "<" in path:
            asked(root, strange)
            asked(root, strange, NUMBERS)


def test_the_searches_find_the_pages_there_are():
    assert len(PAGES) > 100
    assert {page.name for page in PAGES} >= {"billing:invoice-detail", "webhook-delivery", "customers:customer-list"}
    assert len([path for path in admin_patterns() if path.endswith("/change/")]) > 40


@pytest.mark.trust
@pytest.mark.parametrize("model", a_share(list(admin.site._registry), 6), ids=lambda model: model.__name__)
def test_a_real_row_takes_no_nul_in_the_admin(model, rows, root, db):
    if model in rows:
        for page in ("change", "history", "delete"):
            name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"
            bound(root, reverse(name, args=[rows[model].pk]), QUERIES)


@pytest.fixture(scope="module")
def rows(_built_once, django_db_blocker):
    """A row of each kind, by its model."""
    names = [name for name, value in vars(type(_built_once)).items() if isinstance(value, cached_property)]
    with django_db_blocker.unblock():
        made = [_built_once.company, *(getattr(_built_once, name) for name in names)]
    return {type(row): row for row in made}


@pytest.fixture(scope="module")
def root(_built_once, django_db_blocker):
    """A superuser's browser."""
    client = Client(raise_request_exception=False)
    with django_db_blocker.unblock():
        client.force_login(User.objects.create_superuser("root@example.org", "a-long-password"))
    return client
