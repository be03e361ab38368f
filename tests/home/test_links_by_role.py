"""No page offers a role what would be refused to it: links, parts fetched and forms, followed as each role does."""

from __future__ import annotations

import re
from collections import Counter, deque
from dataclasses import dataclass, field
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.test import Client
from django.urls import Resolver404, resolve
from django.utils import timezone

from config.kernel import typography
from config.kernel.access import may_open
from config.kernel.models import LoopFailure
from config.kernel.roles import Role
from einvoicing.models import Transmission, TransmissionStatus
from tests.api.world import World
from tests.factories import money
from tests.house.pages import MOST_OF_A_KIND, NOT_PAGES
from tests.trust.at_once import WHOLE, a_share

pytestmark = [pytest.mark.django_db, pytest.mark.trust]

LINK = re.compile(r'(?:href|hx-get|data-url|formaction)="([^"#]+)')
FORM = re.compile(r"<form\b[^>]*>")
ACTION = re.compile(r'action="([^"#]*)')
EVERYTHING = (
    "contact", "draft", "product", "order", "email", "match", "reminder", "delivery", "received", "enclosure", "key",
    "platform", "transmission", "rule",
)  # fmt: skip
HTMX = {"HX-Request": "true"}
SENDER = "BANQUE DES DOCKS"


@pytest.fixture(scope="module")
def _busy(_built_once: World, django_db_blocker: Any) -> World:
    """A company where there is something of everything, and work for everybody."""
    with django_db_blocker.unblock():
        return busy(_built_once)


@pytest.fixture
def world(_busy: World, db: None) -> World:
    return _busy.copied()


def busy(world: World) -> World:
    entries = [money.a_credit("77.00", counterparty=SENDER), money.a_credit("42.00")]
    line, world.transaction = money.bank_lines(world.company, entries)
    for name in EVERYTHING:
        getattr(world, name)
    Transmission.everywhere.filter(pk=world.transmission.pk).update(status=TransmissionStatus.DEAD)
    for row in (line, world.email, world.platform):
        LoopFailure.everywhere.create(
            company=world.company,
            loop="Lecture",
            row=row.subject,
            name=str(row),
            problem="En panne",
            failed_at=timezone.now(),
            failing_since=timezone.now(),
        )
    return world


@dataclass
class Walk:
    """Where a reader's pages lead and what they send, each with the page that offers it, and how those opened read."""

    links: dict[str, str] = field(default_factory=lambda: {"/": "/"})
    forms: dict[str, str] = field(default_factory=dict)
    pages: dict[str, str] = field(default_factory=dict)


def walk(client: Client) -> Walk:
    """A few pages of each kind are opened."""
    found, kinds, waiting = Walk(), Counter[str](), deque(["/"])
    while waiting:
        address = waiting.popleft()
        html = found.pages[address] = read(client.get(address))
        for form in FORM.findall(html):
            if 'method="post"' in form:
                action = ACTION.search(form)
                found.forms.setdefault(urljoin(address, unescape(action[1]) if action else address), address)
        for link in map(unescape, LINK.findall(html)):
            target = urljoin(address, link)
            if target.startswith("/") and not target.startswith(NOT_PAGES) and target not in found.links:
                found.links[target] = address
                kinds[name := name_of(target)] += 1
                if kinds[name] <= MOST_OF_A_KIND:
                    waiting.append(target)
    return found


def read(answer: Any) -> str:
    """The page; '' of what is none."""
    return answer.text if "text/html" in answer.headers.get("Content-Type", "") and not answer.streaming else ""


def name_of(address: str) -> str:
    try:
        return resolve(urlsplit(address).path).view_name
    except Resolver404:
        return ""


@pytest.mark.parametrize("role", a_share(list(Role), 4))
def test_what_a_role_is_offered_is_open_to_it(world: World, role: Role) -> None:
    walked = walk(world.browser(role))
    assert len({name_of(link) for link in walked.links}) > 20
    assert {link: page for link, page in walked.links.items() if not may_open(role, link)} == {}
    assert {form: page for form, page in walked.forms.items() if not may_open(role, form, "POST")} == {}


def test_a_salesperson_reads_nothing_of_the_bank_anywhere(world: World) -> None:
    """Not by a link, nor in a panel, a timeline, the search, its options or the palette; nor in a part of a page."""
    client = world.browser(Role.SALES)
    walked = walk(client)
    searches = [f"/search?q={word}" for word in ("42,00", "77,00", SENDER.lower(), "relevé", "rapprocher")]
    first_of_a_kind = {name_of(link): link for link in reversed(walked.links)}
    again = list(walked.links) if WHOLE else first_of_a_kind.values()
    pages = walked.pages | {address: read(client.get(address)) for address in searches}
    parts = {f"part of {address}": read(client.get(address, headers=HTMX)) for address in [*again, *searches]}
    if WHOLE:
        pages |= {address: read(client.get(address)) for address in walked.links if address not in pages}
    assert len([html for html in (pages | parts).values() if html]) > 40
    bank = ("/bank/", "Banque", "approché", SENDER)
    assert [(address, word) for address, html in (pages | parts).items() for word in bank if word in html] == []


def test_who_reconciles_reads_ibans_whole_and_who_reads_their_two_ends(world: World) -> None:
    account = world.bank_account
    for role, shown in ((Role.ACCOUNTANT, typography.iban(account.iban)), (Role.VIEWER, f"… {account.iban[-4:]}")):
        assert shown in world.browser(role).get("/settings/bank/").text
