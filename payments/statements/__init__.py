"""Bank statements: one door, `read`, which chooses the reader from what the file holds and not from its name."""

from __future__ import annotations

from collections.abc import Callable

from payments.statements import camt, cfonb, ofx, swift, tables
from payments.statements.base import (
    BOOKED,
    CAMT_052,
    CAMT_053,
    CAMT_054,
    CFONB_120,
    MT_940,
    MT_942,
    OFX,
    PENDING,
    InvalidStatement,
    Statement,
    StatementLine,
    UnknownFormat,
)
from payments.statements.formats import recognise_format, start_of
from payments.statements.tables import Mapping

__all__ = [
    "BOOKED",
    "MOST_BYTES",
    "PENDING",
    "InvalidStatement",
    "Mapping",
    "Statement",
    "StatementLine",
    "UnknownFormat",
    "read",
    "recognise_format",
]

MOST_BYTES = 150_000_000  # 100,000 movements of CAMT with all their details
READERS: dict[str, Callable[..., list[Statement]]] = {
    **dict.fromkeys((CAMT_052, CAMT_053, CAMT_054), camt.read),
    CFONB_120: cfonb.read,
    OFX: ofx.read,
    **dict.fromkeys((MT_940, MT_942), swift.read),
}


def read(data: bytes, *, filename: str, mapping: Mapping | None = None, pending: bool = False) -> list[Statement]:
    """Every statement of a file, checked; with `pending`, the movements that are announced and not booked too.

    `mapping` is for a table (CSV, XLSX): without one it is guessed. Raises UnknownFormat, and Invalid with a sentence
    that names the place at fault.
    """
    check_size(data, filename)
    found = recognise_format(data)
    if found in READERS:
        return READERS[found](data, pending=pending)
    if found:
        return tables.read(data, mapping or tables.guess(data), filename=filename, pending=pending)
    if start_of(data).startswith(b"PK\x03\x04"):
        raise UnknownFormat(
            "Le fichier « %(filename)s » est une archive. Décompressez-la et importez le relevé qu’elle contient.",
            filename=filename,
        )
    raise UnknownFormat(
        "Le format du fichier « %(filename)s » n’est pas reconnu. Téléchargez depuis votre banque un relevé au format "
        "CAMT.053, CFONB 120, OFX, MT940, CSV ou XLSX.",
        filename=filename,
    )


def check_size(data: bytes, filename: str) -> None:
    """Raises InvalidStatement for an empty file, or one that no account fills."""
    if not start_of(data):
        raise UnknownFormat("Le fichier « %(filename)s » est vide.", filename=filename)
    if len(data) > MOST_BYTES:
        raise InvalidStatement(
            "Le fichier pèse %(size)s Mo, la limite est de %(limit)s Mo. Découpez-le par période.",
            size=f"{len(data) / 1_000_000:.1f}".replace(".", ","),
            limit=f"{MOST_BYTES / 1_000_000:g}".replace(".", ","),
        )
