"""Primary keys that tell nothing: random integers that every JSON reader keeps exact (below 2**53)."""

from __future__ import annotations

import secrets

_LOWEST = 10**15
# JavaScript keeps integers exactly up to here: a longer key would come back as another row's
_HIGHEST = 2**53


def new_id() -> int:
    """A sixteen-digit key. Nobody can guess another company's from their own; a clash fails on the primary key."""
    return _LOWEST + secrets.randbelow(_HIGHEST - _LOWEST)
