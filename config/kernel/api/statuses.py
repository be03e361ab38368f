"""What a route answers when all went well, where that is not 200."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.urls import reverse

from config.kernel.api.declaring import Method, declare
from config.kernel.api.operation import Operation


def created(*, at: str = "", of: str = "") -> Any:
    """201. `at`: the route of what was created, named by `Location`; `of`: the part of the answer that has its id."""
    return declare(status=HTTPStatus.CREATED.value, location=at, location_of=of)


def located(*, at: str, of: str = "") -> Any:
    """200, and a `Location` as of what was created."""
    return declare(location=at, location_of=of)


def accepted(method: Method) -> Method:
    """202: the work is queued."""
    return declare(status=HTTPStatus.ACCEPTED.value)(method)


def no_content(method: Method) -> Method:
    """204."""
    return declare(status=HTTPStatus.NO_CONTENT.value)(method)


def location_of(operation: Operation, data: Mapping[str, Any]) -> str:
    """The address of what the answer shows."""
    shown = data[operation.location_of] if operation.location_of else data
    return reverse(operation.location, args=[shown["id"]])
