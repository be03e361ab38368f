"""A restoration that is rehearsed: the newest backup, in a database and a folder beside, its chain and files verified.

It runs the very commands of a bad day, in processes of their own, and leaves nothing behind. The identity that opens
the backup is needed here: give the rehearsal a key of its own (BACKUP_RECIPIENT takes several), or rehearse elsewhere.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg
import structlog
from django.conf import settings
from django.db import connection

from config.kernel.errors import DomainError
from config.runtime import embedded
from config.runtime.backups.writing import server_address

logger = structlog.get_logger(__name__)
BESIDE = "_rehearsal"


class RehearsalFailed(DomainError):
    code = "rehearsal_failed"
    message = "La restauration d’essai a échoué (%(step)s) : %(problem)s"


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """What came back: of which backup, how many events of how many companies."""

    backup: str
    companies: int
    events: int


def rehearse(address: str, identity: Path) -> Rehearsed:
    """Restore the last backup of a place beside, and verify it. Raises RehearsalFailed."""
    try:
        with _database_beside() as url, TemporaryDirectory(prefix="quittance-") as folder:
            environment = _environment(url, Path(folder))
            done = _manage("restore", address, "--identity", str(identity), environment=environment)
            proof = _manage("verify_chain", "--files", "--json", environment=environment, refused=False)
    except psycopg.Error as error:
        raise RehearsalFailed(step="CREATE DATABASE", problem=str(error).strip()[-300:]) from error
    verdicts = [json.loads(line) for line in proof.splitlines() if line.startswith("{")]
    broken = [row for row in verdicts if row["breaks"]]
    if broken or not verdicts:
        # how many, never whose: every owner of the installation reads it
        logger.error("rehearsal_broken", verdicts=broken)
        raise RehearsalFailed(step="verify_chain", problem=f"{len(broken)} / {len(verdicts)}")
    return Rehearsed(done.partition(":")[0].strip(), len(verdicts), sum(row["events"] for row in verdicts))


@contextmanager
def _database_beside() -> Iterator[str]:
    """The address of an empty database on the same server, for whom may create one; it is dropped in the end."""
    name = f"{connection.get_connection_params()['dbname']}{BESIDE}"
    with psycopg.connect(server_address("postgres"), password=_password(), autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        server.execute(f'CREATE DATABASE "{name}" TEMPLATE template0')
        try:
            parts = urlsplit(os.environ["DATABASE_URL"])
            yield urlunsplit(parts._replace(path=f"{parts.path.rpartition('/')[0]}/{name}"))
        finally:
            server.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


def _password() -> str | None:
    return connection.get_connection_params().get("password")


def _environment(url: str, folder: Path) -> dict[str, str]:
    """Of the rehearsal: its database and files, and a trail of its own, for the real one knows more than the backup."""
    own = {
        "DATABASE_URL": url,
        "MEDIA_ROOT": str(folder / "files"),
        "TRAIL_DIR": str(folder / "trail"),
        "FILES_STORE": "",
    }
    return {**os.environ, embedded.INHERITED: "", **own}


def _manage(*arguments: str, environment: dict[str, Any], refused: bool = True) -> str:
    command = [sys.executable, "manage.py", *arguments]
    done = subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True)
    if done.returncode and (refused or not done.stdout):
        last = (done.stderr.strip().splitlines() or ["?"])[-1]
        raise RehearsalFailed(step=arguments[0], problem=last[-300:])
    return done.stdout
