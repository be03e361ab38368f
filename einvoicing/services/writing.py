"""Many invoices at once: each is written on its own, and refused on its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import transaction

from billing.models import Invoice
from billing.services.invoices import delete_draft, save_draft
from billing.services.issuing import issue_invoices
from billing.services.lines import LineInput
from config.kernel import outside
from config.kernel.actor import Actor
from config.kernel.errors import DomainError
from customers.models import Customer
from einvoicing.services.documents import DocumentInvalid, preflight
from einvoicing.services.sending import NoRecipient, email_invoice, recipients


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestedInvoice:
    """An invoice (380 or 386) to write; `issued`: to give it its number; `sent`: to e-mail it besides.

    `check` is what else is asked of the draft, and raises DomainError.
    """

    customer: Customer
    values: Mapping[str, Any]
    lines: Sequence[LineInput]
    issued: bool = False
    sent: bool = False
    check: Callable[[Invoice], None] = lambda draft: None


@outside.atomic
def write_many(*, requests: Sequence[RequestedInvoice], actor: Actor, at: datetime) -> list[Invoice | DomainError]:
    """For each, in its order, the invoice or why it is refused; nothing stays of one that is refused.

    The official rules judge them all before the first number is taken, with no transaction open.
    """
    found = outside.each(partial(_alone, partial(_drafted, request, actor, at)) for request in requests)
    drafts = [row for request, row in zip(requests, found, strict=True) if request.issued and isinstance(row, Invoice)]
    outcomes = dict(zip((draft.pk for draft in drafts), _issue(drafts, actor, at), strict=True))
    return [
        _finished(request, row, outcomes.get(row.pk, row), actor, at) if isinstance(row, Invoice) else row
        for request, row in zip(requests, found, strict=True)
    ]


def _alone(run: Callable[[], Invoice]) -> Invoice | DomainError:
    try:
        with transaction.atomic():
            return run()
    except DomainError as error:
        return error


def _drafted(request: RequestedInvoice, actor: Actor, at: datetime) -> Invoice:
    if request.sent and not recipients(request.customer):
        raise NoRecipient
    draft = save_draft(
        invoice=None, customer=request.customer, values=request.values, lines=request.lines, actor=actor, at=at
    )
    request.check(draft)
    if request.issued:
        report = preflight(invoice=draft, at=at)
        if not report.valid:
            raise DocumentInvalid(report)
    return draft


def _issue(drafts: Sequence[Invoice], actor: Actor, at: datetime) -> Sequence[Invoice | DomainError]:
    if not drafts:
        return []
    try:
        with transaction.atomic():
            return issue_invoices(invoices=drafts, actor=actor, at=at)
    except DomainError as error:  # the day of the series, or the clock: it refuses them all
        return [error] * len(drafts)


def _finished(
    request: RequestedInvoice, draft: Invoice, outcome: Invoice | DomainError, actor: Actor, at: datetime
) -> Invoice | DomainError:
    """Nothing stays of a draft that issuing refused; an invoice goes to who gets it."""
    if isinstance(outcome, DomainError):
        delete_draft(invoice=draft, actor=actor, at=at)
    elif request.sent:
        email_invoice(invoice=outcome, addresses=recipients(request.customer), at=at)
    return outcome
