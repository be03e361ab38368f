"""The field of the API where a broken rule is mended: by its business term, else its name, else its place."""

from __future__ import annotations

import re

COMPANY, CUSTOMER, ITEMS, DELIVERY = "company", "customer", "items", "delivery_address"
SELLER = frozenset({*range(27, 44), 81, 84, 86, *range(159, 160)})
BUYER = frozenset({*range(44, 59), 163})
SELLER_GROUPS = frozenset({4, 5, 6, 16, 17})
BUYER_GROUPS = frozenset({7, 8, 9})
DELIVERY_GROUPS = frozenset({13, 15})
LINES = range(126, 162)
# terms of the draft's own form
DRAFT = {
    9: "due_date",
    10: "service_code",
    12: "contract_reference",
    13: "purchase_order",
    22: "notes",
    72: "supply_date",
}
_TERMS = {
    **DRAFT, 3: "kind", 20: "due_date", 21: "notes", 25: "kind", 26: "kind", **dict.fromkeys(range(70, 72), DELIVERY),
    **dict.fromkeys(range(73, 81), DELIVERY),
}  # fmt: skip
_TERM = re.compile(r"B([TG])-(\d+)")
# rules whose term gives no field, or a wrong one; the first that fits
_RULES: tuple[tuple[str, str], ...] = (
    (r"BR-FR-0[56]\b", COMPANY),  # the mentions of recovery, penalties and discount are the company's
    (r"BR-FR-1[03]\b", COMPANY),
    (r"BR-FR-(1[12]|21)\b", CUSTOMER),
    (r"BR-(AE|IC|IG|IP|AF|AG)-0[2-4]", CUSTOMER),  # both VAT numbers: ours is checked before
    (r"BR-O-0[2-4]", COMPANY),
    (r"BR-[A-Z]+-0[2-4]", COMPANY),
    (r"BR-IC-11", "supply_date"),
    (r"BR-IC-12", DELIVERY),
    (r"BR-FR-CO-07", "due_date"),
    (r"BR-FR-CO-0[345]", "kind"),
    (r"BR-0[128]\b|BR-1[01]\b", ITEMS),
)
_PLACES: tuple[tuple[str, str], ...] = (
    (r"LineItem|InvoiceLine|CreditNoteLine", ITEMS),
    (r"Seller|AccountingSupplier|PaymentMeans|Payee", COMPANY),
    (r"Buyer(Trade)?Party|AccountingCustomer", CUSTOMER),
    (r"ShipTo|DeliveryLocation|DeliveryParty", DELIVERY),
    (r"ActualDelivery", "supply_date"),
    (r"PaymentTerms|DueDate", "due_date"),
    (r"IncludedNote|cbc:Note|/Note", "notes"),
)


def field_of(rule: str, term: str = "", location: str = "") -> str:
    """`company`, `customer`, or a field of the invoice's body; what follows from the lines is mended in `items`."""
    for pattern, field in _RULES:
        if re.match(pattern, rule):
            return field
    return _by_term(term) or next((field for place, field in _PLACES if re.search(place, location)), ITEMS)


def _by_term(term: str) -> str:
    found = _TERM.search(term)
    if not found:
        return ""
    is_group, number = found[1] == "G", int(found[2])
    if number in (SELLER_GROUPS if is_group else SELLER):
        return COMPANY
    if number in (BUYER_GROUPS if is_group else BUYER):
        return CUSTOMER
    if is_group:
        return DELIVERY if number in DELIVERY_GROUPS else ""
    return _TERMS.get(number, ITEMS if number in LINES else "")
