"""A mailbox on a real loopback port, speaking the part of IMAP4rev1 (RFC 3501) that reading a return mailbox needs."""

from __future__ import annotations

import re
import socketserver
import threading
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self


@dataclass
class Mailbox:
    """The mails of the folder by their place from 1, and those that were seen; `password` is the one that opens it."""

    mails: list[bytes] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    password: str = "secret"
    fetched: list[int] = field(default_factory=list)


class _Session(socketserver.StreamRequestHandler):
    server: Any

    def handle(self) -> None:
        self.say(b"* OK loopback IMAP4rev1")
        while line := self.rfile.readline().decode().strip():
            tag, _space, command = line.partition(" ")
            self.answer(tag, command)
            if command.upper().startswith("LOGOUT"):
                return

    def answer(self, tag: str, command: str) -> None:
        box: Mailbox = self.server.box
        verb = command.upper()
        if verb.startswith("LOGIN") and not command.endswith(f'"{box.password}"'):
            return self.say(f"{tag} NO wrong password".encode())
        if verb.startswith("CAPABILITY"):
            self.say(b"* CAPABILITY IMAP4rev1")
        elif verb.startswith("SELECT"):
            self.say(f"* {len(box.mails)} EXISTS".encode())
            self.say(b"* OK [UIDVALIDITY 7] UIDs valid")
        elif verb.startswith("UID SEARCH UNSEEN"):
            unseen = [str(place) for place in range(1, len(box.mails) + 1) if place not in box.seen]
            self.say(" ".join(["* SEARCH", *unseen]).encode())
        elif found := re.fullmatch(r"UID SEARCH UID (\d+):\*", verb):
            # « * » is the last mail, be it before the first that is asked for
            places = {*range(int(found[1]), len(box.mails) + 1), *([len(box.mails)] if box.mails else [])}
            self.say(" ".join(["* SEARCH", *map(str, sorted(places))]).encode())
        elif found := re.fullmatch(r"UID FETCH (\d+) \(BODY\.PEEK\[\]<0\.(\d+)>\)", verb):
            place = int(found[1])
            box.fetched.append(place)
            mail = box.mails[place - 1][: int(found[2])]
            self.say(f"* {place} FETCH (UID {place} BODY[]<0> {{{len(mail)}}}".encode())
            self.wfile.write(mail)
            self.say(b")")
        elif found := re.fullmatch(r"UID STORE (\d+) \+FLAGS \(\\SEEN\)", verb):
            box.seen.add(int(found[1]))
        elif verb.startswith("LOGOUT"):
            self.say(b"* BYE")
        self.say(f"{tag} OK done".encode())
        return None

    def say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")


class MailboxServer(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True

    def __init__(self, box: Mailbox) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.box = box
        self.url = f"imap://retour%40verone.example:{box.password}@127.0.0.1:{self.server_address[1]}/INBOX"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()
