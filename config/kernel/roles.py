"""What each role may do. One table: pages show buttons from it and every view asks it."""

from __future__ import annotations

from django.db import models


class Role(models.TextChoices):
    OWNER = "OWNER", "Gérant"
    ACCOUNTANT = "ACCOUNTANT", "Comptable"
    SALES = "SALES", "Commercial"
    VIEWER = "VIEWER", "Lecture seule"


ACTIONS: dict[str, frozenset[str]] = {
    "customers.edit": frozenset({Role.OWNER, Role.ACCOUNTANT, Role.SALES}),
    "products.edit": frozenset({Role.OWNER, Role.ACCOUNTANT, Role.SALES}),
    "stock.move": frozenset({Role.OWNER, Role.ACCOUNTANT, Role.SALES}),
    "orders.edit": frozenset({Role.OWNER, Role.ACCOUNTANT, Role.SALES}),
    "invoices.edit": frozenset({Role.OWNER, Role.ACCOUNTANT, Role.SALES}),
    "invoices.issue": frozenset({Role.OWNER, Role.ACCOUNTANT, Role.SALES}),
    "invoices.credit": frozenset({Role.OWNER, Role.ACCOUNTANT}),
    "payments.record": frozenset({Role.OWNER, Role.ACCOUNTANT}),
    "bank.reconcile": frozenset({Role.OWNER, Role.ACCOUNTANT}),
    "reminders.send": frozenset({Role.OWNER, Role.ACCOUNTANT}),
    "einvoicing.send": frozenset({Role.OWNER, Role.ACCOUNTANT, Role.SALES}),
    "settings.edit": frozenset({Role.OWNER}),
}


def may(role: str, action: str) -> bool:
    """True when the role includes the action; an unknown action is a KeyError, never a silent no."""
    return role in ACTIONS[action]
