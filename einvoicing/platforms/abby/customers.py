"""Which of Abby's customers is the buyer of an invoice: by SIRET, SIREN or VAT number, an e-mail, else the name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from einvoicing import document as model
from einvoicing.platforms.abby import payloads


def is_company(buyer: model.Party) -> bool:
    return bool(buyer.siren or buyer.siret or buyer.vat_number)


def search_terms(buyer: model.Party) -> list[str]:
    """What to search its lists for, the most precise first."""
    return [term for term in (buyer.siret, *payloads.emails(buyer)[:1], buyer.name) if term]


def is_same(row: Mapping[str, Any], buyer: model.Party) -> bool:
    return _is_same_company(row, buyer) if is_company(buyer) else _is_same_person(row, buyer)


def ids_in(customer: object) -> set[str]:
    """The names Abby gives a customer in a billing document: as itself, as an organization or as a contact."""
    if not isinstance(customer, dict):
        return set()
    return {str(customer[name]) for name in ("id", "legacyId", "organizationId", "contactId") if customer.get(name)}


def _is_same_company(row: Mapping[str, Any], buyer: model.Party) -> bool:
    siret = str(row.get("siret") or "").replace(" ", "")
    if buyer.siret and siret:
        return siret == buyer.siret
    if buyer.siren and siret:
        return siret.startswith(buyer.siren)
    if buyer.vat_number and row.get("vatNumber"):
        return str(row["vatNumber"]).replace(" ", "") == buyer.vat_number
    return str(row.get("name") or "").casefold() == buyer.name.casefold()


def _is_same_person(row: Mapping[str, Any], buyer: model.Party) -> bool:
    theirs = {str(email).casefold() for email in row.get("emails") or ()}
    ours = {email.casefold() for email in payloads.emails(buyer)}
    if theirs and ours:
        return bool(theirs & ours)
    return str(row.get("fullname") or "").casefold() == buyer.name.casefold()
