"""What a file is, told by its bytes and never by its name; what is two things at once is refused."""

from __future__ import annotations

import io
import zipfile

from config.kernel.errors import Invalid

PDF, XML_FILE, PICTURE = "pdf", "xml", "picture"
MAX_BYTES = 40 * 1024 * 1024
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\x00", b"MM\x00*")
_MARKUP = (b"<!doctype html", b"<html", b"<script", b"<?php", b"<svg")
_PROGRAMS = (b"MZ\x90\x00\x03", b"\x7fELF\x01", b"\x7fELF\x02")
_BEGINNING = 1024


class Refused(Invalid):
    """The file is no document that we are willing to read; the message says why."""

    code = "refused_document"
    message = "Ce fichier n’est pas un document que l’on puisse lire."


def recognise(data: bytes) -> str:
    """PDF, XML_FILE or PICTURE. Raises Refused."""
    if not data.strip():
        raise Refused("Le fichier est vide.")
    if len(data) > MAX_BYTES:
        raise Refused("Le fichier dépasse %(size)d Mo.", size=MAX_BYTES // 1024**2)
    if data.startswith(_PICTURES):
        kind = PICTURE
    elif data[:8].lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"%PDF-"):
        kind = PDF
    elif _is_markup(data):
        kind = XML_FILE
    elif b"%PDF-" in data[:_BEGINNING]:
        raise Refused("Le PDF est précédé d’un autre contenu : le fichier est peut-être piégé.")
    else:
        raise Refused("Ce fichier n’est ni un PDF, ni une image JPEG, PNG ou TIFF, ni une facture XML.")
    if kind != XML_FILE:
        _refuse_polyglots(data, kind)
    return kind


def _is_markup(data: bytes) -> bool:
    head = data[:_BEGINNING].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \r\n\t").replace(b"\x00", b"")
    return head.startswith(b"<")


def _refuse_polyglots(data: bytes, kind: str) -> None:
    head = data[:_BEGINNING].lower()
    if any(mark in head for mark in _MARKUP) or any(mark in data for mark in _PROGRAMS):
        raise Refused("Le fichier contient aussi une page web ou un programme : il est peut-être piégé.")
    if kind == PICTURE and b"%PDF-" in data:
        raise Refused("Le fichier est à la fois une image et un PDF : il est peut-être piégé.")
    if zipfile.is_zipfile(io.BytesIO(data)):
        raise Refused("Le fichier est aussi une archive ZIP : il est peut-être piégé.")
    if kind == PICTURE and any(mark in data[-65536:].lower() for mark in _MARKUP[:4]):
        raise Refused("L’image contient aussi une page web : elle est peut-être piégée.")
