"""Chorus Pro publishes no description that a test may read: its methods stand in the simulator's table of fields."""

from __future__ import annotations

import re
import sys
from datetime import date
from pathlib import Path

import pytest
from django.conf import settings

from einvoicing.platforms.base import Attachment, Watched
from einvoicing.platforms.chorus_pro.client import ChorusProPlatform
from einvoicing.platforms.chorus_pro.lookups import Lookups
from einvoicing.sandbox.chorus_pro.published import METHODS, stranger
from tests.einvoicing.platforms.chorus_pro.conftest import account as account
from tests.einvoicing.platforms.chorus_pro.test_flows import to
from tests.einvoicing.platforms.conftest import Account
from tests.einvoicing.platforms.conftest import sandbox as sandbox
from tests.published.exchange import recorded

pytestmark = pytest.mark.django_db
WITHOUT_BODY = {"transverses/v1/health-check"}  # a GET
PATH = re.compile(r'"((?:\w+)/v1/[\w/-]+)"')


def walk(account: Account) -> None:
    """All that the adapter can do."""
    chorus, lookups = account.platform, Lookups(account.settings)
    assert isinstance(chorus, ChorusProPlatform)
    chorus.ping()
    lost = to(account, siret="21750001600019", service="WRONG")
    chorus.acknowledgement(account.send(lost), lost.number)
    chorus.changes(date(2020, 1, 1))
    chorus.incoming("", [Watched(receipt.remote_id, "", "") for receipt in account.sent])
    chorus.recycle(lost.number, service_code="SRV01", engagement="ENG-1", comment="Bon service")
    account.fails("buyer", value="suspends")
    number, deposit = account.invoice()
    flow = account.send(deposit)
    chorus.acknowledgement(flow, number)
    chorus.complete(number, comment="Le voici", attachments=[Attachment("pv.pdf", "application/pdf", b"%PDF")])
    body = lookups.structure("21750001600019")
    assert body is not None
    assert lookups.named("mairie") is not None
    lookups.service_wants_engagement(body, body.services[0])
    own = lookups.technical_account("")
    assert own is not None
    lookups.engagement_exists(own, "ENG-1")
    lookups.close()


def test_every_method_and_field_that_the_adapter_uses_stands_in_the_table(account: Account) -> None:
    with recorded() as exchanges:
        walk(account)
    calls = [exchange for exchange in exchanges if exchange.path.startswith("/cpro/")]
    used: dict[str, set[str]] = {}
    for call in calls:
        path = call.path.removeprefix("/cpro/")
        used[path] = used.get(path, set()) | call.sent_fields()
        assert path in METHODS or path in WITHOUT_BODY, path
        assert not call.body or stranger(call.path, call.sent()) == "", path
    for path, fields in sorted(used.items()):
        sys.stdout.write(f"Chorus Pro | {path} | {', '.join(sorted(fields)) or '–'} | yes\n")  # pytest -rP shows it
    sources = (Path(settings.BASE_DIR) / "einvoicing/platforms/chorus_pro").glob("*.py")
    written = {path for source in sources for path in PATH.findall(source.read_text(encoding="utf-8"))}
    assert len(written) > 10
    assert written == set(used)
