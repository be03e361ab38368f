"""« Émettre et envoyer »: judge the draft, issue it, queue its e-mail; the platform's queue follows by itself."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from billing.models import Email, EmailKind, Invoice
from billing.services.emails import invoice_letter, queue_email
from billing.services.issuing import issue_invoice
from config.kernel.actor import Actor
from config.kernel.errors import DomainError
from customers.models import Contact, Customer
from einvoicing.services.documents import DocumentInvalid, preflight
from payments.services.crediting import issue_credit_note


class NoRecipient(DomainError):
    code = "no_recipient"
    message = "Ce client n’a pas d’adresse e-mail. Complétez sa fiche, ou imprimez la facture."


def recipients(customer: Customer) -> list[str]:
    """Who gets the customer's invoices: the contacts marked so, else the customer's own address."""
    contacts = Contact.everywhere.filter(customer=customer, gets_invoices=True).exclude(email="")
    found = list(contacts.order_by("id").values_list("email", flat=True))
    return found or ([customer.email] if customer.email else [])


def issue_checked(*, invoice: Invoice, actor: Actor, at: datetime) -> Invoice:
    """Issue a draft that the official rules accept. Raises DocumentInvalid, and whatever issuing refuses.

    The rules run before the transaction: no number is taken, and no counter locked, while they do.
    """
    report = preflight(invoice=invoice, at=at)
    if not report.valid:
        raise DocumentInvalid(report)
    if invoice.is_credit_note:
        return issue_credit_note(note=invoice, actor=actor, at=at)
    return issue_invoice(invoice=invoice, actor=actor, at=at)


def send_invoice(*, invoice: Invoice, actor: Actor, at: datetime) -> Invoice:
    """Issue the invoice if it is a draft, and queue it to the customer's mailbox. Raises NoRecipient before issuing.

    The platform's transmission is queued by the issue itself (receivers), where the company has switched it on.
    """
    addresses = recipients(invoice.customer)
    if not addresses:
        raise NoRecipient
    if invoice.is_draft:
        invoice = issue_checked(invoice=invoice, actor=actor, at=at)
    email_invoice(invoice=invoice, addresses=addresses, at=at)
    return invoice


@transaction.atomic
def email_invoice(*, invoice: Invoice, addresses: list[str], at: datetime) -> list[Email]:
    """Queue one message per address; each waits for the Factur-X file it carries."""
    subject_line, body = invoice_letter(invoice)
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
