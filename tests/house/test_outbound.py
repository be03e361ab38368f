"""One guard stands before every address that people type: where it is typed, and at the connection.

Both lists are found, not written: the columns that hold an address, and the modules that can open a connection.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
from django import forms
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.test import RequestFactory

from config.kernel.admin_base import FactAdmin
from config.kernel.errors import Invalid, RemoteError
from config.kernel.models import WebhookEndpoint
from config.kernel.outbound import FORBIDDEN, connect, is_allowed, refusal
from config.kernel.webhooks import endpoints
from einvoicing.models import PlatformAccount
from einvoicing.services.accounts import save_account
from einvoicing.services.routing import settings_of
from payments.checkouts import accounts as checkout_accounts
from payments.checkouts.models import ProviderAccount
from payments.models import Feed, FeedKind
from payments.services.feeds import revolut
from payments.services.feeds.connecting import save_feed
from tests.factories import platforms, story

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("billing", "config", "customers", "einvoicing", "payments")
CONNECTING = {
    "aiohttp", "ftplib", "http.client", "httpx", "imaplib", "poplib", "requests", "smtplib", "socket", "telnetlib",
    "urllib.request", "urllib3", "websocket", "websockets", "xmlrpc",
}  # fmt: skip
# who may open a connection, and to what address
OPENED = {
    "config/kernel/http.py": "what the guard lets through",
    "config/kernel/http_failures.py": "none: the names of failures",
    "config/kernel/outbound.py": "the guard",
    "config/kernel/mail_server.py": "EMAIL_URL, of the installation",
    "billing/bounce_mailbox.py": "BOUNCE_MAILBOX_URL, of the installation",
    "einvoicing/reception/sources/mailboxes.py": "what the guard lets through",
    "config/runtime/embedded.py": "our own services",
    "config/runtime/keeper.py": "our own services",
    "config/rehearsal/journey/__init__.py": "a free port of ours",
    "config/runtime/preflight.py": "a free port of ours",
    "config/pages/operations/installation.py": "PUBLIC_URL, of the installation: its certificate",
    "config/runtime/supervisor.py": "our own web server",
}
# adapters are handed down to these, and judged where they are made
TYPES_ALONE = {
    "einvoicing/platforms/base.py",
    "payments/feeds/invoice_ninja.py",
    "payments/feeds/revolut/client.py",
    "payments/providers/base.py",
}
HIDDEN = [
    "https://10.0.0.5",
    "https://169.254.169.254/latest",
    "https://192.168.1.1",
    "https://[fd00::1]",
    "http://0.0.0.0",
]
# the same in the spellings that a resolver understands, and names that never leave the machine or its network
SPELT = [
    "https://2130706433", "https://0x7f000001", "https://0177.0.0.1", "https://127.1", "https://0", "https://[::]",
    "https://[::ffff:10.0.0.5]", "https://[64:ff9b::7f00:1]", "https://[2002:7f00:1::]", "https://127.0.0.1.",
    "https://localhost.", "https://LOCALHOST:8443", "https://api.localhost", "https://redis:6379", "https://nas.local",
    "https://metadata.google.internal", "https://168.63.129.16", "https://192.0.0.192", "https://[3fff::1]",
]  # fmt: skip
AT = story.AT


def address_columns() -> list[tuple[type[models.Model], str]]:
    """Every column of ours that holds an address."""
    labels = (*PACKAGES[0:1], "kernel", *PACKAGES[2:])
    found = [model for label in labels for model in apps.get_app_config(label).get_models()]
    return [(m, f.name) for m in found for f in m._meta.concrete_fields if isinstance(f, models.URLField)]


def type_platform(company, name, url):
    values = {"name": "PA", "base_url": "https://pa.example", "token_url": "https://pa.example/t", "client_id": "x"}
    save_account(
        company=company,
        kind="afnor",
        values={**values, name: url},
        secrets={"client_secret": "s"},
        actor=story.ACTOR,
        at=AT,
    )


def type_feed(company, name, url):
    for kind in FeedKind.values:
        with pytest.raises(Invalid) as refused:
            save_feed(company=company, kind=kind, values={name: url}, secret="s", actor=story.ACTOR, at=AT)
        assert name in refused.value.fields
    raise refused.value


def type_endpoint(company, _name, url):
    endpoints.create_endpoint(company=company, url=url, events=["*"], actor=story.ACTOR, at=AT)


def type_provider(company, name, url):
    values = {"base_url": "https://pay.example", "page_url": "", "ledger_account": "467100", "fee_account": "627800"}
    checkout_accounts.save_account(
        company=company,
        kind="hosted_checkout",
        **{**values, name: url},
        is_enabled=True,
        secret="s",
        actor=story.ACTOR,
        at=AT,
    )


TYPED = {
    PlatformAccount: type_platform,
    Feed: type_feed,
    WebhookEndpoint: type_endpoint,
    ProviderAccount: type_provider,
}


@pytest.mark.parametrize("url", [*HIDDEN, "http://127.0.0.1:8001", "https://localhost"])
@pytest.mark.parametrize(("model", "name"), address_columns(), ids=lambda one: getattr(one, "__name__", one))
def test_no_column_takes_a_hidden_address_in_production(company, model, name, url, settings):
    settings.PRODUCTION, settings.WEBHOOK_ALLOW_PRIVATE = True, True
    with pytest.raises(Invalid) as refused:
        TYPED[model](company, name, url)
    assert name in refused.value.fields


@pytest.mark.parametrize(("model", "name"), address_columns(), ids=lambda one: getattr(one, "__name__", one))
def test_the_admin_takes_none_either(model, name, rf: RequestFactory, settings):
    settings.PRODUCTION = True
    page = admin.site._registry[model]
    if isinstance(page, FactAdmin) or name in page.readonly_fields:
        return
    field = page.formfield_for_dbfield(model._meta.get_field(name), rf.get("/"))
    for url in HIDDEN:
        with pytest.raises(forms.ValidationError):
            field.clean(url)
    assert field.clean("https://pa.example") == "https://pa.example"


def test_no_switch_opens_anything_in_production(settings):
    settings.PRODUCTION, settings.WEBHOOK_ALLOW_PRIVATE = True, True
    for address in ("127.0.0.1", "10.0.0.1", "192.168.1.1", "::1", "fd00::1", "169.254.169.254"):
        assert not is_allowed(address, loopback=True)
        with pytest.raises(RemoteError, match="publique"):
            connect("pa.example", 443, 1, lambda _host, _port, found=address: [found], loopback=True)
    assert refusal("https://localhost", loopback=True)


@pytest.mark.parametrize("url", SPELT)
def test_no_spelling_hides_where_an_address_leads(url, settings):
    settings.PRODUCTION = True
    assert refusal(url, loopback=True) == FORBIDDEN
    settings.PRODUCTION = False
    assert refusal(url) == FORBIDDEN
    assert not refusal("https://pa.example.")


def test_what_talks_to_a_kept_address_connects_through_the_guard(company, settings):
    settings.PRODUCTION = True
    account = platforms.a_platform_account(company, "http://127.0.0.1:1")
    for adapter in (settings_of(account).connections(), revolut.connections()):
        assert not is_allowed("127.0.0.1", loopback=adapter.loopback)


def test_no_other_module_opens_a_connection():
    assert {path for path in python_files() if imports(path) & CONNECTING} == OPENED.keys() | TYPES_ALONE
    for path in TYPES_ALONE:
        assert "requests.adapters import HTTPAdapter" in (ROOT / path).read_text(encoding="utf-8")
        assert "HTTPAdapter(" not in (ROOT / path).read_text(encoding="utf-8")


def python_files() -> list[str]:
    found = [path.relative_to(ROOT) for package in PACKAGES for path in (ROOT / package).rglob("*.py")]
    return [str(path) for path in found if not {"migrations", "sandbox"} & set(path.parts)]


def imports(path: str) -> set[str]:
    """The modules a file imports, each with its parents."""
    text = (ROOT / path).read_text(encoding="utf-8")
    if not any(all(part in text for part in module.split(".")) for module in CONNECTING):
        return set()  # no need to parse it
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {".".join(name.split(".")[:n]) for name in names for n in (1, 2)}
