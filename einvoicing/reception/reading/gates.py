"""The checks that tell a right reading from a wrong one: sums and keys. An engine's own score does not.

The names are stable: they stand in the JSON of `read_document` and in the inbox. True holds, False does not, None
cannot be told: there is nothing to check, or it takes the database, which is asked where the document is received.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from stdnum import iban as stdnum_iban

from config.kernel.identifiers import siren as siren_number
from config.kernel.identifiers import vat as vat_number
from einvoicing.reception.reading.amounts import binds
from einvoicing.reception.reading.result import VatRow

COMPLETE = "complete"  # number, date, supplier's SIREN or VAT number, net, VAT, gross and currency are there
SUMS = "sums"  # net + VAT = gross, to the cent
VAT_ROWS = "vat_rows"  # each base × rate = its VAT, and the rows add up to net and VAT
SIREN = "siren"  # the Luhn key of the supplier's SIREN
VAT_NUMBER = "vat_number"  # the key of its VAT number
SIREN_MATCHES_VAT = "siren_matches_vat"  # the French VAT number holds the SIREN
IBAN = "iban"  # the mod 97 key
DATES = "dates"  # due on or after the day of the invoice, neither absurd
PICTURE_MATCHES_XML = "picture_matches_xml"  # the page says the amount, the account and the days of its XML
ENGINES_AGREE = "engines_agree"  # a second engine read the same amounts, where one was asked
WHOLE = "whole"  # every page was read
# what only the company's own books can tell
KNOWN_SUPPLIER = "known_supplier"
NOT_DUPLICATE = "not_duplicate"
IBAN_UNCHANGED = "iban_unchanged"
PAYEE_IS_SUPPLIER = "payee_is_supplier"
USUAL_AMOUNT = "usual_amount"

WITH_DATABASE = (KNOWN_SUPPLIER, NOT_DUPLICATE, IBAN_UNCHANGED, PAYEE_IS_SUPPLIER, USUAL_AMOUNT)
NAMES = (
    COMPLETE, SUMS, VAT_ROWS, SIREN, VAT_NUMBER, SIREN_MATCHES_VAT, IBAN, DATES, PICTURE_MATCHES_XML, ENGINES_AGREE,
    WHOLE,
    *WITH_DATABASE,
)  # fmt: skip
NEEDED = ("number", "date", "net", "vat", "gross", "currency")
LONGEST_TERM = 400  # days


def judge(values: Mapping[str, Any]) -> dict[str, bool | None]:
    """Every gate that values alone can tell, the others None."""
    gates: dict[str, bool | None] = dict.fromkeys(NAMES)
    identified = bool(values.get("supplier_siren") or values.get("supplier_vat"))
    gates[COMPLETE] = identified and all(values.get(name) is not None for name in NEEDED)
    gates[SUMS] = _sums(values)
    gates[VAT_ROWS] = _rows(values)
    siren, vat, iban = (values.get(name) for name in ("supplier_siren", "supplier_vat", "iban"))
    gates[SIREN] = siren_number.is_valid(siren) if siren else None
    gates[VAT_NUMBER] = vat_number.is_valid(vat) if vat else None
    gates[SIREN_MATCHES_VAT] = vat[4:] == siren if siren and vat and vat.startswith("FR") else None
    gates[IBAN] = bool(stdnum_iban.is_valid(iban)) if iban else None
    gates[DATES] = _dates(values)
    return gates


def _sums(values: Mapping[str, Any]) -> bool | None:
    net, vat, gross = (values.get(name) for name in ("net", "vat", "gross"))
    return None if net is None or vat is None or gross is None else net + vat == gross


def _rows(values: Mapping[str, Any]) -> bool | None:
    rows: tuple[VatRow, ...] = values.get("vat_rows") or ()
    if not rows:
        return None
    zero = Decimal(0)
    return (
        all(binds(row.rate, abs(row.base), abs(row.amount)) for row in rows)
        and sum((row.base for row in rows), zero) == values.get("net")
        and sum((row.amount for row in rows), zero) == values.get("vat")
    )


def _dates(values: Mapping[str, Any]) -> bool | None:
    issued, due = values.get("date"), values.get("due_date")
    if issued is None:
        return None
    return 2000 <= issued.year < 2100 and (due is None or 0 <= (due - issued).days <= LONGEST_TERM)


def hold(gates: Mapping[str, bool | None]) -> bool:
    """Whether nothing that could be checked is wrong, and the arithmetic was checked."""
    return gates.get(COMPLETE) is True and gates.get(SUMS) is True and False not in gates.values()
