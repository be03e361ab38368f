"""What apps declare of themselves is whole: each audit tag written is declared, and each one declared is written."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.urls import resolve

from config.kernel import icons
from config.kernel.facts import FACTS, PARTNER_EVENTS, PARTNER_OBJECTS, Fact, declare
from config.kernel.roles import READERS

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("config", "customers", "billing", "payments", "einvoicing")
TAG = re.compile(r"(?:kernel|customers|billing|payments|einvoicing)\.[a-z_]+\.(?:[a-z_]+)?")


def written_tags() -> Iterator[str]:
    """The tags in the code; one composed in an f-string ends with its dot, and so is declared nowhere."""
    for package in PACKAGES:
        for path in (ROOT / package).rglob("*.py"):
            if path.name != "facts.py" and not {"migrations", "sandbox"} & set(path.parts):
                for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
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
