"""The rows of a CSV file or of a workbook, whatever its encoding: each with its line in the file, and bounded."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from openpyxl import Workbook

from config.kernel.workbooks import Damaged, Declaring, Swollen, cell_of, encoding_of, is_workbook, open_workbook
from payments.statements.base import MOST_LINES, InvalidStatement, UnknownFormat, too_many
from payments.statements.tables.cells import Cell
from payments.statements.tables.mapping import MOST_COLUMNS

__all__ = ["Row", "csv_rows", "encoding_of", "is_workbook", "sheet_names", "workbook_rows"]

Row = tuple[int, list[Cell]]  # the line in the file, from 1, and its cells

MOST_ROWS = MOST_LINES + 1_000  # what stands around the movements


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
            yield number, [cell_of(cell) for cell in cells]
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
    try:
        return open_workbook(data)
    except Swollen as error:
        raise InvalidStatement(
            "Ce classeur est trop volumineux une fois décompressé. Exportez-le en CSV, ou par période."
        ) from error
    except Declaring as error:
        raise InvalidStatement(
            "Ce classeur contient une déclaration DOCTYPE, refusée par sécurité. Exportez-le en CSV."
        ) from error
    except Damaged as error:
        raise _damaged() from error


def _damaged() -> UnknownFormat:
    return UnknownFormat("Ce classeur ne peut pas être ouvert. Téléchargez-le de nouveau depuis la banque.")
