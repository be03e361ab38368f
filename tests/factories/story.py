"""Rows for tests, built through the services as the product builds them; every call makes fresh identifiers."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from stdnum.ch import uid

from billing.models import Invoice, InvoiceLine
from billing.services.crediting import CreditedPart
from billing.services.invoices import save_draft
from billing.services.issuing import issue_invoice
from billing.services.lines import LineInput
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.exchange import save_rate
from config.kernel.identifiers import vat
from config.kernel.models import Company
from config.kernel.scope import company_scope
from customers.models import Address, Customer, CustomerKind
from customers.services import ensure_terms, save_customer
from tests.factories.background import all_at_work

AT = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
ACTOR = Actor.system("story")
IBAN = "FR7630006000011234567890189"
SECOND_IBAN = "FR7630001007941234567890185"

_serial = itertools.count(1)


def _with_luhn_key(digits: str) -> str:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return digits + str(-total % 10)


def a_siren() -> str:
    return _with_luhn_key(f"7{next(_serial):07}")


def a_siret(siren: str) -> str:
    return _with_luhn_key(f"{siren}0001")


def a_company(**columns: Any) -> Company:
    """A company in Paris under the normal VAT regime, with its payment terms."""
    siren = a_siren()
    defaults: dict[str, Any] = {
        "name": "Atelier Verone",
        "legal_form": "SAS",
        "share_capital": "50 000 €",
        "siren": siren,
        "siret": a_siret(siren),
        "vat_number": vat.from_siren(siren),
        "rcs_city": "Paris",
        "address_line": "12 rue des Martyrs",
        "postcode": "75009",
        "city": "Paris",
        "email": "facturation@verone.example",
        "phone": "01 42 00 00 00",
        "electronic_address": siren,
        "iban": IBAN,
        "bic": "AGRIFRPP",
    }
    all_at_work()
    company = Company.objects.create(**{**defaults, **columns})
    with company_scope(company):
        ensure_terms(company.pk)
    return company


def a_swiss_company(**columns: Any) -> Company:
    """A company in Lausanne that owes Swiss VAT, founded with its IDE, a QR-IBAN and its terms."""
    from config.rehearsal.founding import found_company  # not for those who test what is installed in production

    digits = f"{100_000_00 + next(_serial):08}"
    number = f"CHE{digits}{uid.calc_check_digit(digits)}"
    while not uid.is_valid(number):  # one of eleven numbers has no key
        digits = f"{100_000_00 + next(_serial):08}"
        number = f"CHE{digits}{uid.calc_check_digit(digits)}"
    values = {
        "name": "Horlogerie du Léman",
        "legal_form": "SA",
        "uid": number,
        "address_line": "Rue du Lac 12",
        "postcode": "1003",
        "city": "Lausanne",
        "email": "factures@leman.example",
        "iban": "CH4431999123000889012",
    }
    all_at_work()
    return found_company(values=values | columns, people={})


LYON = {"line": "2 avenue Foch", "postcode": "69006", "city": "Lyon"}


def a_customer(
    company: Company, *, address: dict[str, str] | None = None, delivery: dict[str, str] | None = None, **values: Any
) -> Customer:
    """An organisation in Lyon, or whatever `values` and `address` say."""
    individual = values.get("kind") == CustomerKind.INDIVIDUAL
    defaults: dict[str, Any] = {"kind": CustomerKind.ORGANISATION, "email": "compta@client.example"}
    if individual:
        defaults |= {"first_name": "Ada", "last_name": "Lovelace"}
    else:
        defaults |= {"name": "Maison Lumière", "siret": a_siret(a_siren())}
    with company_scope(company):
        terms = ensure_terms(company.pk)
        customer = save_customer(
            customer=None,
            company_id=company.pk,
            values={"terms": terms, **defaults, **values},
            address=LYON | (address or {}),
            actor=ACTOR,
            at=AT,
        )
        if delivery:
            Address.objects.create(company=company, customer=customer, kind="DELIVERY", **delivery)
    return customer


def a_line(description: str = "Chaise Bistrot", **values: Any) -> LineInput:
    defaults: dict[str, Any] = {"quantity": Decimal(10), "unit_price": Decimal("120.00")}
    return LineInput(description=description, **{**defaults, **values})


def a_draft(customer: Customer, lines: Sequence[LineInput] = (), **values: Any) -> Invoice:
    with company_scope(customer.company_id):
        return save_draft(invoice=None, customer=customer, values=values, lines=lines or [a_line()], actor=ACTOR, at=AT)


def a_return(invoice: Invoice, quantity: int | str, *, position: int = 1) -> list[CreditedPart]:
    """What a credit note takes back: a quantity of a line."""
    line = InvoiceLine.everywhere.get(invoice=invoice, position=position)
    return [CreditedPart(line=line, quantity=Decimal(quantity))]


def an_issued_invoice(
    customer: Customer, lines: Sequence[LineInput] = (), *, at: datetime = AT, **values: Any
) -> Invoice:
    with company_scope(customer.company_id):
        if values.get("currency", "EUR") != "EUR":
            a_rate(customer.company, values["currency"], at)
        return issue_invoice(invoice=a_draft(customer, lines, **values), actor=ACTOR, at=at)


def a_rate(company: Company, currency: str, at: datetime = AT, rate: str = "1.25") -> None:
    """One euro is so much of the currency on the day."""
    given = {"base": "EUR", "currency": currency, "day": local_day(at), "rate": Decimal(rate), "source": "BCE"}
    save_rate(company=company, actor=ACTOR, at=at, **given)
