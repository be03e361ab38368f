"""Words and amounts of the money resources, and the partners' names of a service's fields."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field

from config.kernel.api.fields import Money
from config.kernel.errors import DomainError
from payments.models import LineStatus, Method

METHODS = {
    "card": Method.CARD,
    "transfer": Method.TRANSFER,
    "check": Method.CHECK,
    "cash": Method.CASH,
    "direct_debit": Method.DIRECT_DEBIT,
}
STATES = {
    "open": LineStatus.OPEN,
    "matched": LineStatus.MATCHED,
    "suspense": LineStatus.SUSPENSE,
    "void": LineStatus.VOID,
}
PAYMENT_STATE_WORDS = ("recorded", "reversed", "reversal")
STATE_WORDS = tuple(STATES)

NAMES = {"paid_on": "payment_date", "method": "payment_method"}


@extend_schema_field({"type": "number", "multipleOf": 0.01, "minimum": 0.01, "maximum": 99_999_999_999_999.98})
class Received(Money):
    """An amount of money received or used: positive, in whole cents."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"min_value": Decimal("0.01"), **options})


@contextmanager
def named_as(names: Mapping[str, str] = NAMES) -> Iterator[None]:
    """Say a service's refused fields by the names the caller used."""
    try:
        yield
    except DomainError as error:
        error.fields = {names.get(name, name): sentence for name, sentence in error.fields.items()}
        raise
