"""The eighteen fields of the FEC, in their order, and how each is written (LPF A47 A-1, VII and VIII)."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Final

FIELDS: Final = (
    "JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "CompAuxNum", "CompAuxLib",
    "PieceRef", "PieceDate", "EcritureLib", "Debit", "Credit", "EcritureLet", "DateLet", "ValidDate", "Montantdevise",
    "Idevise",
)  # fmt: skip
# instead of Debit and Credit, a file may give the amount and its side
SIDED: Final = tuple({"Debit": "Montant", "Credit": "Sens"}.get(name, name) for name in FIELDS)
REQUIRED: Final = (
    "JournalCode", "JournalLib", "EcritureNum", "EcritureDate", "CompteNum", "CompteLib", "PieceRef", "PieceDate",
    "EcritureLib", "ValidDate",
)  # fmt: skip
DAYS: Final = ("EcritureDate", "PieceDate", "DateLet", "ValidDate")
PAIRS: Final = (("CompAuxNum", "CompAuxLib"), ("EcritureLet", "DateLet"), ("Montantdevise", "Idevise"))
SEPARATOR: Final = "\t"
END: Final = "\r\n"
ENCODING: Final = "utf-8"

# third parties: elsewhere the auxiliary fields stay empty
AUXILIARY: Final = ("40", "41", "42", "455", "467")
# what ends a line or a field for whoever reads: controls (tab, CR, LF), the other separator, Unicode's own line ends
_FOREIGN = re.compile("[\x00-\x1f\x7f-\x9f|\u2028\u2029\ufeff\\s]+")


def fec_name(number: str, closing: date) -> str:
    """The name that A47 A-1 asks for: the SIREN (an IDE elsewhere), FEC, and the day on which the fiscal year ends."""
    return f"{number}FEC{written_day(closing)}.txt"


def written_day(day: date) -> str:
    return f"{day.year:04d}{day:%m%d}"


def written_amount(amount: Decimal) -> str:
    return f"{amount:.2f}".replace(".", ",")


def clean(text: str) -> str:
    """The text on one line and in one field."""
    return _FOREIGN.sub(" ", text).strip()
