"""A cache that all processes share, on the house's broker. Without the broker nothing is remembered, and nothing fails.

Values are JSON: what another could write there is data, never code.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from django.core.cache.backends.redis import RedisCache
from django.db import connection

from config.kernel import broker

T = TypeVar("T")
_BATCH = 500


def key_of(key: str, prefix: str, version: int) -> str:
    """Apart per database: those of two installations, or of two tests, share a broker at times."""
    return f"{prefix}:{connection.settings_dict['NAME']}:{version}:{key}"


class JsonSerializer:
    """Whole numbers included, though the broker could count them."""

    def dumps(self, value: Any) -> str:
        return json.dumps(value)

    def loads(self, data: bytes) -> Any:
        return json.loads(data)


class SharedCache(RedisCache):
    """Django's own over Redis; away, it finds and keeps nothing. Only `get`, `set`, `add`, `delete`, `clear`."""

    def __init__(self, server: str, params: dict[str, Any]) -> None:
        options = {**params.get("OPTIONS", {}), **broker.options(), "serializer": JsonSerializer()}
        super().__init__(server, {**params, "OPTIONS": options, "KEY_FUNCTION": key_of})

    def get(self, key: str, default: Any = None, version: int | None = None) -> Any:
        return _unless_away(lambda: super(SharedCache, self).get(key, default, version), default)

    def set(self, key: str, value: Any, timeout: Any = None, version: int | None = None) -> None:
        _unless_away(lambda: super(SharedCache, self).set(key, value, timeout, version), None)

    def add(self, key: str, value: Any, timeout: Any = None, version: int | None = None) -> bool:
        return _unless_away(lambda: super(SharedCache, self).add(key, value, timeout, version), True)

    def delete(self, key: str, version: int | None = None) -> bool:
        return _unless_away(lambda: super(SharedCache, self).delete(key, version), False)

    def clear(self) -> None:
        """Of this cache alone: the broker holds the queues as well."""

        def empty() -> None:
            client = self._cache.get_client(None, write=True)
            if found := list(client.scan_iter(match=self.make_key("*"), count=_BATCH)):
                client.delete(*found)

        _unless_away(empty, None)


def _unless_away(work: Callable[[], T], otherwise: T) -> T:
    try:
        with broker.asking():
            return work()
    except broker.BrokerAway:
        return otherwise
