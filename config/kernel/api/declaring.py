"""How a decorator beneath `@operation` adds to what a route says of itself."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Method = Callable[..., Any]


def declare(**facts: Any) -> Callable[[Method], Method]:
    """A decorator that declares more of a method (of Operation's fields). Raises TypeError above `@operation`."""

    def decorate(method: Method) -> Method:
        if hasattr(method, "operation"):
            raise TypeError(f"{', '.join(facts)} of {method.__qualname__} is declared above @operation, too late")
        method.declared = {**getattr(method, "declared", {}), **facts}  # type: ignore[attr-defined]  # read by it
        return method

    return decorate
