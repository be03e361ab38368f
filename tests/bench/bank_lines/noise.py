"""How payers and banks spoil a text. Each answers another text than it was given, or the case is no case."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from random import Random

PREFIXES = ("VIR SEPA ", "VIR INST ", "REGLT ", "VIREMENT ", "VIR RECU ", "")
FREE = (
    "Règlement facture {n}", "facture n° {n}", "VOTRE FACTURE {n} MERCI", "{n} - solde", "paiement {n} du 12/05",
    "Fact. {n}",
)  # fmt: skip


def upper_without_accents(text: str) -> str:
    kept = unicodedata.normalize("NFKD", text)
    return "".join(sign for sign in kept if not unicodedata.combining(sign)).upper().replace("’", " ")


def one_digit_wrong(random: Random, number: str) -> str:
    at = random.choice([place for place, sign in enumerate(number) if sign.isdigit() and place > 8])
    return number[:at] + random.choice([digit for digit in "0123456789" if digit != number[at]]) + number[at + 1 :]


def two_turned(random: Random, number: str) -> str:
    places = [at for at in range(9, len(number) - 1) if number[at] != number[at + 1]]
    if not places:
        return one_digit_wrong(random, number)
    at = random.choice(places)
    return number[:at] + number[at + 1] + number[at] + number[at + 2 :]


def lost_zeros(random: Random, number: str) -> str:
    series, year, serial = number.split("-")
    return random.choice((f"{series}-{year}-{int(serial)}", f"{series} {year} {int(serial)}", f"{year}/{int(serial)}"))


def serial_only(random: Random, number: str) -> str:
    serial = number.split("-")[2]
    return random.choice((f"facture {int(serial)}", f"FACT N°{serial}", f"fact {int(serial)}"))


def stroke(random: Random, number: str) -> str:
    return f"{random.randint(100, 9999)}/{number}" if random.random() < 0.5 else number.replace("-", "/")[2:]


def cut_off(_random: Random, number: str) -> str:
    return number[:-2]


def glued(_random: Random, number: str) -> str:
    return number.replace("-", "")


def spaced(random: Random, number: str) -> str:
    at = random.randint(9, len(number) - 2)
    return number[:at].replace("-", " ") + " " + number[at:]


def as_it_is(_random: Random, number: str) -> str:
    return number


NEAR: tuple[Callable[[Random, str], str], ...] = (one_digit_wrong, two_turned, lost_zeros, serial_only, stroke, cut_off)
WHOLE: tuple[Callable[[Random, str], str], ...] = (glued, spaced, as_it_is, as_it_is)


def spoilt(random: Random, number: str) -> str:
    """A number that is no longer there in full."""
    for _try in range(20):
        found = random.choice(NEAR)(random, number)
        if number not in found:
            return found
    raise AssertionError(f"nothing spoils {number}")
