"""What a reader should find on a drawn invoice, and whether it did."""

from __future__ import annotations

import re
import unicodedata
from decimal import Decimal
from typing import Any

from tests.einvoicing.reception.drawn.facts import FORMS, Facts


def truth(facts: Facts) -> dict[str, Any]:
    """Every field; None for what the page does not show."""
    shown = facts.printed
    return {
        "number": facts.number,
        "kind": "credit_note" if facts.is_credit else "invoice",
        "date": facts.issued,
        "due_date": facts.due if "due" in shown else None,
        "supplier_name": facts.supplier.name,
        "supplier_siren": facts.supplier.siren,
        "supplier_vat": facts.supplier.vat if "vat_number" in shown else None,
        "iban": facts.supplier.iban if "iban" in shown else None,
        "net": facts.net,
        "vat": facts.vat,
        "gross": facts.gross,
        "currency": "EUR",
        "vat_rows": {(rate.normalize(), base, vat) for rate, base, vat in facts.rows},
        "order_reference": facts.order if "order" in shown else None,
    }


def is_right(name: str, expected: Any, found: Any) -> bool:
    """Names are compared without case, accents and legal form; everything else exactly."""
    if name == "vat_rows":
        return {(row.rate.normalize(), row.base, row.amount) for row in found or ()} == expected
    if name == "supplier_name":
        return found is not None and _core(found) == _core(expected)
    if isinstance(expected, Decimal):
        return found is not None and found == expected
    return found == expected


def _core(name: str) -> str:
    plain = unicodedata.normalize("NFD", name.lower())
    plain = "".join(character for character in plain if not unicodedata.combining(character))
    words = re.findall(r"[a-z0-9]+", plain)
    return "".join(word for word in words if word.upper() not in FORMS)
