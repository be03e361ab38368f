"""« Émettre et envoyer »: judge the draft, issue it, queue its e-mail; the platform's queue follows by itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

from django.db import transaction

from billing.models import Email, EmailKind, Invoice, InvoiceKind, InvoiceLine
from billing.services.crediting import CreditedPart, draft_credit_note
from billing.services.deducting import lock_for_issue
from billing.services.emails import invoice_letter, queue_email
from billing.services.invoices import check_draft, lock_draft, lock_invoices
from billing.services.issuing import issue_invoice, issue_invoices, stands_alone
from config.kernel import chain, outside
from config.kernel.actor import Actor
from config.kernel.canonical import canonical, sha256
from config.kernel.errors import DomainError, Stale
from customers.models import Contact, Customer
from einvoicing.services.documents import DocumentInvalid, preflight
from payments.services.crediting import issue_correction, issue_credit_note

# those that settle another invoice first; every other kind is issued as it is
ISSUERS = {InvoiceKind.CREDIT_NOTE: issue_credit_note, InvoiceKind.CORRECTED: issue_correction}


class NoRecipient(DomainError):
    code = "no_recipient"
    message = "Ce client n’a pas d’adresse e-mail. Complétez sa fiche, ou imprimez la facture."


class DraftChanged(Stale):
    code = "draft_changed"
    message = "Modifiée depuis : relisez-la."


class DraftDeleted(Stale):
    code = "draft_deleted"
    message = "Supprimée depuis."


def version_of(draft: Invoice) -> str:
    """What a person reads of a draft: a digest of its columns, its lines and its customer's name, then what it deducts.

    The digest alone stands for any deduction.
    """
    lines = [chain.columns(line, "id") for line in InvoiceLine.everywhere.filter(invoice=draft).order_by("position")]
    own = chain.columns(draft, "amount_deposited", "deposited_vat", *Invoice.MUTABLE)
    digest = sha256(canonical({"draft": own, "lines": lines, "customer": draft.customer.name}))[:32]
    return f"{digest}-{draft.amount_deposited:.2f}"


def recipients(customer: Customer) -> list[str]:
    """Who gets the customer's invoices: the contacts marked so, else the customer's own address.

    Those of who was merged into another are that one's: its contacts followed.
    """
    kept = customer.merged_into or customer
    contacts = Contact.everywhere.filter(customer=kept, gets_invoices=True).exclude(email="")
    found = list(contacts.order_by("name", "id").values_list("email", flat=True))
    own = kept.email or customer.email
    return found or ([own] if own else [])


@outside.atomic
def issue_checked(
    *, invoice: Invoice, actor: Actor, at: datetime, addresses: Sequence[str] = (), version: str = ""
) -> Invoice:
    """Issue a draft that the official rules accept, and queue it to `addresses` with the same commit.

    Raises DraftChanged when it is no longer the `version` that was read, DocumentInvalid, Stale when it is saved while
    the rules run, and whatever issuing refuses.
    """
    draft = lock_draft(invoice)
    _check_version(draft, version)
    # in the order of every issue: what it corrects and deducts is locked before anything is read of it
    lock_for_issue(draft)
    _check(draft, at)
    issue = ISSUERS.get(InvoiceKind(draft.kind), issue_invoice)
    issued = issue(invoice=draft, actor=actor, at=at)
    if addresses:
        email_invoice(invoice=issued, addresses=addresses, at=at)
    return issued


def issue_many(
    *,
    invoices: Sequence[Invoice],
    actor: Actor,
    at: datetime,
    by_mail: bool = False,
    versions: Mapping[int, str] | None = None,
) -> list[Invoice | DomainError]:
    """Issue drafts of one company that the official rules accept. For each, in this order, the invoice or its refusal.

    `by_mail` queues each to its customer, where they have an address. `versions`, by their keys: the drafts as they
    were read (`version_of`); one that changed since gives DraftChanged. Those that touch another invoice (credit notes,
    what deducts deposits…) follow the others, each on its own.
    Raises what refuses them all: DateGoesBack, ClockAhead, ClockBehind.
    """
    read = versions or {}
    together, apart = _parted(invoices)
    outcomes: list[Invoice | DomainError] = []
    if together:
        outcomes = _issue_together(together, actor=actor, at=at, by_mail=by_mail, versions=read)
    found = dict(zip((invoice.pk for invoice in together), outcomes, strict=True))
    deposits = any(invoice.is_deposit for invoice in apart)
    for invoice in apart:
        addresses = recipients(invoice.customer) if by_mail else ()
        version = read.get(invoice.pk, "")
        if deposits and not invoice.is_deposit:
            # what it deducts changes with the deposits issued just before
            version = version.partition("-")[0]
        try:
            found[invoice.pk] = issue_checked(invoice=invoice, actor=actor, at=at, addresses=addresses, version=version)
        except Invoice.DoesNotExist:
            found[invoice.pk] = DraftDeleted()
        except DomainError as error:
            found[invoice.pk] = error
    return [found[invoice.pk] for invoice in invoices]


def _parted(invoices: Sequence[Invoice]) -> tuple[list[Invoice], list[Invoice]]:
    """Those that are issued together, and those that follow one by one: deposits before what deducts them."""
    deposits = [invoice for invoice in invoices if invoice.is_deposit]
    orders = {deposit.order_id for deposit in deposits} - {None}
    finals = {deposit.ahead_of_id for deposit in deposits}
    together = [
        invoice
        for invoice in invoices
        if stands_alone(invoice) and invoice.order_id not in orders and invoice.pk not in finals
    ]
    apart = [invoice for invoice in invoices if invoice not in together]
    return together, sorted(apart, key=lambda invoice: not invoice.is_deposit)


@outside.atomic
def _issue_together(
    invoices: Sequence[Invoice], *, actor: Actor, at: datetime, by_mail: bool, versions: Mapping[int, str]
) -> list[Invoice | DomainError]:
    """All are locked, in the order of their keys, before any is judged or numbered: no draft is waited for after."""
    locked = lock_invoices(invoices)
    lock_for_issue(*locked.values())
    outcomes = outside.each(
        partial(_judged, locked.get(invoice.pk), at, versions.get(invoice.pk, "")) for invoice in invoices
    )
    accepted = [outcome for outcome in outcomes if isinstance(outcome, Invoice)]
    issued = issue_invoices(invoices=accepted, actor=actor, at=at)
    for invoice in issued if by_mail else ():
        if isinstance(invoice, Invoice) and (addresses := recipients(invoice.customer)):
            email_invoice(invoice=invoice, addresses=addresses, at=at)
    results = iter(issued)
    return [next(results) if isinstance(outcome, Invoice) else outcome for outcome in outcomes]


def _judged(draft: Invoice | None, at: datetime, version: str) -> Invoice | DomainError:
    """The locked draft when it is as it was read and the official rules accept it; None stands for a deleted one."""
    if draft is None:
        return DraftDeleted()
    try:
        _check_version(check_draft(draft), version)
        if not stands_alone(draft):
            return Stale()
        _check(draft, at)
    except DomainError as error:
        return error
    return draft


def _check_version(draft: Invoice, version: str) -> None:
    """Without a version nothing was read: a program asks. Raises DraftChanged."""
    if version and not version_of(draft).startswith(version):
        raise DraftChanged


@outside.atomic
def credit_checked(
    *, invoice: Invoice, parts: Sequence[CreditedPart] | None, reason: str, actor: Actor, at: datetime
) -> Invoice:
    """Credit an issued invoice, all that is left of it (`parts` None) or in part, by a note the official rules accept.

    Nothing is left of a note that they refuse. Raises DocumentInvalid, CreditTooLarge, and whatever issuing refuses.
    """
    # drafted and issued in one transaction: refused by the rules, nothing of the draft stays
    note = draft_credit_note(invoice=invoice, parts=parts, reason=reason, actor=actor, at=at)
    _check(note, at)
    return issue_credit_note(invoice=note, actor=actor, at=at)


def _check(invoice: Invoice, at: datetime) -> None:
    report = preflight(invoice=invoice, at=at)
    if not report.valid:
        raise DocumentInvalid(report)


def send_invoice(*, invoice: Invoice, actor: Actor, at: datetime, version: str = "") -> Invoice:
    """Issue the invoice if it is a draft, and queue it to the customer's mailbox. Raises NoRecipient before issuing,
    and what issue_checked does.

    The platform's transmission is queued by the issue itself (receivers), where the company has switched it on.
    """
    addresses = recipients(invoice.customer)
    if not addresses:
        raise NoRecipient
    if invoice.is_draft:
        return issue_checked(invoice=invoice, actor=actor, at=at, addresses=addresses, version=version)
    email_invoice(invoice=invoice, addresses=addresses, at=at)
    return invoice


@transaction.atomic
def email_invoice(
    *, invoice: Invoice, addresses: Sequence[str], at: datetime, letter: tuple[str, str] | None = None
) -> list[Email]:
    """Queue one message per address; each waits for the Factur-X file it carries.

    `letter`: subject and text, where a person wrote others than ours.
    """
    subject_line, body = letter or invoice_letter(invoice)
    return [
        queue_email(
            company_id=invoice.company_id,
            invoice=invoice,
            kind=EmailKind.INVOICE,
            recipient=address,
            subject_line=subject_line,
            body=body,
            needs_document=True,
            at=at,
        )
        for address in addresses
    ]
