"""Examples in the documentation: what a partner sends, and what it gets back."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiExample


def sent(value: Any, name: str = "example") -> OpenApiExample:
    return OpenApiExample(name, value, request_only=True)


def received(value: Any, name: str = "example", *, status: int = 200) -> OpenApiExample:
    return OpenApiExample(name, value, response_only=True, status_codes=[str(status)])
