"""Bank statements: one door, `read`, which chooses the reader from what the file holds and not from its name."""

from __future__ import annotations

from config.kernel.xml import Element, MalformedXml, UnreadableXml, XmlTooLarge, XmlWithDoctype, parse_untrusted
from payments.statements import camt
from payments.statements.base import (
    InvalidStatement,
    Statement,
    StatementLine,
)

__all__ = ["InvalidStatement", "Statement", "StatementLine", "read"]

MOST_BYTES = 10_000_000
BYTE_ORDER_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def read(data: bytes, *, filename: str) -> list[Statement]:
    """Every statement of a file, checked. Raises Invalid with a sentence that names the place at fault."""
    # the signature may stand after a byte order mark, or in UTF-16 between zeros
    start = data[:64].lstrip(b"".join(BYTE_ORDER_MARKS) + b"\x00 \t\r\n")
    if not start:
        raise InvalidStatement("Le fichier « %(filename)s » est vide.", filename=filename)
    if start.startswith(b"PK\x03\x04"):
        raise InvalidStatement(
            "Le fichier « %(filename)s » est une archive. Décompressez-la et importez le relevé qu’elle contient.",
            filename=filename,
        )
    if start.startswith(b"<"):
        root = _parse(data)
        if camt.is_camt(root):
            return camt.read(root)
    raise InvalidStatement(
        "Le format du fichier « %(filename)s » n’est pas reconnu. "
        "Téléchargez depuis votre banque un relevé au format CAMT.053 (XML).",
        filename=filename,
    )


def _parse(data: bytes) -> Element:
    """The root element of the statement. Raises UnreadableXml, with what to ask of the bank."""
    try:
        return parse_untrusted(data, max_bytes=MOST_BYTES, max_elements=None)
    except XmlTooLarge as error:
        raise UnreadableXml(
            "Le fichier pèse %(size)s Mo, la limite est de %(limit)s Mo. Découpez-le par période.",
            size=f"{len(data) / 1_000_000:.1f}".replace(".", ","),
            limit=f"{MOST_BYTES / 1_000_000:g}".replace(".", ","),
        ) from error
    except MalformedXml as error:
        raise UnreadableXml(
            "Ce fichier n’est pas un document XML lisible (ligne %(line)s). "
            "Téléchargez-le de nouveau, sans l’ouvrir dans un tableur.",
            line=error.params["line"],
        ) from error
    except XmlWithDoctype as error:
        raise UnreadableXml(
            "Ce fichier contient une déclaration DOCTYPE, refusée par sécurité. "
            "Demandez à l’émetteur un fichier sans DTD."
        ) from error
