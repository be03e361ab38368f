"""A backup is whole or is none, opens for one key alone, and is restored on another server with every byte."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
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

from config.kernel.scope import company_scope
from config.runtime import embedded
from config.runtime.backups.restoring import RestoreRefused, latest, open_backup
from config.runtime.backups.writing import BackupRefused, run, server_address, server_major, write_backup
from config.runtime.cluster import program
from tests.factories import story

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


@pytest.fixture
def another_database() -> Iterator[str]:
    name = f"{server_address().split('dbname=')[1].split()[0]}_restored"
    with psycopg.connect(server_address("postgres"), autocommit=True) as admin:
        admin.execute(f'DROP DATABASE IF EXISTS "{name}"')
        admin.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        yield name
        admin.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


def restored(backups: Path, identity: pyrage.x25519.Identity, database: str, kept: Path, *more: str) -> Any:
    """By the command, as a process of its own on the other database."""
    secret = kept.parent / "identity"
    secret.write_text(f"# mine\n{identity}\n")
    parts = urlsplit(os.environ["DATABASE_URL"])
    url = urlunsplit(parts._replace(path=parts.path.rpartition("/")[0] + f"/{database}"))
    environment = {**os.environ, embedded.INHERITED: "", "DATABASE_URL": url, "MEDIA_ROOT": str(kept)}
    command = [sys.executable, "manage.py", "restore", str(backups), "--identity", str(secret), *more]
    return subprocess.run(command, cwd=django_settings.BASE_DIR, env=environment, capture_output=True, text=True)


def test_what_was_backed_up_is_restored_elsewhere_whole_and_quiet(identity, tmp_path, another_database):
    backups, kept = tmp_path / "backups", tmp_path / "restored"
    write_backup(backups, at=timezone.now())
    done = restored(backups, identity, another_database, kept)
    assert done.returncode == 0, done.stderr
    assert {path.relative_to(kept).as_posix(): path.read_bytes() for path in kept.rglob("*") if path.is_file()} == {
        "invoices/1/a.pdf": b"%PDF one",
        "statements/2/b.xml": b"<one/>",
        "c.pdf": b"%PDF one",
    }
    with psycopg.connect(server_address(another_database)) as there:
        assert there.execute("SELECT kernel_is_quiet()").fetchone() == (True,)
    again = restored(backups, identity, another_database, kept)
    assert (again.returncode, "vide" in again.stderr) == (1, True)


def test_each_file_is_stored_once_and_the_next_backup_adds_what_is_new(identity, settings, tmp_path):
    backups, now = tmp_path / "backups", timezone.now()
    write_backup(backups, at=now)
    first = {path: path.stat().st_mtime_ns for path in (backups / "files").rglob("*.age")}
    assert len(first) == 2  # two names of one content
    Path(settings.MEDIA_ROOT, "new.pdf").write_bytes(b"%PDF new")
    place = write_backup(backups, at=now + timedelta(seconds=1))
    second = {path: path.stat().st_mtime_ns for path in (backups / "files").rglob("*.age")}
    assert (len(second), first.items() <= second.items()) == (3, True)
    assert latest(backups) == place


def test_it_opens_for_its_own_key_alone_and_says_nothing_in_clear(identity, tmp_path):
    place = write_backup(tmp_path / "backups", at=timezone.now())
    assert open_backup(place, identity).contents["keys"]["CREDENTIALS_KEYS"] == django_settings.CREDENTIALS_KEYS
    with pytest.raises(RestoreRefused, match="n’ouvre pas"):
        open_backup(place, pyrage.x25519.Identity.generate())
    clear = (place / "manifest.json").read_text()
    assert "invoices" not in clear
    assert django_settings.SECRET_KEY not in clear


@pytest.mark.parametrize("part", ["database.age", "contents.age"])
def test_a_part_that_was_changed_or_lost_is_refused(identity, tmp_path, part):
    place = write_backup(tmp_path / "backups", at=timezone.now())
    data = (place / part).read_bytes()
    (place / part).write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(RestoreRefused, match="tel qu’il a été écrit"):
        open_backup(place, identity)
    (place / part).unlink()
    with pytest.raises(RestoreRefused, match="incomplète"):
        open_backup(place, identity)


def test_one_that_was_not_finished_is_none(identity, tmp_path):
    place = write_backup(tmp_path / "backups", at=timezone.now())
    (place / "manifest.json").unlink()
    with pytest.raises(RestoreRefused, match="aucune sauvegarde complète"):
        latest(tmp_path / "backups")


def test_a_path_that_leaves_the_place_of_files_is_refused(identity, tmp_path, another_database):
    backups = tmp_path / "backups"
    place = write_backup(backups, at=timezone.now())
    contents = open_backup(place, identity).contents
    contents["files"] = {"../outside.pdf": next(iter(contents["files"].values()))}
    sealed = pyrage.encrypt(json.dumps(contents).encode(), [identity.to_public()])
    (place / "contents.age").write_bytes(sealed)
    manifest = json.loads((place / "manifest.json").read_text())

    manifest["sha256"]["contents"] = hashlib.sha256(sealed).hexdigest()
    (place / "manifest.json").write_text(json.dumps(manifest))
    done = restored(backups, identity, another_database, tmp_path / "restored")
    assert (done.returncode, "sort du dossier" in done.stderr) == (1, True)
    assert not (tmp_path / "outside.pdf").exists()


def test_without_a_key_nothing_is_written_and_the_command_says_which(settings, tmp_path):
    settings.BACKUP_RECIPIENT = ""
    with pytest.raises(CommandError, match="BACKUP_RECIPIENT"):
        call_command("backup", str(tmp_path / "backups"))
    settings.BACKUP_RECIPIENT = "age1nothing"
    with pytest.raises(BackupRefused, match="n’est pas une clé age"):
        write_backup(tmp_path / "backups", at=timezone.now())
    assert not (tmp_path / "backups").exists()


def test_the_keys_are_given_to_who_holds_the_identity(identity, tmp_path, another_database):
    backups = tmp_path / "backups"
    write_backup(backups, at=timezone.now())
    done = restored(backups, identity, another_database, tmp_path / "restored", "--keys")
    assert f"SECRET_KEY={django_settings.SECRET_KEY}" in done.stdout
    assert not (tmp_path / "restored").exists()


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
