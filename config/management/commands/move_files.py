"""Copy every kept file from the disk to an object storage, or back, each compared with the SHA-256 of its row."""

from __future__ import annotations

import hashlib
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.kernel.kept import LARGEST, hashes_of_rows
from config.kernel.scope import across_companies
from config.kernel.shelves import Disk, Objects, Shelf


class Command(BaseCommand):
    help = "Copy kept files; what is there already is left. Exits 1 and names each that is not as its row says."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("store", help="the object storage, s3://bucket/prefix")
        parser.add_argument("--back", action="store_true", help="from the object storage to the disk")

    def handle(self, *args: Any, **options: Any) -> None:
        objects, disk = Objects(options["store"]), Disk()
        source, target = (objects, disk) if options["back"] else (disk, objects)
        # every company's files lie in the one place
        with across_companies():
            rows = hashes_of_rows()
        there = set(target.names())
        missing = {name: sha256 for name, sha256 in rows.items() if name not in there}
        bad = [name for name, sha256 in missing.items() if not _copy(source, target, name, sha256)]
        self.stdout.write(f"{len(missing) - len(bad)} files copied, {len(rows) - len(missing)} there already.")
        if bad:
            raise CommandError("not as their rows say, and not copied: " + ", ".join(bad), returncode=1)


def _copy(source: Shelf, target: Shelf, name: str, sha256: str) -> bool:
    try:
        data = source.read(name, LARGEST)
    except (FileNotFoundError, ValueError):
        return False
    if hashlib.sha256(data).hexdigest() != sha256:
        return False
    target.write(name, data)
    return hashlib.sha256(target.read(name, LARGEST)).hexdigest() == sha256
