"""How the apps above billing extend the record and the list of purchases, without billing knowing them.

An app registers, in its AppConfig.ready, what it shows of a purchase: cards at the side, parts of the page itself (the
document as it came), and buttons. Each contributor costs a fixed number of queries.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

from billing.panels import Action
from billing.purchases.models import PurchaseInvoice
from customers.panels import Panel

# ranks of primary buttons, from what moves the purchase on to what is merely at hand
CHECK, APPROVE, BOOK, PAY = 100, 95, 90, 80

Panels = Callable[[PurchaseInvoice], Iterable[Panel]]
Actions = Callable[[PurchaseInvoice, date], Iterable[Action]]

ReasonWords = Callable[[str], str]
DoubtWords = Callable[[PurchaseInvoice], Mapping[str, Sequence[str]]]

_panels: list[Panels] = []
_parts: list[Panels] = []
_actions: list[Actions] = []
_words: list[ReasonWords] = []
_doubt_words: list[DoubtWords] = []


def register(
    *,
    panels: Panels | None = None,
    parts: Panels | None = None,
    actions: Actions | None = None,
    reason_words: ReasonWords | None = None,
    doubt_words: DoubtWords | None = None,
) -> None:
    """Called once by each app that extends the record: `panels` stand at the side, `parts` under what it says,
    `reason_words` says a code of the official lists of refusals and disputes in a sentence, `doubt_words` what exactly
    was found, by the code of each doubt.
    """
    if panels is not None:
        _panels.append(panels)
    if parts is not None:
        _parts.append(parts)
    if actions is not None:
        _actions.append(actions)
    if reason_words is not None:
        _words.append(reason_words)
    if doubt_words is not None:
        _doubt_words.append(doubt_words)


def say_reason(code: str) -> str:
    """A reason of the official lists in words; the code where no app knows better."""
    return next((said for say in _words if (said := say(code)) != code), code)


def say_doubts(purchase: PurchaseInvoice) -> dict[str, list[str]]:
    """What exactly was found that speaks against the purchase, by the code of its open doubts."""
    found: dict[str, list[str]] = {code: [] for code in purchase.doubts}
    for say in _doubt_words if found else ():
        for code, sentences in say(purchase).items():
            found.get(code, []).extend(sentences)
    return found


def panels_of(purchase: PurchaseInvoice) -> list[Panel]:
    return [panel for contribute in _panels for panel in contribute(purchase)]


def parts_of(purchase: PurchaseInvoice) -> list[Panel]:
    return [part for contribute in _parts for part in contribute(purchase)]


def contributed_actions(purchase: PurchaseInvoice, on: date) -> list[Action]:
    """The actions of the apps above that the state of the purchase allows on that day, whoever asks."""
    return [action for contribute in _actions for action in contribute(purchase, on)]
