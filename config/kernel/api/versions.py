"""Versions of a resource: the digest of its representation (RFC 9110 §8.8.3, §13.1).

A `versioned` reading bears an ETag, and answers 304 to whoever has it; a `conditional` change honours an If-Match
against what is read at the same address.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any

from django.db import transaction

from config.kernel.api.declaring import Method, declare
from config.kernel.api.json import dumps
from config.kernel.errors import DomainError

if TYPE_CHECKING:
    from config.kernel.api.view import ApiView


class Changed(DomainError):
    code = "precondition_failed"
    message = "Cet objet a changé depuis que vous l’avez lu. Relisez-le, puis recommencez."
    status = 412


def versioned(method: Method) -> Method:
    """The answer bears an ETag."""
    return declare(versioned=True)(method)


def conditional(method: Method) -> Method:
    """An If-Match is honoured."""
    return declare(conditional=True)(method)


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
    named = [version.strip().removeprefix("W/" if weakly else "") for version in header.split(",")]
    return header.strip() == "*" or tag in named


def if_unchanged(view: ApiView, request: Any, path: dict[str, Any], run: Callable[[], Any]) -> Callable[[], Any]:
    """`run`, behind the If-Match of the request where there is one: with the row locked. It may raise Changed."""
    header = request.headers.get("If-Match")
    if header is None:
        return run

    def checked() -> Any:
        with transaction.atomic():
            row = view.find(**path)
            # locked, then shown again: a version compared before the lock may be old when the change is written
            type(row).objects.select_for_update(no_key=True, of=("self",)).filter(pk=row.pk).first()
            if not matches(unexpanded(header), etag(view.shown(request, path))):
                raise Changed
            return run()

    return checked
