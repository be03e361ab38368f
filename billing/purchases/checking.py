"""Checking a purchase: a person corrects what was read, and a complete one goes on to its approval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction

from billing.models import PurchaseInvoice
from billing.purchases import doubts as known_doubts
from billing.purchases.approving import approve_where_no_rule_applies, take_back_approvals
from billing.purchases.changeable import check_open
from billing.purchases.completeness import problems_of
from billing.purchases.content import VatContent
from billing.purchases.correcting import find_corrected
from billing.purchases.deducting import free_deposits
from billing.purchases.drafts import PurchaseLineInput, content_of, replace_lines, replace_vat
from billing.purchases.ibans import see_iban
from billing.purchases.matching import OF_ORDER, match_lines, order_doubts
from billing.purchases.models import ENDED, PurchaseStatus
from billing.purchases.recording import PurchaseExists, find_purchase
from billing.purchases.settling import lock_with_corrected
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid
from config.kernel.identifiers import iban as iban_number
from config.kernel.rows import edit, lock

MAY_EDIT = frozenset(
    {
        *("kind", "supplier", "supplier_name", "number", "issue_date", "due_date", "supply_date", "currency", "iban"),
        *("vat_on_debits", "total_net", "total_vat", "total_gross", "payment_reference", "order_reference"),
        *("corrects_number", "corrects", "internal_notes"),
    }
)
AGAIN = known_doubts.OF_FIGURES | known_doubts.OF_NUMBER | known_doubts.OF_IBAN | OF_ORDER
# what may still change of a booked one
MAY_AMEND = frozenset({"due_date", "iban", "internal_notes"})


class OpenDoubts(DomainError):
    code = "open_doubts"
    message = "Il reste à vérifier sur %(reference)s : %(doubts)s"


class NothingToAmend(DomainError):
    code = "nothing_to_amend"
    message = "%(reference)s est « %(state)s » : son échéance et son IBAN se changent sur sa fiche, ou plus du tout."


class IncompletePurchase(Invalid):
    code = "incomplete_purchase"
    message = "La facture n’est pas complète : corrigez ce qui est indiqué."


@transaction.atomic
def save_purchase(
    *,
    purchase: PurchaseInvoice,
    values: Mapping[str, Any],
    lines: Sequence[PurchaseLineInput] | None = None,
    vat_rows: Sequence[VatContent] | None = None,
    actor: Actor,
    at: datetime,
) -> PurchaseInvoice:
    """Correct the columns of MAY_EDIT, the lines and the breakdown of VAT of a purchase that is not approved.

    Lines and rows of VAT are replaced whole where given. One that waited for approval is to be checked again, and what
    was approved counts no more. Doubts about figures, dates and IBAN are found again, but for those
    that a person settled; the others stay. Raises PurchaseNotOpen, PurchaseExists, InvalidIban, Invalid.
    """
    row = lock(purchase)
    check_open(row)
    values = _clean(row, values)
    settled = _found_again(row) - set(row.doubts)  # by a person, who need not do it twice
    try:
        with transaction.atomic():
            changed = edit(row, values)
    except IntegrityError as error:
        if "one_purchase_per_supplier_number_and_year" not in str(error):
            raise
        known = find_purchase(supplier=row.supplier, number=row.number, year=row.issue_date.year)
        if known is None:
            raise
        raise PurchaseExists(known) from error
    _tie_again(row, set(changed))
    if lines is not None:
        replace_lines(row, lines)
    if vat_rows is not None:
        replace_vat(row, vat_rows)
    if lines is not None or {"order_reference", "supplier"} & set(changed):
        match_lines(row)
    if row.iban and {"iban", "supplier"} & set(changed):
        see_iban(supplier=row.supplier, iban=row.iban, seen_in=row.subject, actor=actor, at=at)
    if {"iban", "supplier"} & set(changed):
        settled -= known_doubts.OF_IBAN
    kept = [doubt for doubt in row.doubts if doubt not in AGAIN]
    row.doubts = known_doubts.in_order([*kept, *(_found_again(row) - settled)])
    row.save(update_fields=["doubts"])
    take_back_approvals(row, at=at)
    parts = [name for name, given in (("lines", lines), ("vat", vat_rows)) if given is not None]
    data = {"reference": row.reference, "changed": [*changed, *parts], "total": row.total_gross}
    _record_change(row, data, actor, at)
    return row


def _tie_again(row: PurchaseInvoice, changed: set[str]) -> None:
    """To the invoice that it corrects, and no more to deposits of another supplier or in another currency."""
    if {"corrects_number", "kind", "supplier"} & changed:
        row.corrects = find_corrected(supplier=row.supplier, kind=row.kind, number=row.corrects_number, but=row)
        row.save(update_fields=["corrects"])
    if {"supplier", "kind", "currency"} & changed:
        free_deposits(row)


def _found_again(row: PurchaseInvoice) -> set[str]:
    """The doubts about figures, dates and the IBAN that the purchase gives as it stands."""
    content = content_of(row)
    found = known_doubts.find_doubts(
        company_id=row.company_id, supplier=row.supplier, content=content, received_on=row.received_on
    )
    return {*found, *order_doubts(row)} & AGAIN


def _record_change(row: PurchaseInvoice, data: Mapping[str, Any], actor: Actor, at: datetime) -> None:
    tag = "billing.purchase.changed"
    if row.status == PurchaseStatus.TO_APPROVE:
        states.move(row, PurchaseStatus.TO_CHECK, tag=tag, actor=actor, at=at, also=[row.supplier], data=data)
    else:
        audit.record(tag, subject=row, actor=actor, at=at, also=[row.supplier], data=data)


def _clean(row: PurchaseInvoice, values: Mapping[str, Any]) -> dict[str, Any]:
    unknown = values.keys() - MAY_EDIT
    if unknown:
        raise ValueError(f"not to be edited: {sorted(unknown)}")
    clean = dict(values)
    if clean.get("iban"):
        clean["iban"] = _valid_iban(clean["iban"])
    if "number" in clean:
        clean["number"] = clean["number"].strip()
        if not clean["number"]:
            raise Invalid(fields={"number": "Indiquez le numéro de la facture du fournisseur."})
    net, vat, gross = (clean.get(name, getattr(row, name)) for name in ("total_net", "total_vat", "total_gross"))
    if net + vat != gross or gross < 0:
        raise Invalid(fields={"total_gross": "Le TTC est le HT plus la TVA, et n’est pas négatif."})
    return clean


def _valid_iban(typed: str) -> str:
    """The number as it is kept. Raises InvalidIban at its field."""
    try:
        return iban_number.validate(typed)
    except Invalid as error:
        error.fields = {"iban": error.sentence}
        raise


@transaction.atomic
def check_purchase(*, purchase: PurchaseInvoice, actor: Actor, at: datetime) -> PurchaseInvoice:
    """The purchase is complete: it goes to its approvers, or is approved and booked at once where no rule applies.

    A machine goes on with no account that is a mere guess. Raises TransitionRefused, OpenDoubts, IncompletePurchase
    (a sentence per line, `line_1`, or column), and what `book_purchase` does.
    """
    row = lock_with_corrected(purchase)
    if row.status != PurchaseStatus.TO_CHECK:
        raise states.TransitionRefused(state=row.get_status_display())
    if row.doubts:
        said = " ".join(known_doubts.sentence_of(doubt) for doubt in row.doubts)
        raise OpenDoubts(reference=row.reference, doubts=said)
    if problems := dict(problems_of(row, by_machine=actor.kind != "USER")):
        raise IncompletePurchase(fields=problems)
    data = {"reference": row.reference, "number": row.number}
    to, also = PurchaseStatus.TO_APPROVE, [row.supplier]
    states.move(row, to, tag="billing.purchase.checked", actor=actor, at=at, also=also, data=data)
    return approve_where_no_rule_applies(row, actor=actor, at=at)


@transaction.atomic
def amend_purchase(
    *, purchase: PurchaseInvoice, values: Mapping[str, Any], actor: Actor, at: datetime
) -> PurchaseInvoice:
    """Change what stays open on an approved or booked purchase: the due date, the IBAN, internal notes.

    Before that `save_purchase` does, which finds the doubts of another IBAN. Raises NothingToAmend, InvalidIban.
    """
    if unknown := values.keys() - MAY_AMEND:
        raise ValueError(f"not to be amended: {sorted(unknown)}")
    row, clean = lock(purchase), dict(values)
    if row.can_change or row.status in ENDED:
        raise NothingToAmend(reference=row.reference, state=row.get_status_display())
    if clean.get("iban"):
        clean["iban"] = _valid_iban(clean["iban"])
        see_iban(supplier=row.supplier, iban=clean["iban"], seen_in=row.subject, actor=actor, at=at)
    changed = edit(row, clean)
    data = {"reference": row.reference, "changed": changed}
    audit.record("billing.purchase.amended", subject=row, actor=actor, at=at, also=[row.supplier], data=data)
    return row
