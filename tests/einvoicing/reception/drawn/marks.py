"""How a layout writes days, amounts and identifiers."""

from __future__ import annotations

import random
from datetime import date
from decimal import Decimal

MONTHS = (
    "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre",
    "décembre",
)  # fmt: skip
SHORT = ("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc.")


class Marks:
    """One way of writing, kept through a document."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.day_style = chance.choice(
            ("slash", "slash", "slash", "dash", "dot", "words", "words", "short", "iso", "two", "zeros")
        )
        self.group = chance.choice((" ", "\u00a0", "\u202f", "", ".", " "))
        self.money = chance.choice((" €", "\u00a0€", "€", "", " EUR", ""))
        self.sign_first = chance.random() < 0.03
        self.number_style = chance.choice(("n°", "N°", "No", "Nº", "numéro", "n° :"))

    def day(self, value: date) -> str:
        month = value.month - 1
        return {
            "slash": f"{value:%d/%m/%Y}",
            "dash": f"{value:%d-%m-%Y}",
            "dot": f"{value:%d.%m.%Y}",
            "iso": f"{value:%Y-%m-%d}",
            "two": f"{value:%d/%m/%y}",
            "zeros": f"{value.day} / {value.month:02} / {value.year}"
            if self.chance.random() < 0.2
            else f"{value:%d/%m/%Y}",
            "words": f"{'1er' if value.day == 1 else value.day} {MONTHS[month]} {value.year}",
            "short": f"{value.day:02} {SHORT[month]} {value.year}",
        }[self.day_style]

    def amount(self, value: Decimal, money: bool = True) -> str:
        whole, cents = f"{abs(value):.2f}".split(".")
        groups = []
        while len(whole) > 3:
            groups.insert(0, whole[-3:])
            whole = whole[:-3]
        text = self.group.join([whole, *groups]) + "," + cents
        text = ("-" if value < 0 else "") + text
        return f"€ {text}" if self.sign_first and money else text + (self.money if money else "")

    def rate(self, value: Decimal) -> str:
        text = self.chance.choice((f"{value.normalize():f}", f"{value:.2f}", f"{value:.1f}")).replace(".", ",")
        return text + self.chance.choice((" %", "%", "\u00a0%"))

    def siren(self, value: str) -> str:
        return value if self.chance.random() < 0.4 else f"{value[:3]} {value[3:6]} {value[6:]}"

    def siret(self, value: str) -> str:
        return value if self.chance.random() < 0.4 else f"{value[:3]} {value[3:6]} {value[6:9]} {value[9:]}"

    def vat(self, value: str) -> str:
        return self.chance.choice(
            (
                value,
                f"{value[:4]} {value[4:]}",
                f"{value[:2]} {value[2:4]} {value[4:7]} {value[7:10]} {value[10:]}",
                f"{value[:2]} {value[2:]}",
            )
        )

    def iban(self, value: str) -> str:
        if self.chance.random() < 0.2:
            return value
        return " ".join(value[start : start + 4] for start in range(0, len(value), 4))

    def pick(self, *options: str) -> str:
        return self.chance.choice(options)
