"""What verifies a signature: HMAC-SHA256 over the very bytes, compared in constant time, at a recent moment."""

from __future__ import annotations

import hmac
import re
from datetime import datetime, timedelta

TOLERANCE = timedelta(minutes=5)  # to either side of now
_STAMP = re.compile(r"[0-9]{1,16}")


def mac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")


def is_same(given: str, expected: str) -> bool:
    """In constant time; a header may hold any character."""
    return hmac.compare_digest(given.strip().encode("utf-8", "replace"), expected.encode())


def is_recent(stamp: str, at: datetime, *, per_second: int) -> bool:
    """Whether a stamp that counts so many units a second since 1970 is at most five minutes from `at`."""
    if not _STAMP.fullmatch(stamp):
        return False
    return abs(int(stamp) / per_second - at.timestamp()) <= TOLERANCE.total_seconds()
