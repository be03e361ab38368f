"""Links in letters: `{lien}` is the recipient's page of the invoice, `{releve}` of all that the customer has open."""

from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from billing import variables
from billing.models import Email
from billing.variables import Variable
from config.kernel.actor import Actor
from config.kernel.errors import DomainError
from payments.portal.links import address_of, link_to_invoice, link_to_statement
from payments.portal.models import CustomerLink

MAIL = Actor.system("courrier")


def register() -> None:
    """Called once, when the app is ready."""
    variables.register(
        Variable("lien", _("lien personnel vers la facture"), _give_invoice, _find_invoice),
        Variable("releve", _("lien personnel vers ce qui reste à payer"), _give_statement, _find_statement),
    )


def _give_invoice(email: Email, at: datetime) -> str:
    """'' without an invoice, and where the company has closed its customers' pages."""
    if email.invoice is None:
        return ""
    try:
        return address_of(link_to_invoice(invoice=email.invoice, recipient=email.recipient, actor=MAIL, at=at))
    except DomainError:
        return ""


def _give_statement(email: Email, at: datetime) -> str:
    if email.invoice is None:
        return ""
    customer = email.invoice.customer
    try:
        return address_of(link_to_statement(customer=customer, recipient=email.recipient, actor=MAIL, at=at))
    except DomainError:
        return ""


def _find_invoice(email: Email, at: datetime) -> str:
    return _address(at, invoice=email.invoice, recipient=email.recipient) if email.invoice else ""


def _find_statement(email: Email, at: datetime) -> str:
    if email.invoice is None:
        return ""
    return _address(at, customer=email.invoice.customer, invoice=None, recipient=email.recipient)


def _address(at: datetime, **which: object) -> str:
    link = CustomerLink.everywhere.filter(**which, revoked_at=None, expires_at__gt=at).first()
    return address_of(link) if link else ""
