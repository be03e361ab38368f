"""The cares of each night: what is new of a chain, a share of the files, a backup, its rehearsal, and their alarms."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pyrage
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.urls import reverse

from config.kernel import chain, proving
from config.kernel.models import (
    AuditEvent,
    Company,
    DamagedFile,
    LoopFailure,
    ProofProgress,
    SafekeepingKind,
    SafekeepingRun,
)
from config.kernel.proving import check_share, prove
from config.kernel.roles import Role
from config.kernel.safekeeping import AlreadyRunning, recorded
from config.kernel.scope import company_scope
from config.runtime import nightly
from config.runtime.backups.places import Directory
from config.runtime.backups.writing import server_address, write_backup
from einvoicing.models import ReceivedDocument, ReceptionChannel
from einvoicing.reception.storing import store_document
from tests.factories import people, story
from tests.trust.conftest import settle
from tests.trust.test_restored_copy import forged

pytestmark = [pytest.mark.trust, pytest.mark.django_db]
NIGHT = datetime(2026, 11, 30, 2, tzinfo=UTC)  # three o'clock in Paris


@pytest.fixture(autouse=True)
def _places_of_its_own(settings: Any, tmp_path: Path) -> None:
    settings.TRAIL_DIR, settings.MEDIA_ROOT = str(tmp_path / "trail"), str(tmp_path / "kept")
    settings.BACKUP_TO = settings.BACKUP_REHEARSAL_IDENTITY = ""


@pytest.fixture
def company() -> Any:
    company = story.a_company()
    with company_scope(company):
        yield company


# -- the chain -------------------------------------------------------------------------------------------------------


def test_each_night_verifies_what_is_new_and_once_a_week_all(company, monkeypatch):
    story.an_issued_invoice(story.a_customer(company))
    settle()
    assert prove(company, at=NIGHT) == []
    first = ProofProgress.objects.get()
    assert (first.length, first.whole_at) == (AuditEvent.objects.count(), NIGHT)
    story.an_issued_invoice(story.a_customer(company))
    settle()
    seen: list[int] = []
    monkeypatch.setattr(proving.chain, "verify", lambda company: seen.append(company.pk) or [])
    assert prove(company, at=NIGHT + timedelta(days=1)) == []
    assert (seen, ProofProgress.objects.get().length) == ([], AuditEvent.objects.count())
    prove(company, at=NIGHT + timedelta(days=7))
    assert seen == [company.pk]


def test_what_is_touched_of_the_new_part_is_seen_the_same_night(company):
    settle()
    prove(company, at=NIGHT)
    invoice = story.an_issued_invoice(story.a_customer(company))
    settle()
    forged("UPDATE billing_invoice SET buyer_name = 'Autre' WHERE id = %s", invoice.pk)
    (found,) = prove(company, at=NIGHT + timedelta(days=1))
    assert (invoice.subject in found.subject, "changed after" in found.what) == (True, True)
    assert ProofProgress.objects.get().breaks == [str(found)]


def test_a_verified_part_that_was_computed_again_is_seen_by_its_last_event(company):
    story.a_customer(company)
    settle()
    prove(company, at=NIGHT)
    last = AuditEvent.objects.latest("sequence")
    forged("UPDATE kernel_auditevent SET hash = %s WHERE id = %s", "0" * 64, last.pk)
    forged("UPDATE kernel_auditchain SET head = %s WHERE company_id = %s", "0" * 64, company.pk)
    found = prove(company, at=NIGHT + timedelta(days=1))
    assert any("verified is gone" in one.what for one in found)


def test_a_break_stands_until_a_whole_verification_finds_none(company):
    invoice = story.an_issued_invoice(story.a_customer(company))
    settle()
    name = invoice.buyer_name
    forged("UPDATE billing_invoice SET buyer_name = 'Autre' WHERE id = %s", invoice.pk)
    assert prove(company, at=NIGHT)
    assert prove(company, at=NIGHT + timedelta(hours=1))
    forged("UPDATE billing_invoice SET buyer_name = %s WHERE id = %s", name, invoice.pk)
    assert prove(company, at=NIGHT + timedelta(hours=2)) == []


# -- the files -------------------------------------------------------------------------------------------------------


def kept_files(company: Company, count: int) -> list[ReceivedDocument]:
    return [
        store_document(
            company_id=company.pk, channel=ReceptionChannel.UPLOAD, name=f"{place}.pdf", data=f"%PDF {place}".encode(),
            actor=story.ACTOR, at=story.AT,
        )
        for place in range(count)
    ]  # fmt: skip


def test_each_file_is_read_once_in_a_round_whatever_stops_it(company, settings, monkeypatch):
    settings.FILES_CHECKED_WITHIN = 3
    monkeypatch.setattr(proving, "AT_A_TIME", 2)
    rows = kept_files(company, 7)
    read: list[str] = []
    real = proving.read_kept

    def noted(row: Any, **how: Any) -> bytes:
        read.append(row.subject)
        return real(row, **how)

    monkeypatch.setattr(proving, "read_kept", noted)
    nights = [check_share(company, at=NIGHT + timedelta(days=day)) for day in range(3)]
    assert nights == [(3, 0), (3, 0), (1, 0)]
    assert (len(read), set(read)) == (7, {row.subject for row in rows})
    assert ProofProgress.objects.get().round_ended_at == NIGHT + timedelta(days=2)
    check_share(company, at=NIGHT + timedelta(days=3))
    assert read[7:] == read[:3]


def test_a_file_that_was_altered_is_found_at_night_and_stands_on_the_home_page(company, settings):
    settings.FILES_CHECKED_WITHIN = 1
    good, bad = kept_files(company, 2)
    path = Path(settings.MEDIA_ROOT, bad.file.name)
    path.chmod(0o640)
    path.write_bytes(b"%PDF another")
    with pytest.raises(nightly.FilesDamaged):
        nightly.run(SafekeepingKind.FILES, at=NIGHT)
    assert DamagedFile.objects.get().file_subject == bad.subject
    assert SafekeepingRun.objects.get().facts == {"read": 2, "broken": 1}
    assert "altéré" in people.read(people.signed_in(company).get(reverse("home")))
    assert good.pk != bad.pk


# -- the clock -------------------------------------------------------------------------------------------------------


def test_each_care_is_due_once_a_night_and_again_where_it_failed(company, settings, tmp_path):
    kinds = [SafekeepingKind.CHAIN, SafekeepingKind.FILES]
    assert nightly.due(NIGHT - timedelta(hours=2)) == []
    assert nightly.due(NIGHT) == kinds
    with recorded(SafekeepingKind.CHAIN, at=NIGHT):
        pass
    with pytest.raises(OSError, match="full"), recorded(SafekeepingKind.FILES, at=NIGHT):
        raise OSError("disk full")
    assert nightly.due(NIGHT + timedelta(hours=1)) == [SafekeepingKind.FILES]
    assert SafekeepingRun.objects.get(kind=SafekeepingKind.FILES).problem == "disk full"
    settings.BACKUP_TO, settings.BACKUP_REHEARSAL_IDENTITY = str(tmp_path), str(tmp_path / "identity")
    assert nightly.due(NIGHT + timedelta(days=1)) == [*kinds, SafekeepingKind.BACKUP, SafekeepingKind.REHEARSAL]
    with connection.cursor() as cursor:
        cursor.execute("UPDATE kernel_installation SET fingerprint = 'where it was'")
    assert nightly.due(NIGHT + timedelta(days=1)) == kinds  # a copy makes no backup in the place of the real ones


def test_what_is_broken_is_told_to_its_own_company_alone_and_once_a_night(company):
    invoice = story.an_issued_invoice(story.a_customer(company))
    settle()
    forged("UPDATE billing_invoice SET buyer_name = 'Autre' WHERE id = %s", invoice.pk)
    other = story.a_company(name="Voisine")
    problem = nightly.run_due(NIGHT)[SafekeepingKind.CHAIN]
    assert company.name not in problem
    assert "1" in problem
    assert SafekeepingKind.CHAIN not in nightly.due(NIGHT + timedelta(hours=3))
    assert str(invoice.pk) in people.read(people.signed_in(company).get(reverse("safekeeping")))
    with company_scope(other):
        seen = people.read(people.signed_in(other).get(reverse("safekeeping")))
    assert "ne tient pas" in seen
    assert str(invoice.pk) not in seen
    assert company.name not in seen


def test_a_company_that_cannot_be_looked_at_stops_no_other(company, monkeypatch):
    other = story.a_company(name="Voisine")

    def fails_once(one: Company, *, at: datetime) -> list[chain.Break]:
        if one == company:
            raise ValueError("odd")
        return prove(one, at=at)

    monkeypatch.setattr(nightly, "prove", fails_once)
    nightly.run(SafekeepingKind.CHAIN, at=NIGHT)
    with company_scope(other):
        assert ProofProgress.objects.get().verified_at == NIGHT
    assert LoopFailure.everywhere.get().company == company


def test_one_care_runs_once_at_a_time(company):
    """Whoever holds PostgreSQL's lock, on whatever machine, keeps the other from it."""
    with psycopg.connect(server_address(), password=connection.get_connection_params().get("password")) as other:
        other.execute("SELECT pg_advisory_lock(hashtextextended('safekeeping CHAIN', 0))")
        with pytest.raises(AlreadyRunning):
            nightly.run(SafekeepingKind.CHAIN, at=NIGHT)
    assert not SafekeepingRun.objects.exists()


def test_one_care_that_fails_stops_no_other(company, settings, tmp_path):
    settings.BACKUP_RECIPIENT, settings.BACKUP_TO = "", str(tmp_path / "backups")
    problems = nightly.run_due(NIGHT)
    assert list(problems) == [SafekeepingKind.BACKUP]
    assert "BACKUP_RECIPIENT" in problems[SafekeepingKind.BACKUP]
    assert set(SafekeepingRun.objects.filter(problem="").values_list("kind", flat=True)) == {"CHAIN", "FILES"}
    with pytest.raises(CommandError, match="BACKUP_RECIPIENT"):
        call_command("safekeep", "--only", "backup")


# -- the alarms ------------------------------------------------------------------------------------------------------


def a_run(kind: SafekeepingKind, hours: float, problem: str = "", **facts: Any) -> None:
    at = datetime.now(UTC) - timedelta(hours=hours)
    SafekeepingRun.objects.create(kind=kind, started_at=at, finished_at=at, problem=problem, facts=facts)


def test_a_backup_older_than_26_hours_and_a_failed_rehearsal_stand_on_the_home_page(company):
    client, page, home = people.signed_in(company), reverse("safekeeping"), reverse("home")
    assert "sauvegarde" not in people.read(client.get(home))
    a_run(SafekeepingKind.BACKUP, 25, name="x", files=3, new_files=1, size=10, total_size=4096)
    assert "Dernière sauvegarde" not in people.read(client.get(home))
    assert "4,0 Kio" in people.read(client.get(page))
    SafekeepingRun.objects.update(started_at=datetime.now(UTC) - timedelta(hours=27))
    assert "Dernière sauvegarde" in people.read(client.get(home))
    a_run(SafekeepingKind.REHEARSAL, 2, "le fichier a.pdf manque")
    assert "restauration d’essai a échoué" in people.read(client.get(home))
    assert "le fichier a.pdf manque" in people.read(client.get(page))
    assert people.signed_in(company, Role.VIEWER).get(page).status_code == 403


# -- a restoration that is rehearsed ---------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_a_rehearsal_restores_beside_verifies_and_leaves_nothing(settings, tmp_path, capsys):
    """And one whose backup lost a file says which."""
    identity = pyrage.x25519.Identity.generate()
    settings.BACKUP_RECIPIENT = f"{pyrage.x25519.Identity.generate().to_public()},{identity.to_public()}"
    (tmp_path / "identity").write_text(str(identity))
    company = story.a_company()
    with company_scope(company):
        story.an_issued_invoice(story.a_customer(company))
        (document,) = kept_files(company, 1)
    place = Directory(tmp_path / "backups")
    name = write_backup(place, at=NIGHT).name
    arguments = (str(place.root), "--identity", str(tmp_path / "identity"))
    call_command("rehearse_restore", *arguments)
    assert f"{name}: 1 companies" in capsys.readouterr().out
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_database WHERE datname LIKE %s", ["%_rehearsal"])
        assert cursor.fetchone() == (0,)
    place.delete([f"files/{document.sha256[:2]}/{document.sha256}.age"])
    with pytest.raises(CommandError, match="manque"):
        call_command("rehearse_restore", *arguments)
    runs = SafekeepingRun.objects.filter(kind=SafekeepingKind.REHEARSAL)
    assert [bool(run.problem) for run in runs] == [True, False]
