"""A partner's server on the loopback that receives webhooks, and answers as it is told."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

from config.kernel.api.json import loads


@dataclass
class Received:
    """One message as it came."""

    headers: dict[str, str]
    content: bytes
    answered: int

    @property
    def body(self) -> Any:
        return loads(self.content)

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    def is_signed_with(self, secret: str) -> bool:
        Webhook(secret).verify(self.content, self.headers)
        return True


@dataclass
class Receiver:
    """`choose` gives the status of the next answer; `seen` is everything that came, `taken` what was answered 2xx."""

    url: str = ""
    choose: Callable[[Received], int] = lambda _one: 204
    seen: list[Received] = field(default_factory=list)

    @property
    def taken(self) -> list[Received]:
        return [one for one in self.seen if one.answered < 300]

    def first_takings(self) -> dict[str, list[str]]:
        """Per object, the ids of the messages taken, in the order of the first time."""
        found: dict[str, list[str]] = {}
        for one in self.taken:
            about = found.setdefault(f"{one.body['data']['object']}:{one.body['data']['id']}", [])
            if one.id not in about:
                about.append(one.id)
        return found


@contextmanager
def receiving(port: int = 0, into: Receiver | None = None) -> Iterator[Receiver]:
    """A server at work; with `port` and `into`, one that died comes back where it was."""
    receiver = into or Receiver()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["Content-Length"]))
            one = Received({name.lower(): value for name, value in self.headers.items()}, content, 0)
            with lock:
                one.answered = receiver.choose(one)
                receiver.seen.append(one)
            self.send_response(one.answered)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    receiver.url = f"http://127.0.0.1:{server.server_port}/hooks"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def failing(share: float, seed: int = 7) -> Callable[[Received], int]:
    """Answers 500 to that share of the messages."""
    chance = random.Random(seed)
    return lambda _one: 500 if chance.random() < share else 200
