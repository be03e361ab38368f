"""Opening balances as they are brought: a table from a spreadsheet, or the FEC of another software.

Columns are found by their heads. Of a FEC (its own heads) the balances are made: each account of classes 1 to 5, on
third parties each item without a letter, and the result of classes 6 and 7 on 120 or 129.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from django.utils.translation import gettext_noop as n

MOST_ROWS = 20_000
ACCOUNT, THIRD, PIECE, DATE, DUE, DEBIT, CREDIT, LABEL, LETTER = (
    "account", "third", "piece", "date", "due", "debit", "credit", "label", "letter",
)  # fmt: skip
HEADS: Mapping[str, str] = {
    **dict.fromkeys(("compte", "account", "n compte", "numero de compte", "comptenum"), ACCOUNT),
    **dict.fromkeys(("tiers", "client", "fournisseur", "third party", "compauxlib"), THIRD),
    **dict.fromkeys(("piece", "facture", "n piece", "reference", "document", "pieceref"), PIECE),
    **dict.fromkeys(("date", "date piece", "date de piece", "piecedate"), DATE),
    **dict.fromkeys(("echeance", "date echeance", "date d echeance", "due date", "due"), DUE),
    **dict.fromkeys(("debit", "solde debit", "solde debiteur"), DEBIT),
    **dict.fromkeys(("credit", "solde credit", "solde crediteur"), CREDIT),
    **dict.fromkeys(("libelle", "label", "intitule", "ecriturelib"), LABEL),
    "ecriturelet": LETTER,
}
ORDER = (ACCOUNT, THIRD, PIECE, DATE, DUE, DEBIT, CREDIT, LABEL)
THIRD_PARTIES = ("401", "404", "411")
PROFIT, LOSS = "120000", "129000"
_DAYS = ("%d/%m/%Y", "%d/%m/%y", "%Y-%m-%d", "%Y%m%d", "%d-%m-%Y", "%d.%m.%Y")


@dataclass(frozen=True, slots=True)
class OpeningRow:
    """A line of the table as it is understood; `problem` says what is not, in French."""

    line: int
    account: str
    third: str
    piece: str
    day: date | None
    due: date | None
    amount: Decimal  # positive to debit
    label: str
    problem: str = ""


def read_opening(text: str) -> tuple[list[OpeningRow], str]:
    """The rows of a table, and what is wrong with it as a whole ('' when nothing is)."""
    try:
        table = list(_table(text))
    except csv.Error:
        return [], n("Ce tableau n’est pas compris : un guillemet ouvert n’est jamais fermé.")
    if not table:
        return [], n("Collez un tableau, ou choisissez un fichier CSV.")
    heads = [HEADS.get(_plain(cell), "") for cell in table[0]]
    is_headed = heads.count(ACCOUNT) == 1 and DEBIT in heads and CREDIT in heads
    columns: Sequence[str] = heads if is_headed else ORDER
    body = table[1:] if is_headed else table
    if len(body) > MOST_ROWS:
        return [], n("C’est trop de lignes pour une fois : au plus 20 000.")
    first = 2 if is_headed else 1
    cells = [(place, _by_name(columns, row)) for place, row in enumerate(body, first) if any(map(str.strip, row))]
    rows = [_row(place, by_name) for place, by_name in cells]
    if LETTER not in columns:
        return [row for row in rows if row.amount or row.problem], ""
    return balances_of_fec(rows, [by_name.get(LETTER, "") for _place, by_name in cells]), ""


def balances_of_fec(rows: Sequence[OpeningRow], letters: Sequence[str]) -> list[OpeningRow]:
    """What a year leaves to the next."""
    result, balances, items = Decimal(0), dict[str, OpeningRow](), list[OpeningRow]()
    for row, letter in zip(rows, letters, strict=True):
        if row.problem:
            items.append(row)
        elif row.account[0] in "67":
            result += row.amount
        elif row.account.startswith(THIRD_PARTIES):
            if not letter.strip() and row.amount:
                items.append(row)
        else:
            kept = balances.get(row.account)
            whole = replace(row, third="", piece="", day=None, due=None, label="", amount=Decimal(0))
            balances[row.account] = replace(kept or whole, amount=(kept or whole).amount + row.amount)
    found = [row for _account, row in sorted(balances.items()) if row.amount]
    if result:
        account = PROFIT if result < 0 else LOSS
        found.append(OpeningRow(0, account, "", "", None, None, result, "Résultat de l’exercice précédent"))
    return [*found, *items]


def _table(text: str) -> Iterator[list[str]]:
    text = text.lstrip("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    head = text.partition("\n")[0]
    separator = max("\t;|,", key=head.count)
    # in a FEC a quotation mark is a sign as others: a label may hold one alone
    is_fec = any(HEADS.get(_plain(cell)) == LETTER for cell in head.split(separator))
    return csv.reader(io.StringIO(text), delimiter=separator, quoting=csv.QUOTE_NONE if is_fec else csv.QUOTE_MINIMAL)


def _plain(head: str) -> str:
    text = unicodedata.normalize("NFD", head.casefold())
    return " ".join(re.findall(r"[a-z0-9]+", "".join(char for char in text if not unicodedata.combining(char))))


def _by_name(columns: Sequence[str], row: Sequence[str]) -> dict[str, str]:
    return {name: cell.strip() for name, cell in zip(columns, row, strict=False) if name}


def _row(line: int, cells: Mapping[str, str]) -> OpeningRow:
    account = cells.get(ACCOUNT, "").replace(" ", "").ljust(6, "0")
    debit, credit = _amount(cells.get(DEBIT, "")), _amount(cells.get(CREDIT, ""))
    day, due = _day(cells.get(DATE, "")), _day(cells.get(DUE, ""))
    problem = ""
    if not re.fullmatch(r"[1-8][0-9]{5,9}", account):
        problem = n("Le compte n’est pas compris : six à dix chiffres, de classe 1 à 8.")
    elif debit is None or credit is None:
        problem = n("Le montant n’est pas compris. Écrivez par exemple 1 234,50.")
    elif debit and credit:
        problem = n("Une ligne est au débit ou au crédit, pas aux deux.")
    elif (cells.get(DATE) and day is None) or (cells.get(DUE) and due is None):
        problem = n("La date n’est pas comprise. Écrivez par exemple 31/12/2025.")
    amount = (debit or Decimal(0)) - (credit or Decimal(0))
    third, piece, label = (cells.get(name, "") for name in (THIRD, PIECE, LABEL))
    return OpeningRow(line, account[:10], third[:200], piece[:40], day, due, amount, label[:150], problem)


def _amount(text: str) -> Decimal | None:
    """French or English, two decimals at most; nothing is zero; None where it is not understood."""
    plain = re.sub(r"[\s\u00a0\u202f€]", "", text)
    if not plain:
        return Decimal(0)
    if "," in plain:
        plain = (
            plain.replace(".", "").replace(",", ".") if plain.rfind(",") > plain.rfind(".") else plain.replace(",", "")
        )
    if not re.fullmatch(r"-?[0-9]{1,14}(\.[0-9]{1,2})?0*", plain):
        return None
    try:
        return Decimal(plain).quantize(Decimal("0.01"))
    except InvalidOperation:
        return None


def _day(text: str) -> date | None:
    for pattern in _DAYS:
        try:
            return datetime.strptime(text, pattern).date()  # noqa: DTZ007  # a day has no zone
        except ValueError:
            continue
    return None
