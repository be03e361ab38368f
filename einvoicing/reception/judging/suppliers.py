"""Whose document it is: exactly by SIREN, VAT number or a confirmed IBAN; by its name only as a candidate."""

from __future__ import annotations

from collections.abc import Iterable

from billing.purchases.models import SupplierIban
from customers.models import Customer
from einvoicing.reception.judging.case import Case
from einvoicing.reception.judging.names import resembling

MOST_NAMES = 20_000  # that are compared
MOST_CANDIDATES = 5


def find_supplier(case: Case) -> None:
    """Sets the supplier of the case, how it was found, whom else its identifiers name, and candidates by the name."""
    siren, vat, iban = (case.value(name) or "" for name in ("supplier_siren", "supplier_vat", "iban"))
    everyone = Customer.objects.filter(company_id=case.company.pk, archived_at=None)
    found: dict[str, list[Customer]] = {}
    if siren:
        found["siren"] = _sorted(everyone.filter(siren=siren))
    if vat:
        found["vat"] = _sorted(everyone.filter(vat_number=vat))
        if not found["vat"] and vat.startswith("FR"):
            found["vat"] = _sorted(everyone.filter(siren=vat[4:]))
    if iban:
        found["iban"] = [row.supplier for row in case.owners_of_ibans.get(iban, [])]
    known_by = ("siren", "vat") if siren or vat else ("iban",)
    for way in known_by:
        suppliers = [one for one in found.get(way, ()) if one.is_supplier]
        # two files with the same number: which of them is for a person to say
        if len(suppliers) == 1:
            case.supplier, case.found_by = suppliers[0], way
            break
    others = {one.pk: one for ones in found.values() for one in ones if one != case.supplier}
    case.conflicting = tuple(
        one for one in others.values() if case.supplier is None or one.siren != case.supplier.siren
    )
    if case.supplier is None:
        case.candidates = _candidates(case, others.values())


def _sorted(customers: Iterable[Customer]) -> list[Customer]:
    return sorted(customers, key=lambda one: (not one.is_supplier, one.pk))


def _candidates(case: Case, others: Iterable[Customer]) -> tuple[Customer, ...]:
    names = Customer.objects.suppliers().filter(company_id=case.company.pk, archived_at=None).order_by("pk")
    alike = list(resembling(case.value("supplier_name") or "", names.values_list("pk", "name")[:MOST_NAMES]))
    found = {one.pk: one for one in others}
    found |= Customer.objects.in_bulk([pk for pk in alike[:MOST_CANDIDATES] if pk not in found])
    return tuple(found.values())[:MOST_CANDIDATES]


def confirmed_owner(case: Case, iban: str) -> SupplierIban | None:
    """The other supplier whose account this is known to be."""
    return next((row for row in case.owners_of_ibans.get(iban, []) if row.supplier != case.supplier), None)
