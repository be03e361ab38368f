"""The search of every page: numbers, names, amounts, SIREN, SIRET, IBAN; a few of each kind, one query per kind."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.models import Invoice, Product, SalesOrder
from config.kernel import typography
from config.kernel.forms import FrenchDecimalField
from customers.models import Customer
from payments.models import BankLine, Payment

MOST = 6
SHORTEST = 2
LONGEST = 100
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{4,30}")
_SPACES = re.compile(r"\s+")


@dataclass(frozen=True, slots=True)
class Hit:
    title: str
    detail: str
    amount: str
    url: str


@dataclass(frozen=True, slots=True)
class Group:
    """The hits of one kind, and the list where all of them are (`more` is '' when these are all)."""

    label: str
    icon: str
    hits: list[Hit]
    more: str


class Question:
    """What was typed, read in every way it can be meant."""

    def __init__(self, text: str) -> None:
        self.text = text.strip()[:LONGEST]
        self.compact = _SPACES.sub("", self.text).upper()
        self.iban = self.compact if _IBAN.fullmatch(self.compact) else ""
        self.amount = self._amount()

    @property
    def is_too_short(self) -> bool:
        return len(self.compact) < SHORTEST

    def _amount(self) -> Decimal | None:
        try:
            amount = FrenchDecimalField(max_digits=16, decimal_places=2, sums=False).clean(self.text.replace("€", ""))
        except ValidationError:
            return None
        return Decimal(amount)

    def worth(self, column: str) -> Q:
        """The column is the amount typed; nothing when no amount was."""
        return Q() if self.amount is None else Q(**{column: self.amount})


def exact(question: Question) -> str:
    """The address of the one record that bears this number, '' when none does. Three queries at most."""
    for model in (Invoice, Payment, SalesOrder):
        row = model.objects.filter(number__in={question.text, question.compact}).first()
        if row is not None:
            return str(row.get_absolute_url())
    return ""


def find(question: Question) -> list[Group]:
    """What answers, by kind, kinds without a hit left out. Six queries, each bounded."""
    finders = (_invoices, _customers, _orders, _payments, _bank, _products)
    return [group for group in (finder(question) for finder in finders) if group.hits]


def _group(label: str, icon: str, rows: QuerySet[Any], hit: Callable[[Any], Hit], every: str, text: str) -> Group:
    found = list(rows[: MOST + 1])
    more = f"{reverse(every)}?{urlencode({'q': text})}" if len(found) > MOST else ""
    return Group(label, icon, [hit(row) for row in found[:MOST]], more)


def _invoices(question: Question) -> Group:
    text = question.text
    named = Q(number__icontains=text) | Q(buyer_name__icontains=text) | Q(external_reference__icontains=text)
    named |= Q(payment_reference=question.compact) | Q(customer__name__icontains=text)
    rows = Invoice.objects.select_related("customer").filter(named | question.worth("total_gross"))

    def hit(row: Invoice) -> Hit:
        detail = f"{row.buyer_name or row.customer.name} · {row.get_status_display()}"
        return Hit(str(row), detail, typography.money(row.total_gross, row.currency), row.get_absolute_url())

    return _group(_("Factures"), "invoice", rows.order_by("-created_at", "-id"), hit, "billing:invoice-list", text)


def _customers(question: Question) -> Group:
    rows = Customer.objects.active().matching(question.text)
    if len(question.compact) > SHORTEST:
        rows = rows | Customer.objects.active().filter(vat_number__istartswith=question.compact)

    def hit(row: Customer) -> Hit:
        detail = f"SIREN {typography.siren(row.siren)}" if row.siren else row.email
        return Hit(row.name, detail, "", row.get_absolute_url())

    return _group(_("Clients"), "users", rows.order_by("name", "id"), hit, "customers:customer-list", question.text)


def _orders(question: Question) -> Group:
    text = question.text
    named = Q(number__icontains=text) | Q(customer__name__icontains=text) | Q(purchase_order__icontains=text)
    rows = SalesOrder.objects.select_related("customer").filter(named | question.worth("total_gross"))

    def hit(row: SalesOrder) -> Hit:
        detail = f"{row.customer.name} · {row.get_status_display()}"
        return Hit(row.number, detail, typography.money(row.total_gross, row.currency), row.get_absolute_url())

    return _group(_("Commandes"), "cart", rows.order_by("-order_date", "-id"), hit, "billing:order-list", text)


def _payments(question: Question) -> Group:
    text = question.text
    named = Q(number__icontains=text) | Q(reference__icontains=text) | Q(customer__name__icontains=text)
    rows = Payment.objects.select_related("customer").filter(named | question.worth("amount"))

    def hit(row: Payment) -> Hit:
        detail = f"{row.customer.name} · {typography.day(row.paid_on)}"
        return Hit(row.number, detail, typography.money(row.amount, row.currency), row.get_absolute_url())

    return _group(_("Encaissements"), "coins", rows.order_by("-paid_on", "-id"), hit, "payments:payment-list", text)


def _bank(question: Question) -> Group:
    text = question.text
    named = Q(counterparty__icontains=text) | Q(remittance__icontains=text) | question.worth("amount")
    if question.iban:
        named |= Q(counterparty_iban__startswith=question.iban)
    rows = BankLine.objects.filter(named)

    def hit(row: BankLine) -> Hit:
        detail = f"{typography.day(row.booked_on)} · {row.get_status_display()}"
        title = row.counterparty or row.remittance[:60] or _("Mouvement bancaire")
        return Hit(title, detail, typography.money(row.amount, row.currency), row.get_absolute_url())

    return _group(_("Banque"), "bank", rows.order_by("-booked_on", "-id"), hit, "payments:bankline-list", text)


def _products(question: Question) -> Group:
    text = question.text
    rows = Product.objects.filter(Q(reference__icontains=text) | Q(name__icontains=text), archived_at=None)

    def hit(row: Product) -> Hit:
        return Hit(row.name, row.reference, f"{typography.price(row.unit_price)} € HT", row.get_absolute_url())

    return _group(_("Produits"), "box", rows.order_by("name", "id"), hit, "billing:product-list", text)
