"""One company at a time. A query without a company in scope raises: it never answers with everybody's rows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from django.db import models

_company_id: ContextVar[int | None] = ContextVar("company_id", default=None)
_across: ContextVar[bool] = ContextVar("across_companies", default=False)

M = TypeVar("M", bound=models.Model)


class NoCompanyScope(RuntimeError):
    """Code asked for company rows without saying which company: a defect, never an empty list."""


def current_company_id() -> int:
    """The company in scope; raises NoCompanyScope when there is none."""
    company_id = _company_id.get()
    if company_id is None:
        raise NoCompanyScope("no company in scope: wrap the call in company_scope(company)")
    return company_id


def scope_word() -> str:
    """The scope as PostgreSQL is told it: the company's id, or '*' for work across companies."""
    company_id = _company_id.get()
    return "*" if company_id is None or _across.get() else str(company_id)


@contextmanager
def company_scope(company: Any) -> Iterator[None]:
    """Everything inside sees the rows of this company only. Accepts a Company or its id."""
    token = _company_id.set(company if isinstance(company, int) else company.pk)
    try:
        yield
    finally:
        _company_id.reset(token)


@contextmanager
def across_companies() -> Iterator[None]:
    """Everything inside sees the rows of every company. For the superusers' admin alone."""
    token = _across.set(True)
    try:
        yield
    finally:
        _across.reset(token)


class ScopedManager(models.Manager[M]):
    """The default manager of every company row: filters by the company in scope, or raises."""

    use_in_migrations = False

    def get_queryset(self) -> models.QuerySet[M]:
        if _across.get():
            return super().get_queryset()
        return super().get_queryset().filter(company_id=current_company_id())
