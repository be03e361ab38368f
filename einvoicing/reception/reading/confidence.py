"""How likely it is that a field, and the whole reading, is right: counted on drawn documents whose truth is known.

`evidence` says what a value rests on (`extraction.found`); the share of right values for each was counted by
`tests/bench/documents` on layouts apart from those the rules were written with, and is written down here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

from einvoicing.reception.reading import gates as gate
from einvoicing.reception.reading.result import OCR, TEXT, XML

ENOUGH = 0.90  # what the automatic validation asks for
EXACT = 0.999  # the XML is the document: what remains is our own misreading
_ABSENT = {TEXT: 0.93, OCR: 0.85}
# (source, evidence) → share of values that were right
_SHARES = {
    (TEXT, "checked"): 0.99, (TEXT, "agreed"): 0.99, (TEXT, "labelled"): 0.97, (TEXT, "derived"): 0.9, (TEXT,
    "guessed"): 0.7,
    (OCR, "checked"): 0.98, (OCR, "agreed"): 0.98, (OCR, "labelled"): 0.94, (OCR, "derived"): 0.85, (OCR,
    "guessed"): 0.6,
}  # fmt: skip
# weights of the logistic model of the whole: see `whole`
_WEIGHTS = {TEXT: (1.2, 0.75, 1.0), OCR: (0.6, 0.75, 1.0)}


def of_field(source: str, evidence: str) -> float:
    if source == XML:
        return EXACT
    return _SHARES.get((source, evidence), _ABSENT[source])


def of_whole(source: str, fields: Mapping[str, float], gates: Mapping[str, bool | None]) -> float:
    """P(all fields right): a logistic function of the joint share of the fields and of the gates that hold."""
    if source == XML:
        return EXACT if False not in gates.values() else 0.5
    if gates.get(gate.SUMS) is False or gates.get(gate.SIREN_MATCHES_VAT) is False or gates.get(gate.VAT_ROWS) is False:
        return 0.05
    constant, joint, proven = _WEIGHTS[source]
    total = sum(math.log(min(max(share, 0.01), 0.999)) for share in fields.values())
    checks = sum(gates.get(name) is True for name in (gate.SUMS, gate.VAT_ROWS, gate.SIREN_MATCHES_VAT, gate.IBAN))
    odds = constant + joint * _logit(math.exp(total)) + proven * (checks - 2)
    if gates.get(gate.COMPLETE) is not True:
        odds -= 2
    return round(1 / (1 + math.exp(-odds)), 4)


def _logit(share: float) -> float:
    share = min(max(share, 0.001), 0.999)
    return math.log(share / (1 - share))
