"""Versions of a resource: the digest of its representation (RFC 9110 §8.8.3, §13.1)."""

from __future__ import annotations

import hashlib
from typing import Any

from config.kernel.api.json import dumps
from config.kernel.errors import DomainError


class Changed(DomainError):
    code = "precondition_failed"
    message = "Cet objet a changé depuis que vous l’avez lu. Relisez-le, puis recommencez."
    status = 412


def etag(representation: Any) -> str:
    return f'"{hashlib.sha256(dumps(representation)).hexdigest()[:32]}"'


def matches(header: str, tag: str) -> bool:
    """True when the header names the version, or any with `*`. A weak tag matches nothing that must be exact."""
    return header.strip() == "*" or tag in [one.strip() for one in header.split(",")]
