"""One-click fixes of the pre-flight, where what to write is certain: by law, by arithmetic, by the directory.

Each writes through the service that owns the row, which audits it; nothing is issued. A fix is offered only when its
rule is broken and its value is known (`is_certain`); everything else stays for a person to type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from billing.models import Invoice, InvoiceLine
from billing.services.invoices import inputs_of, save_draft
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError
from config.kernel.identifiers import electronic_address, siren, vat
from config.kernel.models import Company
from config.kernel.services import change_company
from customers.exemptions import default_code
from customers.models import Address, AddressKind, Customer
from customers.services import save_customer
from einvoicing.platforms.afnor.directory import ENABLED
from einvoicing.services.directory import look_up

MENTIONS = ("late_penalty_mention", "recovery_mention", "discount_mention")


class SeveralAddresses(DomainError):
    code = "several_addresses"
    message = "L’annuaire donne plusieurs adresses à ce client : choisissez la bonne sur sa fiche."


class NotCertain(DomainError):
    code = "not_certain"
    message = "Cette correction n’est plus certaine : ouvrez la fiche et complétez-la."


@dataclass(frozen=True, slots=True)
class Fix:
    """A button: which broken rules it mends, who may press it, when its value is certain, and what it writes."""

    code: str
    label: Any
    needs: str
    rules: tuple[str, ...]
    is_certain: Callable[[Invoice], bool]
    write: Callable[[Invoice, Actor, datetime], None]


def fix_for(rule: str, invoice: Invoice) -> Fix | None:
    """The fix of a broken rule of a draft, when there is a certain one."""
    if not invoice.is_draft:
        return None
    return next((fix for fix in FIXES if rule.startswith(fix.rules) and fix.is_certain(invoice)), None)


def apply_fix(*, code: str, invoice: Invoice, actor: Actor, at: datetime) -> None:
    """Write what the fix says. Raises NotCertain when it no longer is, and what the service it calls refuses."""
    fix = BY_CODE.get(code)
    if fix is None or not invoice.is_draft or not fix.is_certain(invoice):
        raise NotCertain
    fix.write(invoice, actor, at)


# -- the buyer ---------------------------------------------------------------------------------------------------------


def _write_customer(customer: Customer, values: Mapping[str, Any], actor: Actor, at: datetime) -> None:
    """The customer as it is but for `values`."""
    names = (
        "kind",
        "name",
        "first_name",
        "last_name",
        "siren",
        "siret",
        "vat_number",
        "electronic_address",
        "is_public_body",
        "service_code",
        "requires_service_code",
        "requires_commitment",
    )
    billing = Address.objects.get(customer=customer, kind=AddressKind.BILLING)
    address = {name: getattr(billing, name) for name in ("line", "extra", "postcode", "city", "country")}
    known = {name: getattr(customer, name) for name in names}
    save_customer(
        customer=customer,
        company_id=customer.company_id,
        values=known | dict(values),
        address=address,
        actor=actor,
        at=at,
    )


def _lacks_address(invoice: Invoice) -> bool:
    buyer = invoice.customer
    known = electronic_address.is_valid(buyer.electronic_address, siren=buyer.siren)
    return not buyer.is_individual and siren.is_valid(buyer.siren) and not known and _has_billing_address(buyer)


def _write_address(invoice: Invoice, actor: Actor, at: datetime) -> None:
    """The one active address the directory gives; the usual one of its SIREN where the directory cannot be asked."""
    buyer = invoice.customer
    found = look_up(company=invoice.company, siren=buyer.siren, siret=buyer.siret, at=at)
    lines = {line.addressing_identifier for line in found.lines if line.status == ENABLED}
    if len(lines) > 1:
        raise SeveralAddresses
    _write_customer(buyer, {"electronic_address": next(iter(lines), "")}, actor, at)


def _siren_is_in_vat(invoice: Invoice) -> bool:
    buyer = invoice.customer
    number = buyer.vat_number
    known = number.startswith("FR") and vat.is_valid(number) and siren.is_valid(number[4:])
    return not buyer.siren and known and _has_billing_address(buyer)


def _write_siren(invoice: Invoice, actor: Actor, at: datetime) -> None:
    _write_customer(invoice.customer, {"siren": invoice.customer.vat_number[4:]}, actor, at)


def _lacks_vat_number(invoice: Invoice) -> bool:
    buyer = invoice.customer
    return not buyer.vat_number and siren.is_valid(buyer.siren) and _has_billing_address(buyer)


def _write_vat_number(invoice: Invoice, actor: Actor, at: datetime) -> None:
    _write_customer(invoice.customer, {"vat_number": vat.from_siren(invoice.customer.siren)}, actor, at)


def _has_billing_address(customer: Customer) -> bool:
    return Address.objects.filter(customer=customer, kind=AddressKind.BILLING).exists()


# -- the company -------------------------------------------------------------------------------------------------------


def _legal_mentions(company: Company) -> dict[str, Any]:
    """The legal text of each mandatory mention that is empty (C. com. L441-9, L441-10)."""
    legal = Company()  # its columns have the legal texts by default
    texts = {name: getattr(legal, name) for name in MENTIONS}
    return {name: text for name, text in texts.items() if not getattr(company, name).strip()}


def _own_address(company: Company) -> dict[str, Any]:
    known = electronic_address.is_valid(company.electronic_address, siren=company.siren)
    return {} if known or not siren.is_valid(company.siren) else {"electronic_address": company.siren}


def _own_vat_number(company: Company) -> dict[str, Any]:
    known = bool(company.vat_number) or not siren.is_valid(company.siren)
    return {} if known else {"vat_number": vat.from_siren(company.siren)}


def _of_company(values: Callable[[Company], dict[str, Any]]) -> dict[str, Any]:
    """`is_certain` and `write` of a fix of the company's own columns."""

    def write(invoice: Invoice, actor: Actor, at: datetime) -> None:
        change_company(company=invoice.company, values=values(invoice.company), actor=actor, at=at)

    return {"is_certain": lambda invoice: bool(values(invoice.company)), "write": write}


# -- the draft ---------------------------------------------------------------------------------------------------------


def _terms_are_later(invoice: Invoice) -> bool:
    return invoice.due_date is not None and not invoice.is_credit_note


def _write_due_date(invoice: Invoice, actor: Actor, at: datetime) -> None:
    _save_again(invoice, {"due_date": invoice.customer.terms.due_date(local_day(at))}, actor, at)


def _codes_are_known(invoice: Invoice) -> bool:
    rows = InvoiceLine.objects.filter(invoice=invoice, exemption_code="").exclude(vat_category="S")
    categories = set(rows.values_list("vat_category", flat=True))
    return bool(categories) and all(map(default_code, categories))


def _write_codes(invoice: Invoice, actor: Actor, at: datetime) -> None:
    _save_again(invoice, {}, actor, at)


def _save_again(invoice: Invoice, values: Mapping[str, Any], actor: Actor, at: datetime) -> None:
    """The draft with its own lines: each takes the exemption code of its category again."""
    lines = inputs_of(list(InvoiceLine.objects.filter(invoice=invoice).order_by("position")))
    save_draft(invoice=invoice, customer=invoice.customer, values=values, lines=lines, actor=actor, at=at)


FIXES = (
    Fix(
        code="buyer-siren",
        label=_("Tirer le SIREN du n° de TVA"),
        needs="customers.edit",
        rules=("BR-FR-11",),
        is_certain=_siren_is_in_vat,
        write=_write_siren,
    ),
    Fix(
        code="buyer-address",
        label=_("Mettre l’adresse de l’annuaire"),
        needs="customers.edit",
        rules=("BR-FR-12", "BR-FR-21"),
        is_certain=_lacks_address,
        write=_write_address,
    ),
    Fix(
        code="buyer-vat",
        label=_("Calculer le n° de TVA du client"),
        needs="customers.edit",
        rules=("BR-AE-0", "BR-IC-0"),
        is_certain=_lacks_vat_number,
        write=_write_vat_number,
    ),
    Fix(
        code="mentions",
        label=_("Mettre les mentions légales"),
        needs="settings.edit",
        rules=("L441-9",),
        **_of_company(_legal_mentions),
    ),
    Fix(
        code="seller-address",
        label=_("Mettre l’adresse de la société"),
        needs="settings.edit",
        rules=("BR-FR-13",),
        **_of_company(_own_address),
    ),
    Fix(
        code="seller-vat",
        label=_("Calculer le n° de TVA de la société"),
        needs="settings.edit",
        rules=("242-NONIES-A",),
        **_of_company(_own_vat_number),
    ),
    Fix(
        code="due-date",
        label=_("Reprendre l’échéance du client"),
        needs="invoices.edit",
        rules=("BR-FR-CO-07",),
        is_certain=_terms_are_later,
        write=_write_due_date,
    ),
    Fix(
        code="exemption",
        label=_("Mettre le motif d’exonération"),
        needs="invoices.edit",
        rules=("BR-E-10", "BR-AE-10", "BR-IC-10", "BR-G-10", "BR-O-10"),
        is_certain=_codes_are_known,
        write=_write_codes,
    ),
)
BY_CODE = {fix.code: fix for fix in FIXES}
