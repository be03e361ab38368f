"""What each role may do. One table: pages show buttons from it and every view asks it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    OWNER = "OWNER", _("Gérant")
    ACCOUNTANT = "ACCOUNTANT", _("Comptable")
    SALES = "SALES", _("Commercial")
    VIEWER = "VIEWER", _("Lecture seule")


ACTIONS: dict[str, frozenset[str]] = {
    "customers.edit": frozenset({Role.OWNER, Role.ACCOUNTANT, Role.SALES}),
    "products.edit": frozenset({Role.OWNER, Role.ACCOUNTANT, Role.SALES}),
    "stock.move": frozenset({Role.OWNER, Role.ACCOUNTANT, Role.SALES}),
    "orders.edit": frozenset({Role.OWNER, Role.ACCOUNTANT, Role.SALES}),
    "invoices.edit": frozenset({Role.OWNER, Role.ACCOUNTANT, Role.SALES}),
    "invoices.issue": frozenset({Role.OWNER, Role.ACCOUNTANT, Role.SALES}),
    "invoices.credit": frozenset({Role.OWNER, Role.ACCOUNTANT}),
    "invoices.write_off": frozenset({Role.OWNER, Role.ACCOUNTANT}),
    "payments.refund": frozenset({Role.OWNER, Role.ACCOUNTANT}),
    "payments.collect": frozenset({Role.OWNER, Role.ACCOUNTANT}),
    "payments.record": frozenset({Role.OWNER, Role.ACCOUNTANT}),
    "bank.reconcile": frozenset({Role.OWNER, Role.ACCOUNTANT}),
    "reminders.send": frozenset({Role.OWNER, Role.ACCOUNTANT}),
    "purchases.edit": frozenset({Role.OWNER, Role.ACCOUNTANT}),
    # who approves what is said by the company's rules of approval, within this
    "purchases.approve": frozenset({Role.OWNER, Role.ACCOUNTANT, Role.SALES}),
    "purchases.pay": frozenset({Role.OWNER, Role.ACCOUNTANT}),
    # manual entries, accounts, lettering
    "books.write": frozenset({Role.OWNER, Role.ACCOUNTANT}),
    "books.close": frozenset({Role.OWNER, Role.ACCOUNTANT}),
    "einvoicing.send": frozenset({Role.OWNER, Role.ACCOUNTANT, Role.SALES}),
    "settings.edit": frozenset({Role.OWNER}),
}

# Who may read each area of the product. A key of the API names them "<area>.read".
EVERYBODY = frozenset({Role.OWNER, Role.ACCOUNTANT, Role.SALES, Role.VIEWER})
READERS: dict[str, frozenset[str]] = {
    "company": EVERYBODY,
    "customers": EVERYBODY,
    "products": EVERYBODY,
    "orders": EVERYBODY,
    "invoices": EVERYBODY,
    "payments": EVERYBODY,
    "purchases": EVERYBODY,
    "bank": frozenset({Role.OWNER, Role.ACCOUNTANT, Role.VIEWER}),
    "books": frozenset({Role.OWNER, Role.ACCOUNTANT, Role.VIEWER}),
    "einvoicing": EVERYBODY,
    "finance": frozenset({Role.OWNER, Role.ACCOUNTANT, Role.VIEWER}),
    "audit": frozenset({Role.OWNER, Role.ACCOUNTANT}),
    "settings": frozenset({Role.OWNER}),
}


def may_read(role: str, area: str) -> bool:
    """True when the role may read the area; an unknown area is a KeyError, never a silent no."""
    return role in READERS[area]


def may(role: str, action: str) -> bool:
    """True when the role includes the action; an unknown action is a KeyError, never a silent no."""
    return role in ACTIONS[action]


def allows(role: str, required: str) -> bool:
    """True when the role has what is required: an act it does, or an area it reads. An unknown word is a KeyError."""
    return may(role, required) if required in ACTIONS else may_read(role, required)
