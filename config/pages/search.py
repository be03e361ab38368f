"""The search of every page: a few records of each section, one query a section, in the order of the page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from urllib.parse import urlencode

from django.urls import reverse

from config.kernel.roles import may_read
from config.kernel.search import SECTIONS, Hit, SearchSection, SearchTerms

MOST = 6
# what apps declare in their `search.py`, as the page shows it
ORDER = (
    "invoices", "customers", "suppliers", "purchases", "purchase-orders", "orders", "payments", "bank", "products",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Found:
    """What answers of a section, and where all of it is listed ('' when all is here)."""

    section: SearchSection
    hits: list[Hit]
    more: str


def _sections(role: str) -> list[SearchSection]:
    return [SECTIONS[name] for name in ORDER if may_read(role, SECTIONS[name].area)]


def numbered_record(terms: SearchTerms, role: str) -> str:
    """The address of the one record that bears this number, '' for none. A query for each model with numbers."""
    for section in _sections(role):
        if section.numbered is None:
            continue
        row = section.numbered.objects.filter(number__in={terms.text, terms.compact}).first()
        if row is not None:
            return str(row.get_absolute_url())
    return ""


def sections_found(terms: SearchTerms, role: str, on: date) -> list[Found]:
    """What answers of what the role may read, sections without a hit left out. A bounded query for each section."""
    every = (_found(section, terms, on) for section in _sections(role))
    return [found for found in every if found.hits]


def _found(section: SearchSection, terms: SearchTerms, on: date) -> Found:
    rows = list(section.find(terms)[: MOST + 1])
    more = f"{reverse(section.list_page)}?{urlencode({'q': terms.text})}" if len(rows) > MOST else ""
    return Found(section, section.hits(rows[:MOST], on), more)
