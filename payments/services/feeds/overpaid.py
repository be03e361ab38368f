"""What was paid in Invoice Ninja beyond its invoices, or for none: whose credit it is here, and when it is none.

The customer is the one whose invoices the payment pays; else the only one that the client's registration number, VAT
number or address names. Nobody is guessed by a name.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from django.db.models import Q

from billing.models import Invoice
from config.kernel.errors import DomainError
from customers.models import Customer
from payments.feeds.invoice_ninja import RemotePayment
from payments.models import Feed, Payment
from payments.services.proposing import AROUND

SIREN, SIRET = 9, 14


class UnknownClient(DomainError):
    code = "unknown_client"
    message = (
        "Le client de ce paiement n’est pas reconnu ici : ni ses factures, ni son SIRET, son n° de TVA ou son adresse "
        "e-mail ne le désignent."
    )


class PartRefused(DomainError):
    code = "part_refused"
    message = "Une facture de ce paiement n’est pas réglée ici : son excédent n’est pas gardé en crédit non plus."


class MaybeRecorded(DomainError):
    code = "maybe_recorded"
    message = (
        "Un encaissement du même montant est déjà enregistré pour ce client, à quelques jours près : c’est peut-être "
        "le même."
    )


def creditor(
    feed: Feed, payment: RemotePayment, amount: Decimal, recorded: Mapping[str, Payment], held: Payment | None
) -> Customer:
    """Whose credit of `amount` it is. What is left of a credit `held` here needs no evidence: its rest is refunded.

    Raises UnknownClient, PartRefused, MaybeRecorded.
    """
    customer: Customer = held.customer if held else customer_of(feed, payment)
    if held is None or amount > held.amount:
        check_is_new(feed, payment, recorded, customer)
    return customer


def customer_of(feed: Feed, payment: RemotePayment) -> Customer:
    """Raises UnknownClient."""
    own = Customer.everywhere.filter(company_id=feed.company_id)
    numbers = [number for key, number in payment.numbers.items() if key in payment.parts and number]
    payers = own.filter(
        pk__in=Invoice.everywhere.issued().filter(company_id=feed.company_id, number__in=numbers).values("customer_id")
    )
    for rows in (payers, *(own.filter(clause, merged_into=None) for clause in _clauses(payment))):
        found = list(rows[:2])
        if len(found) == 1:
            customer: Customer = found[0]
            return customer
    raise UnknownClient


def _clauses(payment: RemotePayment) -> list[Q]:
    """The most precise first."""
    client, clauses = payment.client, []
    if len(client.id_number) == SIRET:
        clauses.append(Q(siret=client.id_number))
    if len(client.id_number) in (SIREN, SIRET):
        clauses.append(Q(siren=client.id_number[:SIREN]))
    if client.vat_number:
        clauses.append(Q(vat_number=client.vat_number))
    if client.emails:
        clauses.append(Q(email__in=client.emails))
    return clauses


def check_is_new(feed: Feed, payment: RemotePayment, recorded: Mapping[str, Payment], customer: Customer) -> None:
    """Raises PartRefused, MaybeRecorded: the same money may have come another way. Two payments there are two."""
    live = {key for key, row in recorded.items() if not row.reversed_at}
    if payment.parts.keys() - live:
        raise PartRefused
    others = Payment.everywhere.filter(
        customer=customer, amount=payment.received, reverses=None, reversed_at=None
    ).exclude(origin_service=feed.kind)
    day = payment.paid_on
    if day and others.filter(paid_on__range=(day - AROUND, day + AROUND)).exists():
        raise MaybeRecorded
