"""The third parties of a FEC (LPF A47 A-1): who stands on the accounts 411 (customers) and 401, 404 (suppliers).

Their balances come by « À-nouveaux », from the same file, once they are known here.
"""

from __future__ import annotations

from config.kernel.importing.tables import Row, Table, UnreadableTable
from config.kernel.workbooks import encoding_of

HEADS = ("comptenum", "compauxnum", "compauxlib")
CUSTOMER, SUPPLIER, BOTH = "client", "fournisseur", "client et fournisseur"
SIDES = {"411": CUSTOMER, "401": SUPPLIER, "404": SUPPLIER}


def read_fec(data: bytes) -> Table | None:
    """One row for each, on the line where it first stands; None for a file that is no FEC. Raises UnreadableTable."""
    first = data[:2_000].split(b"\n", 1)[0].lower()
    if b"journalcode" not in first or any(head.encode() not in first for head in HEADS):
        return None
    lines = data.decode(encoding_of(data), "replace").lstrip("\ufeff").splitlines()
    separator = "\t" if "\t" in lines[0] else "|"
    heads = [head.strip().lower() for head in lines[0].split(separator)]
    account, number, name = (heads.index(head) for head in HEADS)
    found: dict[str, tuple[int, str, str]] = {}
    for line, text in enumerate(lines[1:], start=2):
        cells = text.split(separator)
        if not text.strip():
            continue
        if len(cells) < len(heads):
            raise UnreadableTable("Ligne %(line)s : il manque des champs à cette ligne du FEC.", line=line)
        side = SIDES.get(cells[account].strip()[:3])
        if side and cells[number].strip():
            called = cells[name].strip() or cells[number].strip()
            known = found.get(called)
            found[called] = (known[0], called, side if known[2] == side else BOTH) if known else (line, called, side)
    rows: list[Row] = [(line, [called, side]) for line, called, side in sorted(found.values())]
    return Table([(1, ["Raison sociale", "Rôle"]), *rows])
