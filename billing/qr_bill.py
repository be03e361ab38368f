"""The Swiss QR-bill: what its code says and its payment part prints (SIX, Implementation Guidelines QR-bill 2.3).

The payee's account is Swiss or of Liechtenstein, the currency francs or euros, and addresses are structured (type S):
the combined ones (type K) are refused by banks since 22 November 2025. A QR-IBAN goes with a QR reference (QRR), any
other IBAN with an ISO 11649 one (SCOR). The library `qrbill` holds what the standard refuses; the part is drawn here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import segno
from django.utils.safestring import SafeString, mark_safe
from qrbill import QRBill
from qrbill.bill import LABELS, format_ref_number
from stdnum import iban as stdnum_iban

from billing.models import Invoice
from config.kernel.identifiers import iban

CURRENCIES = frozenset({"CHF", "EUR"})
LARGEST = Decimal("999999999.99")
LANGUAGES = frozenset({"fr", "de", "it", "en"})
LONGEST = {"name": 70, "street": 70, "house_num": 16, "pcode": 16, "city": 35}
# Basic Latin, Latin-1, Latin Extended-A, and four Romanian letters and the euro: nothing else may stand in the code
ALLOWED = re.compile(r"[\u0020-\u007e\u00a0-\u017f\u0218-\u021b\u20ac]")
TYPOGRAPHY = str.maketrans({"’": "'", "‘": "'", "“": '"', "”": '"', "–": "-", "—": "-", "…": "...", "\u202f": " "})
# 12 bis, rue du Lac · Rue du Lac 12B · Bahnhofstrasse 7/3
_NUMBER = r"\d{1,5}(?:\s?(?:bis|ter|quater)\b|\s?[A-Za-z](?![A-Za-z]))?(?:[/-]\d{1,4}[A-Za-z]?)?"
_NUMBER_FIRST = re.compile(rf"({_NUMBER}),?\s+(\D.*)", re.IGNORECASE)
_NUMBER_LAST = re.compile(rf"(\D.*?),?\s+({_NUMBER})", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class QrBill:
    """What the payment part prints; `payload` is what its code says."""

    payload: str
    account: str
    creditor: tuple[str, ...]  # name, street, place
    debtor: tuple[str, ...]  # empty: a field is left for the payer to write in
    reference: str
    message: str
    currency: str
    amount: str
    labels: Mapping[str, str]

    @property
    def code(self) -> SafeString:
        """The QR code as an SVG, correction M as the standard wants; its cross is drawn over it by the page."""
        code = segno.make(self.payload, error="m", boost_error=False, encoding="utf-8", micro=False)
        return mark_safe(code.svg_inline(border=0, omitsize=True, lineclass=None))


def is_swiss(invoice: Invoice) -> bool:
    """Whether its payee has an account that a QR-bill may name."""
    return iban.is_swiss(invoice.seller.get("iban", ""))


def qr_bill(invoice: Invoice, amount: Decimal | None = None, *, language: str = "fr") -> QrBill | None:
    """The QR-bill of an issued invoice, for `amount` or what it asks for; None when it cannot be one.

    None for a draft or a credit note, an account elsewhere, another currency, an amount that the standard does not
    write, a payee whose address is not whole, or a reference of the other kind than the account takes.
    """
    wanted = invoice.payable if amount is None else amount
    if invoice.is_draft or invoice.is_credit_note or not is_swiss(invoice):
        return None
    if invoice.currency not in CURRENCIES or not 0 < wanted <= LARGEST:
        return None
    creditor = _party(invoice.seller)
    if creditor is None:
        return None
    try:
        bill = QRBill(
            account=invoice.seller["iban"],
            creditor=creditor,
            debtor=_party(invoice.buyer),
            amount=f"{wanted:.2f}",
            currency=invoice.currency,
            reference_number=invoice.payment_reference,
            additional_information=f"{_WORDS[language]['invoice']} {invoice.number}",
            language=language,
        )
    except ValueError:
        return None
    return QrBill(
        payload=bill.qr_data(),
        account=stdnum_iban.format(bill.account),
        creditor=_printed(bill.creditor),
        debtor=_printed(bill.debtor) if bill.debtor else (),
        reference=format_ref_number(bill),
        message=bill.additional_information,
        currency=bill.currency,
        amount=f"{wanted:,.2f}".replace(",", " "),
        labels={name: bill.label(label) for name, label in _LABELS.items()} | _WORDS[language],
    )


# the headings by which the template asks, and the ones of annex D of the guidelines
_LABELS = {
    "receipt": "Receipt",
    "payment_part": "Payment part",
    "account": "Account / Payable to",
    "reference": "Reference",
    "message": "Additional information",
    "payable_by": "Payable by",
    "payable_by_blank": "Payable by (name/address)",
    "currency": "Currency",
    "amount": "Amount",
    "acceptance_point": "Acceptance point",
    "separate": "Separate before paying in",
}
_WORDS = {
    "fr": {"invoice": "Facture"},
    "de": {"invoice": "Rechnung"},
    "it": {"invoice": "Fattura"},
    "en": {"invoice": "Invoice"},
}
assert set(_LABELS.values()) <= set(LABELS)  # noqa: S101 – the library's own headings


def _party(frozen: Mapping[str, Any]) -> dict[str, str] | None:
    """A frozen seller or buyer as a structured address, cut where the standard has no room; None when it is none."""
    address = frozen.get("address") or {}
    street, house_number = split_street(_latin(address.get("line", "")))
    found = {
        "name": _latin(frozen.get("name", "")),
        "street": street,
        "house_num": house_number,
        "pcode": _latin(address.get("postcode", "")),
        "city": _latin(address.get("city", "")),
    }
    if not (found["name"] and found["pcode"] and found["city"]):
        return None
    cut = {name: text[: LONGEST[name]].strip() for name, text in found.items()}
    return {**cut, "country": address.get("country", "")}


def split_street(line: str) -> tuple[str, str]:
    """Street and house number of one line, as French and as Swiss people write it; all is the street where in doubt.

    >>> split_street("12 bis, rue des Martyrs")
    ('rue des Martyrs', '12 bis')
    >>> split_street("Bahnhofstrasse 7A")
    ('Bahnhofstrasse', '7A')
    """
    first, last = _NUMBER_FIRST.fullmatch(line), _NUMBER_LAST.fullmatch(line)
    if first:
        return first[2], first[1]
    return (last[1], last[2]) if last else (line, "")


def _latin(text: str) -> str:
    """The text in the signs that the standard has, on one line; '' where a letter has no such form."""
    signs = []
    for sign in " ".join(text.translate(TYPOGRAPHY).split()):
        plain = sign if ALLOWED.fullmatch(sign) else unicodedata.normalize("NFKD", sign)
        plain = "".join(part for part in plain if not unicodedata.combining(part)) if plain != sign else plain
        if not all(ALLOWED.fullmatch(part) for part in plain):
            return ""
        signs.append(plain)
    return "".join(signs)


def _printed(address: Any) -> tuple[str, ...]:
    """The lines of an address; that of another country bears its code."""
    street = f"{address.street} {address.house_num}".strip()
    place = f"{address.pcode} {address.city}"
    return tuple(
        line
        for line in (address.name, street, place if address.country == "CH" else f"{address.country}-{place}")
        if line
    )
