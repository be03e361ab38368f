"""The README is the only manual, so it must be true: the clock, the news, the variables, the commands."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.core.management import get_commands

from config.celery import app

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
HOUSE = {"config", "config.kernel", "customers", "billing", "payments", "einvoicing", "einvoicing.sandbox"}


@pytest.mark.parametrize("entry", sorted(app.conf.beat_schedule))
def test_every_entry_of_the_clock_is_in_the_readme(entry: str) -> None:
    assert f"`{entry}`" in README
    assert app.conf.beat_schedule[entry]["task"] in README


def test_every_signal_is_in_the_readme() -> None:
    for path in ROOT.glob("*/events.py"):
        for name in re.findall(r"^(\w+) = Signal\(", path.read_text(), re.MULTILINE):
            assert name in README


def test_every_setting_read_from_the_environment_is_in_the_example() -> None:
    read = set(re.findall(r'env\.\w+\(\s*"([A-Z_]+)"', (ROOT / "config/settings.py").read_text(encoding="utf-8")))
    assert read
    assert [name for name in sorted(read) if name not in EXAMPLE] == []


def test_every_command_of_the_house_is_in_the_readme() -> None:
    own = [name for name, place in get_commands().items() if place in HOUSE]
    assert own
    assert [name for name in own if f"manage.py {name}" not in README] == []


def test_the_readme_names_no_place_that_does_not_exist() -> None:
    for place in re.findall(
        r"`((?:config|customers|billing|payments|einvoicing|templates|static|tests)/[\w./]*)`", README
    ):
        assert (ROOT / place).exists(), place


def test_the_pictures_of_the_readme_are_there() -> None:
    for picture in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (ROOT / picture).is_file()
