"""Kept files: what the law and the proof want byte for byte (C. com. L123-22). Nothing else opens them.

Each row has `file` (its path in the place of kept files, disk or object storage: `shelves.py` beside), `sha256` and
`size`. What is handed out is what was stored, or nothing.
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar

from django.apps import apps
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import models, transaction

from config.kernel import audit, chain
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, RemoteError
from config.kernel.models import Company, CompanyRow, DamagedFile
from config.kernel.shelves import shelf

LARGEST = 160 * 1024 * 1024  # bytes; no file that comes in or is made has as many


class FileRefused(DomainError):
    """The kept file is not handed out."""

    problem: ClassVar[str] = ""


class FileMissing(FileRefused):
    code = "file_missing"
    message = (
        "Le fichier « %(name)s » a disparu du stockage : il n’est pas remplacé. Restaurez-le depuis une sauvegarde."
    )
    problem = "the file is missing"


class FileAltered(FileRefused):
    code = "file_altered"
    message = (
        "Le fichier « %(name)s » n’est plus celui qui a été enregistré : il n’est pas remis. "
        "Restaurez-le depuis une sauvegarde."
    )
    problem = "the file was changed"


class FileUnreadable(FileRefused):
    code = "file_unreadable"
    message = "Le fichier « %(name)s » ne peut pas être lu pour l’instant (%(why)s). Réessayez plus tard."
    problem = "the file cannot be read"


def read_kept(row: Any, *, record: CompanyRow, at: datetime) -> bytes:
    """The bytes of the row's file, equal to its SHA-256.

    Raises FileMissing, FileAltered, FileUnreadable. What is found missing or altered is written down for people: on the
    timeline of the `record` that they know it by, and on the home page until the file reads well again.
    """
    try:
        data = check_kept(row)
    except (FileMissing, FileAltered) as error:
        _write_down(row, error, record=record, at=at)
        raise
    DamagedFile.everywhere.filter(company_id=row.company_id, file_subject=row.subject).delete()
    return data


def read_to_send(row: Any, *, record: CompanyRow, at: datetime) -> bytes:
    """As `read_kept`, for what is about to leave. Raises RemoteError: only what cannot be read now is worth a retry."""
    try:
        return read_kept(row, record=record, at=at)
    except FileRefused as error:
        raise RemoteError(error.sentence, retryable=isinstance(error, FileUnreadable), code=error.code) from error


def check_kept(row: Any) -> bytes:
    """The bytes of the row's file, equal to its SHA-256; what is wrong is raised and written down nowhere.

    Raises FileMissing, FileAltered, FileUnreadable.
    """
    name = str(row.file.name)
    shown = PurePosixPath(name).name
    try:
        data = shelf().read(name, LARGEST)
    except FileNotFoundError as error:
        raise FileMissing(name=shown) from error
    # a link where a folder or the file was (ELOOP, ENOTDIR), or a path that leaves MEDIA_ROOT
    except (NotADirectoryError, ValueError) as error:
        raise FileAltered(name=shown) from error
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FileAltered(name=shown) from error
        raise FileUnreadable(name=shown, why=error.strerror) from error
    if hashlib.sha256(data).hexdigest() != row.sha256:
        raise FileAltered(name=shown)
    return data


def place_of(row: Any) -> str:
    """Where the file lies on this machine, for a program that judges it elsewhere; we read it here alone."""
    return str(Path(settings.MEDIA_ROOT, row.file.name).absolute())


def keep_file(row: Any, name: str, data: bytes) -> None:
    """Store the bytes as the file of a row not saved yet, with their SHA-256, and read them back.

    Raises FileRefused when what stands on the disk is not what was given.
    """
    row.sha256 = hashlib.sha256(data).hexdigest()
    # the file before its row: a crash leaves a file that nothing names, never a row whose file is missing
    row.file.save(name, ContentFile(data), save=False)
    check_kept(row)


def models_with_files() -> list[type[Any]]:
    """The classes whose rows keep a file each, in an order that stays: all are rows of a company."""
    found = [model for model in apps.get_models() if any(isinstance(f, models.FileField) for f in model._meta.fields)]
    return sorted(found, key=lambda model: str(model._meta.label_lower))


def hashes_of_rows() -> dict[str, str]:
    """The SHA-256 of each kept file in scope by its path, as its row says it."""
    rows = (model.everywhere.values_list("file", "sha256").iterator(5000) for model in models_with_files())
    return {name: sha256 for found in rows for name, sha256 in found}


def damaged_files(company: Company) -> Iterator[chain.Break]:
    """Read every kept file of the company; those that are missing, altered or cannot be read."""
    for model in models_with_files():
        for row in model.everywhere.filter(company=company).order_by("id").iterator(500):
            try:
                check_kept(row)
            except FileRefused as error:
                yield chain.Break(f"{row.subject} ({row.file.name})", None, error.problem)


@transaction.atomic
def _write_down(row: Any, error: FileRefused, *, record: CompanyRow, at: datetime) -> None:
    _found, is_new = DamagedFile.everywhere.get_or_create(
        company_id=row.company_id,
        file_subject=row.subject,
        defaults={"record": record.subject, "problem": error.code, "name": error.params["name"], "found_at": at},
    )
    if is_new:
        audit.record(
            "kernel.file.refused",
            subject=row,
            also=[record],
            actor=Actor.system("files"),
            at=at,
            data={"name": error.params["name"], "problem": error.code},
        )


def check_place() -> None:
    """The place where files are kept can be written. Raises OSError."""
    shelf().check()
