"""The rows of a CSV file or of a workbook, whatever its encoding: each with its line in the file, and bounded."""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal

from openpyxl import Workbook, load_workbook

from payments.statements.base import MOST_LINES, InvalidStatement, UnknownFormat, too_many
from payments.statements.tables.cells import Cell
from payments.statements.tables.mapping import MOST_COLUMNS

Row = tuple[int, list[Cell]]  # the line in the file, from 1, and its cells

MOST_ROWS = MOST_LINES + 1_000  # what stands around the movements
MOST_UNPACKED = 200_000_000
MOST_STRINGS = 50_000_000
MOST_MEMBERS = 2_000
ACCENTS = frozenset("éèêëàâçùûüôöîïœÉÈÊÀÇÎÔ€°’«»–…")
ARCHIVE = b"PK\x03\x04"


def is_workbook(data: bytes) -> bool:
    """Whether the archive is a workbook of Excel's (XLSX)."""
    if not data.startswith(ARCHIVE):
        return False
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return any(name.lower() == "xl/workbook.xml" for name in archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return False


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


def csv_rows(data: bytes, encoding: str, separator: str) -> Iterator[Row]:
    """Raises InvalidStatement: not a text, or more rows than are read."""
    text = data.decode(encoding, "replace")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    begin = 1
    try:
        for count, cells in enumerate(reader):
            if count >= MOST_ROWS:
                raise too_many()
            yield begin, list(cells[:MOST_COLUMNS])
            begin = reader.line_num + 1
    except csv.Error as error:
        raise InvalidStatement(
            "Ligne %(line)s : ce texte n’est pas un tableau. Exportez de nouveau le fichier CSV depuis la banque.",
            line=begin,
        ) from error


def workbook_rows(data: bytes, sheet: str) -> Iterator[Row]:
    """The rows of the sheet of that name, "" for the first one. Raises InvalidStatement."""
    book = _open(data)
    try:
        names = book.sheetnames
        found = book[sheet if sheet in names else names[0]]
        found.reset_dimensions()  # what a hostile or lazy writer says of its size
        rows = found.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS, values_only=True)
        for number, cells in enumerate(rows, start=1):
            if number > MOST_ROWS:
                raise too_many()
            yield number, [_cell(cell) for cell in cells]
    except InvalidStatement:
        raise
    except Exception as error:
        raise _damaged() from error
    finally:
        book.close()


def sheet_names(data: bytes) -> list[str]:
    """The sheets of the workbook that hold cells. Raises InvalidStatement."""
    book = _open(data)
    try:
        return [sheet.title for sheet in book.worksheets]
    finally:
        book.close()


def _open(data: bytes) -> Workbook:
    """Raises InvalidStatement."""
    _check_archive(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # styles that are not drawn here
            return load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    except Exception as error:  # a damaged workbook breaks the library in any way
        raise _damaged() from error


def _cell(cell: object) -> Cell:
    if cell is None or isinstance(cell, date | datetime):
        return cell
    if isinstance(cell, bool):
        return str(cell)
    if isinstance(cell, int | float):
        return Decimal(repr(cell)) if abs(cell) < 10**18 else str(cell)
    return str(cell)


def _check_archive(data: bytes) -> None:
    """No archive that swells, and no document type in its parts. Raises InvalidStatement."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            strings = sum(one.file_size for one in members if "sharedstrings" in one.filename.lower())
            # a member is never unpacked beyond the size that it declares
            if (
                len(members) > MOST_MEMBERS
                or sum(one.file_size for one in members) > MOST_UNPACKED
                or strings > MOST_STRINGS
            ):
                raise InvalidStatement(
                    "Ce classeur est trop volumineux une fois décompressé. Exportez-le en CSV, ou par période."
                )
            for one in members:
                if one.filename.lower().endswith((".xml", ".rels")):
                    with archive.open(one) as member:
                        start = member.read(4096).replace(b"\x00", b"").upper()
                    if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
                        raise InvalidStatement(
                            "Ce classeur contient une déclaration DOCTYPE, refusée par sécurité. Exportez-le en CSV."
                        )
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        raise _damaged() from error


def _damaged() -> UnknownFormat:
    return UnknownFormat("Ce classeur ne peut pas être ouvert. Téléchargez-le de nouveau depuis la banque.")
