"""A backup is whole or is none, opens for one key alone, and is restored on another server with every byte."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pyrage
import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from config.kernel.buckets import BucketFailed
from config.kernel.scope import company_scope
from config.runtime import embedded
from config.runtime.backups.places import Directory, place_at
from config.runtime.backups.pruning import moment_of, prune, staying
from config.runtime.backups.restoring import (
    RestoreRefused,
    _database,
    _restore_file,
    latest,
    open_backup,
    restore_backup,
    whole_backups,
)
from config.runtime.backups.writing import MOMENT, BackupRefused, run, server_address, server_major, write_backup
from config.runtime.cluster import program
from tests.factories import buckets, story

pytestmark = [pytest.mark.trust, pytest.mark.django_db]


@pytest.fixture
def identity(settings: Any, tmp_path: Path) -> pyrage.x25519.Identity:
    identity = pyrage.x25519.Identity.generate()
    settings.BACKUP_RECIPIENT = str(identity.to_public())
    settings.MEDIA_ROOT, settings.TRAIL_DIR = str(tmp_path / "kept"), str(tmp_path / "trail")
    for name, data in (("invoices/1/a.pdf", b"%PDF one"), ("statements/2/b.xml", b"<one/>"), ("c.pdf", b"%PDF one")):
        path = Path(settings.MEDIA_ROOT, name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return identity


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with buckets.an_object_storage() as address:
        yield address


@pytest.fixture
def bucket(endpoint: str, settings: Any) -> str:
    return buckets.a_bucket(settings, endpoint)


@pytest.fixture
def another_database() -> Iterator[str]:
    name = f"{server_address().split('dbname=')[1].split()[0]}_restored"
    with psycopg.connect(server_address("postgres"), autocommit=True) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}"')
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        yield name
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def restored(backups: str, identity: pyrage.x25519.Identity, database: str, kept: Path, *more: str) -> Any:
    """By the command, as a process of its own on the other database."""
    secret = kept.parent / "identity"
    secret.write_text(f"# mine\n{identity}\n")
    parts = urlsplit(os.environ["DATABASE_URL"])
    url = urlunsplit(parts._replace(path=parts.path.rpartition("/")[0] + f"/{database}"))
    environment = {**os.environ, embedded.INHERITED: "", "DATABASE_URL": url, "MEDIA_ROOT": str(kept)}
    environment |= buckets.variables(django_settings.S3_ENDPOINT_URL)
    command = [sys.executable, "manage.py", "restore", backups, "--identity", str(secret), *more]
    return subprocess.run(command, cwd=django_settings.BASE_DIR, env=environment, capture_output=True, text=True)


def test_what_was_backed_up_is_restored_elsewhere_whole_and_quiet(identity, tmp_path, another_database, bucket):
    """Through an object storage, over HTTP."""
    backups, kept = f"{bucket}/quittance", tmp_path / "restored"
    name = write_backup(place_at(backups), at=timezone.now()).name
    assert latest(place_at(backups)) == name
    done = restored(backups, identity, another_database, kept)
    assert done.returncode == 0, done.stderr
    assert {path.relative_to(kept).as_posix(): path.read_bytes() for path in kept.rglob("*") if path.is_file()} == {
        "invoices/1/a.pdf": b"%PDF one",
        "statements/2/b.xml": b"<one/>",
        "c.pdf": b"%PDF one",
    }
    with psycopg.connect(server_address(another_database)) as there:
        assert there.execute("SELECT kernel_is_quiet()").fetchone() == (True,)


def test_nothing_is_restored_over_what_is_used(identity, tmp_path, settings):
    place = Directory(tmp_path / "backups")
    name = write_backup(place, at=timezone.now()).name
    with pytest.raises(RestoreRefused, match="n’est pas vide"):
        restore_backup(place, name, identity)


def test_a_backup_that_was_killed_is_gone_on_with(identity, bucket, monkeypatch):
    """What was sent of files is not sent again; there is no backup before its manifest stands there."""
    place, now = place_at(bucket), timezone.now()

    def killed(*_arguments: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("config.runtime.backups.writing._look_at", killed)
        with pytest.raises(KeyboardInterrupt):
            write_backup(place, at=now)
    assert whole_backups(place) == []
    written = write_backup(place, at=now + timedelta(seconds=1))
    assert (written.files, written.new_files, whole_backups(place)) == (3, 0, [written.name])
    assert open_backup(place, written.name, identity).contents["files"].keys() == {
        "invoices/1/a.pdf",
        "statements/2/b.xml",
        "c.pdf",
    }


def test_a_part_that_did_not_arrive_makes_no_backup(identity, bucket, monkeypatch):
    place = place_at(bucket)
    monkeypatch.setattr(
        place, "store", lambda name, source: None if "database" in name else type(place).store(place, name, source)
    )
    with pytest.raises(BackupRefused, match=r"database\.age n’est pas arrivé"):
        write_backup(place, at=timezone.now())
    assert whole_backups(place) == []


def test_an_object_storage_that_refuses_is_told_in_words(settings, bucket):
    with pytest.raises(BucketFailed, match="NoSuchBucket"):
        place_at("s3://nowhere/x").sizes()
    settings.S3_ENDPOINT_URL = "http://127.0.0.1:9"
    with pytest.raises(BucketFailed, match="ne répond pas"):
        place_at(bucket).sizes()


def test_each_file_is_stored_once_and_the_next_backup_adds_what_is_new(identity, settings, tmp_path):
    backups, now = tmp_path / "backups", timezone.now()
    write_backup(Directory(backups), at=now)
    first = {path: path.stat().st_mtime_ns for path in (backups / "files").rglob("*.age")}
    assert len(first) == 2  # two names of one content
    Path(settings.MEDIA_ROOT, "new.pdf").write_bytes(b"%PDF new")
    second = write_backup(Directory(backups), at=now + timedelta(seconds=1))
    both = {path: path.stat().st_mtime_ns for path in (backups / "files").rglob("*.age")}
    assert (len(both), first.items() <= both.items()) == (3, True)
    assert (second.files, second.new_files) == (4, 1)
    assert 0 < second.size < second.total_size
    assert latest(Directory(backups)) == second.name


def test_it_opens_for_its_own_key_alone_and_says_nothing_in_clear(identity, tmp_path):
    place = Directory(tmp_path / "backups")
    name = write_backup(place, at=timezone.now()).name
    contents = open_backup(place, name, identity).contents
    assert contents["keys"]["CREDENTIALS_KEYS"] == django_settings.CREDENTIALS_KEYS
    with pytest.raises(RestoreRefused, match="n’ouvre pas"):
        open_backup(place, name, pyrage.x25519.Identity.generate())
    clear = place.read(f"{name}/manifest.json").decode()
    assert "invoices" not in clear
    assert django_settings.SECRET_KEY not in clear


@pytest.mark.parametrize("part", ["database.age", "contents.age"])
def test_a_part_that_was_changed_or_lost_is_refused(identity, tmp_path, part):
    place = Directory(tmp_path / "backups")
    name = write_backup(place, at=timezone.now()).name
    path = place.root / name / part

    def opened() -> None:
        _database(open_backup(place, name, identity), identity, tmp_path)

    opened()
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(RestoreRefused, match="tel qu’il a été écrit"):
        opened()
    path.unlink()
    with pytest.raises(RestoreRefused, match="incomplète"):
        opened()


def test_one_that_was_not_finished_is_none_and_is_cleared_away_after_a_day(identity, tmp_path):
    place, now = Directory(tmp_path / "backups"), timezone.now()
    name = write_backup(place, at=now).name
    (place.root / name / "manifest.json").unlink()
    with pytest.raises(RestoreRefused, match="aucune sauvegarde complète"):
        latest(place)
    assert prune(place, at=now) == []
    assert prune(place, at=now + timedelta(days=2)) == [name]
    assert set(place.sizes()) == set(place.sizes("files/")) != set()


def test_the_last_backups_of_days_weeks_and_months_stay(settings):
    settings.BACKUP_KEEP_DAYS, settings.BACKUP_KEEP_WEEKS, settings.BACKUP_KEEP_MONTHS = 3, 2, 3
    start = datetime(2026, 8, 1, 2, tzinfo=UTC)
    names = [f"{start + timedelta(hours=12 * step):{MOMENT}}" for step in range(2 * 120)]
    kept = sorted(moment.strftime("%m-%d %H") for name in staying(names) if (moment := moment_of(name)))
    assert kept == ["09-30 14", "10-31 14", "11-22 14", "11-26 14", "11-27 14", "11-28 14"]
    assert staying(["20200101T020000Z", "other"]) == {"20200101T020000Z"}  # the last one, however old


def test_a_path_that_leaves_the_place_of_files_is_refused(identity, tmp_path):
    place = Directory(tmp_path / "backups")
    name = write_backup(place, at=timezone.now()).name
    sha256 = next(iter(open_backup(place, name, identity).contents["files"].values()))
    with pytest.raises(RestoreRefused, match="sort du dossier"):
        _restore_file(place, "../outside.pdf", sha256, identity)
    assert not (tmp_path / "outside.pdf").exists()


def test_without_a_key_nothing_is_written_and_the_command_says_which(settings, tmp_path):
    settings.BACKUP_RECIPIENT = ""
    with pytest.raises(CommandError, match="BACKUP_RECIPIENT"):
        call_command("backup", str(tmp_path / "backups"))
    settings.BACKUP_RECIPIENT = "age1nothing"
    with pytest.raises(BackupRefused, match="n’est pas une clé age"):
        write_backup(Directory(tmp_path / "backups"), at=timezone.now())
    assert not (tmp_path / "backups").exists()


def test_the_keys_are_given_to_who_holds_the_identity(identity, tmp_path, capsys):
    write_backup(Directory(tmp_path / "backups"), at=timezone.now())
    secret = tmp_path / "identity"
    secret.write_text(f"# mine\n{identity}\n")
    call_command("restore", str(tmp_path / "backups"), "--identity", str(secret), "--keys")
    assert f"SECRET_KEY={django_settings.SECRET_KEY}" in capsys.readouterr().out


@pytest.mark.parametrize("content", [b"", b"\x80\xff\x00\xfe", b"AGE-SECRET-KEY-1\xff\xfe", b"\xff\xfeA\x00G\x00E\x00"])
def test_a_file_that_is_no_identity_is_refused_in_a_sentence(content, tmp_path):
    secret = tmp_path / "identity"
    secret.write_bytes(content)
    with pytest.raises(CommandError, match="ne contient pas d’identité age"):
        call_command("restore", str(tmp_path), "--identity", str(secret))


@pytest.mark.django_db(transaction=True)
def test_an_owner_bound_by_row_level_security_dumps_every_company(tmp_path):
    """As `pg_dump` of a role that is no superuser: without the scope it would see no row of a company."""
    companies = [story.a_company(), story.a_company()]
    for company in companies:
        with company_scope(company):
            story.a_customer(company, name=f"Client de {company.siren}")
    dump, text = tmp_path / "dump", tmp_path / "text"
    options = ("--format=custom", "--enable-row-security", "--role=quittance_app", "--table=customers_customer")
    run(program("pg_dump", server_major()), *options, f"--file={dump}", f"--dbname={server_address()}")
    run(program("pg_restore", server_major()), "--data-only", f"--file={text}", dump)
    assert all(f"Client de {company.siren}" in text.read_text() for company in companies)
