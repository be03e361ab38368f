"""Days as they are printed: `03/04/2026`, `3.4.26`, `2026-04-03`, `3 avril 2026`, `1er avr. 2026`, `April 3, 2026`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

_MONTHS = {
    "janvier": 1, "janv": 1, "jan": 1, "january": 1,
    "fevrier": 2, "fevr": 2, "fev": 2, "february": 2, "feb": 2,
    "mars": 3, "mar": 3, "march": 3,
    "avril": 4, "avr": 4, "april": 4, "apr": 4,
    "mai": 5, "may": 5,
    "juin": 6, "june": 6, "jun": 6,
    "juillet": 7, "juil": 7, "july": 7, "jul": 7,
    "aout": 8, "august": 8, "aug": 8, "aou": 8,
    "septembre": 9, "sept": 9, "sep": 9, "september": 9,
    "octobre": 10, "oct": 10, "october": 10,
    "novembre": 11, "nov": 11, "november": 11,
    "decembre": 12, "dec": 12, "december": 12,
}  # fmt: skip
_NAMES = "|".join(sorted(_MONTHS, key=len, reverse=True))
_YEAR = r"(?:20\d{2}|\d{2})"
_NUMERIC = re.compile(rf"(?<![\d/.-])(\d{{1,2}}) ?([/.-]) ?(\d{{1,2}}) ?\2 ?({_YEAR})(?![\d/]|[.-]\d)")
_SPACED = re.compile(r"(?<![\d/.-])(\d{2}) (\d{2}) (20\d{2})(?![ \d])")
_ISO = re.compile(r"(?<![\d/.-])(20\d{2})[-/.](\d{2})[-/.](\d{2})(?!\d)")
_WORDS = re.compile(
    rf"(?<!\d)(\d{{1,2}})(?: ?er|st|nd|rd|th)?[ .-]{{0,2}}({_NAMES})\b\.?,?[ -]{{0,2}}(20\d{{2}}|\d{{2}}(?!\d))"
)
_ENGLISH = re.compile(rf"\b({_NAMES})\.? (\d{{1,2}})(?:st|nd|rd|th)?,? (20\d{{2}})(?!\d)")


@dataclass(frozen=True, slots=True)
class Day:
    value: date
    start: int
    end: int


def days_in(folded: str) -> Iterator[Day]:
    """Every day of a folded text, in the order of their places; days before months, as in Europe."""
    found: list[Day] = []
    for pattern, order in ((_ISO, (1, 2, 3)), (_NUMERIC, (4, 3, 1)), (_SPACED, (3, 2, 1)), (_WORDS, (3, 2, 1))):
        found += [day for match in pattern.finditer(folded) if (day := _day(match, *order))]
    found += [day for match in _ENGLISH.finditer(folded) if (day := _day(match, 3, 1, 2))]
    found.sort(key=lambda day: (day.start, -day.end))
    last = -1
    for day in found:
        if day.start >= last:
            last = day.end
            yield day


def _day(match: re.Match[str], year: int, month: int, day: int) -> Day | None:
    number = int(match[year])
    named = match[month]
    try:
        value = date(number + 2000 if number < 100 else number, _MONTHS.get(named) or int(named), int(match[day]))
    except ValueError:
        return None
    return Day(value, match.start(), match.end())
