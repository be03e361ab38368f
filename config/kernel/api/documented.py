"""What the OpenAPI document says of a route beyond what follows from its declaration."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from config.kernel.api.declaring import declare


def documented(
    *,
    id: str,
    errors: Sequence[int] = (),
    examples: Sequence[Any] = (),
    media_types: Sequence[str] = (),
) -> Any:
    """`errors`: statuses beyond those that follow (schema.errors_of). `media_types`: of the file that is the answer."""
    return declare(id=id, errors=tuple(errors), examples=tuple(examples), media_types=tuple(media_types))
