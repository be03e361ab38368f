"""What is wrong in one line of a FEC, by itself. Plain Python."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Final, Literal

from billing.ledger.fec.fields import AUXILIARY, DAYS, PAIRS, REQUIRED

Level = Literal["error", "warning"]
ERROR: Final = "error"
WARNING: Final = "warning"
_AMOUNT = re.compile(r"-?[0-9]{1,15}(,[0-9]{1,2})?")
_ACCOUNT = re.compile(r"[1-8][0-9]{2}[0-9A-Za-z]*")
_SIDES = {"D": 1, "+1": 1, "C": -1, "-1": -1}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing wrong: `line` from 1, the header's (0: the file), its `field` ('' for the line), and what in French."""

    level: Level
    line: int
    field: str
    code: str
    text: str

    def __str__(self) -> str:
        place = f"ligne {self.line}" if self.line else "fichier"
        return f"{place}{f', {self.field}' if self.field else ''} : {self.text}"


Found = Iterator[tuple[Level, str, str, str]]


def day_of(text: str) -> date | None:
    """The day written AAAAMMJJ, between 1900 and 2099."""
    if not (len(text) == 8 and text.isascii() and text.isdigit()):
        return None
    try:
        day = date(int(text[:4]), int(text[4:6]), int(text[6:]))
    except ValueError:
        return None
    return day if 1900 <= day.year < 2100 else None


def amount_of(text: str) -> Decimal | None:
    """The amount, with a decimal comma, two decimals at most and nothing else."""
    return Decimal(text.replace(",", ".")) if _AMOUNT.fullmatch(text) else None


def balance_of(row: Mapping[str, str]) -> Decimal:
    """Debit less credit; what cannot be read is zero."""
    if "Sens" in row:
        return _SIDES.get(row["Sens"], 0) * (amount_of(row["Montant"]) or Decimal(0))
    return (amount_of(row["Debit"]) or Decimal(0)) - (amount_of(row["Credit"]) or Decimal(0))


def problems_of(row: Mapping[str, str]) -> Found:
    """Level, field, code and text of each problem of a line whose fields are known by name."""
    yield from _texts(row)
    yield from _days(row)
    yield from _amounts(row)
    yield from _accounts(row)
    for first, second in PAIRS:
        if bool(row[first]) != bool(row[second]):
            empty = second if row[first] else first
            yield ERROR, empty, "pair", f"{first} et {second} vont ensemble"


def _texts(row: Mapping[str, str]) -> Found:
    for name, value in row.items():
        if name in REQUIRED and not value.strip():
            yield ERROR, name, "empty", "champ obligatoire vide"
        elif any(ord(sign) < 32 or 127 <= ord(sign) < 160 or sign in "\u2028\u2029\ufeff" for sign in value):
            yield ERROR, name, "control", "signe de contrôle dans le champ"
        elif value != value.strip():
            yield WARNING, name, "spaces", "espaces autour de la valeur"


def _days(row: Mapping[str, str]) -> Found:
    for name in DAYS:
        if row[name] and day_of(row[name]) is None:
            yield ERROR, name, "day", f"« {row[name][:20]} » n’est pas un jour écrit AAAAMMJJ"
    entered, validated = day_of(row["EcritureDate"]), day_of(row["ValidDate"])
    if entered and validated and validated < entered:
        yield WARNING, "ValidDate", "validated_before", "écriture validée avant sa date"


def _amounts(row: Mapping[str, str]) -> Found:
    names = ("Montant",) if "Sens" in row else ("Debit", "Credit")
    amounts = [amount_of(row[name]) for name in names]
    for name, amount in zip(names, amounts, strict=True):
        if amount is None:
            yield (
                ERROR,
                name,
                "amount",
                f"« {row[name][:20]} » n’est pas un montant (chiffres, virgule, deux décimales)",
            )
        elif amount < 0:
            yield WARNING, name, "negative", "montant négatif : le sens inverse est préférable"
    if "Sens" in row and row["Sens"] not in _SIDES:
        yield ERROR, "Sens", "side", "le sens est D ou C, +1 ou -1"
    if len(names) == 2 and all(amounts):
        yield ERROR, "Credit", "two_sides", "débit et crédit sur la même ligne"
    if not any(amounts) and None not in amounts:
        yield WARNING, names[0], "nothing", "ligne sans montant"
    if row["Montantdevise"] and amount_of(row["Montantdevise"]) is None:
        yield ERROR, "Montantdevise", "amount", f"« {row['Montantdevise'][:20]} » n’est pas un montant"
    if row["Idevise"] and not re.fullmatch("[A-Z]{3}", row["Idevise"]):
        yield ERROR, "Idevise", "currency", "une devise s’écrit en trois majuscules (ISO 4217)"


def _accounts(row: Mapping[str, str]) -> Found:
    account = row["CompteNum"]
    if account and not re.match("[0-9]{3}", account):
        yield ERROR, "CompteNum", "account", "les trois premiers signes d’un compte sont des chiffres"
    elif account and not _ACCOUNT.fullmatch(account):
        yield WARNING, "CompteNum", "chart", "compte hors des classes 1 à 8 du plan comptable"
    if row["CompAuxNum"] and not account.startswith(AUXILIARY):
        yield WARNING, "CompAuxNum", "third_party", "tiers sur un compte qui n’en a pas"
