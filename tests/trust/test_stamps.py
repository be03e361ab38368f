"""The head of a chain is time-stamped outside: a chain that is computed again whole cannot be stamped on a past day."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.core.management import call_command
from django.core.management.base import CommandError

from config.kernel.models import AuditChain, AuditEvent, SafekeepingKind
from config.kernel.scope import company_scope
from config.kernel.stamps import NotStamped, stamp_head, stamped_at, stamps_of, verify_stamps
from config.runtime import nightly
from config.sandbox.time_stamps import authority
from einvoicing.sandbox.server import SandboxServer
from tests.factories import story
from tests.trust.conftest import settle
from tests.trust.test_restored_copy import forged

pytestmark = [pytest.mark.trust, pytest.mark.django_db]


@pytest.fixture(scope="module")
def simulator() -> Iterator[str]:
    with SandboxServer() as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield server.address
        server.shutdown()
        thread.join()


@pytest.fixture(autouse=True)
def _an_authority(simulator: str, settings: Any, tmp_path: Path) -> None:
    settings.TRAIL_DIR, settings.TSA_URL = str(tmp_path / "trail"), f"{simulator}/tsa"
    settings.TSA_CERTIFICATES = str(tmp_path / "tsa.pem")
    Path(settings.TSA_CERTIFICATES).write_bytes(authority()[0].public_bytes(Encoding.PEM))


@pytest.fixture
def company() -> Any:
    company = story.a_company()
    with company_scope(company):
        story.a_customer(company)
        settle()
        yield company


def test_a_head_is_stamped_once_and_verified_without_a_network(company, settings):
    stamp = stamp_head(company)
    assert stamp is not None
    assert stamp.sequence == AuditChain.objects.get(company=company).length
    assert stamp_head(company) is None
    settings.TSA_URL = "http://127.0.0.1:9/gone"
    (kept,) = stamps_of(company)
    assert (kept, verify_stamps(company)) == (stamp, [])
    assert stamped_at(kept).tzinfo is not None


def test_a_chain_that_was_computed_again_whole_with_its_trail_is_named(company):
    """Whoever holds database and trail makes both agree: the stamp of that day stays."""
    stamp_head(company)
    last = AuditEvent.objects.latest("sequence")
    forged("UPDATE kernel_auditevent SET hash = %s WHERE id = %s", "0" * 64, last.pk)
    forged("UPDATE kernel_auditchain SET head = %s WHERE company_id = %s", "0" * 64, company.pk)
    with pytest.raises(CommandError):
        call_command("verify_chain", "--siren", company.siren)
    (found,) = verify_stamps(company)
    assert (found.sequence, "another than the one that was stamped" in found.what) == (last.sequence, True)


def test_a_stamp_that_was_changed_or_comes_from_another_authority_does_not_hold(company, settings):
    stamp = stamp_head(company)
    text = Path(settings.TRAIL_DIR, f"{company.siren}.{stamp.sequence}.txt")
    text.write_bytes(stamp.text.replace(b" ", b"  ", 1))
    assert "does not hold" in verify_stamps(company)[0].what
    text.write_bytes(stamp.text)
    authority.cache_clear()
    Path(settings.TSA_CERTIFICATES).write_bytes(authority()[0].public_bytes(Encoding.PEM))
    assert "does not hold" in verify_stamps(company)[0].what


def test_heads_are_mailed_to_somebody_outside(company, settings, mailoutbox):
    settings.TSA_URL, settings.ANCHOR_MAIL, settings.SMTP_CONFIGURED = "", "expert@cabinet.example", True
    assert nightly.run(SafekeepingKind.STAMP, at=story.AT) == {"mailed": True, "stamped": 0}
    head = AuditChain.objects.get(company=company)
    assert mailoutbox[0].to == ["expert@cabinet.example"]
    assert f"{company.siren} {head.length} {head.head}\n" in mailoutbox[0].body


def test_what_is_no_stamp_is_refused_and_nothing_is_kept(company, settings, simulator):
    settings.TSA_URL = f"{simulator}/"
    with pytest.raises(NotStamped):
        stamp_head(company)
    settings.TSA_URL, settings.TSA_CERTIFICATES = f"{simulator}/tsa", ""
    with pytest.raises(NotStamped, match="TSA_CERTIFICATES"):
        nightly.run(SafekeepingKind.STAMP, at=story.AT)
    assert list(stamps_of(company)) == []
