"""The dossier written into a file, part by part, with the manifest of what went into it."""

from __future__ import annotations

import hashlib
import json
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import IO, Any

from billing.ledger.dossier.parts import Missing, Part, event_line, events_lines, parts_of
from billing.ledger.fec import Fec
from config.kernel import audit, chain
from config.kernel.actor import Actor
from config.kernel.clock import local_day


def dossier_name(fec: Fec) -> str:
    return f"{fec.company.legal_number}-controle-{fec.year.ends_on:%Y%m%d}.zip"


def write_dossier(file: IO[bytes], *, fec: Fec, actor: Actor, at: datetime) -> None:
    """Write the ZIP; who took it stands in the audit trail, and so in its own chain. With no transaction around it."""
    data = {"year": fec.year.ends_on.year, "through": fec.through}
    audit.record("billing.dossier.taken", subject=fec.company, actor=actor, at=at, data=data)
    with chain.snapshot(), zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        written = _Written(archive, at)
        head = _Head()
        written.add(Part("chaine/evenements.jsonl", head.follow(events_lines(fec.company))))
        missing: list[Missing] = []
        for part in parts_of(fec.company, fec):
            if isinstance(part, Missing):
                missing.append(part)
            else:
                written.add(part)
        manifest = {
            "company": fec.company.name,
            "siren": fec.company.legal_number,
            "from": f"{fec.year.starts_on}",
            "to": f"{fec.through}",
            "made_on": f"{local_day(at)}",
            "fec": fec.name,
            "chain": {"length": head.length, "head": head.hash},
            "missing": [{"subject": one.subject, "name": one.name, "problem": one.problem} for one in missing],
            "files": written.files,
        }
        archive.writestr("manifest.json", json.dumps(manifest, ensure_ascii=False, indent=1))


class _Head:
    """The end of the chain as it was written."""

    def __init__(self) -> None:
        self.length, self.hash = 0, ""

    def follow(self, events: Iterable[Any]) -> Iterator[bytes]:
        for event in events:
            self.length, self.hash = event.sequence, event.hash
            yield event_line(event)


class _Written:
    """What went into the archive, each file with its size and SHA-256."""

    def __init__(self, archive: zipfile.ZipFile, at: datetime) -> None:
        self.archive, self.at = archive, at
        self.files: list[dict[str, Any]] = []

    def add(self, part: Part) -> None:
        digest, size = hashlib.sha256(), 0
        place = zipfile.ZipInfo(part.name, self.at.timetuple()[:6])
        place.compress_type = zipfile.ZIP_DEFLATED
        with self.archive.open(place, "w", force_zip64=True) as file:
            for chunk in part.chunks:
                file.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        row: dict[str, Any] = {"name": part.name, "sha256": digest.hexdigest(), "size": size}
        self.files.append(row | ({"subject": part.subject} if part.subject else {}))
