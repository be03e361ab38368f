"""A real headless Chromium, in French, over the live server; a message in its console is a failure."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Browser, Page, expect, sync_playwright

from config.kernel.models import Company, Membership, User
from config.kernel.roles import Role
from tests.factories import money, story
from tests.waiting import PATIENCE

# Playwright's loop runs in this thread, and Django then takes every query for one made inside it
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
EMAIL, PASSWORD = "claire@verone.example", "a long password 42"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        # the shell draws the same pages without the windows of a browser, for half the work
        own = shutil.which("chromium-headless-shell") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=own, args=list(QUIET))
        yield browser
        browser.close()


@pytest.fixture
def company(transactional_db: None) -> Company:
    company = story.a_company()
    money.a_bank_account(company)
    user = User.objects.create_user(EMAIL, PASSWORD, first_name="Claire", last_name="Vasseur")
    Membership.objects.create(user=user, company=company, role=Role.OWNER)
    return company


@pytest.fixture
def page(chromium: Browser, company: Company, live_server: Any) -> Iterator[Page]:
    """A new window, in which nobody has signed in yet."""
    context = chromium.new_context(locale="fr-FR", base_url=live_server.url, viewport={"width": 1280, "height": 900})
    page = context.new_page()
    errors: list[str] = []
    page.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    page.set_default_timeout(PATIENCE * 1000)
    yield page
    context.close()
    # a refused form answers 422, which Chromium writes into its console too; leaving a page breaks off what it asks
    left = ("htmx:afterRequest", "htmx:sendError", "htmx:sendAbort")
    assert [words for words in errors if "422" not in words and not words.startswith(left)] == []


def sign_in(page: Page) -> None:
    """What the window of somebody holds who has signed in before. `type_password` does it by hand."""
    client = Client()
    client.force_login(User.objects.get(email=EMAIL))
    cookie = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "domain": "localhost", "path": "/"}])


def type_password(page: Page) -> None:
    page.fill("input[name=username]", EMAIL)
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
