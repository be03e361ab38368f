"""Words and amounts of the money resources, and the partners' names of a service's fields."""

from __future__ import annotations

from contextlib import AbstractContextManager
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field

from config.kernel.api import naming
from config.kernel.api.fields import Money
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

NAMES = {"paid_on": "payment_date", "made_on": "payment_date", "method": "payment_method"}


@extend_schema_field({"type": "number", "multipleOf": 0.01, "minimum": 0.01, "maximum": 99_999_999_999_999.98})
class Received(Money):
    """An amount of money received or used: positive, in whole cents."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"min_value": Decimal("0.01"), **options})


def named_as() -> AbstractContextManager[None]:
    """Say a service's refused fields by the names the caller used."""
    return naming.named_as(NAMES)
