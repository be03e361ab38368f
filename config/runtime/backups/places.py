"""Where backups lie: a directory, or a bucket (`s3://…`). Names are the same in both, with `/` between folders."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Protocol

from config.kernel.buckets import SCHEME, Bucket


class Place(Protocol):
    """What is stored there is whole under its name or is not there. Raises OSError and DomainError."""

    address: str

    def read(self, name: str) -> bytes: ...
    def fetch(self, name: str, to: Path) -> None: ...
    def store(self, name: str, source: Path) -> None: ...
    def sizes(self, folder: str = "") -> dict[str, int]: ...
    def delete(self, names: list[str]) -> None: ...


class Directory:
    def __init__(self, root: Path) -> None:
        self.root, self.address = root, str(root)

    def read(self, name: str) -> bytes:
        return (self.root / name).read_bytes()

    def fetch(self, name: str, to: Path) -> None:
        shutil.copyfile(self.root / name, to)

    def store(self, name: str, source: Path) -> None:
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        unfinished = target.with_suffix(".unfinished")
        with source.open("rb") as clear, unfinished.open("wb") as file:
            shutil.copyfileobj(clear, file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(target)

    def sizes(self, folder: str = "") -> dict[str, int]:
        found: dict[str, int] = {}
        for here, _folders, names in os.walk(self.root / folder):
            for name in names:
                path = Path(here, name)
                found[path.relative_to(self.root).as_posix()] = path.stat().st_size
        return found

    def delete(self, names: list[str]) -> None:
        for name in names:
            path = self.root / name
            path.unlink(missing_ok=True)
            if path.parent != self.root and not any(path.parent.iterdir()):
                path.parent.rmdir()


def place_at(address: str) -> Place:
    return Bucket(address) if address.startswith(SCHEME) else Directory(Path(address))


@contextmanager
def clear_folder() -> Iterator[Path]:
    """Where parts lie in clear while they are sealed: this machine's own temporary place (TMPDIR), its owner alone."""
    with TemporaryDirectory(prefix="quittance-") as folder:
        yield Path(folder)
