"""Issuing: the moment a draft becomes a legal document. Number, frozen copies, journal and news in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db import transaction

from billing import exchange
from billing.events import invoices_issued
from billing.models import (
    Invoice,
    InvoiceKind,
    InvoiceLine,
    InvoiceStatus,
    NumberedKind,
    SalesOrder,
    VatSubtotal,
)
from billing.numbering import lock_counters, next_numbers_of
from billing.services import snapshots
from billing.services.booking import book_issued
from billing.services.crediting import reprice_note, totals_of
from billing.services.deducting import deduct, lock_for_issue
from billing.services.deposits import deduct_from_final_draft
from billing.services.invoices import check_draft, lock_invoices
from billing.services.issuable import (
    BuyerIsSeller,
    check_issuable,
    check_public_references,
    check_rates,
    due_date_of,
    is_seller,
)
from billing.services.lines import vat_rows
from billing.services.number_patterns import kind_of, patterns_of
from billing.services.settling import (
    count_credit,
    replace_invoice,
    settle_where_nothing_remains,
)
from billing.totals import Totals
from config.kernel import audit, states
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError, Invalid, Stale
from config.kernel.identifiers import payment_reference
from config.kernel.people.limits import check_own_limit
from config.kernel.rows import forget, insert_each, know
from customers.models import Address


class NothingToIssue(Invalid):
    code = "nothing_to_issue"
    message = "Ajoutez au moins une ligne avant d’émettre."


@dataclass(frozen=True, slots=True)
class _Ready:
    """A draft that nothing refuses, and what issuing writes of it."""

    draft: Invoice
    computed: Totals
    subtotals: list[VatSubtotal]
    columns: dict[str, Any]


@transaction.atomic
def issue_invoice(*, invoice: Invoice, actor: Actor, at: datetime) -> Invoice:
    """Give the draft its number and freeze it; from then on only a credit note can change what it says.

    The day is the day in Paris of `at`. Raises InvoiceIssued, NothingToIssue, AmountNotPositive, DueBeforeIssue,
    PublicBodyNeeds, BuyerIsSeller, CustomerArchived, NoBillingAddress, DateGoesBack, DepositNotDeductible,
    DepositsBeyondTotal, UnknownRate and NotInUnits for another currency than that of the books; for a credit note also
    CreditTooLarge, DepositDeducted and CreditNoteBeyondLimit, for a corrected invoice NotCorrectable, HoldsPayments and
    CreditNoteBeyondLimit, for a deposit NoDepositHere and DepositTooLarge.
    """
    (outcome,) = _issued([invoice], actor, at)
    if isinstance(outcome, DomainError):
        raise outcome
    return outcome


@transaction.atomic
def issue_invoices(*, invoices: Sequence[Invoice], actor: Actor, at: datetime) -> list[Invoice | DomainError]:
    """Issue drafts of one company at once, numbered in the order given. For each the invoice, or why it is refused.

    The others are issued all or none, in as many statements as two. Several must stand alone (`stands_alone`).
    Raises DateGoesBack, ClockAhead, ClockBehind; for a single one whatever settling another invoice refuses.
    """
    return _issued(invoices, actor, at)


def _issued(invoices: Sequence[Invoice], actor: Actor, at: datetime) -> list[Invoice | DomainError]:
    # order of all locks of an issue: orders, invoices, what these correct or deduct, number counters, journal counter
    locked = lock_invoices(invoices)
    lock_for_issue(*locked.values())
    if len(invoices) > 1:
        if not all(map(stands_alone, invoices)):
            raise ValueError("what settles another invoice is issued on its own: it locks others than these")
        # a deposit issued meanwhile changed its final draft
        locked = {key: draft for key, draft in locked.items() if stands_alone(draft)}
    outcomes = _prepared([locked.get(invoice.pk) for invoice in invoices], local_day(at))
    outcomes = [_within_own_limit(outcome, actor) for outcome in outcomes]
    ready = [outcome for outcome in outcomes if isinstance(outcome, _Ready)]
    if ready:
        _write(ready, actor=actor, at=at)
    return [outcome.draft if isinstance(outcome, _Ready) else outcome for outcome in outcomes]


def _within_own_limit(outcome: _Ready | DomainError, actor: Actor) -> _Ready | DomainError:
    """Or why the person must leave it to another: what is given back, by a credit note or by a smaller correction."""
    if isinstance(outcome, DomainError):
        return outcome
    draft, amount = outcome.draft, outcome.computed.gross
    if draft.kind == InvoiceKind.CORRECTED and draft.corrects is not None:
        amount = draft.corrects.total_gross - amount
    elif not draft.is_credit_note:
        return outcome
    try:
        value = exchange.converted(amount, draft)
        check_own_limit("credit_note_limit", company_id=draft.company_id, actor=actor, amount=value)
    except DomainError as error:
        return error
    return outcome


def stands_alone(draft: Invoice) -> bool:
    """Whether issuing it touches no other invoice."""
    if draft.is_deposit:
        return not (draft.order_id or draft.ahead_of_id)
    return draft.kind == InvoiceKind.INVOICE and not draft.corrects_id and not draft.amount_deposited


def _prepared(drafts: Sequence[Invoice | None], on: date) -> list[_Ready | DomainError]:
    """For each locked draft what is written of it, or why it is refused; None stands for one deleted or changed."""
    found = [draft for draft in drafts if draft is not None]
    lines = _lines_of(found)
    addresses = snapshots.addresses_of(draft.customer for draft in found)
    outcomes: list[_Ready | DomainError] = []
    for draft in drafts:
        if draft is None:
            outcomes.append(Stale())
            continue
        try:
            outcomes.append(_ready(draft, lines[draft.pk], addresses[draft.customer_id], on))
        except DomainError as error:
            outcomes.append(error)
    return outcomes


def _lines_of(drafts: Iterable[Invoice]) -> dict[int, list[InvoiceLine]]:
    """The lines of the locked drafts: what freezes, seals and books them finds them read."""
    found: dict[int, list[InvoiceLine]] = {draft.pk: [] for draft in drafts}
    for row in InvoiceLine.everywhere.filter(invoice__in=found).order_by("position"):
        found[row.invoice_id].append(row)
    for draft in drafts:
        know(draft, "lines", found[draft.pk])
    return found


def _ready(draft: Invoice, lines: list[InvoiceLine], addresses: Mapping[str, Address], on: date) -> _Ready:
    company, customer = check_draft(draft).company, draft.customer
    if not lines:
        raise NothingToIssue
    computed = reprice_note(draft, lines) if draft.is_credit_note else totals_of(draft, lines)
    check_issuable(draft, computed)
    check_rates(draft, computed, on)
    # a credit note still undoes an invoice that was addressed so before
    if is_seller(customer, company) and not draft.is_credit_note:
        raise BuyerIsSeller(fields={"customer": BuyerIsSeller.message})
    due_date = due_date_of(draft, customer, on)
    check_public_references(draft, customer)
    subtotals = vat_rows(draft, computed)
    know(draft, "vat_subtotals", subtotals)
    in_books = exchange_columns(draft, subtotals, on)
    if not draft.amount_deposited:
        know(draft, "deductions", [])
    columns = {
        "issue_date": on,
        "due_date": due_date,
        # BT-72 is mandatory in France (CGI ann. II 242 nonies A, I-10°), and the day of issue when nobody said another
        "supply_date": draft.supply_date or on,
        "buyer_name": customer.name,
        # frozen too: the customer's own may change after the issue
        "service_code": draft.service_code or customer.service_code,
        "total_net": computed.net,
        "total_vat": computed.vat,
        "total_gross": computed.gross,
        "seller": snapshots.seller(company),
        "buyer": snapshots.buyer(customer, draft.delivery, addresses=addresses),
        "mentions": snapshots.mentions(draft, company),
        **in_books,
    }
    return _Ready(draft, computed, subtotals, columns)


def exchange_columns(draft: Invoice, subtotals: Sequence[VatSubtotal], on: date) -> dict[str, Any]:
    """The rate that is frozen, and the VAT in the currency of the books (BT-111), set on the draft in memory.

    Raises UnknownRate.
    """
    columns = exchange.rate_columns(draft, on) | {"accounting_vat": None}
    for name, value in columns.items():
        setattr(draft, name, value)
    if draft.is_foreign:
        amounts = exchange.accounting_amounts(draft, subtotals, exchange.deducted_vat(draft))
        columns["accounting_vat"] = draft.accounting_vat = amounts.total_vat
    return columns


def _write(ready: Sequence[_Ready], *, actor: Actor, at: datetime) -> None:
    insert_each([row for prepared in ready for row in prepared.subtotals])
    for prepared in ready:
        _settle_what_it_corrects(prepared.draft, prepared.computed, actor=actor, at=at)
        deduct(prepared.draft)
    issued = [prepared.draft for prepared in ready]
    # the counters as late as can be: everybody who issues in the series waits from here to the commit
    numbers = _numbers(issued, local_day(at))
    moves = [_move(prepared, numbers[prepared.draft.pk], at) for prepared in ready]
    states.move_all(moves, InvoiceStatus.ISSUED, tag="billing.invoice.issued", actor=actor, at=at, seal=True)
    book_issued(issued, on=local_day(at), actor=actor, at=at)
    settle_where_nothing_remains(invoices=issued, actor=actor, at=at)
    for invoice in issued:
        if invoice.is_deposit and invoice.order_id:
            deduct_from_final_draft(invoice, actor=actor, at=at)
    invoices_issued.send(sender=Invoice, invoices=issued, actor=actor, at=at)
    for invoice in issued:
        forget(invoice)


def _numbers(drafts: Sequence[Invoice], on: date) -> dict[int, str]:
    """The legal number of each, by its key, as the company writes them now: it may be changing it at this moment."""
    company_id = drafts[0].company_id
    lock_counters(company_id)
    patterns = patterns_of(company_id)
    by_kind: dict[NumberedKind, list[int]] = {}
    for draft in drafts:
        by_kind.setdefault(kind_of(draft.kind), []).append(draft.pk)
    found: dict[int, str] = {}
    for kind, keys in sorted(by_kind.items()):
        pattern, stem, first = patterns[kind]
        numbers = next_numbers_of(
            len(keys),
            company_id=company_id,
            pattern=pattern,
            first=first if pattern.stem(on) == stem else 1,
            on=on,
            past=not settings.PRODUCTION,  # a rehearsal tells a past
        )
        found.update(zip(keys, numbers, strict=True))
    return found


def _move(ready: _Ready, number: str, at: datetime) -> states.Move:
    draft, due_date = ready.draft, ready.columns["due_date"]
    return states.Move(
        row=draft,
        also=[row for row in (draft.customer, draft.order, draft.corrects) if row],
        data={
            "number": number,
            "kind": draft.kind,
            "total": ready.computed.gross,
            "due_date": due_date,
            **audit.in_currency(draft.currency),
        },
        changes={
            **ready.columns,
            "number": number,
            "issued_at": at,
            "payment_reference": payment_reference.generate(number, ready.columns["seller"]["iban"]),
        },
    )


def _settle_what_it_corrects(draft: Invoice, computed: Totals, *, actor: Actor, at: datetime) -> None:
    if draft.is_credit_note:
        amount = computed.gross - draft.amount_deposited
        whole = draft.amount_deposited > 0
        count_credit(invoice=draft.corrects, amount=amount, actor=actor, at=at, with_deposits=whole)
    elif draft.kind == InvoiceKind.CORRECTED:
        replace_invoice(invoice=draft.corrects, actor=actor, at=at)
        SalesOrder.everywhere.filter(billed_by=draft.corrects).update(billed_by=draft)
