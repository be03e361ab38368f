"""The search of the top bar: by name, number, SIREN, reference or amount, a few answers of each kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils.translation import gettext as _

from billing.models import Invoice, Product, SalesOrder
from config.kernel import typography
from config.kernel.forms import FrenchDecimalField
from customers.models import Customer
from payments.models import Payment

MOST = 8
SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Found:
    label: str
    detail: str
    url: str
    amount: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    icon: str
    rows: list[Found]


def exact(text: str) -> Any | None:
    """The one record that bears exactly this number, if there is one."""
    number = text.strip().upper()
    for model in (Invoice, SalesOrder, Payment):
        row = model.objects.filter(number=number).first()
        if row is not None:
            return row
    return None


def search(text: str) -> list[Group]:
    """Five queries at most, each bounded; empty for less than two characters."""
    text = text.strip()
    if len(text) < SHORTEST:
        return []
    groups = [
        Group(_("Clients"), "users", _customers(text)),
        Group(_("Factures"), "invoice", _invoices(text)),
        Group(_("Commandes"), "cart", _orders(text)),
        Group(_("Encaissements"), "coins", _payments(text)),
        Group(_("Produits"), "box", _products(text)),
    ]
    return [group for group in groups if group.rows]


def _amount(text: str) -> Q:
    """What people type as an amount; otherwise a condition nothing meets."""
    try:
        amount = FrenchDecimalField(max_digits=16, decimal_places=2).clean(text)
    except ValidationError:
        return Q(pk=None)
    return Q(total_gross=amount) if len(text) > SHORTEST else Q(pk=None)


def _customers(text: str) -> list[Found]:
    rows = Customer.objects.active().matching(text).order_by("name")[:MOST]
    return [
        Found(row.name, typography.siren(row.siren) if row.siren else row.email, row.get_absolute_url()) for row in rows
    ]


def _invoices(text: str) -> list[Found]:
    condition = Q(number__icontains=text) | Q(buyer_name__icontains=text) | Q(payment_reference__icontains=text)
    rows = Invoice.objects.filter(condition | _amount(text)).order_by("-created_at")[:MOST]
    return [
        Found(str(row), row.buyer_name, row.get_absolute_url(), typography.money(row.total_gross, row.currency))
        for row in rows
    ]


def _orders(text: str) -> list[Found]:
    condition = Q(number__icontains=text) | Q(customer__name__icontains=text) | Q(purchase_order__icontains=text)
    rows = SalesOrder.objects.filter(condition).select_related("customer").order_by("-order_date", "-id")[:MOST]
    return [
        Found(row.number, row.customer.name, row.get_absolute_url(), typography.money(row.total_gross, row.currency))
        for row in rows
    ]


def _payments(text: str) -> list[Found]:
    condition = Q(number__icontains=text) | Q(reference__icontains=text) | Q(customer__name__icontains=text)
    rows = Payment.objects.filter(condition).select_related("customer").order_by("-paid_on", "-id")[:MOST]
    return [
        Found(row.number, row.customer.name, row.get_absolute_url(), typography.money(row.amount, row.currency))
        for row in rows
    ]


def _products(text: str) -> list[Found]:
    rows = Product.objects.filter(archived_at=None).filter(Q(name__icontains=text) | Q(reference__icontains=text))
    return [
        Found(row.name, row.reference, row.get_absolute_url(), typography.money(row.unit_price))
        for row in rows.order_by("name")[:MOST]
    ]
