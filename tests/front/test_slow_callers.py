"""Whoever sends or reads slowly is waited for by no thread: the others are answered meanwhile, and it is closed."""

from __future__ import annotations

import socket

import pytest

from config.runtime.front import THREADS
from tests.waiting import PATIENCE, wait_until
from tests.webserver import Address, status_of

MANY = 200
HALF_HEADER = b"GET /login/ HTTP/1.1\r\nHost: local"
HALF_BODY = (
    b"POST /login/ HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\n"
    b"Content-Length: 100\r\n\r\nusername=cl"
)
A_LARGE_FILE = b"GET /static/fonts/DejaVuSans.ttf HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


def begun(address: Address, words: bytes, *, takes: int = 0) -> socket.socket:
    line = socket.socket()
    if takes:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, takes)
    line.settimeout(PATIENCE)
    line.connect(address)
    line.sendall(words)
    return line


def stands(line: socket.socket) -> bool:
    """Neither answered nor closed."""
    line.setblocking(False)
    try:
        line.recv(1)
    except BlockingIOError:
        return True
    return False


def to_the_end(line: socket.socket) -> bytes:
    answer = b""
    while piece := line.recv(65536):
        answer += piece
    return answer


@pytest.mark.parametrize("words", [b"", HALF_HEADER, HALF_BODY], ids=["nothing", "half a header", "half a body"])
def test_others_are_answered_while_two_hundred_stand_half_open(address: Address, words: bytes) -> None:
    def others_are_answered() -> bool:
        lines = [begun(address, words) for _ in range(MANY)]
        try:
            assert [status_of(address, "/login/"), status_of(address)] == [200, 200]
            return all(map(stands, lines))
        finally:
            for line in lines:
                line.close()

    # again where the machine is slower than the bound of those who stand
    wait_until(others_are_answered, what="an answer while they stood")


def test_others_are_answered_while_files_are_read_slowly(address: Address) -> None:
    lines = [begun(address, A_LARGE_FILE, takes=16384) for _ in range(4 * THREADS)]
    try:
        for line in lines:
            assert line.recv(12) == b"HTTP/1.1 200"
        assert status_of(address, "/login/") == 200
        assert to_the_end(lines[0]).count(b"\0") > 10_000, "who reads slowly is served all the same"
    finally:
        for line in lines:
            line.close()


@pytest.mark.trust
def test_half_a_header_is_closed_and_half_a_body_told_why(address: Address) -> None:
    with begun(address, HALF_HEADER) as header, begun(address, HALF_BODY) as body:
        assert to_the_end(body).startswith(b"HTTP/1.1 408 ")
        assert to_the_end(header) == b""
