"""How often one caller may call: counted in the broker, shown in every answer, and never a reason to fail with it.

Headers of draft-ietf-httpapi-ratelimit-headers-10: `RateLimit-Policy` and `RateLimit`, with `Retry-After` on 429.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import lru_cache

from django.conf import settings
from django.db import connection
from django.http import HttpResponseBase
from limits import RateLimitItem, parse
from limits.storage import storage_from_string
from limits.strategies import SlidingWindowCounterRateLimiter

from config.kernel import broker
from config.kernel.errors import DomainError


class TooManyCalls(DomainError):
    code = "too_many_calls"
    message = "Trop d’appels en peu de temps. Attendez avant de recommencer : « Retry-After » dit combien de secondes."
    status = 429

    def __init__(self, quota: Quota) -> None:
        super().__init__()
        self.quota = quota


@dataclass(frozen=True, slots=True)
class Quota:
    """What is left to a caller, as the headers tell it."""

    name: str
    limit: int
    window: int  # seconds
    remaining: int
    resets_in: int  # seconds

    def write(self, response: HttpResponseBase) -> None:
        response["RateLimit-Policy"] = f'"{self.name}";q={self.limit};w={self.window}'
        response["RateLimit"] = f'"{self.name}";r={self.remaining};t={self.resets_in}'
        if self.remaining == 0 and getattr(response, "status_code", 200) == 429:
            response["Retry-After"] = str(max(1, self.resets_in))


@lru_cache(maxsize=2)
def _counter(url: str, database: str) -> SlidingWindowCounterRateLimiter:
    """Installations that share a broker count apart: by the name of their database."""
    storage = storage_from_string(
        url.replace("unix://", "redis+unix://"), key_prefix=f"limits:{database}", **broker.options()
    )
    return SlidingWindowCounterRateLimiter(storage)


def spend(name: str, rate: str, who: str) -> Quota | None:
    """Count one call of `who`. Raises TooManyCalls. None when the broker is away: a limit is fairness, not a lock."""
    item: RateLimitItem = parse(rate)
    try:
        with broker.asking():
            counter = _counter(settings.REDIS_URL, str(connection.settings_dict["NAME"]))
            passed = counter.hit(item, name, who)
            # another call may be counted between the two: the headers then tell less than was left, never more
            stats = counter.get_window_stats(item, name, who)
    except broker.BrokerAway:
        return None
    resets_in = max(0, round(stats.reset_time - time.time()))
    quota = Quota(name, item.amount, item.get_expiry(), stats.remaining if passed else 0, resets_in)
    if not passed:
        raise TooManyCalls(quota)
    return quota
