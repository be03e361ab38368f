"""What apps declare of themselves is whole: each audit tag written is declared, and each one declared is written."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.urls import resolve, reverse

from config.kernel import icons, places, search, todo
from config.kernel.facts import FACTS, PARTNER_EVENTS, PARTNER_OBJECTS, Fact, declare
from config.kernel.inbound.senders import SENDERS
from config.kernel.roles import READERS
from config.pages import frame, home
from config.pages import places as found_places
from config.pages import search as search_page
from einvoicing.platforms.presets import PRESETS
from einvoicing.platforms.registry import PLATFORMS
from payments.models import FeedKind

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("config", "customers", "billing", "payments", "einvoicing")
TAG = re.compile(r"(?:kernel|customers|billing|payments|einvoicing)\.[a-z_]+\.(?:[a-z_]+)?")


def written_tags() -> Iterator[str]:
    """The tags in the code; one composed in an f-string ends with its dot, and so is declared nowhere."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if path.name != "facts.py" and not {"migrations", "sandbox"} & set(path.parts):
                source = path.read_text(encoding="utf-8")
                for node in ast.walk(ast.parse(source)) if TAG.search(source) else ():
                    text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
                    if TAG.fullmatch(text) and not (ROOT / f"{text.replace('.', '/')}.py").is_file():
                        yield text


def test_a_tag_is_declared_and_written_or_neither() -> None:
    written = set(written_tags())
    assert written - FACTS.keys() == set(), "declare them in the app's facts.py"
    assert FACTS.keys() - written == set(), "nothing writes them"


def test_a_fact_has_an_area_that_roles_read_an_icon_and_if_partners_hear_of_it_its_object() -> None:
    assert {fact.area for fact in FACTS.values()} <= READERS.keys()
    assert [fact.tag for fact in FACTS.values() if fact.sentence and fact.icon not in icons.ICONS] == []
    assert {fact.partner_name for fact in FACTS.values() if fact.partner_name} == PARTNER_EVENTS.keys()
    for model, about in PARTNER_OBJECTS.items():
        apps.get_model(model)
        if about.path:
            resolve(f"{about.path}/1")


def test_a_tag_is_declared_once() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        declare("invoices", Fact("billing.invoice.issued"))


# -- what the roof draws: rail, acts, search, what waits -------------------------------------------------------------


@pytest.mark.parametrize(
    ("drawn", "declared"),
    [
        (frame.RAIL, places.PAGES),
        (found_places.ACTS_IN_ORDER, places.ACTS),
        (search_page.ORDER, search.SECTIONS),
        (home.ORDER, todo.WATCHES),
        (home.FIRST_STEPS_IN_ORDER, todo.FIRST_STEPS),
    ],
    ids=["rail", "acts", "search", "todo", "first steps"],
)
def test_what_is_declared_is_drawn_and_nothing_else(drawn: tuple[str, ...], declared: dict[str, object]) -> None:
    assert len(drawn) > 4
    assert sorted(drawn) == sorted(declared), "give it its place in the roof, or declare it in its app"


def test_what_is_declared_leads_to_a_page_and_has_an_icon() -> None:
    declared = [*places.PAGES.values(), *places.ACTS.values(), *frame.SETTINGS]
    names = [place.name for place in declared] + [section.list_page for section in search.SECTIONS.values()]
    for name in (*names, *todo.FIRST_STEPS, *places.SHOWN_AT.values()):
        assert resolve(reverse(name))
    for model in places.SHOWN_AT:
        assert not hasattr(apps.get_model(model), "get_absolute_url"), "it has a page of its own"
    shown = [place.icon for place in declared] + [section.icon for section in search.SECTIONS.values()]
    assert set(shown) <= icons.ICONS.keys()
    assert all(hasattr(settings, place.setting) for place in declared if place.setting)
    assert {section.area for section in search.SECTIONS.values()} <= READERS.keys()


def test_nothing_of_it_is_declared_twice() -> None:
    with pytest.raises(ValueError, match="declared twice"):
        places.declare_pages(places.PAGES["home"])
    with pytest.raises(ValueError, match="declared twice"):
        search.declare(search.SECTIONS["invoices"])
    with pytest.raises(ValueError, match="declared twice"):
        todo.watch("drafts", needs="invoices.edit")
    with pytest.raises(ValueError, match="for no role"):
        todo.watch("elephants", needs="elephants.ride")


# -- the kernel knows none of this ---------------------------------------------------------------------------------

APPS = ("customers", "billing", "payments", "einvoicing")
# "email" is whatever provider carries our mails: a word of every address, no vendor
VENDORS = {*PLATFORMS, *(preset.slug for preset in PRESETS), *FeedKind.values, *SENDERS, "chorus"} - {"email"}
FOREIGN = re.compile(rf"(?<![a-z0-9])({'|'.join(sorted({*APPS, *VENDORS}))})(?![a-z0-9])")
ALLOWED = {
    "config/kernel/roles.py": "one table of who may read and do what, area by area, read as a whole",
}


def foreign_names(tree: ast.AST) -> Iterator[str]:
    """Apps and vendors in strings and identifiers; docstrings are prose and may say anything."""
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        for _field, value in ast.iter_fields(node):
            for text in value if isinstance(value, list) else [value]:
                if isinstance(text, str) and id(node) not in prose:
                    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+", "_", text).lower()
                    yield from FOREIGN.findall(snake)


def test_the_kernel_names_no_app_and_no_vendor() -> None:
    found = {}
    for path in sorted((ROOT / "config/kernel").rglob("*.py")):
        if "migrations" not in path.parts:
            found[str(path.relative_to(ROOT))] = sorted(set(foreign_names(ast.parse(path.read_text(encoding="utf-8")))))
    assert {name: names for name, names in found.items() if names and name not in ALLOWED} == {}
    assert all(found[name] for name in ALLOWED), "allowed no more"


def test_names_are_found_in_strings_identifiers_and_paths_but_not_in_docstrings() -> None:
    code = """
def _by_abby(InvoiceNinja):
    "Prose may say payments."
    import billing.models
    return render("customers/customer/list.html", {"sages": 1}), f"{x}einvoicing.send"
"""
    assert sorted(foreign_names(ast.parse(code))) == ["abby", "billing", "customers", "einvoicing", "invoice_ninja"]
