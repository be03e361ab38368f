"""How the apps above customers extend the record and the list of customers, without customers knowing them.

An app registers, in its AppConfig.ready, functions that read a customer and answer figures (money at a glance), panels
(cards at the side) and actions (buttons), and one that gives the balances of the rows of a list at once. Each
contributor costs a fixed number of queries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from customers.models import Customer, CustomerQuerySet


@dataclass(frozen=True, slots=True)
class Figure:
    """An amount of the customer's account, in words, and the list that it sums."""

    label: str
    amount: Decimal
    url: str = ""
    note: str = ""
    tone: str = "neutral"
    currency: str = "EUR"


@dataclass(frozen=True, slots=True)
class Panel:
    """A card at the side: its title, and the template that fills it from `context` alone."""

    title: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Action:
    """A button of the record. `needs` is the role's action without which it is not shown ('' for everybody)."""

    label: str
    url: str
    icon: str
    needs: str
    primary: bool = False
    post: bool = False  # acts at one click, which is only for what can be undone


Figures = Callable[[Customer], Iterable[Figure]]
Panels = Callable[[Customer], Iterable[Panel]]
Actions = Callable[[Customer], Iterable[Action]]
Balances = Callable[[Sequence[int]], Mapping[int, Decimal]]

_figures: list[Figures] = []
_panels: list[Panels] = []
_actions: list[Actions] = []
_balances: list[Balances] = []


def register(
    *,
    figures: Figures | None = None,
    panels: Panels | None = None,
    actions: Actions | None = None,
    balances: Balances | None = None,
) -> None:
    """Called once by each app that extends the record; the order of the apps is the order on the page."""
    if figures is not None:
        _figures.append(figures)
    if panels is not None:
        _panels.append(panels)
    if actions is not None:
        _actions.append(actions)
    if balances is not None:
        _balances.append(balances)


def figures_of(customer: Customer) -> list[Figure]:
    return [figure for contribute in _figures for figure in contribute(customer)]


def panels_of(customer: Customer) -> list[Panel]:
    return [panel for contribute in _panels for panel in contribute(customer)]


def actions_of(customer: Customer, may: Callable[[str], bool]) -> list[Action]:
    """What the apps above offer for the customer, among what the role may do."""
    return [
        action for contribute in _actions for action in contribute(customer) if not action.needs or may(action.needs)
    ]


def balances_of(customers: Sequence[Customer]) -> dict[int, Decimal]:
    """What each customer still owes, by id: one query per contributor, whatever the number of rows."""
    return _owed([customer.pk for customer in customers])


def owed_by(customers: CustomerQuerySet) -> Decimal:
    """What all of them still owe together."""
    return sum(_owed(customers.order_by().values("pk")).values(), Decimal(0))


def _owed(keys: Any) -> dict[int, Decimal]:
    owed: dict[int, Decimal] = {}
    for contribute in _balances:
        for pk, amount in contribute(keys).items():
            owed[pk] = owed.get(pk, Decimal(0)) + amount
    return owed
