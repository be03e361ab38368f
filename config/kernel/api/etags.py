"""Versions of a resource: the digest of its representation (RFC 9110 §8.8.3, §13.1)."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from typing import Any

from config.kernel.api.json import dumps
from config.kernel.errors import DomainError


class Changed(DomainError):
    code = "precondition_failed"
    message = "Cet objet a changé depuis que vous l’avez lu. Relisez-le, puis recommencez."
    status = 412


def etag(representation: Any, expanded: Collection[str] = ()) -> str:
    """The version; what was expanded has a digest of its own behind that of the object."""
    if not expanded:
        return f'"{_digest(representation)}"'
    plain = {name: value for name, value in representation.items() if name not in expanded}
    return f'"{_digest(plain)}.{_digest([representation[name] for name in expanded])}"'


def _digest(value: Any) -> str:
    return hashlib.sha256(dumps(value)).hexdigest()[:32]


def unexpanded(header: str) -> str:
    """The versions of the objects themselves: a change asks for no more, whatever was read with them."""
    return re.sub(r'\.[0-9a-f]{32}(?=")', "", header)


def matches(header: str, tag: str, *, weakly: bool = False) -> bool:
    """True when the header names the version, or any with `*`. A weak tag matches where a reading is spared alone."""
    named = [one.strip().removeprefix("W/" if weakly else "") for one in header.split(",")]
    return header.strip() == "*" or tag in named
