"""Production does not start with a weak secret, DEBUG, or headers that anybody could write; each is said in a line."""

from __future__ import annotations

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from config.runtime import production
from tests.house.texts import PACKAGES

ROOT = Path(__file__).resolve().parents[2]
KEY = base64.urlsafe_b64encode(os.urandom(32)).decode()
SOUND = {
    "addresses": {"DATABASE_URL": "postgres://x@db/x", "REDIS_URL": "redis://cache/0"},
    "secrets": {"SECRET_KEY": "k" + os.urandom(24).hex(), "JWT_SIGNING_KEY": "j" + os.urandom(24).hex()},
    "credentials_keys": [KEY], "debug": False, "allowed_hosts": ["facturation.example.fr"],
    "behind_proxy": True, "trusted_proxies": 1, "allows_private": False,
}  # fmt: skip

REHEARSAL = {"sandbox", "rehearsal"}  # rooms that production neither installs nor imports


def test_a_sound_installation_starts():
    production.refuse_weak(**SOUND)


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"secrets": {"SECRET_KEY": "short", "JWT_SIGNING_KEY": "j" * 64}}, ["SECRET_KEY", "JWT_SIGNING_KEY"]),
        ({"secrets": dict.fromkeys(("SECRET_KEY", "JWT_SIGNING_KEY"), os.urandom(24).hex())}, ["SECRET_KEY, JWT"]),
        ({"credentials_keys": ["not a key"]}, ["CREDENTIALS_KEYS"]),
        ({"credentials_keys": []}, ["CREDENTIALS_KEYS"]),
        ({"debug": True}, ["DEBUG"]),
        ({"allowed_hosts": ["*"]}, ["ALLOWED_HOSTS"]),
        ({"behind_proxy": None}, ["BEHIND_PROXY"]),
        ({"behind_proxy": None, "trusted_proxies": 0}, ["BEHIND_PROXY"]),
        ({"allows_private": True}, ["WEBHOOK_ALLOW_PRIVATE"]),
        ({"behind_proxy": False}, ["TRUSTED_PROXIES"]),
        ({"trusted_proxies": 0}, ["TRUSTED_PROXIES"]),
        ({"trusted_proxies": -1}, ["TRUSTED_PROXIES"]),
        ({"addresses": {"DATABASE_URL": "postgres://x@db/x", "REDIS_URL": ""}}, ["REDIS_URL"]),
        ({"secrets": {"SECRET_KEY": "", "JWT_SIGNING_KEY": ""}}, ["SECRET_KEY", "JWT_SIGNING_KEY"]),
        ({"credentials_keys": [base64.b64encode(bytes(32)).decode()]}, ["CREDENTIALS_KEYS"]),
        ({"credentials_keys": [base64.b64encode(bytes(range(32))).decode()]}, ["CREDENTIALS_KEYS"]),
    ],
)
def test_each_weakness_is_one_line_that_shows_no_value(wrong, named):
    with pytest.raises(SystemExit) as refused:
        production.refuse_weak(**{**SOUND, **wrong})
    lines = str(refused.value).splitlines()
    assert [line[: len(name)] for line, name in zip(lines, named, strict=True)] == named
    assert "short" not in str(refused.value)


@pytest.mark.parametrize(
    "weak",
    [
        "abcdefghij" * 4,
        "0123456789" * 5,
        "abcdefghijklmnopqrstuvwxyz0123456789ABC",
        "django-insecure-6RjYt0bX4vQ2mWz8KpLs7HdNcE1uGa3F",
    ],
)
def test_a_pattern_or_a_published_key_is_no_secret(weak):
    with pytest.raises(SystemExit, match="SECRET_KEY : trop faible"):
        production.refuse_weak(**{**SOUND, "secrets": {**SOUND["secrets"], "SECRET_KEY": weak}})


@pytest.mark.parametrize(
    ("name", "word"), [("PRODUCTION", "oui"), ("PRODUCTION", "enabled"), ("BEHIND_PROXY", "maybe")]
)
def test_a_word_that_is_neither_yes_nor_no_starts_nothing(monkeypatch, name, word):
    monkeypatch.setenv(name, word)
    with pytest.raises(SystemExit, match=f"{name} : écrivez true ou false"):
        production.Env().bool(name, default=False)
    monkeypatch.setenv("TRUSTED_PROXIES", "un")
    with pytest.raises(SystemExit, match="TRUSTED_PROXIES : écrivez un nombre entier"):
        production.Env().int("TRUSTED_PROXIES", default=0)


def test_the_settings_themselves_refuse_a_start_that_does_not_say_whether_a_proxy_stands_in_front():
    environment = {
        "PRODUCTION": "true",
        "SECRET_KEY": SOUND["secrets"]["SECRET_KEY"],
        "CREDENTIALS_KEYS": KEY,
        "JWT_SIGNING_KEY": SOUND["secrets"]["JWT_SIGNING_KEY"],
        "ALLOWED_HOSTS": "facturation.example.fr",
        "DATABASE_URL": "postgres://x@localhost/x",
        "REDIS_URL": "redis://localhost:6379/0",
    }
    # as the image is built: its style sheets are collected where there is no database
    alone = {"BEHIND_PROXY": "false", "DATABASE_URL": "", "QUITTANCE_WITHOUT_SERVICES": "1"}
    for more, started in (({}, False), ({"BEHIND_PROXY": "true"}, True), (alone, True)):
        code = "from config import settings; print(settings.TRUSTED_PROXIES, *settings.INSTALLED_APPS)"
        run = subprocess.run(
            [sys.executable, "-c", code],
            env={**environment, **more},
            capture_output=True,
            text=True,
            check=False,
            cwd=ROOT,
        )
        assert (run.returncode == 0) is started, run.stderr
        if started:
            proxies, *apps = run.stdout.split()
            assert proxies == str(int(more["BEHIND_PROXY"] == "true"))
            assert [app for app in apps if REHEARSAL & set(app.split("."))] == []
        else:
            assert [line.split(" ")[0] for line in run.stderr.splitlines()] == ["BEHIND_PROXY"]


def test_what_production_runs_imports_no_simulator():
    imports = re.compile(rf"^\s*(?:from|import) [\w.]*\b(?:{'|'.join(REHEARSAL)})\b", re.MULTILINE)
    sources = [path for app in PACKAGES for path in sorted((ROOT / app).rglob("*.py"))]
    assert len(sources) > 400
    runs = [path for path in sources if not REHEARSAL & set(path.parts)]
    assert [str(path) for path in runs if imports.search(path.read_text(encoding="utf-8"))] == []
