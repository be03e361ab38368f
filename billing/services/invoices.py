"""Draft invoices: write, delete. And what may still be said of an issued one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Q, QuerySet

from billing.models import Invoice, InvoiceLine, OrderLine, SalesOrder
from billing.services.deducting import check_room, drop_foreign_deductions
from billing.services.lines import LineInput, priced, without_motive_of
from billing.services.settling import lock_invoice
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid, TransitionRefused
from config.kernel.money import UnknownCurrency, check_currency
from customers.models import Customer
from customers.services import check_active


class InvoiceIssued(DomainError):
    code = "invoice_issued"
    message = "La facture %(number)s est émise : elle ne se modifie plus. Établissez un avoir."


class TotalNegative(Invalid):
    code = "total_negative"
    message = "Le total ne peut pas être négatif. Pour rendre de l’argent, établissez un avoir."


class CurrencyFollows(Invalid):
    code = "currency_follows"
    message = "La devise suit celle de la commande, de la facture ou des acomptes dont ce brouillon dépend."


class NoteFollowsItsInvoice(DomainError):
    code = "note_follows_its_invoice"
    message = "Les lignes d’un avoir viennent de sa facture : supprimez ce brouillon, puis établissez-le de nouveau."


def lock_draft(invoice: Invoice) -> Invoice:
    """The draft, locked. Raises InvoiceIssued."""
    found = lock_invoices([invoice]).get(invoice.pk)
    if found is None:
        raise Invoice.DoesNotExist
    return check_draft(found)


def lock_invoices(invoices: Iterable[Invoice]) -> dict[int, Invoice]:
    """The invoices as they are now by their keys, locked in the order of these. What was deleted is left out.

    Their orders are locked first: whoever issues a deposit holds its order, and waits for the order's final draft.
    """
    invoices = list(invoices)
    if orders := {invoice.order_id for invoice in invoices if invoice.order_id}:
        billing = {key for invoice in invoices for key in (invoice.pk, invoice.corrects_id) if key}
        billed = Q(pk__in=orders) | Q(billed_by__in=billing)
        list(SalesOrder.everywhere.select_for_update(no_key=True, of=("self",)).filter(billed).order_by("pk"))
    rows = Invoice.everywhere.select_for_update(no_key=True, of=("self",)).order_by("pk")
    keys = {invoice.pk for invoice in invoices}
    # one is joined with what it refers to; many refer to few, each read once
    related = rows.select_related if len(keys) == 1 else rows.prefetch_related
    return {row.pk: row for row in related("company", "customer__terms", "order").filter(pk__in=keys)}


def check_draft(invoice: Invoice) -> Invoice:
    """The invoice itself, where it is a draft. Raises InvoiceIssued."""
    if not invoice.is_draft:
        raise InvoiceIssued(number=invoice.number)
    return invoice


def check_customer(draft: Invoice) -> None:
    """An archived customer is asked for nothing new; what was billed before is still credited and corrected.

    Raises CustomerArchived.
    """
    if draft.corrects is None or draft.corrects.customer_id != draft.customer_id:
        check_active(draft.customer)


@transaction.atomic
def save_draft(
    *,
    invoice: Invoice | None,
    customer: Customer,
    values: Mapping[str, Any],
    lines: Sequence[LineInput],
    actor: Actor,
    at: datetime,
    orders: Sequence[SalesOrder] = (),
) -> Invoice:
    """Write a draft with its lines and totals, those of `orders` where it bills them. No number is taken.

    Raises InvoiceIssued, NoteFollowsItsInvoice, CustomerArchived for one newly named, Invalid, TotalNegative,
    DepositsBeyondTotal.
    """
    row = lock_draft(invoice) if invoice else Invoice(company=customer.company, currency=_usual(customer, values))
    if row.is_credit_note:
        raise NoteFollowsItsInvoice
    former = row.customer if invoice else customer
    _check_currency(row, values)
    row.customer, row.buyer_name = customer, customer.name
    for name, value in values.items():
        setattr(row, name, value)
    if invoice is None or customer != former:
        check_customer(row)
        lines = without_motive_of(former, lines) if customer != former else lines
    drop_foreign_deductions(row)
    rows, computed = priced(lines, customer=customer, row_class=InvoiceLine, sources=_sources(row, orders), invoice=row)
    if computed.gross < 0:
        raise TotalNegative
    check_room(row, total=computed.gross, deposited=row.amount_deposited)
    row.total_net, row.total_vat, row.total_gross = computed.net, computed.vat, computed.gross
    row.save(force_insert=invoice is None)
    if invoice is not None:
        InvoiceLine.everywhere.filter(invoice=row).delete()
    InvoiceLine.everywhere.bulk_create(rows)
    tag = "billing.invoice.changed" if invoice else "billing.invoice.drafted"
    audit.record(tag, subject=row, also=[customer], actor=actor, at=at, data=_told(row))
    return row


def _told(draft: Invoice) -> dict[str, Any]:
    return {"total": draft.total_gross, **audit.in_currency(draft.currency)}


def _usual(customer: Customer, values: Mapping[str, Any]) -> str:
    """The currency of a new draft that follows a document; else that of the books, until another is chosen."""
    follows = any(values.get(name) for name in ("order", "corrects", "ahead_of"))
    return str(values["currency"]) if follows and "currency" in values else customer.company.currency


def _check_currency(draft: Invoice, values: Mapping[str, Any]) -> None:
    """A draft is in any currency that a document may have; what follows an order or an invoice is in the same.

    Raises Invalid.
    """
    wanted = values.get("currency", draft.currency)
    if wanted == draft.currency:
        return
    if draft.order_id or draft.corrects_id or draft.ahead_of_id or draft.amount_deposited:
        raise CurrencyFollows(fields={"currency": CurrencyFollows.message})
    try:
        check_currency(wanted)
    except UnknownCurrency as error:
        raise Invalid(fields={"currency": error.sentence}) from error


def _sources(draft: Invoice, orders: Sequence[SalesOrder]) -> list[QuerySet[Any]]:
    """The stored lines that those of the draft come from."""
    own = InvoiceLine.everywhere.filter(invoice__in=[draft.pk, draft.corrects_id])
    billed = Q(order__in=[draft.order_id, *(order.pk for order in orders)]) | Q(order__billed_by=draft.pk)
    return [own, OrderLine.everywhere.filter(billed)]


def inputs_of(rows: Sequence[InvoiceLine | OrderLine]) -> list[LineInput]:
    """The lines of a document, as one would type them again."""
    return [LineInput(**{name: getattr(row, name) for name in LineInput.__slots__}) for row in rows]


@transaction.atomic
def delete_draft(*, invoice: Invoice, actor: Actor, at: datetime) -> None:
    """Throw a draft away; no number was taken. Raises InvoiceIssued."""
    draft = lock_draft(invoice)
    audit.record(
        "billing.invoice.draft_deleted",
        subject=draft,
        also=[draft.customer],
        actor=actor,
        at=at,
        data=_told(draft),
    )
    draft.delete()


@transaction.atomic
def annotate_invoice(*, invoice: Invoice, internal_notes: str, actor: Actor, at: datetime) -> Invoice:
    """Change the notes nobody prints: the one text of an issued invoice that may change."""
    Invoice.everywhere.filter(pk=invoice.pk).update(internal_notes=internal_notes)
    audit.record("billing.invoice.annotated", subject=invoice, actor=actor, at=at)
    invoice.refresh_from_db()
    return invoice


@transaction.atomic
def open_dispute(*, invoice: Invoice, reason: str, actor: Actor, at: datetime) -> Invoice:
    """The customer contests the invoice (status 207, or by word): no reminder goes out meanwhile.

    Raises TransitionRefused for a draft and for what is cancelled.
    """
    invoice = lock_invoice(invoice)
    if not invoice.can_be_disputed:
        raise TransitionRefused(state=invoice.get_status_display())
    Invoice.everywhere.filter(pk=invoice.pk).update(disputed_at=at, dispute_reason=reason[:300])
    audit.record(
        "billing.invoice.disputed",
        subject=invoice,
        also=[invoice.customer],
        actor=actor,
        at=at,
        data={"reason": reason},
    )
    invoice.refresh_from_db()
    return invoice


@transaction.atomic
def close_dispute(*, invoice: Invoice, actor: Actor, at: datetime) -> Invoice:
    """End the dispute: reminders may go out again. Nothing happens to an invoice that nobody contests."""
    invoice = lock_invoice(invoice)
    if invoice.disputed_at is None:
        return invoice
    Invoice.everywhere.filter(pk=invoice.pk).update(disputed_at=None, dispute_reason="")
    audit.record("billing.invoice.dispute_closed", subject=invoice, also=[invoice.customer], actor=actor, at=at)
    invoice.refresh_from_db()
    return invoice
