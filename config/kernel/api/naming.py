"""A service's refused fields, by the names that partners use."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from config.kernel.errors import DomainError


@contextmanager
def named_as(names: Mapping[str, str]) -> Iterator[None]:
    """Say a service's refused fields by the names the caller used."""
    try:
        yield
    except DomainError as error:
        error.fields = {names.get(name, name): sentence for name, sentence in error.fields.items()}
        raise
