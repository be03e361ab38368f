"""How likely it is that a field, and the whole reading, is right.

`evidence` says what a value rests on (`extraction.found`). The shares are those of drawn documents whose truth is
known, of seeds that no rule was written with, rounded down; tests/bench/test_reading.py compares them with what it
counts. The whole is the product over groups of fields that are right or wrong together.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from einvoicing.reception.reading import gates as gate
from einvoicing.reception.reading.result import OCR, TEXT, XML

ENOUGH = 0.90  # what the automatic validation asks for
EXACT = 0.999  # the XML is the document: what remains is our own misreading
_SHARES = {
    TEXT: {
        "checked": 0.997,
        "agreed": 0.995,
        "labelled": 0.993,
        "anchored": 0.99,
        "absent": 0.99,
        "derived": 0.9,
        "guessed": 0.8,
    },
    OCR: {
        "checked": 0.995,
        "agreed": 0.993,
        "labelled": 0.988,
        "anchored": 0.985,
        "absent": 0.985,
        "derived": 0.85,
        "guessed": 0.7,
    },
}
_TOGETHER = (
    ("number",), ("kind",), ("date",), ("due_date",), ("supplier_name",), ("supplier_siren", "supplier_vat"), ("iban",),
    ("net", "vat", "gross", "vat_rows"), ("order_reference",),
)  # fmt: skip
_WRONG, _INCOMPLETE = 0.05, 0.3  # what a check that fails, or a datum that is missing, leaves


PERSON = "person"  # who has the document before her eyes


def of_field(source: str, evidence: str) -> float:
    return EXACT if source == XML or evidence == PERSON else _SHARES[source][evidence]


def of_whole(source: str, fields: Mapping[str, float], gates: Mapping[str, bool | None]) -> float:
    """P(all fields right)."""
    if source == XML:
        return EXACT if False not in gates.values() else 0.5
    share = prod(min(fields[name] for name in names) for names in _TOGETHER)
    if any(holds is False for name, holds in gates.items() if name != gate.COMPLETE):
        share *= _WRONG
    elif gates.get(gate.COMPLETE) is not True or gates.get(gate.SUMS) is not True:
        share *= _INCOMPLETE
    return round(share, 4)
