"""The broker's transport: kombu's for Redis, whose closed channels say so by an error that a worker survives."""

from __future__ import annotations

from typing import Any

from kombu.transport import redis
from redis.exceptions import ConnectionError as BrokerGone


class Channel(redis.Channel):
    def _connparams(self, asynchronous: bool = False) -> Any:
        """Raises BrokerGone on a channel parted from its connection.

        kombu then fails with an AttributeError, which ends the worker: a broker that dies under a running task would
        take it along, at the acknowledgement or at the return of what was not acknowledged.
        """
        if self.connection is None or self.connection.client is None:
            raise BrokerGone("the channel is closed")
        return super()._connparams(asynchronous)


class Transport(redis.Transport):
    Channel = Channel
