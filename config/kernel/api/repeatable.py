"""Routes that can be called again under an Idempotency-Key: the first answer is given again (idempotency.py)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpResponseBase

from config.kernel import outside
from config.kernel.api import idempotency
from config.kernel.api.declaring import declare

OPTIONAL, REQUIRED = "optional", "required"


def repeatable(key: str) -> Any:
    """Whether an Idempotency-Key may (OPTIONAL) or must (REQUIRED) come."""
    return declare(repeatable=key)


def answer_once(need: str, request: Any, run: Callable[[], Any]) -> HttpResponseBase:
    """The answer of `run`, in one transaction with the key under which it is kept. Raises KeyMissing."""
    header = request.headers.get(idempotency.HEADER)
    if header is None:
        if need == REQUIRED:
            raise idempotency.KeyMissing
        answered: HttpResponseBase = outside.atomic(run)()
        return answered
    kept: HttpResponseBase = idempotency.once(
        caller=request.caller,
        key=idempotency.checked(header),
        method=str(request.method),
        path=request.get_full_path(),
        body=_body_of(request),
        at=request.at,
        run=run,
    )
    return kept


def _body_of(request: Any) -> bytes:
    """What the caller sent, without the boundary a form chooses anew each time."""
    if not request.content_type.startswith("multipart/form-data"):
        return bytes(request._request.body)  # noqa: SLF001 - DRF has read it through its own stream
    parts = [f"{name}={value}".encode() for name, value in sorted(request.POST.items())]
    for name, file in sorted(request.FILES.items()):
        file.seek(0)
        parts += [name.encode(), file.read()]
        file.seek(0)
    return b"\n".join(parts)
