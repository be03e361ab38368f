"""What issuing copies: the seller, the buyer and the mentions as they are that day (ann. II 242 nonies A, L441-9)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from billing.models import Invoice
from config.kernel.errors import Invalid
from config.kernel.models import Company, VatRegime
from customers.models import Address, AddressKind, Customer


class NoBillingAddress(Invalid):
    code = "no_billing_address"
    message = "Ce client n’a pas d’adresse de facturation. Complétez sa fiche avant d’émettre."


def _address(row: Address) -> dict[str, str]:
    return {name: getattr(row, name) for name in ("line", "extra", "postcode", "city", "country")}


def seller(company: Company) -> dict[str, Any]:
    """The issuer as documents print it and as BG-4 carries it."""
    return {
        "name": company.name,
        "legal_form": company.legal_form,
        "share_capital": company.share_capital,
        "siren": company.siren,
        "siret": company.siret,
        "uid": company.uid,
        "vat_number": company.vat_number,
        "rcs_city": company.rcs_city,
        "address": {
            "line": company.address_line,
            "extra": company.address_extra,
            "postcode": company.postcode,
            "city": company.city,
            "country": company.country,
        },
        "email": company.email,
        "phone": company.phone,
        "electronic_address": company.electronic_address,
        "iban": company.iban,
        "bic": company.bic,
        "accent_color": company.accent_color,
        **_look(company),
    }


def _look(company: Company) -> dict[str, str]:
    """How its documents are drawn, each where it was chosen: others keep the bytes that they always had."""
    chosen = {
        "title_color": company.title_color,
        "footer": company.footer,
        "logo": company.logo.sha256 if company.logo else "",
    }
    return {name: value for name, value in chosen.items() if value}


def addresses_of(customers: Iterable[Customer]) -> dict[int, dict[str, Address]]:
    """The addresses of each customer by their kind. One query."""
    found: dict[int, dict[str, Address]] = {customer.pk: {} for customer in customers}
    for row in Address.everywhere.filter(customer__in=found):
        found[row.customer_id][row.kind] = row
    return found


def buyer(
    customer: Customer, delivery: Mapping[str, str] | None = None, *, addresses: Mapping[str, Address] | None = None
) -> dict[str, Any]:
    """The customer as documents print it and as BG-7 carries it. Raises NoBillingAddress.

    `delivery`: the address of the document itself, before the customer's (ann. II 242 nonies A, decree 2022-1299).
    `addresses`: the customer's, where they were read already.
    """
    if addresses is None:
        addresses = addresses_of([customer])[customer.pk]
    billing = addresses.get(AddressKind.BILLING)
    if billing is None:
        raise NoBillingAddress
    usual = addresses.get(AddressKind.DELIVERY)
    return {
        "kind": customer.kind,
        "name": customer.name,
        "siren": customer.siren,
        "siret": customer.siret,
        "vat_number": customer.vat_number,
        "electronic_address": customer.electronic_address,
        "is_public_body": customer.is_public_body,
        "email": customer.email,
        "address": _address(billing),
        "delivery_address": dict(delivery) if delivery else (_address(usual) if usual else None),
    }


NATURES = {
    "B": "Livraison de biens",
    "S": "Prestation de services",
    "M": "Livraison de biens et prestation de services",
}


def mentions(invoice: Invoice, company: Company) -> dict[str, Any]:
    """The mandatory sentences, each under its note subject code (BT-21: PMT, PMD, AAB), and the nature of operation.

    The 40 € indemnity and the statutory penalties concern professionals only (art. L441-10 C. com.): the structured
    notes stay (BR-FR-05 wants all three on every invoice) and say so to an individual.
    """
    nature = invoice.operation_nature
    individual = invoice.customer.is_individual
    return {
        "PMT": "Sans objet : client particulier." if individual else company.recovery_mention,
        "PMD": "Sans objet : client particulier." if individual else company.late_penalty_mention,
        "AAB": company.discount_mention,
        "nature": nature,
        "nature_label": NATURES[nature],
        # Swiss VAT falls due on what was agreed or on what was received: no French option, and nothing to print
        "vat_on_debits": company.vat_on_debits and not company.is_swiss,
        "franchise": company.vat_regime == VatRegime.FRANCHISE,
        **({"extra": company.extra_mentions} if company.extra_mentions else {}),
    }
