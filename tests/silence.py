"""A service that is frozen: it lets everybody in, and answers nobody."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager


class Frozen:
    def __init__(self, door: socket.socket) -> None:
        self._door = door
        self._callers: list[socket.socket] = []
        self.port = door.getsockname()[1]

    def calls(self) -> int:
        """How many have connected since it was last asked."""
        before = len(self._callers)
        while True:
            try:
                self._callers.append(self._door.accept()[0])
            except BlockingIOError:
                return len(self._callers) - before

    def close(self) -> None:
        for caller in self._callers:
            caller.close()


@contextmanager
def frozen_service() -> Iterator[Frozen]:
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen(64)
        door.setblocking(False)
        frozen = Frozen(door)
        try:
            yield frozen
        finally:
            frozen.close()
