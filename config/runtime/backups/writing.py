"""Writing a backup: the database first, then the files. A kept file is written once, before the row that names it:
every file of the dump is there when the files are copied, and those that came since do no harm.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pyrage
from django.conf import settings
from django.db import connection

from config.kernel.errors import DomainError
from config.kernel.kept import LARGEST, hashes_of_rows
from config.kernel.scope import across_companies
from config.kernel.shelves import shelf
from config.runtime.backups.places import Place, clear_folder
from config.runtime.cluster import program

MANIFEST = "manifest.json"
MOMENT = "%Y%m%dT%H%M%SZ"
FORMAT = 1
Recipients = list[pyrage.x25519.Recipient]


class BackupRefused(DomainError):
    code = "backup_refused"
    message = "La sauvegarde n’a pas été faite : %(problem)s"


@dataclass(frozen=True, slots=True)
class Written:
    """A backup as it stands in its place: the folder of its parts, and its figures (bytes are those that were sent)."""

    name: str
    files: int
    new_files: int
    size: int
    total_size: int

    @property
    def facts(self) -> dict[str, Any]:
        return asdict(self)


def write_backup(place: Place, *, at: datetime) -> Written:
    """A whole backup in `place`, looked at once it stands there. Raises BackupRefused, and leaves no manifest then."""
    recipients = _recipients()
    name = f"{at:{MOMENT}}"
    with clear_folder() as clear:
        _dump(clear / "database")
        files, new = _copy_files(place, recipients, clear)
        contents = clear / "contents"
        contents.write_text(json.dumps({"files": files, "trails": _trails(), "keys": _keys()}))
        parts = ("database", "contents")
        sealed = {part: _store(place, f"{name}/{part}.age", clear / part, recipients) for part in parts}
        manifest = {"format": FORMAT, "at": at.isoformat(), "files": len(files), "sha256": sealed}
        (clear / MANIFEST).write_text(json.dumps(manifest, indent=1))
        sizes = _look_at(place, name, files)
        place.store(f"{name}/{MANIFEST}", clear / MANIFEST)
    own = sum(size for path, size in sizes.items() if path.startswith(f"{name}/"))
    size = own + sum(sizes[_sealed_name(sha256)] for sha256 in new)
    return Written(name, len(files), len(new), size, own + sum(sizes[_sealed_name(one)] for one in set(files.values())))


def _look_at(place: Place, name: str, files: dict[str, str]) -> dict[str, int]:
    """What lies in the place once all was sent. Raises BackupRefused where a part of the backup is not there."""
    sizes = {**place.sizes("files/"), **place.sizes(f"{name}/")}
    wanted = [f"{name}/database.age", f"{name}/contents.age", *map(_sealed_name, files.values())]
    if missing := [path for path in wanted if not sizes.get(path)]:
        raise BackupRefused(problem=f"{missing[0]} n’est pas arrivé.")
    return sizes


def _sealed_name(sha256: str) -> str:
    return f"files/{sha256[:2]}/{sha256}.age"


def _recipients() -> Recipients:
    if not settings.BACKUP_RECIPIENT:
        raise BackupRefused(problem="donnez BACKUP_RECIPIENT, la clé publique age1… de qui pourra la lire.")
    try:
        return [pyrage.x25519.Recipient.from_str(key.strip()) for key in settings.BACKUP_RECIPIENT.split(",")]
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


def _copy_files(place: Place, recipients: Recipients, clear: Path) -> tuple[dict[str, str], set[str]]:
    """The SHA-256 of each kept file by its path, and those that the place did not have yet: they are there now.

    A file whose row says its SHA-256, and that the place has, is not read: the nightly checks read it.
    """
    # every company's files are in the one backup
    with across_companies():
        known = hashes_of_rows()
    there = {Path(name).stem for name in place.sizes("files/") if name.endswith(".age")}
    found, new = {}, set()
    for name in shelf().names():
        sha256 = known.get(name, "")
        if sha256 not in there:
            sha256 = _fetch(name, clear / "file")
            if sha256 not in there:
                _store(place, _sealed_name(sha256), clear / "file", recipients)
                there.add(sha256)
                new.add(sha256)
        found[name] = sha256
    return found, new


def _fetch(name: str, to: Path) -> str:
    """Copy a kept file as it lies there; its SHA-256."""
    to.write_bytes(shelf().read(name, LARGEST))
    return _sha256(to)


def _trails() -> dict[str, str]:
    """What was witnessed outside the database, by file: compared, after a restoration, with the trail that goes on."""
    folder = Path(settings.TRAIL_DIR)
    stamps = {path.name: base64.b64encode(path.read_bytes()).decode() for path in sorted(folder.glob("*.tsr"))}
    return {path.name: path.read_text() for path in sorted((*folder.glob("*.jsonl"), *folder.glob("*.txt")))} | stamps


def _keys() -> dict[str, Any]:
    return {
        "SECRET_KEY": settings.SECRET_KEY,
        "JWT_SIGNING_KEY": settings.SIMPLE_JWT["SIGNING_KEY"],
        "CREDENTIALS_KEYS": list(settings.CREDENTIALS_KEYS),
    }


def _store(place: Place, name: str, source: Path, recipients: Recipients) -> str:
    """Seal a file and send it; the SHA-256 of what was sent."""
    sealed = source.with_name("sealed")
    pyrage.encrypt_file(str(source), str(sealed), recipients)
    sha256 = _sha256(sealed)
    place.store(name, sealed)
    sealed.unlink()
    return sha256


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
