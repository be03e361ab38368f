"""Writing a backup: the database first, then the files. A kept file is written once, before the row that names it:
every file of the dump is there when the files are copied, and those that came since do no harm.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg
import pyrage
from django.conf import settings
from django.db import connection

from config.kernel.errors import DomainError
from config.runtime.cluster import program

CHUNK = 1024 * 1024
MANIFEST = "manifest.json"
FORMAT = 1


class BackupRefused(DomainError):
    code = "backup_refused"
    message = "La sauvegarde n’a pas été faite : %(problem)s"


def write_backup(directory: Path, *, at: datetime) -> Path:
    """A whole backup below `directory`; where it stands. Raises BackupRefused, and leaves no manifest then."""
    recipient = _recipient()
    place = directory / f"{at:%Y%m%dT%H%M%SZ}"
    place.mkdir(parents=True)
    with TemporaryDirectory(dir=place) as clear:
        dump = Path(clear, "database")
        _dump(dump)
        files = _copy_files(directory / "files", recipient)
        contents = Path(clear, "contents")
        contents.write_text(json.dumps({"files": files, "trails": _trails(), "keys": _keys()}))
        sealed = {name: _seal(Path(clear, name), place / f"{name}.age", recipient) for name in ("database", "contents")}
    manifest = {"format": FORMAT, "at": at.isoformat(), "files": len(files), "sha256": sealed}
    _write_whole(place / MANIFEST, json.dumps(manifest, indent=1).encode())
    return place


def _recipient() -> pyrage.x25519.Recipient:
    if not settings.BACKUP_RECIPIENT:
        raise BackupRefused(problem="donnez BACKUP_RECIPIENT, la clé publique age1… de qui pourra la lire.")
    try:
        return pyrage.x25519.Recipient.from_str(settings.BACKUP_RECIPIENT)
    except pyrage.RecipientError as error:
        raise BackupRefused(problem=f"BACKUP_RECIPIENT n’est pas une clé age ({error}).") from error


def server_address(database: str = "") -> str:
    """How PostgreSQL's own programs reach the database, without its password."""
    parameters: dict[str, Any] = connection.get_connection_params()
    known = {key: str(parameters[key]) for key in ("host", "port", "user") if parameters.get(key)}
    return psycopg.conninfo.make_conninfo(dbname=database or parameters["dbname"], **known)


def run(*command: str | Path) -> None:
    """One of PostgreSQL's programs. Raises BackupRefused with what it said."""
    password = connection.get_connection_params().get("password")
    # row-level security binds an owner who is no superuser: the dump reads in the scope of all companies
    environment = {**os.environ, "PGOPTIONS": "-c quittance.company=*"}
    if password:
        environment["PGPASSWORD"] = str(password)
    done = subprocess.run([str(part) for part in command], env=environment, capture_output=True, text=True)
    if done.returncode:
        raise BackupRefused(problem=done.stderr.strip()[-500:])


def server_major() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int / 10000")
        return int(cursor.fetchone()[0])


def _dump(to: Path) -> None:
    """One snapshot of everything, read again at once: a dump that cannot be listed is no backup."""
    options = ("--format=custom", "--enable-row-security", f"--file={to}", f"--dbname={server_address()}")
    try:
        run(program("pg_dump", server_major()), *options)
        run(program("pg_restore", server_major()), "--list", f"--file={os.devnull}", to)
    except LookupError as error:
        raise BackupRefused(problem=str(error)) from error


def _copy_files(store: Path, recipient: pyrage.x25519.Recipient) -> dict[str, str]:
    """The SHA-256 of each kept file by its path; those that the store does not have yet are added to it."""
    found = {}
    for path in _kept():
        sha256 = _sha256(path)
        found[str(path.relative_to(settings.MEDIA_ROOT))] = sha256
        target = store / sha256[:2] / f"{sha256}.age"
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            _seal(path, target, recipient)
    return found


def _kept() -> Iterator[Path]:
    for folder, _folders, names in os.walk(settings.MEDIA_ROOT, followlinks=False):
        yield from (path for name in sorted(names) if (path := Path(folder, name)).is_file() and not path.is_symlink())


def _trails() -> dict[str, str]:
    """What was witnessed outside the database, by file: compared, after a restoration, with the trail that goes on."""
    return {path.name: path.read_text() for path in sorted(Path(settings.TRAIL_DIR).glob("*.jsonl"))}


def _keys() -> dict[str, Any]:
    return {
        "SECRET_KEY": settings.SECRET_KEY,
        "JWT_SIGNING_KEY": settings.SIMPLE_JWT["SIGNING_KEY"],
        "CREDENTIALS_KEYS": list(settings.CREDENTIALS_KEYS),
    }


def _seal(clear: Path, to: Path, recipient: pyrage.x25519.Recipient) -> str:
    """Encrypt a file; the SHA-256 of what was written. A crash leaves no half of it under its name."""
    unfinished = to.with_suffix(".unfinished")
    pyrage.encrypt_file(str(clear), str(unfinished), [recipient])
    sha256 = _sha256(unfinished)
    unfinished.replace(to)
    return sha256


def _write_whole(path: Path, data: bytes) -> None:
    unfinished = path.with_suffix(".unfinished")
    with unfinished.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
