"""The table that a spreadsheet wrote: CSV of any separator and encoding in use in France, or a workbook (XLSX).

What would be guessed wrongly is refused, with its line and its column: it is the file that must be corrected.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from openpyxl.utils import get_column_letter, range_boundaries

from config.kernel.errors import Invalid
from config.kernel.exports import FORMULA
from config.kernel.workbooks import ARCHIVE, Damaged, Swollen, Unopened, cell_of, encoding_of, members_of, open_workbook

MOST_ROWS = 20_000
MOST_COLUMNS = 100
LONGEST_CELL = 5_000
OLD_EXCEL = b"\xd0\xcf\x11\xe0"
SEPARATORS = ";\t,|"
MERGED = re.compile(rb'<mergeCell\s[^>]*?ref="([A-Z]{1,3}[0-9]{1,7}:[A-Z]{1,3}[0-9]{1,7})"')

Row = tuple[int, list[str]]  # its line in the file, from 1, and its cells


class UnreadableTable(Invalid):
    """`line` and `column` (A, B… as spreadsheets name it) are those at fault, where one is."""

    code = "unreadable_table"
    message = "Ce fichier n’est pas un tableau. Enregistrez-le en CSV ou en XLSX."


@dataclass(frozen=True, slots=True)
class Table:
    """Rows that hold something; all as wide as the widest."""

    rows: list[Row]
    merged: tuple[tuple[int, str], ...] = ()  # line and column where merged cells begin


def read_table(data: bytes) -> Table:
    """Raises UnreadableTable."""
    if data.startswith(OLD_EXCEL):
        raise UnreadableTable(
            "Ce classeur est d’un ancien format d’Excel (.xls), ou protégé par un mot de passe. "
            "Enregistrez-le en .xlsx, sans mot de passe."
        )
    is_archive = data.startswith(ARCHIVE)
    table = _read_workbook(data, members_of(data)) if is_archive else Table(_padded(_csv_rows(data)))
    if not table.rows:
        raise UnreadableTable("Ce fichier ne contient aucune ligne.")
    return table


def letter(place: int) -> str:
    """The column of this place, from 0, as spreadsheets name it."""
    return str(get_column_letter(place + 1))


def text_of(value: object) -> str:
    """A cell as one would type it: days in French order, figures with a comma, no quotes that defuse formulas."""
    cell = cell_of(value)
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return (f"{cell.normalize():f}" if cell else "0").replace(".", ",")
    if isinstance(cell, date):
        day = cell.date() if isinstance(cell, datetime) else cell
        return f"{day:%d/%m/}{day.year:04d}"
    text = cell.strip().strip("\u00a0\u202f")
    if text.startswith('="') and text.endswith('"') and len(text) > 2:
        return text[2:-1].strip()
    return text[1:] if text[:1] == "'" and text[1:].startswith(FORMULA) else text


def _padded(rows: Iterable[Row]) -> list[Row]:
    kept: list[Row] = []
    for line, cells in rows:
        if not any(cells):
            continue
        if len(kept) > MOST_ROWS:
            raise UnreadableTable("Le fichier compte plus de 20 000 lignes. Découpez-le.")
        _check_cells(line, cells)
        kept.append((line, cells))
    width = max((len(cells) for _line, cells in kept), default=0)
    if width > MOST_COLUMNS:
        raise UnreadableTable("Le fichier compte plus de 100 colonnes. Ne gardez que celles à reprendre.")
    return [(line, cells + [""] * (width - len(cells))) for line, cells in kept]


def _check_cells(line: int, cells: list[str]) -> None:
    while cells and not cells[-1]:
        cells.pop()
    for place, text in enumerate(cells):
        where: dict[str, Any] = {"line": line, "column": letter(place)}
        if len(text) > LONGEST_CELL:
            raise UnreadableTable("Ligne %(line)s, colonne %(column)s : la cellule dépasse 5 000 caractères.", **where)
        if "\0" in text:
            raise UnreadableTable(
                "Ligne %(line)s, colonne %(column)s : un caractère nul. Ce fichier est abîmé : exportez-le de nouveau.",
                **where,
            )
        if "\ufffd" in text:
            raise UnreadableTable(
                "Ligne %(line)s, colonne %(column)s : un caractère illisible. Enregistrez le fichier en UTF-8.", **where
            )


def _csv_rows(data: bytes) -> Iterator[Row]:
    half = data[1:4000:2]
    has_no_mark = not data.startswith((b"\xff\xfe", b"\xfe\xff"))
    is_wide = len(half) > 8 and has_no_mark and half.count(0) * 10 > len(half) * 8
    text = data.decode("utf-16-le" if is_wide else encoding_of(data), "replace")
    declared = re.match(r"sep=(.)\r?\n", text)
    separator = declared[1] if declared else _separator(text)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    line = 1
    try:
        for cells in reader:
            if not (declared and line == 1):
                yield line, [text_of(cell) for cell in cells]
            line = reader.line_num + 1
    except csv.Error as error:
        raise UnreadableTable(
            "Ligne %(line)s : ce texte n’est pas un tableau. Un guillemet ouvert n’est sans doute jamais fermé.",
            line=line,
        ) from error


def _separator(text: str) -> str:
    """What cuts the first lines into the most columns, as many in each."""
    lines = text[:50_000].splitlines()[:30]

    def columns(separator: str) -> int:
        try:
            widths = Counter(len(row) for row in csv.reader(lines, delimiter=separator) if row)
        except csv.Error:
            return 0
        width, times = widths.most_common(1)[0] if widths else (0, 0)
        return (width - 1) * times

    return max(SEPARATORS, key=columns)


def _read_workbook(data: bytes, members: list[str]) -> Table:
    _refuse_parts(members)
    try:
        book = open_workbook(data)
    except Unopened as error:
        raise UnreadableTable(_unopened(error)) from error
    try:
        sheet: Any = book.worksheets[0]
        sheet.reset_dimensions()  # what a hostile or lazy writer says of its size
        found = sheet.iter_rows(max_row=2 * MOST_ROWS, max_col=MOST_COLUMNS + 1, values_only=True)
        rows = _padded((line, [text_of(cell) for cell in cells]) for line, cells in enumerate(found, start=1))
        return Table(rows, tuple(_merged(data, str(sheet._worksheet_path))))  # noqa: SLF001 - there is no public way
    except UnreadableTable:
        raise
    except Exception as error:  # a damaged workbook breaks the library in any way
        raise UnreadableTable(_unopened(Damaged())) from error
    finally:
        book.close()


def _unopened(error: Unopened) -> str:
    if isinstance(error, Swollen):
        return "Ce classeur est trop volumineux une fois décompressé. Enregistrez-le en CSV."
    if isinstance(error, Damaged):
        return "Ce classeur ne peut pas être ouvert. Enregistrez-le de nouveau en .xlsx."
    return "Ce classeur contient une déclaration DOCTYPE, refusée par sécurité. Enregistrez-le en CSV."


def _refuse_parts(members: list[str]) -> None:
    """Raises UnreadableTable for archives that are no plain workbook."""
    if "xl/workbook.xml" not in members:
        if "content.xml" in members:
            raise UnreadableTable("Ce classeur est au format OpenDocument. Enregistrez-le en .xlsx ou en CSV.")
        raise UnreadableTable("Cette archive n’est pas un classeur. Envoyez un fichier CSV ou XLSX.")
    if any("vbaproject" in name or "/macrosheets/" in name for name in members):
        raise UnreadableTable("Ce classeur contient des macros. Enregistrez-le en .xlsx, qui n’en garde pas.")
    if any("/externallinks/" in name for name in members):
        raise UnreadableTable("Ce classeur dépend d’autres classeurs. Rompez ses liaisons, ou enregistrez-le en CSV.")


def _merged(data: bytes, path: str) -> Iterator[tuple[int, str]]:
    """Where merged cells begin; they stand behind the rows of the sheet."""
    rest = b""
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(path.lstrip("/")) as part:
        while piece := part.read(1_000_000):
            rest += piece
            for found in MERGED.finditer(rest):
                first, line, _last, _below = range_boundaries(found[1].decode())
                yield int(line), letter(int(first) - 1)
            cut = max(rest.rfind(b"<"), len(rest) - 4096)
            rest = rest[cut:]
