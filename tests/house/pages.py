"""Every page of the demonstration, found as a person finds them: by following links."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit

from django.test import Client
from django.urls import Resolver404, resolve

from tests.trust.at_once import WHOLE

# of one address pattern, this many pages: records differ by state, lists by filter
MOST_OF_A_KIND = 4 if WHOLE else 1
NOT_PAGES = ("/admin/", "/api/", "/static/", "/logout/", "/login/", "/language/", "/company/", "/metrics", "/health/")
LINK = re.compile(r'href="([^"#]+)')


@dataclass(frozen=True, slots=True)
class SeenPage:
    address: str
    route: str
    html: str


def every_page(client: Client, language: str) -> Iterator[SeenPage]:
    """The pages that links lead to, a few of each address pattern, in this language."""
    client.cookies["django_language"] = language
    waiting, known, kinds = deque(["/"]), {"/"}, Counter[str]()
    while waiting:
        address = waiting.popleft()
        try:
            route = resolve(urlsplit(address).path).view_name
        except Resolver404:
            continue
        if kinds[route] == MOST_OF_A_KIND:
            continue
        answer = client.get(address, headers={"Accept-Language": language})
        if answer.status_code != 200 or "text/html" not in answer.headers.get("Content-Type", ""):
            for part in answer.streaming_content if answer.streaming else ():  # read to its end, it closes its file
                del part
            continue
        kinds[route] += 1
        html = answer.content.decode()
        yield SeenPage(address, route, html)
        for link in map(unescape, LINK.findall(html)):
            target = link if link.startswith("/") else f"{urlsplit(address).path}{link}" if link[:1] == "?" else ""
            if target and target not in known and not target.startswith(NOT_PAGES):
                known.add(target)
                waiting.append(target)
