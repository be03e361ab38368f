"""Links to the customer's pages: made per invoice and recipient, opened by their token alone, revoked by a person."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.urls import reverse

from billing.models import Invoice
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.errors import DomainError
from config.kernel.models import CompanyRow
from config.kernel.scope import across_companies
from customers.models import Customer
from payments.portal.models import CustomerLink, PortalSettings
from payments.portal.tokens import new_public_id, public_id_of, token_of


class PagesClosed(DomainError):
    code = "customer_pages_closed"
    message = "Les pages des clients sont fermées dans les réglages de la société."


class NotForCustomers(DomainError):
    code = "not_for_customers"
    message = "Un brouillon ne se montre pas au client : émettez-le d’abord."


def settings_of(company_id: int) -> PortalSettings:
    """The company's choices, or those of a new one, not saved."""
    found: PortalSettings | None = PortalSettings.everywhere.filter(company_id=company_id).first()
    return found or PortalSettings(company_id=company_id)


def address_of(link: CustomerLink) -> str:
    """What opens it; whoever has it may open it too."""
    path = reverse("payments:portal", args=[token_of(link.public_id)])
    return f"{settings.PUBLIC_URL.rstrip('/')}{path}"


def link_to_invoice(*, invoice: Invoice, recipient: str, actor: Actor, at: datetime) -> CustomerLink:
    """The recipient's live link to an issued invoice, made where there is none, and good for its whole time again.

    Raises NotForCustomers, PagesClosed.
    """
    if invoice.is_draft:
        raise NotForCustomers
    return _link(invoice.customer, invoice, recipient, actor, at)


def link_to_statement(*, customer: Customer, recipient: str, actor: Actor, at: datetime) -> CustomerLink:
    """The recipient's live link to all that the customer has open, as `link_to_invoice`. Raises PagesClosed."""
    return _link(customer, None, recipient, actor, at)


@transaction.atomic
def _link(customer: Customer, invoice: Invoice | None, recipient: str, actor: Actor, at: datetime) -> CustomerLink:
    chosen = settings_of(customer.company_id)
    if not chosen.is_open:
        raise PagesClosed
    until = at + timedelta(days=chosen.link_days)
    # two letters to one person at once: the second waits, and finds the first one's link
    Customer.everywhere.select_for_update(no_key=True).get(pk=customer.pk)
    live = CustomerLink.everywhere.filter(customer=customer, invoice=invoice, recipient=recipient, revoked_at=None)
    found: CustomerLink | None = live.first()
    if found is not None and found.opens(at):
        CustomerLink.everywhere.filter(pk=found.pk).update(expires_at=max(until, found.expires_at))
        found.refresh_from_db()
        return found
    # an expired one is over for good: who kept it must not see its page come alive
    live.update(revoked_at=at)
    row = CustomerLink(
        company_id=customer.company_id,
        public_id=new_public_id(),
        customer=customer,
        invoice=invoice,
        recipient=recipient,
        made_at=at,
        expires_at=until,
    )
    row.save(force_insert=True)
    data = {"recipient": recipient, "until": until}
    audit.record("payments.link.made", subject=row, also=about(row), actor=actor, at=at, data=data)
    return row


def live_link(token: str, at: datetime) -> CustomerLink | None:
    """The link that a token opens now; None for a token that is forged, of a revoked or expired link, or closed pages.

    A forged token costs no query.
    """
    public_id = public_id_of(token)
    if not public_id:
        return None
    # the token alone says of which company it is: nobody is signed in
    with across_companies():
        rows = CustomerLink.everywhere.select_related("company", "customer", "invoice")
        link: CustomerLink | None = rows.filter(public_id=public_id).first()
        is_open = link is not None and link.opens(at) and settings_of(link.company_id).is_open
    return link if is_open else None


@transaction.atomic
def note_opening(*, link: CustomerLink, at: datetime) -> None:
    """The first time that a link was opened, once: whoever opened it, a person or the scanner of a mail server."""
    if link.opened_at is None and CustomerLink.everywhere.filter(pk=link.pk, opened_at=None).update(opened_at=at):
        data = {"recipient": link.recipient}
        audit.record("payments.link.opened", subject=link, also=about(link), actor=visitor(link), at=at, data=data)


@transaction.atomic
def revoke_link(*, link: CustomerLink, actor: Actor, at: datetime) -> None:
    """From now on it opens nothing. Revoked already: nothing is written."""
    if CustomerLink.everywhere.filter(pk=link.pk, revoked_at=None).update(revoked_at=at):
        data = {"recipient": link.recipient}
        audit.record("payments.link.revoked", subject=link, also=about(link), actor=actor, at=at, data=data)
        link.revoked_at = at


def visitor(link: CustomerLink) -> Actor:
    """Who acts on the customer's page: whoever holds the link."""
    return Actor.customer(link.recipient or link.customer.name)


def about(link: CustomerLink) -> list[CompanyRow]:
    return [row for row in (link.invoice, link.customer) if row is not None]
