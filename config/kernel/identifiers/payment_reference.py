"""What a payer quotes: the QR reference where the account is a Swiss QR-IBAN, everywhere else ISO 11649 (RF)."""

from __future__ import annotations

from config.kernel.identifiers import creditor_reference, iban, qr_reference


def generate(number: str, account: str) -> str:
    """The reference of an invoice number, of the kind that the IBAN takes.

    >>> generate("F20260042", "FR7630006000011234567890189")
    'RF69F20260042'
    """
    return qr_reference.generate(number) if iban.is_qr(account) else creditor_reference.generate(number)


def format(value: str) -> str:  # noqa: A001 – as stdnum names it
    """As people read it: '' stays ''."""
    return (qr_reference if value.isdigit() else creditor_reference).format(value) if value else ""
