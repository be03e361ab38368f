"""Restoring a backup into an empty database and an empty place for files: it is quiet until an owner releases it."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyrage
from django.conf import settings
from django.db import connection

from config.kernel.errors import DomainError
from config.runtime.backups.writing import MANIFEST, run, server_address, server_major
from config.runtime.cluster import program


class RestoreRefused(DomainError):
    code = "restore_refused"
    message = "Rien n’a été restauré : %(problem)s"


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup of a directory, opened: its database is still encrypted, its contents are not."""

    place: Path
    manifest: dict[str, Any]
    contents: dict[str, Any]


def latest(directory: Path) -> Path:
    """The last whole backup of a directory. Raises RestoreRefused."""
    found = sorted(path.parent for path in directory.glob(f"*/{MANIFEST}"))
    if not found:
        raise RestoreRefused(problem=f"aucune sauvegarde complète dans {directory}.")
    return found[-1]


def open_backup(place: Path, identity: pyrage.x25519.Identity) -> Backup:
    """Raises RestoreRefused where a part is missing, changed, or encrypted for somebody else."""
    try:
        manifest = json.loads((place / MANIFEST).read_text())
        for name, sha256 in manifest["sha256"].items():
            if hashlib.sha256((place / f"{name}.age").read_bytes()).hexdigest() != sha256:
                raise RestoreRefused(problem=f"{name}.age n’est plus tel qu’il a été écrit.")
        contents = json.loads(pyrage.decrypt((place / "contents.age").read_bytes(), [identity]))
    except (OSError, ValueError, KeyError) as error:
        raise RestoreRefused(problem=f"sauvegarde incomplète ({error}).") from error
    except pyrage.DecryptError as error:
        raise RestoreRefused(problem=f"cette identité n’ouvre pas la sauvegarde ({error}).") from error
    return Backup(place, manifest, contents)


def restore_backup(place: Path, identity: pyrage.x25519.Identity, *, only_open: bool = False) -> Backup:
    """The files, each checked, then the database in one transaction, all or none. Raises RestoreRefused."""
    backup = open_backup(place, identity)
    if only_open:
        return backup
    _refuse_what_is_used()
    files, target = backup.contents["files"], Path(settings.MEDIA_ROOT)
    for path, sha256 in files.items():
        _restore_file(place.parent / "files" / sha256[:2] / f"{sha256}.age", target, path, sha256, identity)
    with TemporaryDirectory(dir=target) as clear:
        dump = Path(clear, "database")
        pyrage.decrypt_file(str(place / "database.age"), str(dump), [identity])
        options = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
        run(program("pg_restore", server_major()), *options, f"--dbname={server_address()}", dump)
    return backup


def _refuse_what_is_used() -> None:
    with connection.cursor() as cursor:
        if "kernel_company" in connection.introspection.table_names(cursor):
            raise RestoreRefused(problem="la base de données n’est pas vide.")
    Path(settings.MEDIA_ROOT).mkdir(parents=True, exist_ok=True)
    if any(Path(settings.MEDIA_ROOT).iterdir()):
        raise RestoreRefused(problem=f"{settings.MEDIA_ROOT} n’est pas vide.")


def _restore_file(sealed: Path, target: Path, path: str, sha256: str, identity: pyrage.x25519.Identity) -> None:
    to = (target / path).resolve()
    if not to.is_relative_to(target.resolve()):
        raise RestoreRefused(problem=f"le chemin {path} sort du dossier des fichiers.")
    try:
        data = pyrage.decrypt(sealed.read_bytes(), [identity])
    except (OSError, pyrage.DecryptError) as error:
        raise RestoreRefused(problem=f"le fichier {path} manque ou ne s’ouvre pas ({error}).") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise RestoreRefused(problem=f"le fichier {path} n’est plus tel qu’il a été sauvegardé.")
    to.parent.mkdir(parents=True, exist_ok=True)
    with to.open("xb") as file:
        file.write(data)
        os.fchmod(file.fileno(), 0o440)
