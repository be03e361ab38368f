"""Workbooks (XLSX) and text files that people's spreadsheets write: opened without harm, their encoding recognised."""

from __future__ import annotations

import io
import warnings
import zipfile
import zlib
from datetime import date, datetime
from decimal import Decimal

from openpyxl import Workbook, load_workbook

Cell = str | Decimal | date | None

MOST_UNPACKED = 200_000_000
MOST_STRINGS = 50_000_000
MOST_MEMBERS = 2_000
ACCENTS = frozenset("éèêëàâçùûüôöîïœÉÈÊÀÇÎÔ€°’«»–…")
ARCHIVE = b"PK\x03\x04"
BROKEN = (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError, EOFError, zlib.error)


class Unopened(Exception):
    """The workbook is not opened, and why."""


class Damaged(Unopened):
    """It cannot be read."""


class Swollen(Unopened):
    """It is too large once unpacked."""


class Declaring(Unopened):
    """One of its parts declares a document type."""


def members_of(data: bytes) -> list[str]:
    """The names of what the archive holds, in small letters; [] where it is none."""
    if not data.startswith(ARCHIVE):
        return []
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return [name.lower() for name in archive.namelist()]
    except BROKEN:
        return []


def is_workbook(data: bytes) -> bool:
    """Whether the archive is a workbook of Excel's (XLSX)."""
    return "xl/workbook.xml" in members_of(data)


def encoding_of(data: bytes) -> str:
    """The encoding in which the file reads as a text; UTF-8 first, which nothing else resembles by chance."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        sample = data[:200_000]
        return max(("cp1252", "iso8859-15", "mac_roman", "cp850"), key=lambda name: _likeness(sample, name))
    return "utf-8-sig"


def _likeness(sample: bytes, encoding: str) -> int:
    """How French the other signs than ASCII are."""
    signs = [sign for sign in sample.decode(encoding, "replace") if sign > "\x7f" and not sign.isspace()]
    return sum(1 if sign in ACCENTS else -1 for sign in signs)


def open_workbook(data: bytes) -> Workbook:
    """The values of the workbook, read as they are asked for; whoever opens it closes it. Raises Unopened."""
    _check_archive(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles that are not drawn here
            return load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # a damaged workbook breaks the library in any way
        raise Damaged from error


def cell_of(value: object) -> Cell:
    if value is None or isinstance(value, date | datetime):
        return value
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int | float):
        return Decimal(repr(value)) if abs(value) < 10**18 else str(value)
    return str(value)


def _check_archive(data: bytes) -> None:
    """No archive that swells, and no document type in its parts. Raises Unopened."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            strings = sum(part.file_size for part in members if "sharedstrings" in part.filename.lower())
            # a member is never unpacked beyond the size that it declares
            if (
                len(members) > MOST_MEMBERS
                or sum(part.file_size for part in members) > MOST_UNPACKED
                or strings > MOST_STRINGS
            ):
                raise Swollen
            for part in members:
                if part.filename.lower().endswith((".xml", ".rels")):
                    with archive.open(part) as member:
                        start = member.read(4096).replace(b"\x00", b"").upper()
                    if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
                        raise Declaring
    except BROKEN as error:
        raise Damaged from error
