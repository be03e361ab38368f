"""Restoring a backup into an empty database and an empty place for files: it is quiet until an owner releases it."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyrage
from django.conf import settings
from django.db import connection

from config.kernel.errors import DomainError
from config.kernel.shelves import shelf
from config.runtime.backups.places import Place, clear_folder
from config.runtime.backups.writing import MANIFEST, run, server_address, server_major
from config.runtime.cluster import program


class RestoreRefused(DomainError):
    code = "restore_refused"
    message = "Rien n’a été restauré : %(problem)s"


@dataclass(frozen=True, slots=True)
class Backup:
    """One backup of a directory, opened: its database is still encrypted, its contents are not."""

    place: Place
    name: str
    manifest: dict[str, Any]
    contents: dict[str, Any]


def latest(place: Place) -> str:
    """The name of the last whole backup of a place. Raises RestoreRefused."""
    found = whole_backups(place)
    if not found:
        raise RestoreRefused(problem=f"aucune sauvegarde complète dans {place.address}.")
    return found[-1]


def whole_backups(place: Place) -> list[str]:
    """The names of the backups of a place, the oldest first; one that was not finished is none."""
    names = (path.partition("/") for path in place.sizes())
    return sorted(name for name, _slash, part in names if part == MANIFEST)


def open_backup(place: Place, name: str, identity: pyrage.x25519.Identity) -> Backup:
    """Raises RestoreRefused where a part is missing, changed, or encrypted for somebody else."""
    try:
        manifest = json.loads(place.read(f"{name}/{MANIFEST}"))
        sealed = place.read(f"{name}/contents.age")
        _compare("contents", hashlib.sha256(sealed).hexdigest(), manifest)
        contents = json.loads(pyrage.decrypt(sealed, [identity]))
    except (OSError, ValueError, KeyError) as error:
        raise RestoreRefused(problem=f"sauvegarde incomplète ({error}).") from error
    except pyrage.DecryptError as error:
        raise RestoreRefused(problem=f"cette identité n’ouvre pas la sauvegarde ({error}).") from error
    return Backup(place, name, manifest, contents)


def _compare(part: str, sha256: str, manifest: dict[str, Any]) -> None:
    if manifest["sha256"][part] != sha256:
        raise RestoreRefused(problem=f"{part}.age n’est plus tel qu’il a été écrit.")


def restore_backup(place: Place, name: str, identity: pyrage.x25519.Identity) -> Backup:
    """The files, each checked, then the database in one transaction, all or none. Raises RestoreRefused."""
    backup = open_backup(place, name, identity)
    with clear_folder() as clear:
        dump = _database(backup, identity, clear)
        _refuse_what_is_used()
        for path, sha256 in backup.contents["files"].items():
            _restore_file(place, path, sha256, identity)
        options = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
        run(program("pg_restore", server_major()), *options, f"--dbname={server_address()}", dump)
    return backup


def _database(backup: Backup, identity: pyrage.x25519.Identity, clear: Path) -> Path:
    sealed, dump = clear / "database.age", clear / "database"
    try:
        backup.place.fetch(f"{backup.name}/database.age", sealed)
    except OSError as error:
        raise RestoreRefused(problem=f"sauvegarde incomplète ({error}).") from error
    with sealed.open("rb") as file:
        _compare("database", hashlib.file_digest(file, "sha256").hexdigest(), backup.manifest)
    pyrage.decrypt_file(str(sealed), str(dump), [identity])
    sealed.unlink()
    return dump


def _refuse_what_is_used() -> None:
    with connection.cursor() as cursor:
        if "kernel_company" in connection.introspection.table_names(cursor):
            raise RestoreRefused(problem="la base de données n’est pas vide.")
    shelf().check()
    if any(shelf().names()):
        raise RestoreRefused(problem=f"{settings.FILES_STORE or settings.MEDIA_ROOT} n’est pas vide.")


def _restore_file(place: Place, path: str, sha256: str, identity: pyrage.x25519.Identity) -> None:
    try:
        data = pyrage.decrypt(place.read(f"files/{sha256[:2]}/{sha256}.age"), [identity])
    except (OSError, pyrage.DecryptError) as error:
        raise RestoreRefused(problem=f"le fichier {path} manque ou ne s’ouvre pas ({error}).") from error
    if hashlib.sha256(data).hexdigest() != sha256:
        raise RestoreRefused(problem=f"le fichier {path} n’est plus tel qu’il a été sauvegardé.")
    try:
        shelf().write(path, data)
    except ValueError as error:
        raise RestoreRefused(problem=f"le chemin {path} sort du dossier des fichiers.") from error
