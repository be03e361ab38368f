"""What a body states and cannot set (a total, the currency, a status): it is what the record then says, or is refused.

An answer's fields may be sent back. Those that the body itself does not take are compared with the record as it is
written; amounts with nothing else, the rest also with the record as it was read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext_noop as n
from rest_framework.serializers import ListSerializer

from config.kernel import typography
from config.kernel.api.fields import NUMBER, Body
from config.kernel.errors import Invalid, Sentence

EURO_ALONE = n("Seul l’euro est géré : envoyez EUR, ou retirez ce champ.")
COMPUTED = n("Le total calculé est %(amount)s ; corrigez le vôtre, ou retirez ce champ.")
NOT_WRITTEN = n("Ce champ ne s’écrit pas ici : renvoyez-le tel que vous l’avez lu, ou retirez-le.")
NOWHERE = object()


@dataclass(slots=True)
class Stated:
    """What a call sent, and the record as it was before."""

    body: Body
    sent: Mapping[str, Any]
    before: Mapping[str, Any] = field(default_factory=dict)

    def check(self, shown: Mapping[str, Any]) -> None:
        """Hold it against the record as written. Raises Invalid at each field that says something else."""
        if wrong := _contradictions(self.body, self.sent, shown, self.before):
            raise Invalid(fields=wrong)


def states_something(body: Body, sent: Any) -> bool:
    """Whether the record has to be compared at all."""
    if not isinstance(sent, Mapping):
        return False
    lists = _lists(body, sent)
    return bool(body.compared & set(sent)) or any(
        states_something(child, row) for _name, child, rows in lists for row in rows
    )


def _lists(body: Body, sent: Mapping[str, Any]) -> list[tuple[str, Body, list[Any]]]:
    """The lists of smaller bodies in this one that state something: name, body of a row, rows sent."""
    found = []
    for name, taken in body.fields.items():
        child = getattr(taken, "child", None)
        if isinstance(taken, ListSerializer) and isinstance(child, Body) and child.compared and sent.get(name):
            found.append((name, child, sent[name]))
    return found


def _contradictions(
    body: Body, sent: Mapping[str, Any], shown: Mapping[str, Any], before: Mapping[str, Any]
) -> dict[str, str]:
    wrong: dict[str, str] = {}
    for name in body.compared & set(sent):
        value, now = sent[name], shown[name]
        as_read = not _holds_amount(now) and agrees(value, before.get(name, NOWHERE))
        if not as_read and not agrees(value, now):
            wrong[name] = _sentence(name, now)
    for name, child, rows in _lists(body, sent):
        for position, (row, now) in enumerate(zip(rows, shown[name], strict=True), start=1):
            wrong |= {f"{name}.{position}.{key}": text for key, text in _contradictions(child, row, now, {}).items()}
    return wrong


def _sentence(name: str, now: Any) -> str:
    if name == "currency":
        return EURO_ALONE
    return Sentence(COMPUTED, {"amount": typography.price(now)}) if isinstance(now, Decimal) else NOT_WRITTEN


def _holds_amount(value: Any) -> bool:
    inner = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return isinstance(value, Decimal) or any(map(_holds_amount, inner))


def agrees(sent: Any, shown: Any) -> bool:
    """Whether JSON says the same: 1200, 1200.00 and "1200.00" are one amount; an object may leave out fields."""
    if isinstance(shown, Mapping):
        return isinstance(sent, Mapping) and all(
            name in shown and agrees(value, shown[name]) for name, value in sent.items()
        )
    if isinstance(shown, list):
        return isinstance(sent, list) and len(sent) == len(shown) and all(map(agrees, sent, shown))
    if isinstance(shown, Decimal):
        if isinstance(sent, str):
            return bool(NUMBER.fullmatch(sent)) and Decimal(sent) == shown
        return isinstance(sent, int | Decimal) and not isinstance(sent, bool) and sent == shown
    if isinstance(shown, date):
        shown = shown.isoformat()
    return type(sent) is type(shown) and bool(sent == shown)
