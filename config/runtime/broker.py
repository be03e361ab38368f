"""The broker's transport: kombu's for Redis, with two things it has no setting for (kombu 5.7.0, the newest).

`tests/kernel/test_broker.py` fails as soon as kombu does either by itself: then this file goes.
"""

from __future__ import annotations

from typing import Any

from kombu.transport import redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as BrokerGone
from redis.retry import Retry


class Channel(redis.Channel):
    def _connparams(self, asynchronous: bool = False) -> Any:
        """Raises BrokerGone on a closed channel, an error that a worker survives."""
        # kombu's Transport.close_channel takes the connection from the channel, and its _connparams then fails with an
        # AttributeError, which ends the worker: a broker that dies under a running task would take it along, at the
        # acknowledgement or at the return of what was not acknowledged
        if self.connection is None or self.connection.client is None:
            raise BrokerGone("the channel is closed")
        # redis-py tries again with pauses unless it is given a Retry, and kombu's transport options pass none on:
        # whoever sets an alarm would wait for a broker that is away
        return {**super()._connparams(asynchronous), "retry": Retry(NoBackoff(), 0)}


class Transport(redis.Transport):
    Channel = Channel
