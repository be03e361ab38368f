"""Does a file hold to the rules of the FEC? Every error with its line and field, whoever wrote the file. Plain Python.

LPF A47 A-1 and BOI-CF-IOR-60-40-20. `error` is what the law or the tax office's own program refuses; `warning` what an
inspector asks about. A file is read once, line by line; what is kept of it is a balance for each entry and letter.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import IO

from billing.ledger.fec.fields import FIELDS, SIDED
from billing.ledger.fec.lines import ERROR, WARNING, Finding, Level, balance_of, day_of, problems_of
from billing.ledger.fec.sequence import Sequences

MOST = 200  # findings of one code that are told; the others are counted
LONGEST = 64 * 1024  # bytes of a line
_NAME = re.compile(r"([0-9]{9})FEC([0-9]{8})\.txt")


@dataclass(slots=True)
class Report:
    """What was found: the first of each kind, and how many of it there are."""

    findings: list[Finding] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    lines: int = 0
    entries: int = 0
    debit: Decimal = Decimal(0)

    def add(self, level: Level, line: int, name: str, code: str, text: str) -> None:
        self.counts[level, code] += 1
        if self.counts[level, code] <= MOST:
            self.findings.append(Finding(level, line, name, code, text))

    @property
    def errors(self) -> int:
        return sum(count for (level, _code), count in self.counts.items() if level == ERROR)

    @property
    def warnings(self) -> int:
        return sum(count for (level, _code), count in self.counts.items() if level == WARNING)

    @property
    def ok(self) -> bool:
        return not self.errors


def check_fec(file: IO[bytes], name: str = "") -> Report:
    """Read a file to its end. With its `name`, that is checked too, and no entry may follow the closing day in it."""
    report = Report()
    closing = _closing(name, report) if name else None
    reading = _Reading(file, report)
    header = next(reading.lines(), None)
    if header is None:
        report.add(ERROR, 0, "", "nothing", "le fichier est vide")
        return report
    shape = _shape(header[1], report)
    if shape is None:
        return report
    separator, fields = shape
    sequences = Sequences(report.add)
    for line, text in reading.lines():
        values = text.split(separator)
        if len(values) != len(fields):
            report.add(ERROR, line, "", "fields", f"{len(values)} champs au lieu de {len(fields)}")
            continue
        _check_line(report, sequences, line, dict(zip(fields, values, strict=True)), closing)
    reading.finish()
    sequences.finish()
    report.entries = sequences.count
    return report


def _check_line(report: Report, sequences: Sequences, line: int, row: Mapping[str, str], closing: date | None) -> None:
    report.lines += 1
    for level, name, code, text in problems_of(row):
        report.add(level, line, name, code, text)
    entered = day_of(row["EcritureDate"])
    if closing and entered and entered > closing:
        report.add(ERROR, line, "EcritureDate", "after_closing", "écriture datée après la clôture de l’exercice")
    report.debit += max(balance_of(row), Decimal(0))
    sequences.follow(line, row)


def _closing(name: str, report: Report) -> date | None:
    found = _NAME.fullmatch(name)
    closing = day_of(found[2]) if found else None
    if found is None or closing is None:
        text = f"« {name[:60]} » : un FEC s’appelle SIREN, FEC, jour de clôture AAAAMMJJ, .txt"
        report.add(ERROR, 0, "", "name", text)
    return closing


def _shape(header: str, report: Report) -> tuple[str, tuple[str, ...]] | None:
    """The separator and the fields that the first line says."""
    for separator in "\t|":
        fields = tuple(header.split(separator))
        if fields in (FIELDS, SIDED):
            return separator, fields
    missing = [name for name in FIELDS if name not in re.split(r"[\t|]", header)]
    told = f" ; absents : {', '.join(missing)}" if missing else " ; ils n’y sont pas dans l’ordre, ou pas seuls"
    report.add(ERROR, 1, "", "header", f"l’en-tête ne donne pas les dix-huit champs du texte{told}")
    return None


class _Reading:
    """The lines of a file, numbered from 1, and what is wrong with its bytes."""

    def __init__(self, file: IO[bytes], report: Report) -> None:
        self.file, self.report = file, report
        self.number = 0
        self.encodings: dict[str, int] = {}
        self.endings: dict[bytes, int] = defaultdict(int)

    def lines(self) -> Iterator[tuple[int, str]]:
        while data := self.file.readline(LONGEST):
            self.number += 1
            if self.number == 1 and data.startswith(b"\xef\xbb\xbf"):
                self.report.add(WARNING, 1, "", "mark", "le fichier commence par une marque d’ordre des octets (BOM)")
                data = data[3:]
            if len(data) == LONGEST and not data.endswith(b"\n"):
                self.report.add(ERROR, self.number, "", "long", "ligne démesurée : le reste du fichier n’est pas lu")
                return
            text = data.rstrip(b"\r\n")
            self.endings[data[len(text) :]] += 1
            if text:
                yield self.number, self._decoded(text)

    def _decoded(self, data: bytes) -> str:
        try:
            text = data.decode("utf-8")
            encoding = "ascii" if text.isascii() else "utf-8"
        except UnicodeDecodeError:
            text, encoding = data.decode("iso-8859-15"), "iso-8859-15"
        self.encodings.setdefault(encoding, self.number)
        return text

    def finish(self) -> None:
        if {"utf-8", "iso-8859-15"} <= self.encodings.keys():
            line = max(self.encodings["utf-8"], self.encodings["iso-8859-15"])
            self.report.add(ERROR, line, "", "encoding", "deux encodages dans un même fichier")
        if self.endings.keys() - {b"\r\n"}:
            self.report.add(WARNING, 0, "", "endings", "chaque ligne se termine par CR LF, la dernière aussi")
