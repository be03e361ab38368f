"""Where kept files lie: on the disk below MEDIA_ROOT, or in an object storage (FILES_STORE). Read and written whole.

On the disk a file is found folder by folder without following a link; in a bucket an object is written once, and locked
for FILES_LOCK_YEARS where the bucket offers it. Both fail as files do: OSError, and ValueError for a path to elsewhere.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from django.conf import settings
from django.core.files.storage import FileSystemStorage
from django.utils import timezone

from config.kernel.buckets import Bucket, BucketFailed

# folders are opened one in the other (dir_fd): no path is resolved twice, so none can be swapped in between
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
# O_NONBLOCK: a named pipe put in a file's place must not be waited for
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK


class Shelf(Protocol):
    def read(self, name: str, most: int) -> bytes: ...
    def write(self, name: str, data: bytes) -> None: ...
    def names(self) -> Iterator[str]: ...
    def check(self) -> None: ...


def shelf() -> Shelf:
    """The one that the settings name."""
    return Objects(settings.FILES_STORE) if settings.FILES_STORE else Disk()


def _parts(name: str) -> tuple[list[str], str]:
    """The folders and the name of a file. Raises ValueError for a path that leads outside."""
    *folders, last = PurePosixPath(name).parts or ("",)
    if name.startswith("/") or last == "" or ".." in (*folders, last) or "\0" in name:
        raise ValueError("the path leaves the folder of kept files")
    return folders, last


class Disk:
    def read(self, name: str, most: int) -> bytes:
        """The bytes of a regular file of at most so many; ValueError for anything else in its place."""
        with self._opened(name) as descriptor:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_size > most:
                raise ValueError("no regular file, or a larger one than any that is kept")
            with os.fdopen(os.dup(descriptor), "rb") as file:
                return file.read(most + 1)  # it may grow meanwhile

    @contextmanager
    def _opened(self, name: str) -> Iterator[int]:
        folders, last = _parts(name)
        here = os.open(settings.MEDIA_ROOT, FOLDER)
        try:
            for folder in folders:
                deeper = os.open(folder, FOLDER | os.O_NOFOLLOW, dir_fd=here)
                os.close(here)
                here = deeper
            descriptor = os.open(last, FILE, dir_fd=here)
        finally:
            os.close(here)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def write(self, name: str, data: bytes) -> None:
        """A file that was not there. Raises ValueError, FileExistsError."""
        _parts(name)
        root = Path(settings.MEDIA_ROOT).resolve()
        to = (root / name).resolve()
        if not to.is_relative_to(root):
            raise ValueError("the path leaves the folder of kept files")
        to.parent.mkdir(parents=True, exist_ok=True)
        with to.open("xb") as file:
            file.write(data)
            os.fchmod(file.fileno(), 0o440)

    def names(self) -> Iterator[str]:
        for folder, _folders, names in os.walk(settings.MEDIA_ROOT, followlinks=False):
            for path in (Path(folder, name) for name in sorted(names)):
                if path.is_file() and not path.is_symlink():
                    yield path.relative_to(settings.MEDIA_ROOT).as_posix()

    def check(self) -> None:
        """It can be written, with room for one file. Raises OSError."""
        Path(settings.MEDIA_ROOT).mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.MEDIA_ROOT) as file:
            # a full disk shows in the blocks, not in the name
            file.write(b"\0" * 65536)
            file.flush()


class Objects:
    """An object storage that does not answer is a place that cannot be read now: OSError."""

    def __init__(self, address: str) -> None:
        self.bucket = Bucket(address)

    def read(self, name: str, most: int) -> bytes:
        _parts(name)
        with _failing_as_files():
            return self.bucket.read(name, at_most=most)

    def write(self, name: str, data: bytes) -> None:
        """An object that was not there. Raises ValueError, NameTaken."""
        _parts(name)
        years = settings.FILES_LOCK_YEARS
        until = timezone.now() + timedelta(days=366 * years) if years else None
        with _failing_as_files():
            self.bucket.write(name, data, once=True, until=until)

    def names(self) -> Iterator[str]:
        with _failing_as_files():
            yield from sorted(self.bucket.sizes())

    def check(self) -> None:
        with _failing_as_files():
            self.bucket.check()


@contextmanager
def _failing_as_files() -> Iterator[None]:
    try:
        yield
    except BucketFailed as error:
        raise OSError(errno.EIO, error.sentence) from error


class KeptStorage(FileSystemStorage):
    """Django's own door, by which `keep_file` alone comes: it gives a name that is free, and stores there."""

    def _save(self, name: str, content: Any) -> str:
        if not settings.FILES_STORE:
            return str(super()._save(name, content))  # type: ignore[misc]  # Django’s own: its stubs leave it out
        Objects(settings.FILES_STORE).write(name, content.read())
        return name

    def exists(self, name: str) -> bool:
        if not settings.FILES_STORE:
            return super().exists(name)
        return name in Bucket(settings.FILES_STORE).sizes(name)
