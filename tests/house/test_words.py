"""No raw word reaches a person: every page of the demonstration, in French and in English, with its visible text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from config.kernel.models import User
from config.rehearsal import demo
from tests.house.pages import SeenPage, every_page
from tests.trust.at_once import WHOLE, a_share

pytestmark = pytest.mark.django_db

RAW = {
    "an ISO day": re.compile(r"\b(?:19|20)\d\d-(?:0\d|1[0-2])-[0-3]\d\b"),
    "a Python value": re.compile(r"\b(?:None|True|False|NaN|Decimal\(|datetime\.|<\w+ object|&lt;QuerySet)|\{'|\['"),
    "an unknown": re.compile(r"\?\?\?|%\(\w+\)s|\{\{|\}\}|\{%"),
    "a constant": re.compile(r"\b[A-Z]{3,}_[A-Z_]+\b"),
    "a name of the code": re.compile(r"\b[a-z]+_[a-z_]+\b(?!@)"),
    "a dotted tag": re.compile(r"\b(?:kernel|customers|billing|payments|einvoicing)\.[a-z_]+\.[a-z_]+\b"),
}
FRENCH_ONLY = {
    "an English decimal": re.compile(r"(?<![\d.,])\d+\.\d{2}(?![\d.])"),
    "an English word": re.compile(
        r"\b(?:number|person|amount|customer|invoice|unknown|pending|draft|issued|paid|failed|delivered|error|days?)\b"
    ),
}
ENGLISH_ONLY = {"a French decimal": re.compile(r"(?<![\d.,])\d+,\d{2}(?![\d,])")}


# what a page may show raw, and why
EXEMPT = {
    ("en", "einvoicing:invoice-send"): "the letter to the customer is French, whoever sends it",
    ("en", "billing:account-list"): "accounts have the names of the French chart, as the FEC prints them",
    ("en", "billing:entry-new"): "accounts have the names of the French chart, as the FEC prints them",
    ("en", "billing:email-detail"): "the letter to the customer is French, whoever reads it",
    **{
        ("fr", f"/settings/reminders/{level}/en/"): "the letter to an English customer is English, whoever words it"
        for level in range(1, 5)
    },
    ("fr", "payments:customer-reminder-text"): "the letter to an English customer is English, whoever words it",
}


class VisibleText(HTMLParser):
    """What a person reads of a page: texts, options, placeholders, labels; not scripts, samples or hidden values."""

    SILENT = frozenset({"script", "style", "template", "code", "pre", "svg"})
    READ = frozenset({"placeholder", "title", "aria-label", "alt"})
    VOID = frozenset({"input", "meta", "link", "br", "hr", "img", "path", "circle", "rect", "line", "col", "wbr"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.texts: list[str] = []
        self.silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if not self.silent:
            self.texts += [value for name, value in attrs if name in self.READ and value]
            if tag == "input" and given.get("type", "text") in {"text", "search"} and given.get("value"):
                self.texts.append(str(given["value"]))
        if (self.silent or tag in self.SILENT) and tag not in self.VOID:
            self.silent.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.silent and self.silent[-1] == tag:
            self.silent.pop()

    def handle_data(self, data: str) -> None:
        if not self.silent and data.strip():
            self.texts.append(" ".join(data.split()))


@pytest.fixture
def client(db: None, tmp_path, settings, rules_say_yes: None) -> Client:
    """The owner of the demonstration, who may open all of it."""
    settings.MEDIA_ROOT = tmp_path
    demo.seed(at=timezone.now())
    client = Client()
    client.force_login(User.objects.get(email="claire@verone.example"))
    return client


def raw_words(html: str, language: str) -> list[str]:
    reader = VisibleText()
    reader.feed(html)
    wanted = {**RAW, **(FRENCH_ONLY if language == "fr" else ENGLISH_ONLY)}
    return [f"{kind}: {text[:160]}" for text in reader.texts for kind, raw in wanted.items() if raw.search(text)]


def refusals(client: Client, page: SeenPage, language: str) -> list[str] | None:
    """The raw words of the page's form sent empty, and sent full of nonsense; None when nothing was refused.

    Nothing stays written.
    """
    if not re.search(r"<form[^>]* novalidate", page.html):
        return None
    names = dict.fromkeys(re.findall(r'<(?:input|textarea)[^>]*\sname="(\w[\w-]*)"', page.html), "x")
    forms = dict(re.findall(r'name="([\w-]+_FORMS)" value="(\d+)"', page.html))
    found: list[str] | None = None
    for typed in (forms, {**names, **forms}):
        with transaction.atomic():
            answer = client.post(page.address, typed, headers={"Accept-Language": language})
            transaction.set_rollback(True)
        if answer.status_code == 422:
            found = (found or []) + raw_words(answer.content.decode(), language)
    return found


@pytest.mark.trust
def test_no_raw_word_on_any_page(client):
    found: dict[tuple[str, str], str] = {}
    seen, refused = set(), set()
    sent = set(a_share(range(1000), 2))  # the forms of every other page
    for language in a_share(["fr", "en"], 2):
        for place, page in enumerate(every_page(client, language)):
            seen.add(page.route)
            if {(language, page.route), (language, page.address)} & EXEMPT.keys():
                continue
            refusal_words = refusals(client, page, language) if place in sent else None
            refused |= {page.route} if refusal_words is not None else set()
            for words in [*raw_words(page.html, language), *(refusal_words or [])]:
                found.setdefault((language, words), page.address)
    assert len(seen) > 40, sorted(seen)
    assert len(refused) > (10 if WHOLE else 5), sorted(refused)
    listed = [f"{language} {address} {words}" for (language, words), address in found.items()]
    assert not listed, "\n".join(listed)
