"""The rows of a list against what the company has: what is wrong with each, and which record it resembles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from config.kernel.errors import Invalid
from config.kernel.importing.guessing import Layout
from config.kernel.importing.kinds import ImportKind, Sign
from config.kernel.importing.tables import Row, letter
from config.kernel.middleware import translated
from config.kernel.models import ImportChoice, ImportRow, ImportRun

Problem = list[str]  # the column's letter, its label, the sentence
Known = Mapping[Sign, tuple[int, str]]

SHORTENED = re.compile(r"[0-9][.,][0-9]+E\+[0-9]{2}", re.IGNORECASE)
ERRORS = re.compile(r"#(REF|N/A|VALUE|VALEUR|DIV/0|NAME|NOM|NUM|NOMBRE|NULL|NUL)[!?]?")
TWICE_ENCODED = re.compile("Ã[©¨ªª«®´»§‰€¢]|â‚¬|â€™")


def understand(
    kind: ImportKind, layout: Layout, cells: Mapping[str, str], facts: Any
) -> tuple[dict[str, Any], list[Problem]]:
    """The values of a row by column, and what is wrong with it."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for column in kind.columns:
        text = cells.get(column.name, "")
        try:
            _check_text(text)
            values[column.name] = column.field.clean(text)
        except ValidationError as error:
            problems += [_problem(kind, layout, column.name, sentence) for sentence in error.messages]
    if problems:
        return values, problems
    try:
        return kind.understand(values, facts), []
    except Invalid as error:
        sentences = error.fields or {"": error.sentence}
        return values, [_problem(kind, layout, name, translated(sentence)) for name, sentence in sentences.items()]


def _check_text(text: str) -> None:
    if SHORTENED.fullmatch(text):
        message = _("Le tableur a abrégé ce nombre : mettez sa colonne au format texte, puis écrivez-le en entier.")
        raise ValidationError(message)
    if ERRORS.fullmatch(text):
        raise ValidationError(_("Le calcul de cette cellule est en erreur dans le classeur."))
    if TWICE_ENCODED.search(text):
        raise ValidationError(_("Les accents de ce texte sont abîmés : exportez de nouveau le fichier, en UTF-8."))


def _problem(kind: ImportKind, layout: Layout, name: str, sentence: str) -> Problem:
    column = kind.column(name)
    place = layout.columns.get(name)
    return ["" if place is None else letter(place), str(column.label) if column else "", str(sentence)]


def match(signs: Sequence[Sign], known: Known) -> tuple[str, int | None, str]:
    """The strongest sign by which a record is known, the record and its name."""
    for sign in signs:
        if sign in known:
            return sign[0], *known[sign]
    return "", None, ""


def checked_rows(run: ImportRun, kind: ImportKind, rows: Sequence[Row]) -> Iterator[ImportRow]:
    """Each row as it is to be shown and decided; earlier choices of the same row stay."""
    layout = Layout.from_json(run.layout)
    facts, known = kind.facts(run.company), kind.known(run.company)
    chosen = {
        (line, sign, record): choice
        for line, sign, record, choice in ImportRow.objects.filter(run=run).values_list(
            "line", "sign", "known", "choice"
        )
    }
    seen: dict[Sign, int] = {}
    for line, texts in rows:
        cells = {name: texts[place] for name, place in layout.columns.items() if texts[place]}
        values, problems = understand(kind, layout, cells, facts)
        row = ImportRow(company_id=run.company_id, run=run, line=line, cells=cells, problems=problems)
        row.label = (kind.named(values) or next(iter(cells.values()), ""))[:200]
        if not problems:
            _recognise(row, kind, kind.signs(values), known, seen)
            for sign in kind.borne(values):
                seen.setdefault(sign, line)
            row.choice = chosen.get((line, row.sign, row.known), row.choice)
        row.has_problems = bool(row.problems)
        yield row


def _recognise(row: ImportRow, kind: ImportKind, signs: Sequence[Sign], known: Known, seen: dict[Sign, int]) -> None:
    row.sign, row.known, name = match(signs, known)
    row.known_label = name[:200]
    twin = next((sign for sign in signs if sign in seen), None)
    if twin and twin[0] in kind.exact:
        sentence = _("La ligne %(line)s porte le même identifiant. Gardez l’une des deux.") % {"line": seen[twin]}
        row.problems = [["", str(kind.sign_labels[twin[0]]), sentence]]
    elif twin and not row.sign:
        row.sign, row.twin_line = twin[0], seen[twin]
    if row.sign:
        row.choice = ImportChoice.IGNORE
