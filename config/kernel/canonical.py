"""The versioned canonical form that is hashed: the same facts give the same bytes on every machine and Python."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any

VERSION = 1


# sorted and without spaces, so that neither the order of a mapping nor the writer's taste changes the hash;
# no search for circles: a walk has just ended
_WRITER = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False)
_AS_THEY_ARE = frozenset({str, int, bool, type(None)})


def _plain(value: Any) -> Any:
    if type(value) in _AS_THEY_ARE:
        return value
    if isinstance(value, Decimal):
        return _amount(value)
    if isinstance(value, Mapping):
        # most values are as they are: a call for each would cost more than the rest
        return {str(key): item if type(item) in _AS_THEY_ARE else _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, datetime):
        return _instant(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        raise TypeError("a float has no canonical form; use Decimal")
    if isinstance(value, str | int):
        return value
    raise TypeError(f"{type(value).__name__} has no canonical form")


# values that are equal have one text, and an invoice holds the same few many times
@lru_cache(maxsize=4096)
def _amount(value: Decimal) -> str:
    """1.5, 1.50 and 1.500 are one amount: the scale of the column must not change the hash."""
    # `f`: normalize alone writes 100 as 1E+2
    text = f"{value.normalize():f}"
    return "0" if text in {"-0", "0"} else text


@lru_cache(maxsize=64)
def _instant(value: datetime) -> str:
    # microseconds always, as isoformat leaves out those that are zero: one instant, one text
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def plain(value: Any) -> Any:
    """The value as JSON keeps it exactly: amounts, days and instants become text."""
    return _plain(value)


def canonical(facts: Mapping[str, Any]) -> str:
    """The canonical text of the facts: JSON, sorted keys, no spaces, amounts and dates as text."""
    body = {"v": VERSION, **_plain(facts)}
    return _WRITER.encode(body)


def sha256(text: str) -> str:
    """The digest of a text in UTF-8, as 64 hexadecimal signs."""
    return hashlib.sha256(text.encode()).hexdigest()
