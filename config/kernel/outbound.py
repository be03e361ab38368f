"""The one guard of foreign addresses, those that people type: public addresses alone (OWASP, SSRF).

Judged at the very connection: the name is resolved once, every address it has is judged, and the connection is made to
one of those: an answer of the name server that changes in between changes nothing. No redirect is followed, no proxy is
used.
"""

from __future__ import annotations

import contextlib
import ipaddress
import socket
import threading
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.poolmanager import PoolManager
from urllib3.util.connection import create_connection

from config.kernel.errors import RemoteError
from config.kernel.http import check_address

Resolver = Callable[[str, int], list[str]]
LONGEST = 500
TRIED = 4  # addresses of one name
FORBIDDEN = "Cette adresse n’est pas publique : rien ne lui est envoyé."
UNKNOWN_NAME = "Le nom du service distant est inconnu."
# names that lead to this machine or its neighbours (RFC 6761, RFC 6762), as do those without a dot
HERE = (".localhost", ".localdomain", ".local", ".internal")
_GLOBAL_IPV6 = ipaddress.ip_network("2000::/3")
# what Python calls global, and leads elsewhere than to one public host
_SPECIAL = [
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # of protocols (RFC 6890)
        "192.88.99.0/24",  # relays of 6to4
        "168.63.129.16/32",  # Azure's own, from within
        "2002::/16",  # 6to4: carries an IPv4 address of its own
        "3fff::/20",  # documentation (RFC 9637)
    )
]


def refusal(url: str, *, loopback: bool = False) -> str:
    """Why nothing may go to this address, as far as it says by itself; '' when nothing speaks against it."""
    if len(url) > LONGEST or not url.isprintable() or " " in url:
        return "Une adresse compte 500 signes au plus, sans espace."
    try:
        check_address(url)
    except RemoteError as error:
        return error.message
    target = urlsplit(url)
    if target.fragment:
        return "L’adresse du service distant est incorrecte."
    host = str(target.hostname).removesuffix(".")
    address = _written_address(host)
    if address:
        return "" if is_allowed(address, loopback=loopback) else FORBIDDEN
    if "." not in host or host.endswith(HERE):
        return FORBIDDEN if settings.PRODUCTION or not (loopback or settings.WEBHOOK_ALLOW_PRIVATE) else ""
    return ""


def is_simulator(url: str) -> bool:
    """Whether it leads to the simulators of this machine (SANDBOX_URL); in production nothing does."""
    own = settings.SANDBOX_URL.rstrip("/")
    return not settings.PRODUCTION and (url == own or url.startswith(f"{own}/"))


def _written_address(host: str) -> str:
    """The IP address that stands for the name, in any of its spellings: 2130706433, 0x7f000001, 0177.1; '' for none."""
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(host))
    with contextlib.suppress(OSError, UnicodeError):
        # the C library reads 127.1, octal and hexadecimal as addresses, and so would the connection
        return socket.inet_ntoa(socket.inet_aton(host))
    return ""


def is_allowed(address: str, *, loopback: bool = False) -> bool:
    """True for a public IP address, in production without exception.

    Elsewhere the loopback is open too to a caller whose simulators live there (`loopback`), and with
    WEBHOOK_ALLOW_PRIVATE to all, private networks with it.
    """
    ip = ipaddress.ip_address(address)
    # ::ffff:127.0.0.1 is the loopback in other clothes
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    if ip.is_multicast or ip.is_unspecified or ip.is_link_local:
        return False
    if not settings.PRODUCTION:
        if loopback and ip.is_loopback:
            return True
        if settings.WEBHOOK_ALLOW_PRIVATE and (ip.is_loopback or ip.is_private):
            return True
    if not ip.is_global or any(ip in special for special in _SPECIAL):
        return False
    return ip.version == 4 or ip in _GLOBAL_IPV6


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system finds them; raises OSError."""
    return list(dict.fromkeys(str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))


class PublicAdapter(HTTPAdapter):
    """Connects to judged addresses only, and cuts every connection after `deadline` seconds, whatever still drips."""

    def __init__(self, *, deadline: float, resolver: Resolver = resolve, loopback: bool = False) -> None:
        self.deadline, self.resolver, self.loopback = deadline, resolver, loopback
        self.cuts: list[Cut] = []
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        self.poolmanager = PoolManager(*args, **options)
        self.poolmanager.pool_classes_by_scheme = {
            "http": _pool(HTTPConnectionPool, HTTPConnection, self),
            "https": _pool(HTTPSConnectionPool, HTTPSConnection, self),
        }

    def close(self) -> None:
        super().close()
        while self.cuts:
            self.cuts.pop().close()


def _pool(pool: type[Any], connection: type[Any], adapter: PublicAdapter) -> type[Any]:
    """The pool whose connections resolve, judge and connect as the adapter says."""

    class Judged(connection):  # one of urllib3’s two classes
        def _new_conn(self) -> socket.socket:
            found = connect(self.host, self.port, self.timeout, adapter.resolver, loopback=adapter.loopback)
            adapter.cuts.append(Cut(found, adapter.deadline))
            return found

    class JudgedPool(pool):
        ConnectionCls = Judged

    return JudgedPool


class Cut:
    """Shuts a connection down after so many seconds: time-outs alone start anew with each byte."""

    def __init__(self, connection: socket.socket, seconds: float) -> None:
        self._same = connection.dup()  # TLS takes the first one over
        self._timer = threading.Timer(seconds, self._cut)
        self._timer.daemon = True
        self._timer.start()

    def _cut(self) -> None:
        with contextlib.suppress(OSError):
            # shutdown, not close: only it wakes a thread that is blocked reading
            self._same.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._timer.cancel()
        self._timer.join()
        self._same.close()


def connect(host: str, port: int, timeout: Any, resolver: Resolver, *, loopback: bool = False) -> socket.socket:
    """A connection to the name, at an address that was judged. Raises RemoteError, unreachable or not allowed."""
    try:
        addresses = resolver(host.strip("[]"), port)
    except (OSError, ValueError) as error:  # a name that cannot even be asked for is a UnicodeError
        raise RemoteError(UNKNOWN_NAME, retryable=True, code="unknown_host") from error
    # all of them, not the one that is used: a name with one private address among public ones is an attack
    if not addresses or not all(is_allowed(address, loopback=loopback) for address in addresses):
        raise RemoteError(FORBIDDEN, retryable=True, code="forbidden_address")
    problem: OSError | None = None
    for address in addresses[:TRIED]:
        try:
            return create_connection((address, port), timeout)
        except OSError as error:
            problem = error
    slow = isinstance(problem, TimeoutError)
    raise RemoteError(
        "Le service distant ne répond pas." if slow else "Le service distant est injoignable.",
        retryable=True,
        code="connect_timeout" if slow else "unreachable",
    ) from problem
