"""A reading judged beside what the company knows: whose it is, what would be recorded, and why a person must look.

Only what holds every gate, is probable enough and is of a supplier whose rule permits it passes without a person
(seed 002: at least 90 %). Nothing is written here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

from billing.purchases.models import SupplierRule
from config.kernel.models import Company
from customers.models import Customer
from einvoicing.reception.judging.case import Case
from einvoicing.reception.judging.contents import content_of, missing_of
from einvoicing.reception.judging.document import doubts_of_document
from einvoicing.reception.judging.history import doubts_of_history
from einvoicing.reception.judging.names import is_same
from einvoicing.reception.judging.parties import doubts_of_account, doubts_of_buyer, doubts_of_supplier
from einvoicing.reception.judging.result import Doubt, Verdict
from einvoicing.reception.judging.suppliers import find_supplier
from einvoicing.reception.reading import ENOUGH, confidence, gates, hold
from einvoicing.reception.reading.extraction.found import AGREED
from einvoicing.reception.reading.result import Reading

# the gates that only the books can tell, by the codes that deny them
_DENIED_BY = {
    gates.KNOWN_SUPPLIER: {"unknown_supplier", "lookalike_name", "own_company"},
    gates.NOT_DUPLICATE: {"duplicate"},
    gates.IBAN_UNCHANGED: {"iban_new", "iban_changed"},
    gates.PAYEE_IS_SUPPLIER: {"payee_differs"},
    gates.USUAL_AMOUNT: {"unusual_amount"},
}


def judge(*, company: Company, reading: Reading, on: date, supplier: Customer | None = None) -> Verdict:
    """What would be recorded of a reading, by whom it is, and each doubt.

    `on` is the day it is judged; a `supplier` that a person has chosen is taken in place of the one that is looked
    for. To record at once what passes, call it in the transaction that records, with the supplier locked: two copies
    of one invoice are else judged before either is recorded.
    """
    case = Case(company=company, reading=reading, on=on)
    find_supplier(case)
    if supplier is not None:
        case.supplier, case.found_by = supplier, "person"
        case.conflicting = tuple(one for one in case.conflicting if one.pk != supplier.pk)
    case.reading = reading = _name_in_the_books(case)
    doubts = [
        *doubts_of_document(case),
        *doubts_of_supplier(case),
        *doubts_of_buyer(case),
        *doubts_of_account(case),
        *doubts_of_history(case),
    ]
    content = content_of(reading)
    judged = _gates(reading, doubts)
    passes = (
        content is not None
        and case.supplier is not None
        and not doubts
        and reading.confidence >= ENOUGH
        and hold(judged)
        and _rule_permits(case.supplier)
    )
    return Verdict(
        supplier=case.supplier,
        found_by=case.found_by,
        candidates=tuple(case.candidates),
        content=content,
        missing=missing_of(reading),
        doubts=tuple(doubts),
        gates=judged,
        probability=reading.confidence,
        is_auto_validated=passes,
    )


def _name_in_the_books(case: Case) -> Reading:
    """A name is sure once the supplier that the numbers designate bears it: two sources say the same."""
    reading, name = case.reading, case.reading.fields.get("supplier_name")
    if case.supplier is None or case.is_structured or name is None or not reading.is_read:
        return reading
    share = confidence.of_field(reading.source, AGREED)
    if name.confidence >= share or not is_same(str(name.value or ""), case.supplier.name):
        return reading
    fields = {**reading.fields, "supplier_name": replace(name, confidence=share)}
    shares = {field: item.confidence for field, item in fields.items()}
    whole = confidence.of_whole(reading.source, shares, reading.gates)
    return replace(reading, fields=fields, confidence=whole)


def _gates(reading: Reading, doubts: list[Doubt]) -> Mapping[str, bool | None]:
    codes = {doubt.code for doubt in doubts}
    return {**reading.gates, **{gate: not codes & denying for gate, denying in _DENIED_BY.items()}}


def _rule_permits(supplier: Customer) -> bool:
    rule = SupplierRule.objects.filter(supplier=supplier).first()
    return rule is None or rule.may_validate_itself


__all__ = ["Doubt", "Verdict", "judge"]
