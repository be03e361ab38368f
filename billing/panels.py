"""How the apps above billing extend the record of an invoice, without billing knowing them.

An app registers, in its AppConfig.ready, a function that reads an invoice and answers panels (cards at the side of the
record) and actions (its buttons). The record asks all of them, and makes the action of the highest rank its one
primary button. A contributor costs a fixed number of queries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from billing.models import Invoice
from customers.panels import Panel

# ranks of primary buttons, from what moves the invoice on to what is merely at hand
ISSUE, MEND, RECORD_PAYMENT, DOWNLOAD = 100, 95, 90, 10
NEVER_PRIMARY = 0


@dataclass(frozen=True, slots=True)
class Action:
    """A button of the record. `needs` is the role's action without which it is not shown ('' for everybody); `post`
    acts at one click, which is only for what can be undone."""

    label: str
    url: str
    icon: str = "chevron-right"
    post: bool = False
    primary_rank: int = NEVER_PRIMARY
    needs: str = ""
    danger: bool = False


@dataclass(frozen=True, slots=True)
class ListAction:
    """A page for many invoices of the list: those chosen there (`invoice=` for each), or all of its filter (`all=1`).

    `takes` says which may be chosen; `needs` is the role's action without which it is not offered.
    """

    label: str
    icon: str
    url: str
    needs: str
    replaces: frozenset[str]  # the acts on many rows that it stands for in the menu
    takes: Callable[[Invoice], bool]


Panels = Callable[[Invoice], Iterable[Panel]]
Actions = Callable[[Invoice, date], Iterable[Action]]
ListActions = Callable[[], ListAction]

_panels: list[Panels] = []
_actions: list[Actions] = []
_list_actions: list[ListActions] = []


def register(
    *, panels: Panels | None = None, actions: Actions | None = None, list_action: ListActions | None = None
) -> None:
    """Called once by each app that extends the record; the order of the apps is the order on the page."""
    if panels is not None:
        _panels.append(panels)
    if actions is not None:
        _actions.append(actions)
    if list_action is not None:
        _list_actions.append(list_action)


def list_action_for(rows: Iterable[Invoice], may: Callable[[str], bool]) -> ListAction | None:
    """The first that the role may do with at least one of the rows."""
    shown = list(rows)
    offered = (offer() for offer in _list_actions)
    return next((action for action in offered if may(action.needs) and any(map(action.takes, shown))), None)


def panels_of(invoice: Invoice) -> list[Panel]:
    return [panel for contribute in _panels for panel in contribute(invoice)]


def contributed_actions(invoice: Invoice, on: date) -> list[Action]:
    """The actions of the apps above that the state of the invoice allows on that day, whoever asks."""
    return [action for contribute in _actions for action in contribute(invoice, on)]


def choose(actions: Iterable[Action], may: Callable[[str], bool]) -> tuple[Action | None, list[Action]]:
    """The one primary action and the rest in their order, among those the role may do."""
    allowed = [action for action in actions if not action.needs or may(action.needs)]
    primary = max(allowed, key=lambda action: action.primary_rank, default=None)
    if primary is None or primary.primary_rank == NEVER_PRIMARY:
        return None, allowed
    return primary, [action for action in allowed if action is not primary]
