"""A folder of the server per company: what is dropped there is stored, then moved beside, never deleted.

RECEPTION_FOLDER holds one folder a company, named by its SIREN or IDE; scanners and other programs write there. A file
is taken when nobody has written it for ten seconds.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings

from config.kernel.actor import Actor
from config.kernel.errors import DomainError, RemoteError
from config.kernel.models import Company
from einvoicing.models import ReceptionChannel, ReceptionSource
from einvoicing.reception.storing import MOST_BYTES, store_document

SETTLED = 10  # seconds
DONE, REFUSED = "traités", "refusés"
MOST_FILES = 500  # of one reading
UNUSABLE = "Le dossier de réception ne peut pas être lu ou écrit : vérifiez ses droits et sa place."
UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")
CLERK = Actor.beat("dossier de réception")


def folder_of(company: Company) -> Path | None:
    """The company's folder, None where the installation has none for it."""
    if not settings.RECEPTION_FOLDER or not company.legal_number:
        return None
    place = Path(settings.RECEPTION_FOLDER) / company.legal_number
    return place if place.is_dir() and not place.is_symlink() else None


def read_folder(source: ReceptionSource, *, at: datetime) -> int:
    """Store each file that stands there and move it to « traités »; how many were stored.

    Raises RemoteError when the folder cannot be read or written: a file that cannot be moved is stored once all the
    same.
    """
    place = folder_of(source.company)
    if place is None:
        return 0
    stored = 0
    try:
        for path in list(_files(place, at))[:MOST_FILES]:
            where = _store(source, path, at)
            stored += where == DONE
            _move(path, place / where)
    except OSError as error:
        raise RemoteError(UNUSABLE, retryable=True, code="folder_unusable") from error
    ReceptionSource.everywhere.filter(pk=source.pk).update(polled_at=at, last_error="")
    return stored


def _files(place: Path, at: datetime) -> Iterator[Path]:
    for path in sorted(place.iterdir()):
        found = path.lstat()
        # a link would lead to any file of the server
        if not stat.S_ISREG(found.st_mode) or path.name.startswith("."):
            continue
        if not path.name.lower().endswith(UNFINISHED) and found.st_mtime <= at.timestamp() - SETTLED:
            yield path


def _store(source: ReceptionSource, path: Path, at: datetime) -> str:
    """Keep the file; the name of the folder where it goes then."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        found = os.fstat(file.fileno())
        data = file.read(MOST_BYTES + 1)
    # the same file read again, after a crash before it was moved, is the same; one dropped again is another
    identity = f"{hashlib.sha256(data).hexdigest()}:{found.st_ino}:{found.st_mtime_ns}"
    try:
        store_document(
            company_id=source.company_id,
            channel=ReceptionChannel.FOLDER,
            remote_id=identity[:200],
            name=path.name,
            data=data,
            actor=CLERK,
            at=at,
        )
    except DomainError:
        return REFUSED  # empty, or beyond 100 MB: it stays beside, for people
    return DONE


def _move(path: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    target, turn = folder / path.name, 1
    while target.exists():
        turn += 1
        target = folder / f"{path.stem} ({turn}){path.suffix}"
    path.rename(target)
