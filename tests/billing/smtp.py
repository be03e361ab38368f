"""A mail server on a real loopback port, able to accept, refuse, postpone, be slow, and hang up at the worst moment."""

from __future__ import annotations

import socketserver
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self


@dataclass
class Behaviour:
    """What the server answers. `hang_up` names the command after which it closes the connection without a word."""

    banner: str = "220 loopback ESMTP"
    to_recipient: str = "250 OK"
    to_text: str = "250 accepted"
    hang_up: str = ""
    delay: float = 0.0
    messages: list[tuple[str, str, bytes]] = field(default_factory=list)
    sessions: int = 0


class _Session(socketserver.StreamRequestHandler):
    server: Any

    def handle(self) -> None:
        does = self.server.does
        does.sessions += 1
        self.say(does.banner)
        sender = recipient = ""
        while command := self.rfile.readline().decode().strip():
            verb = command.split(":")[0].split(" ")[0].upper()
            if verb == does.hang_up:
                return
            if verb == "MAIL":
                sender = command.partition(":")[2].split(" ")[0]
            if verb == "RCPT":
                recipient = command.partition(":")[2]
            if verb != "DATA":
                self.say({"EHLO": "250 loopback", "RCPT": does.to_recipient, "QUIT": "221 bye"}.get(verb, "250 OK"))
                continue
            self.say("354 go on")
            text = self.text()
            time.sleep(does.delay)
            if does.hang_up == "TEXT":
                return
            if does.to_text.startswith("2"):
                does.messages.append((sender, recipient, text))
            self.say(does.to_text)

    def text(self) -> bytes:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line)
        return b"".join(lines)

    def say(self, words: str) -> None:
        self.wfile.write(f"{words}\r\n".encode())


class MailServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, does: Behaviour) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.does = does
        self.port = self.server_address[1]

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, where: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()
