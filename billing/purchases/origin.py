"""Where a supplier is taxed: it decides who owes the VAT, and what the State is told."""

from __future__ import annotations

from customers.models import AddressKind, Customer
from customers.territories import DOMESTIC, FRANCE, MONACO

# the country of an address by the first two letters of a VAT number, where they differ
_OTHERWISE = {"EL": "GR", "XI": "GB"}


def country_of(supplier: Customer) -> str:
    """By its SIREN or its VAT number where it has one, else by its billing address; France where nothing says another.

    One query, or none where `addresses` is prefetched.
    """
    if supplier.siren or supplier.vat_number.startswith(FRANCE):
        return FRANCE
    if supplier.vat_number:
        return _OTHERWISE.get(supplier.vat_number[:2], supplier.vat_number[:2])
    billing = [address for address in supplier.addresses.all() if address.kind == AddressKind.BILLING]
    return billing[0].country if billing else FRANCE


def is_domestic(country: str) -> bool:
    """Whether VAT is that of France there: Monaco included (convention of 18 May 1963)."""
    return country in DOMESTIC or country == MONACO
