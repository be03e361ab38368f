"""Bank statements: one door, `read`, which chooses the reader from what the file holds and not from its name."""

from __future__ import annotations

from config.kernel.xml import parse_untrusted
from payments.statements import camt
from payments.statements.base import (
    InvalidStatement,
    Statement,
    StatementLine,
)

__all__ = ["InvalidStatement", "Statement", "StatementLine", "read"]

BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def read(data: bytes, *, filename: str) -> list[Statement]:
    """Every statement of a file, checked. Raises Invalid with a sentence that names the place at fault."""
    start = data[:64].lstrip(b"".join(BYTE_ORDER_MARKS) + b"\x00 \t\r\n")
    if not start:
        raise InvalidStatement("Le fichier « %(filename)s » est vide.", filename=filename)
    if start.startswith(b"PK\x03\x04"):
        raise InvalidStatement(
            "Le fichier « %(filename)s » est une archive. Décompressez-la et importez le relevé qu’elle contient.",
            filename=filename,
        )
    if start.startswith(b"<"):
        root = parse_untrusted(data)
        if camt.is_camt(root):
            return camt.read(root)
    raise InvalidStatement(
        "Le format du fichier « %(filename)s » n’est pas reconnu. "
        "Téléchargez depuis votre banque un relevé au format CAMT.053 (XML).",
        filename=filename,
    )
