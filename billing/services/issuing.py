"""Issuing: the moment a draft becomes a legal document. Number, frozen copies, journal and news in one transaction."""

from __future__ import annotations

from datetime import date, datetime

from django.conf import settings
from django.db import transaction

from billing import ledger, totals
from billing.events import invoice_issued
from billing.models import Invoice, InvoiceKind, InvoiceLine, InvoiceStatus, Journal, VatSubtotal
from billing.numbering import next_number
from billing.services import snapshots
from billing.services.crediting import reprice_note
from billing.services.deducting import check_deductions, deduct, lock_for_issue
from billing.services.deposits import check_still_asked, deduct_from_final_draft
from billing.services.invoices import check_customer, lock_draft
from billing.services.lines import vat_rows
from billing.services.settling import (
    check_correctable,
    check_creditable,
    count_credit,
    replace_invoice,
    settle_if_nothing_remains,
)
from billing.totals import Totals
from config.kernel import states
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import Invalid
from config.kernel.identifiers import creditor_reference
from config.kernel.models import Company
from config.kernel.rows import forget, know
from customers.models import Customer

SERIES = {
    InvoiceKind.INVOICE: "FAC",
    InvoiceKind.CORRECTED: "FAC",
    InvoiceKind.DEPOSIT: "ACO",
    InvoiceKind.CREDIT_NOTE: "AVO",
}


class NothingToIssue(Invalid):
    code = "nothing_to_issue"
    message = "Ajoutez au moins une ligne avant d’émettre."


class AmountNotPositive(Invalid):
    code = "amount_not_positive"
    message = "Le total ne peut pas être négatif. Pour rendre de l’argent, établissez un avoir."


class DueBeforeIssue(Invalid):
    code = "due_before_issue"
    message = "L’échéance précède la date d’émission (BR-FR-CO-07)."


class BuyerIsSeller(Invalid):
    code = "buyer_is_seller"
    message = "Le client a le SIREN de la société elle-même : on ne se facture pas soi-même. Corrigez sa fiche."


class PublicBodyNeeds(Invalid):
    code = "public_body_needs"
    message = "Cette entité publique exige des références qui manquent."


@transaction.atomic
def issue_invoice(*, invoice: Invoice, actor: Actor, at: datetime) -> Invoice:
    """Give the draft its number and freeze it; from then on only a credit note can change what it says.

    The day is the day in Paris of `at`. Raises InvoiceIssued, NothingToIssue, AmountNotPositive, DueBeforeIssue,
    PublicBodyNeeds, BuyerIsSeller, CustomerArchived, NoBillingAddress, DateGoesBack, DepositNotDeductible,
    DepositsBeyondTotal; for a credit note also CreditTooLarge and DepositDeducted, for a corrected invoice
    NotCorrectable and HoldsPayments, for a deposit NoDepositHere and DepositTooLarge.
    """
    draft = lock_draft(invoice)
    lock_for_issue(draft)
    on = local_day(at)
    company, customer = draft.company, draft.customer
    rows = _read_lines(draft)
    if not rows:
        raise NothingToIssue
    computed = reprice_note(draft, rows) if draft.is_credit_note else totals.compute([row.priced() for row in rows])
    check_issuable(draft, computed)
    if is_seller(customer, company) and not draft.is_credit_note:
        raise BuyerIsSeller(fields={"customer": BuyerIsSeller.message})
    due_date = _due_date(draft, customer, on)
    _check_public_references(draft, customer)
    _write_subtotals(draft, computed)
    frozen = {"seller": snapshots.seller(company), "buyer": snapshots.buyer(customer, draft.delivery)}
    frozen["mentions"] = snapshots.mentions(draft, company)
    _settle_what_it_corrects(draft, computed, actor=actor, at=at)
    deduct(draft)
    series = SERIES[InvoiceKind(draft.kind)]
    # a rehearsal tells a past
    number = next_number(company_id=company.pk, series=series, on=on, past=not settings.PRODUCTION)
    states.move(
        draft,
        InvoiceStatus.ISSUED,
        tag="billing.invoice.issued",
        actor=actor,
        at=at,
        also=[row for row in (customer, draft.order, draft.corrects) if row],
        seal=True,
        data={"number": number, "kind": draft.kind, "total": computed.gross, "due_date": due_date},
        number=number,
        issue_date=on,
        issued_at=at,
        due_date=due_date,
        supply_date=draft.supply_date or on,
        buyer_name=customer.name,
        service_code=draft.service_code or customer.service_code,
        payment_reference=creditor_reference.generate(number),
        total_net=computed.net,
        total_vat=computed.vat,
        total_gross=computed.gross,
        **frozen,
    )
    _write_journal(draft, actor=actor, at=at)
    settle_if_nothing_remains(invoice=draft, actor=actor, at=at)
    if draft.is_deposit:
        deduct_from_final_draft(draft, actor=actor, at=at)
    invoice_issued.send(sender=Invoice, invoice=draft, actor=actor, at=at)
    forget(draft)
    return draft


def check_issuable(draft: Invoice, computed: Totals) -> None:
    """What issuing refuses and no official rule sees; the pre-flight asks the same.

    Zero is allowed (EN 16931), but for a deposit, which asks for money. Raises CustomerArchived, AmountNotPositive,
    DepositDeducted, NotCorrectable, NoDepositHere, DepositTooLarge, DepositNotDeductible, DepositsBeyondTotal.
    """
    check_customer(draft)
    if draft.is_credit_note and draft.corrects is not None:
        check_creditable(draft.corrects)
    if computed.gross < 0 or (draft.is_deposit and not computed.gross):
        raise AmountNotPositive
    if draft.kind == InvoiceKind.CORRECTED and draft.corrects is not None:
        check_correctable(draft.corrects)
    if draft.is_deposit:
        check_still_asked(draft, gross=computed.gross)
    check_deductions(draft, total=computed.gross)


def _settle_what_it_corrects(draft: Invoice, computed: Totals, *, actor: Actor, at: datetime) -> None:
    if draft.is_credit_note:
        amount = computed.gross - draft.amount_deposited
        whole = draft.amount_deposited > 0
        count_credit(invoice=draft.corrects, amount=amount, actor=actor, at=at, with_deposits=whole)
    elif draft.kind == InvoiceKind.CORRECTED:
        replace_invoice(invoice=draft.corrects, actor=actor, at=at)


def is_seller(customer: Customer, company: Company) -> bool:
    """Whether the customer is the company itself, by its SIREN or its VAT number."""
    same_number = bool(customer.vat_number) and customer.vat_number == company.vat_number
    return customer.siren == company.siren if customer.siren else same_number


def _due_date(draft: Invoice, customer: Customer, on: date) -> date:
    if draft.is_credit_note:
        return on
    due_date = draft.due_date or customer.terms.due_date(on)
    if due_date < on:
        raise DueBeforeIssue(fields={"due_date": DueBeforeIssue.message})
    return due_date


def _check_public_references(draft: Invoice, customer: Customer) -> None:
    problems = {}
    if customer.requires_service_code and not (draft.service_code or customer.service_code):
        problems["service_code"] = "Cette entité publique exige un code service (BT-10)."
    if customer.requires_commitment and not draft.purchase_order:
        problems["purchase_order"] = "Cette entité publique exige un numéro d’engagement (BT-13)."
    if problems:
        raise PublicBodyNeeds(fields=problems)


def _read_lines(draft: Invoice) -> list[InvoiceLine]:
    """The lines of the locked draft: what freezes, seals and books them finds them read."""
    rows = list(InvoiceLine.everywhere.filter(invoice=draft).order_by("position"))
    know(draft, "lines", rows)
    return rows


def _write_subtotals(draft: Invoice, computed: Totals) -> None:
    """The VAT breakdown, which only an issued invoice has."""
    rows = vat_rows(draft, computed)
    VatSubtotal.everywhere.bulk_create(rows)
    know(draft, "vat_subtotals", rows)
    if not draft.amount_deposited:
        know(draft, "deductions", [])


def _write_journal(invoice: Invoice, *, actor: Actor, at: datetime) -> None:
    if invoice.number is None or invoice.issue_date is None:
        raise ValueError("only an issued invoice is booked")
    if invoice.kind == InvoiceKind.CORRECTED and invoice.corrects is not None:
        _reverse_journal(invoice.corrects, by=invoice, actor=actor, at=at)
    postings = ledger.sale_postings(invoice)
    if not any(posting.amount for posting in postings):
        return  # an invoice of zero moves no account
    ledger.post(
        journal=Journal.SALES,
        day=invoice.issue_date,
        label=f"{invoice.get_kind_display()} {invoice.number} {invoice.buyer_name}",
        piece=invoice.number,
        piece_date=invoice.issue_date,
        source=invoice,
        postings=postings,
        actor=actor,
        at=at,
    )


def _reverse_journal(original: Invoice, *, by: Invoice, actor: Actor, at: datetime) -> None:
    """The opposite of the entry of an invoice that is replaced, on the day it is."""
    if original.number is None or original.issue_date is None or by.issue_date is None:
        raise ValueError("only an issued invoice is replaced")
    postings = [posting.reversed() for posting in ledger.sale_postings(original)]
    if not any(posting.amount for posting in postings):
        return
    ledger.post(
        journal=Journal.SALES,
        day=by.issue_date,
        label=f"Annulation {original.number} remplacée par {by.number} {original.buyer_name}",
        piece=original.number,
        piece_date=original.issue_date,
        source=original,
        postings=postings,
        actor=actor,
        at=at,
    )
