"""Break a connection without an answer, as a crashing proxy would, after the request was carried out."""

from __future__ import annotations

import socket
import struct

from django.http import HttpRequest


def cut(request: HttpRequest) -> None:
    """Reset the connection of this request; nothing happens outside the sandbox's own server."""
    connection: socket.socket | None = request.META.get("sandbox.connection")
    if connection is not None:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.shutdown(socket.SHUT_RDWR)
