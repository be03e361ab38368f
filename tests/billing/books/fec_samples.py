"""A small FEC that holds, and ways in which one does not: what is changed, and the code that must be found."""

from __future__ import annotations

from billing.ledger.fec.fields import FIELDS

NAME = "732829320FEC20261231.txt"
_PLACE = {name: place for place, name in enumerate(FIELDS)}
_OPENING = "AN\tÀ-nouveaux\tAN-2026-00001\t20260101\t{}\t\t\tAN-2026\t20260101\tÀ-nouveaux\t{}\t\t\t20260102\t\t"
_SALE = "VE\tVentes\tVE-2026-00001\t20260310\t{}\tFAC-2026-00001\t20260310\tMaison Lumière\t{}\t20260310\t\t"
_RECEIPT = "BQ1\tBanque 1\tBQ1-2026-00001\t20260402\t{}\tVIR 12\t20260402\tVirement\t{}\t20260402\t\t"
_CLOSED = "OD\tDivers\tOD-1\t20261231\t{}\t\t\tC\t20261231\tClôture\t{}\t\t\t20261231\t\t"
GOOD: list[str] = [
    "\t".join(FIELDS),
    _OPENING.format("512000\tBanque", "1000,00\t0,00"),
    _OPENING.format("101000\tCapital", "0,00\t1000,00"),
    _SALE.format("411000\tClients\t41\tMaison Lumière", "120,00\t0,00\tAA\t20260402"),
    _SALE.format("706000\tPrestations de services\t\t", "0,00\t100,00\t\t"),
    _SALE.format("445711\tTVA collectée 20 %\t\t", "0,00\t20,00\t\t"),
    _RECEIPT.format("512000\tBanque\t\t", "120,00\t0,00\t\t"),
    _RECEIPT.format("411000\tClients\t41\tMaison Lumière", "0,00\t120,00\tAA\t20260402"),
]


def changed(line: int, **values: str) -> list[str]:
    """The good file with fields of one line (from 1) as they are given."""
    rows = list(GOOD)
    fields = rows[line - 1].split("\t")
    for name, value in values.items():
        fields[_PLACE[name]] = value
    rows[line - 1] = "\t".join(fields)
    return rows


def written(rows: list[str], end: str = "\r\n", encoding: str = "utf-8") -> bytes:
    return "".join(row + end for row in rows).encode(encoding)


def _numbered(number: str) -> list[str]:
    return [row.replace("BQ1-2026-00001", number) for row in GOOD] + [
        row.replace("BQ1-2026-00001", "BQ1-2026-00004") for row in GOOD[-2:]
    ]


# name: bytes, line, field, code; each refused by us and by the outside checker
REFUSED: dict[str, tuple[bytes, int, str, str]] = {
    "nothing": (b"", 0, "", "nothing"),
    "a header short of a field": (written([GOOD[0].removesuffix("\tIdevise"), *GOOD[1:]]), 1, "", "header"),
    "a header in another order": (
        written([GOOD[0].replace("Debit\tCredit", "Credit\tDebit"), *GOOD[1:]]),
        1,
        "",
        "header",
    ),
    "semicolons": (written([row.replace("\t", ";") for row in GOOD]), 1, "", "header"),
    "UTF-16": (written(GOOD, encoding="utf-16"), 1, "", "header"),
    "a tab in a label": (written(changed(4, EcritureLib="a\tb")), 4, "", "fields"),
    "a line that ends early": (written([*GOOD[:4], GOOD[4][:30], *GOOD[5:]]), 5, "", "fields"),
    "no piece": (written(changed(4, PieceRef="")), 4, "PieceRef", "empty"),
    "no label": (written(changed(5, EcritureLib="")), 5, "EcritureLib", "empty"),
    "no account label": (written(changed(5, CompteLib="")), 5, "CompteLib", "empty"),
    "no day of validation": (written(changed(5, ValidDate="")), 5, "ValidDate", "empty"),
    "a day that is none": (written(changed(5, PieceDate="20260231")), 5, "PieceDate", "day"),
    "a day in French": (written(changed(5, PieceDate="10/03/2026")), 5, "PieceDate", "day"),
    "thousands": (written(changed(4, Debit="1 200,00")), 4, "Debit", "amount"),
    "a currency sign": (written(changed(4, Debit="120,00 €")), 4, "Debit", "amount"),
    "three decimals": (written(changed(4, Debit="120,001")), 4, "Debit", "amount"),
    "an exponent": (written(changed(4, Debit="1E2")), 4, "Debit", "amount"),
    "an empty amount": (written(changed(4, Credit="")), 4, "Credit", "amount"),
    "a third party without a name": (written(changed(4, CompAuxLib="")), 4, "CompAuxLib", "pair"),
    "a letter without its day": (written(changed(4, DateLet="")), 4, "DateLet", "pair"),
    "a currency without its amount": (written(changed(4, Idevise="USD")), 4, "Montantdevise", "pair"),
    "an entry that does not balance": (written(changed(5, Credit="100,01")), 4, "", "balance"),
    "an entry of two days": (written(changed(5, EcritureDate="20260311")), 5, "EcritureDate", "days"),
    "after the closing": (
        written(
            [row.replace("20260402\t512", "20270402\t512").replace("20260402\t411", "20270402\t411") for row in GOOD]
        ),
        7,
        "EcritureDate",
        "after_closing",
    ),
    "missing numbers": (written(_numbered("BQ1-2026-00001")), 9, "EcritureNum", "gap"),
}

# refused by us alone: the law or the tax office's program is stricter than the outside checker
REFUSED_BY_US: dict[str, tuple[bytes, int, str, str]] = {
    "a decimal point": (written(changed(4, Debit="120.00")), 4, "Debit", "amount"),
    "both sides": (written(changed(4, Debit="240,00", Credit="120,00")), 4, "Credit", "two_sides"),
    "an account of letters": (written(changed(5, CompteNum="70A000")), 5, "CompteNum", "account"),
    "a currency in words": (
        written(changed(4, Montantdevise="130,00", Idevise="dollars")),
        4,
        "Idevise",
        "currency",
    ),
    "two encodings": (
        written(GOOD[:4]) + written([GOOD[4].replace("Maison", "Été")], encoding="iso-8859-15") + written(GOOD[5:]),
        5,
        "",
        "encoding",
    ),
    "a control sign": (written(changed(4, EcritureLib="a\x07b")), 4, "EcritureLib", "control"),
}
# sides instead of debit and credit are in the text of the law, and unknown to the outside checker

# not refused: what an inspector asks about
WARNED: dict[str, tuple[bytes, int, str, str]] = {
    "a byte order mark": (b"\xef\xbb\xbf" + written(GOOD), 1, "", "mark"),
    "line ends of Unix": (written(GOOD, end="\n"), 0, "", "endings"),
    "a negative amount": (
        written(changed(4, Debit="0,00", Credit="-120,00")),
        4,
        "Credit",
        "negative",
    ),
    "letters that do not settle": (written(changed(4, EcritureLet="AB")), 4, "EcritureLet", "letter"),
    "two labels of an account": (written(changed(7, CompteLib="Ma banque")), 7, "CompteLib", "label"),
    "an opening at the end": (written([GOOD[0], *GOOD[3:], *GOOD[1:3]]), 7, "JournalCode", "opening"),
    "days that go back": (written([*GOOD[:3], *GOOD[6:], *GOOD[3:6]]), 6, "EcritureDate", "order"),
    "scattered lines": (written([*GOOD[:4], *GOOD[5:], GOOD[4]]), 8, "EcritureNum", "scattered"),
    "validated before its day": (written(changed(4, ValidDate="20260309")), 4, "ValidDate", "validated_before"),
    "a third party on a sale": (
        written(changed(5, CompAuxNum="41", CompAuxLib="Maison Lumière")),
        5,
        "CompAuxNum",
        "third_party",
    ),
    "classes 6 and 7 closed": (
        written(
            [
                *GOOD,
                _CLOSED.format("706000\tPrestations de services", "100,00\t0,00"),
                _CLOSED.format("120000\tRésultat", "0,00\t100,00"),
            ]
        ),
        9,
        "",
        "result",
    ),
}
