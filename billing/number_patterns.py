"""How a company writes its legal numbers: letters and the period, then the counter: `F{AAAA}-{0000}`.

A number is its stem (F2026-) followed by figures, and no stem ends with one: a number is read back in one way only,
so two stems can never give the same number. Each stem has a counter of its own, which only goes up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from config.kernel.errors import Invalid

LONGEST = 20  # BR-FR-02, and what the column holds
PLACES = 6  # figures for which there is always room
USUAL = "%s-{AAAA}-{00000}"
_PATTERN = re.compile(r"((?:[A-Za-z0-9/_-]|\{AAAA\}|\{AA\}|\{MM\})*[A-Za-z/_-])\{(0{1,6})\}")
_NUMBER = re.compile(r"(.*[^0-9])([0-9]{1,9})")
_YEARLY = re.compile(r"(.{1,10})-([1-9][0-9]{3})-")


class PatternRefused(Invalid):
    code = "number_pattern_refused"
    message = (
        "Écrivez des lettres, chiffres, tirets ou barres, {AAAA} ou {AA} pour l’année, {MM} pour le mois, et pour "
        "finir, après une lettre ou un signe, le compteur : {00000}. Par exemple F{AAAA}-{0000}."
    )


@dataclass(frozen=True, slots=True)
class Pattern:
    """`text` was read by `read_pattern`."""

    text: str

    def stem(self, on: date) -> str:
        """What stands before the figures of a number given that day."""
        year = f"{on.year:04d}"
        stem = self.text.rpartition("{")[0]
        return stem.replace("{AAAA}", year).replace("{AA}", year[2:]).replace("{MM}", f"{on.month:02d}")

    def number(self, on: date, place: int) -> str:
        return f"{self.stem(on)}{place:0{self.text.rpartition('{')[2].count('0')}d}"


def read_pattern(text: str) -> Pattern:
    """Raises PatternRefused."""
    text = text.strip()
    found = _PATTERN.fullmatch(text)
    if found is None or not re.search("[A-Za-z]", re.sub(r"\{\w+\}", "", text)):
        raise PatternRefused
    if "{MM}" in text and "{AA" not in text:
        raise PatternRefused("Le mois seul revient chaque année : ajoutez {AAAA} ou {AA}.")
    pattern = Pattern(text)
    if len(pattern.stem(date(2026, 12, 31))) + max(PLACES, len(found[2])) > LONGEST:
        raise PatternRefused("Un numéro a vingt signes au plus, dont six chiffres de compteur : raccourcissez.")
    return pattern


def counter_of(stem: str) -> tuple[str, int]:
    """Series and year by which the counter of a stem is kept: FAC-2026- is (FAC, 2026), any other is (itself, 0)."""
    found = _YEARLY.fullmatch(stem)
    return (found[1], int(found[2])) if found else (stem, 0)


def stem_of(series: str, year: int) -> str:
    return f"{series}-{year}-" if year else series


def taken_apart(number: str) -> tuple[str, int] | None:
    """The stem and the place of a number: FAC-2026-00361 is FAC-2026- and 361; None where it has not both."""
    found = _NUMBER.fullmatch(number)
    return (found[1], int(found[2])) if found and re.search("[A-Za-z]", found[1]) else None
