"""« Générer la facture »: the draft of a shipped order, or of several of one customer; of many, each on its own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from billing.models import Invoice, OrderLine, OrderStatus, SalesOrder
from billing.services.deducting import deductible_from, those_that_fit, write_deductions
from billing.services.invoices import inputs_of, save_draft
from billing.services.lines import MOST_LINES
from config.kernel import audit
from config.kernel.actor import Actor
from config.kernel.clock import local_day
from config.kernel.errors import DomainError


class OrderNotShipped(DomainError):
    code = "order_not_shipped"
    message = "La commande %(number)s n’est pas expédiée : elle ne peut pas encore être facturée."


class AlreadyInvoiced(DomainError):
    code = "already_invoiced"
    message = "La commande %(number)s a déjà sa facture."


class NotTogether(DomainError):
    code = "orders_not_together"
    message = "Une facture réunit les commandes d’un même client, livrées à la même adresse et au même service."


class TooManyLines(DomainError):
    code = "too_many_lines"
    message = "Une facture porte %(most)s lignes au plus : générez celle de ces commandes en plusieurs fois."


def final_invoice_of(order: SalesOrder) -> Invoice | None:
    """The invoice of the order that nothing cancelled or replaced, draft or issued."""
    found: Invoice | None = Invoice.everywhere.of_order(order).in_force().first()
    return found


def check_to_invoice(order: SalesOrder) -> None:
    """Raises OrderNotShipped, AlreadyInvoiced."""
    if order.status != OrderStatus.SHIPPED or order.shipped_at is None:
        raise OrderNotShipped(number=order.number)
    if final_invoice_of(order) is not None:
        raise AlreadyInvoiced(number=order.number)


def together(orders: Sequence[SalesOrder]) -> list[list[SalesOrder]]:
    """The orders in groups that one invoice can bill, each the oldest first; the groups as their oldest came."""
    groups: dict[tuple[Any, ...], list[SalesOrder]] = {}
    for order in sorted(orders, key=lambda order: (order.order_date, order.number)):
        groups.setdefault(_group(order), []).append(order)
    return list(groups.values())


def _group(order: SalesOrder) -> tuple[Any, ...]:
    """What an invoice has once: buyer, currency, place of delivery; of a public body its commitment too."""
    commitment = order.purchase_order if order.customer.is_public_body else ""
    return order.customer_id, order.currency, order.service_code, str(sorted(order.delivery.items())), commitment


def generate_invoice(*, order: SalesOrder, actor: Actor, at: datetime) -> Invoice:
    """A draft with the lines of a shipped order, its issued deposits deducted.

    An order whose invoice was cancelled by a credit note is invoiced again.
    Raises OrderNotShipped, AlreadyInvoiced, CustomerArchived.
    """
    return generate_together(orders=[order], actor=actor, at=at)


@transaction.atomic
def generate_together(*, orders: Sequence[SalesOrder], actor: Actor, at: datetime) -> Invoice:
    """The same of several orders on one invoice. Raises also NotTogether, TooManyLines."""
    rows = SalesOrder.everywhere.select_for_update(no_key=True, of=("self",)).select_related("company", "customer")
    # locked in the order of their keys: whoever generates one of them meanwhile waits, and finds it invoiced
    locked = list(rows.filter(pk__in=[order.pk for order in orders]).order_by("pk"))
    for order in locked:
        check_to_invoice(order)
    if len(together(locked)) != 1:
        raise NotTogether
    (group,) = together(locked)
    lines = [line for order in group for line in OrderLine.everywhere.filter(order=order).order_by("position")]
    if len(lines) > MOST_LINES:  # nobody could edit it
        raise TooManyLines(most=MOST_LINES)
    invoice = save_draft(
        invoice=None,
        customer=group[0].customer,
        values=_values(group),
        lines=inputs_of(lines),
        orders=group,
        actor=actor,
        at=at,
    )
    if len(group) > 1:
        SalesOrder.everywhere.filter(pk__in=[order.pk for order in group]).update(billed_by=invoice)
    deposits = deductible_from(invoice).filter(order__in=group)
    write_deductions(invoice, those_that_fit(invoice, deposits))
    for order in group:
        audit.record("billing.order.invoiced", subject=order, also=[invoice], actor=actor, at=at)
    return invoice


def generate_each(*, groups: Sequence[Sequence[SalesOrder]], actor: Actor, at: datetime) -> list[Invoice | DomainError]:
    """The invoice of each group on its own, or why it has none."""
    outcomes: list[Invoice | DomainError] = []
    for group in groups:
        try:
            outcomes.append(generate_together(orders=group, actor=actor, at=at))
        except DomainError as error:
            outcomes.append(error)
    return outcomes


def _values(group: Sequence[SalesOrder]) -> dict[str, Any]:
    """The head of the draft; of several orders, each is named in its notes."""
    first = group[0]
    references = {order.purchase_order for order in group}
    notes = [note for order in group if (note := order.notes)]
    if len(group) > 1:
        notes.insert(0, "Commandes " + ", ".join(map(_named, group)) + ".")
    return {
        "order": first,
        "supply_date": max(local_day(order.shipped_at) for order in group if order.shipped_at),
        "purchase_order": first.purchase_order if len(references) == 1 else "",
        "service_code": first.service_code,
        "delivery": first.delivery,
        "notes": "\n".join(dict.fromkeys(notes)),
        "currency": first.currency,
    }


def _named(order: SalesOrder) -> str:
    reference = f", réf. {order.purchase_order}" if order.purchase_order else ""
    return f"{order.number} du {order.order_date:%d/%m/%Y}{reference}"
