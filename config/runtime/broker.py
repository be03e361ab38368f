"""The broker's transport: kombu's for Redis, whose closed channels say so by an error that a worker survives."""

from __future__ import annotations

from typing import Any

from kombu.transport import redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as BrokerGone
from redis.retry import Retry


class Channel(redis.Channel):
    def _connparams(self, asynchronous: bool = False) -> Any:
        """Raises BrokerGone on a channel parted from its connection.

        kombu then fails with an AttributeError, which ends the worker: a broker that dies under a running task would
        take it along, at the acknowledgement or at the return of what was not acknowledged.
        """
        if self.connection is None or self.connection.client is None:
            raise BrokerGone("the channel is closed")
        # redis-py would try four times, with pauses: whoever sets an alarm would wait for a broker that is away
        return {**super()._connparams(asynchronous), "retry": Retry(NoBackoff(), 0)}


class Transport(redis.Transport):
    Channel = Channel
