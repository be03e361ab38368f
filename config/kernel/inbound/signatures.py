"""Whether a message comes from the system it names: HMAC-SHA256 over its very bytes, compared in constant time.

Abby: `X-Abby-Signature`, hex, over the body. Revolut: `Revolut-Signature: v1=<hex>[,v1=<hex>]` over
`v1.{Revolut-Request-Timestamp}.{body}`, milliseconds. AFNOR XP Z12-013: `Afnor-Signature`, base64, over the SHA-256 of
`<body>@<Afnor-Signature-Timestamp>`, seconds. Invoice Ninja signs nothing: its address is the secret, and the header
`X-Webhook-Secret` where one was agreed.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from config.kernel.models import InboundSource

TOLERANCE = timedelta(minutes=5)  # to either side of now
_STAMP = re.compile(r"[0-9]{1,16}")
Headers = Mapping[str, str]

# The public words of the standard leave open what the HMAC is fed with. Each reading binds the body and its moment to
# the key, so that a match under any of them proves as much.
AFNOR_READINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "digest": lambda text: hashlib.sha256(text).digest(),
    "hexadecimal digest": lambda text: hashlib.sha256(text).hexdigest().encode(),
    "text": lambda text: text,
}


def is_genuine(source: str, *, secrets: Sequence[str], headers: Headers, body: bytes, at: datetime) -> bool:
    """Whether one of the secrets made the signature, for this body, at most five minutes from `at`.

    A source that signs and has no secret yet is never believed.
    """
    if source == InboundSource.INVOICE_NINJA and not secrets:
        return True
    return any(_CHECKS[source](secret, headers, body, at) for secret in secrets)


def _by_abby(secret: str, headers: Headers, body: bytes, at: datetime) -> bool:
    return _same(headers.get("X-Abby-Signature", "").lower(), _mac(secret.encode(), body).hex())


def _by_revolut(secret: str, headers: Headers, body: bytes, at: datetime) -> bool:
    stamp = headers.get("Revolut-Request-Timestamp", "")
    if not _is_recent(stamp, at, per_second=1000):
        return False
    expected = _mac(secret.encode(), b"v1." + stamp.encode() + b"." + body).hex()
    given = [one.strip().partition("=") for one in headers.get("Revolut-Signature", "").split(",")]
    return any(version == "v1" and _same(value.lower(), expected) for version, _, value in given)


def _by_afnor(secret: str, headers: Headers, body: bytes, at: datetime) -> bool:
    stamp = headers.get("Afnor-Signature-Timestamp", "")
    if not _is_recent(stamp, at, per_second=1):
        return False
    text = body + b"@" + stamp.encode()
    macs = [_mac(key, read(text)) for key in _afnor_keys(secret) for read in AFNOR_READINGS.values()]
    given = headers.get("Afnor-Signature", "")
    return any(_same(given, base64.b64encode(mac).decode()) for mac in macs)


def _afnor_keys(secret: str) -> list[bytes]:
    """`signingKey` is given in base64: the bytes it stands for, or, as some read it, its own characters."""
    keys = [secret.encode()]
    with suppress(binascii.Error, ValueError):
        keys.insert(0, base64.b64decode(secret, validate=True))
    return keys


def _by_invoice_ninja(secret: str, headers: Headers, body: bytes, at: datetime) -> bool:
    return _same(headers.get("X-Webhook-Secret", ""), secret)


_CHECKS: Mapping[str, Callable[[str, Headers, bytes, datetime], bool]] = {
    InboundSource.ABBY: _by_abby,
    InboundSource.AFNOR: _by_afnor,
    InboundSource.REVOLUT: _by_revolut,
    InboundSource.INVOICE_NINJA: _by_invoice_ninja,
}


def _mac(key: bytes, text: bytes) -> bytes:
    return hmac.digest(key, text, "sha256")


def _same(given: str, expected: str) -> bool:
    """In constant time; a header may hold any character."""
    return hmac.compare_digest(given.strip().encode("utf-8", "replace"), expected.encode())


def _is_recent(stamp: str, at: datetime, *, per_second: int) -> bool:
    if not _STAMP.fullmatch(stamp):
        return False
    return abs(int(stamp) / per_second - at.timestamp()) <= TOLERANCE.total_seconds()
