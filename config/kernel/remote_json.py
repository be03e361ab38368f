"""JSON that a remote system sends: what it says is kept, less what PostgreSQL cannot keep."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any

# NUL, and halves of a character, which JSON can escape and UTF-8 cannot write
_UNKEEPABLE = re.compile("[\x00\ud800-\udfff]")


def read(data: bytes) -> Any:
    """The value, amounts as Decimal never float. Raises ValueError when it is not JSON, or nested beyond measure."""
    try:
        return _keepable(json.loads(data, parse_float=Decimal))
    except RecursionError as error:
        raise ValueError("nested beyond measure") from error


def _keepable(value: Any) -> Any:
    if isinstance(value, str):
        return _UNKEEPABLE.sub("", value)
    if isinstance(value, list):
        return [_keepable(item) for item in value]
    if isinstance(value, dict):
        return {_keepable(name): _keepable(item) for name, item in value.items()}
    return value
