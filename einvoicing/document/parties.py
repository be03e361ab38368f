"""Who sells, buys, is paid and receives: BG-4 to BG-13."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from einvoicing.document.value import Identifier, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Address(Value):
    """BG-5, BG-8, BG-12, BG-15."""

    line_one: str = ""  # BT-35, BT-50, BT-64, BT-75
    line_two: str = ""  # BT-36, BT-51, BT-65, BT-76
    line_three: str = ""  # BT-162, BT-163, BT-164, BT-165
    postcode: str = ""  # BT-38, BT-53, BT-67, BT-78
    city: str = ""  # BT-37, BT-52, BT-66, BT-77
    subdivision: str = ""  # BT-39, BT-54, BT-68, BT-79
    country: str  # BT-40, BT-55, BT-69, BT-80, ISO 3166-1 alpha-2


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact(Value):
    """BG-6 of the seller, BG-9 of the buyer."""

    name: str = ""  # BT-41, BT-56
    phone: str = ""  # BT-42, BT-57
    email: str = ""  # BT-43, BT-58


@dataclass(frozen=True, slots=True, kw_only=True)
class Party(Value):
    """BG-4 the seller, BG-7 the buyer."""

    name: str  # BT-27, BT-44
    trade_name: str = ""  # BT-28, BT-45
    siren: str = ""  # BT-30, BT-47 with scheme 0002
    legal_identifier: Identifier | None = None  # BT-30, BT-47 of a party without SIREN (0223, 0227…)
    siret: str = ""  # BT-29, BT-46 with scheme 0009
    identifiers: tuple[Identifier, ...] = ()  # BT-29, BT-46 of other schemes (0224 routing code, 0231…)
    vat_number: str = ""  # BT-31, BT-48
    tax_number: str = ""  # BT-32, the seller only
    legal_information: str = ""  # BT-33, legal form and capital, the seller only
    electronic_address: str = ""  # BT-34, BT-49
    electronic_scheme: str = ""  # 0225 in the French directory, EM for e-mail
    address: Address | None = None  # BG-5, BG-8
    contact: Contact | None = None  # BG-6, BG-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Payee(Value):
    """BG-10, who is paid when it is not the seller."""

    name: str  # BT-59
    identifier: Identifier | None = None  # BT-60
    legal_identifier: Identifier | None = None  # BT-61


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxRepresentative(Value):
    """BG-11."""

    name: str  # BT-62
    vat_number: str  # BT-63
    address: Address | None = None  # BG-12


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery(Value):
    """BG-13."""

    date: date | None = None  # BT-72
    name: str = ""  # BT-70
    location: Identifier | None = None  # BT-71
    address: Address | None = None  # BG-15
