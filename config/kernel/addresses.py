"""Where a request comes from."""

from __future__ import annotations

import ipaddress
from contextlib import suppress

from django.conf import settings
from django.http import HttpRequest


def address_of(request: HttpRequest) -> str:
    """Where the call comes from: as the last server in front of us says it (BEHIND_PROXY), or as the socket does.

    Only what our own proxies wrote is believed: TRUSTED_PROXIES addresses from the end of X-Forwarded-For.
    """
    forwarded = request.headers.get("X-Forwarded-For", "").split(",")
    if settings.TRUSTED_PROXIES and len(forwarded) >= settings.TRUSTED_PROXIES:
        address = forwarded[-settings.TRUSTED_PROXIES].strip()
        with suppress(ValueError):
            return str(ipaddress.ip_address(address))
    return str(request.META.get("REMOTE_ADDR", ""))


def network_of(address: str) -> str:
    """Whom to count by an address: whoever has one IPv6 address has all those of its /64."""
    with suppress(ValueError):
        if ipaddress.ip_address(address).version == 6:
            return str(ipaddress.ip_network(f"{address}/64", strict=False))
    return address
