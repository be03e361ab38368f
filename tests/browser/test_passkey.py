"""A passkey, which only a browser can make: added by hand, it signs in alone and stands as a second factor."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import type_password

pytestmark = pytest.mark.browser
# Chromium's own, which is touched as soon as it is asked
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


def test_a_passkey_signs_in_alone_and_after_the_password(page: Page, live_server: Any, settings: Any) -> None:
    settings.PUBLIC_URL = live_server.url
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    page.goto("/login/")
    type_password(page)
    expect(page).to_have_url(f"{live_server.url}/")
    page.goto("/account/security/keys/add/")
    page.get_by_label("Se connecter avec elle seule").check()
    page.get_by_role("button", name="Ajouter la clé").click()
    expect(page.get_by_text("La clé d’accès est ajoutée.")).to_be_visible()

    page.context.clear_cookies()
    page.goto("/login/")
    page.get_by_role("button", name="Utiliser une clé d’accès").click()
    expect(page).to_have_url(f"{live_server.url}/")

    page.context.clear_cookies()
    page.goto("/login/")
    type_password(page)
    expect(page).to_have_url(f"{live_server.url}/login/code/")
    page.get_by_role("button", name="Utiliser une clé d’accès").click()
    expect(page).to_have_url(f"{live_server.url}/")
