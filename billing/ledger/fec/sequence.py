"""What is wrong between the lines of a FEC: sums of entries and letters, missing numbers, order. Plain Python."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

from billing.ledger.fec.lines import ERROR, WARNING, balance_of

Add = Callable[..., None]
_NUMBER = re.compile(r"(.*?)([0-9]{1,18})", re.DOTALL)
_LABELS = (("JournalCode", "JournalLib"), ("CompteNum", "CompteLib"), ("CompAuxNum", "CompAuxLib"))
OPENING = "AN"


@dataclass(slots=True)
class _Entry:
    first: int
    last: int
    day: str
    validated: str
    balance: Decimal = Decimal(0)
    lines: int = 0
    classes: set[str] = field(default_factory=set)  # those of its accounts, 12 for the result


class Sequences:
    """Follows the lines one after the other; `finish` tells what only the whole shows."""

    def __init__(self, add: Add) -> None:
        self.add = add
        self.entries: dict[tuple[str, str], _Entry] = {}
        self.letters: dict[tuple[str, str, str], list[Decimal | int]] = {}
        self.labels: dict[tuple[str, str], str] = {}
        self.day = ""
        self.opened = False

    @property
    def count(self) -> int:
        return len(self.entries)

    def follow(self, line: int, row: Mapping[str, str]) -> None:
        self._follow_entry(line, row)
        self._follow_days(line, row)
        for name, label in _LABELS:
            said = self.labels.setdefault((name, row[name]), row[label])
            if row[name] and said != row[label]:
                self.add(WARNING, line, label, "label", f"{row[name][:40]} a deux libellés")
        if row["EcritureLet"]:
            key = (row["CompteNum"], row["CompAuxNum"], row["EcritureLet"])
            group = self.letters.setdefault(key, [Decimal(0), line])
            group[0] += balance_of(row)

    def _follow_entry(self, line: int, row: Mapping[str, str]) -> None:
        key, day = (row["JournalCode"], row["EcritureNum"]), row["EcritureDate"]
        entry = self.entries.get(key)
        if entry is None:
            entry = self.entries[key] = _Entry(line, line - 1, day, row["ValidDate"])
        if entry.day != day:
            self.add(ERROR, line, "EcritureDate", "days", f"l’écriture {key[1][:40]} a plusieurs dates")
        if entry.last != line - 1:
            self.add(WARNING, line, "EcritureNum", "scattered", f"les lignes de {key[1][:40]} ne se suivent pas")
        entry.last, entry.lines = line, entry.lines + 1
        entry.balance += balance_of(row)
        account = row["CompteNum"]
        entry.classes.add("12" if account.startswith("12") else account[:1])

    def _follow_days(self, line: int, row: Mapping[str, str]) -> None:
        if row["JournalCode"] == OPENING:
            if self.opened:
                self.add(WARNING, line, "JournalCode", "opening", "les à-nouveaux viennent en premier")
            return
        self.opened = True
        if row["EcritureDate"] < self.day:
            self.add(WARNING, line, "EcritureDate", "order", "les écritures ne sont pas dans l’ordre des dates")
        self.day = max(self.day, row["EcritureDate"])

    def finish(self) -> None:
        for (journal, number), entry in self.entries.items():
            self._finish_entry(journal, number, entry)
        for (account, third, letter), (balance, line) in self.letters.items():
            if balance:
                of = f" de {third[:20]}" if third else ""
                text = f"les lignes {letter[:10]} du compte {account[:20]}{of} ne se soldent pas"
                self.add(WARNING, line, "EcritureLet", "letter", text)
        self._finish_numbers()

    def _finish_entry(self, journal: str, number: str, entry: _Entry) -> None:
        if entry.balance:
            text = f"l’écriture {journal[:10]} {number[:40]} ne s’équilibre pas : écart de {abs(entry.balance):f}"
            self.add(ERROR, entry.first, "", "balance", text.replace(".", ","))
        if entry.lines < 2:
            self.add(WARNING, entry.first, "", "one_line", "écriture d’une seule ligne")
        elif "12" in entry.classes and entry.classes <= {"6", "7", "12"}:
            self.add(WARNING, entry.first, "", "result", "solde des classes 6 et 7 : il n’est pas attendu dans un FEC")

    def _finish_numbers(self) -> None:
        """Continuous in each journal and prefix, and growing with the day of validation."""
        runs: dict[tuple[str, str], list[tuple[int, _Entry]]] = defaultdict(list)
        for (journal, number), entry in self.entries.items():
            if found := _NUMBER.fullmatch(number):
                runs[journal, found[1]].append((int(found[2]), entry))
        for (journal, _prefix), run in runs.items():
            run.sort(key=lambda numbered: numbered[0])
            for (before, earlier), (place, entry) in pairwise(run):
                if place > before + 1:
                    missing = f"{before + 1}" if place == before + 2 else f"{before + 1} à {place - 1}"
                    text = f"journal {journal[:10]} : il manque {missing} avant {place}"
                    self.add(ERROR, entry.first, "EcritureNum", "gap", text)
                if entry.validated < earlier.validated:
                    text = f"journal {journal[:10]} : {place} validée avant {before}"
                    self.add(WARNING, entry.first, "ValidDate", "validated_order", text)
