"""The search of every page: numbers, names, amounts, SIREN, SIRET, IBAN; a few of each kind, one query per kind."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from billing.models import Invoice, Product, SalesOrder
from billing.standing import chips_of
from config.kernel import typography
from config.kernel.folding import holds
from config.kernel.forms import FrenchDecimalField
from config.kernel.roles import may_read
from customers.models import Customer
from payments.models import BankLine, Payment

MOST = 6
SHORTEST = 2
LONGEST = 100
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{4,30}")
_SPACES = re.compile(r"\s+")
Names = tuple[str, str, str]  # of a kind: its list, one of it, its icon


@dataclass(frozen=True, slots=True)
class Hit:
    """One record on one line: its number or name, whose it is, its state in words with a tone, its amount."""

    title: str
    detail: str
    url: str
    state: str = ""
    tone: str = "neutral"
    amount: str = ""


@dataclass(frozen=True, slots=True)
class Group:
    """The hits of one kind, what one of it is called, and where all of it is listed (`more` is '' when all is here)."""

    label: str
    kind: str
    icon: str
    hits: list[Hit]
    more: str


class Question:
    """What was typed, read in every way it can be meant."""

    def __init__(self, text: str, *, on: date) -> None:
        self.text = text.strip()[:LONGEST]
        self.on = on
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


def exact(question: Question, role: str) -> str:
    """The address of the one record that bears this number and that the role may read, '' for none. Three queries."""
    numbered = {"invoices": Invoice, "payments": Payment, "orders": SalesOrder}
    for area, model in numbered.items():
        row = may_read(role, area) and model.objects.filter(number__in={question.text, question.compact}).first()
        if row:
            return str(row.get_absolute_url())
    return ""


def find(question: Question, role: str) -> list[Group]:
    """What answers of what the role may read, by kind, kinds without a hit left out. Seven queries, each bounded."""
    groups = (finder(question) for area, finder in FINDERS.items() if may_read(role, area))
    return [group for group in groups if group.hits]


def _group(
    names: Names, rows: QuerySet[Any] | Sequence[Any], hit: Callable[[Any], Hit], every: str, text: str
) -> Group:
    found = list(rows[: MOST + 1])
    more = f"{reverse(every)}?{urlencode({'q': text})}" if len(found) > MOST else ""
    return Group(*names, [hit(row) for row in found[:MOST]], more)


def _invoices(question: Question) -> Group:
    named = holds(question.text, "number", "buyer_name", "external_reference", "customer__name")
    named |= Q(payment_reference=question.compact) | question.worth("total_gross")
    found = Invoice.objects.select_related("customer").filter(named).order_by("-created_at", "-id")
    rows = list(found[: MOST + 1])
    chips = chips_of(rows, question.on)

    def hit(row: Invoice) -> Hit:
        chip = chips[row.pk]
        amount = typography.money(row.total_gross, row.currency)
        who = row.buyer_name or row.customer.name
        return Hit(str(row), who, row.get_absolute_url(), chip.label, chip.tone, amount)

    names = (_("Factures"), _("Facture"), "invoice")
    return _group(names, rows, hit, "billing:invoice-list", question.text)


def _customers(question: Question) -> Group:
    rows = Customer.objects.active().matching(question.text)
    if len(question.compact) > SHORTEST:
        rows = rows | Customer.objects.active().filter(vat_number__istartswith=question.compact)

    def hit(row: Customer) -> Hit:
        return Hit(row.name, f"SIREN {typography.siren(row.siren)}" if row.siren else row.email, row.get_absolute_url())

    names = (_("Clients"), _("Client"), "users")
    return _group(names, rows.order_by("name", "id"), hit, "customers:customer-list", question.text)


def _orders(question: Question) -> Group:
    named = holds(question.text, "number", "customer__name", "purchase_order") | question.worth("total_gross")
    rows = SalesOrder.objects.select_related("customer").filter(named).order_by("-order_date", "-id")

    def hit(row: SalesOrder) -> Hit:
        amount, state = typography.money(row.total_gross, row.currency), row.get_status_display()
        return Hit(row.number, row.customer.name, row.get_absolute_url(), state, amount=amount)

    names = (_("Commandes"), _("Commande"), "cart")
    return _group(names, rows, hit, "billing:order-list", question.text)


def _payments(question: Question) -> Group:
    named = holds(question.text, "number", "reference", "customer__name") | question.worth("amount")
    rows = Payment.objects.select_related("customer").filter(named).order_by("-paid_on", "-id")

    def hit(row: Payment) -> Hit:
        amount, state = typography.money(row.amount, row.currency), typography.day(row.paid_on)
        return Hit(row.number, row.customer.name, row.get_absolute_url(), state, amount=amount)

    names = (_("Encaissements"), _("Encaissement"), "coins")
    return _group(names, rows, hit, "payments:payment-list", question.text)


def _bank(question: Question) -> Group:
    named = holds(question.text, "counterparty", "remittance") | question.worth("amount")
    if question.iban:
        named |= Q(counterparty_iban__startswith=question.iban)
    rows = BankLine.objects.filter(named).order_by("-booked_on", "-id")

    def hit(row: BankLine) -> Hit:
        title = row.counterparty or row.remittance[:60] or _("Mouvement bancaire")
        amount, state = typography.money(row.amount, row.currency), row.get_status_display()
        return Hit(title, typography.day(row.booked_on), row.get_absolute_url(), state, amount=amount)

    names = (_("Banque"), _("Mouvement"), "bank")
    return _group(names, rows, hit, "payments:bankline-list", question.text)


def _products(question: Question) -> Group:
    rows = Product.objects.filter(holds(question.text, "reference", "name"), archived_at=None)

    def hit(row: Product) -> Hit:
        price = f"{typography.price(row.unit_price)} € HT"
        return Hit(row.name, row.reference, row.get_absolute_url(), amount=price)

    names = (_("Produits"), _("Produit"), "box")
    return _group(names, rows.order_by("name", "id"), hit, "billing:product-list", question.text)


FINDERS: dict[str, Callable[[Question], Group]] = {
    "invoices": _invoices,
    "customers": _customers,
    "orders": _orders,
    "payments": _payments,
    "bank": _bank,
    "products": _products,
}
