"""Identifiers of companies, accounts and payments, over python-stdnum.

A module for each, with the same four verbs: `compact` strips what people type between the groups, `validate`
returns the clean value or raises an InvalidIdentifier whose French sentence says what to do, `is_valid` answers
yes or no, `format` prints it as people read it.
"""

from __future__ import annotations

from config.kernel.identifiers import (
    bic,
    creditor_identifier,
    creditor_reference,
    electronic_address,
    iban,
    payment_reference,
    qr_reference,
    siren,
    siret,
    uid,
    vat,
)
from config.kernel.identifiers.errors import InvalidIdentifier

__all__ = [
    "InvalidIdentifier",
    "bic",
    "creditor_identifier",
    "creditor_reference",
    "electronic_address",
    "iban",
    "payment_reference",
    "qr_reference",
    "siren",
    "siret",
    "uid",
    "vat",
]
