"""One company at a time. A query without a company in scope raises: it never answers with everybody's rows.

PostgreSQL hears the same (config/kernel/postgresql/base.py) and keeps to it whatever a query forgets
(config/kernel/row_security.py). A process, a request, a task and a command begin with no scope: they see and write
nothing of any company until they enter one. Of scopes inside one another the innermost holds.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Any, Final, Literal, TypeVar

from django.db import models

EVERY: Final = "*"
# a company's id, every company, or none
_scope: ContextVar[int | Literal["*"] | None] = ContextVar("scope", default=None)

M = TypeVar("M", bound=models.Model)


class NoCompanyScope(RuntimeError):
    """Code asked for company rows without saying which company: a defect, never an empty list."""


def current_company_id() -> int:
    """The company in scope; raises NoCompanyScope where there is none, or every one."""
    scope = _scope.get()
    if scope is None or scope == EVERY:
        raise NoCompanyScope("no company in scope: wrap the call in company_scope(company)")
    return scope


def announced_scope() -> str:
    """The scope as PostgreSQL hears it: a company's id, '*' across companies, '' for none at all."""
    scope = _scope.get()
    return "" if scope is None else str(scope)


def company_scope(company: Any) -> AbstractContextManager[None]:
    """Everything inside sees the rows of this company only. Accepts a Company or its id."""
    return _entered(company if isinstance(company, int) else company.pk)


def scope_of(company_id: int | None) -> AbstractContextManager[None]:
    """The scope in which a row is worked on: its company's, none where it belongs to none."""
    return _entered(company_id)


def across_companies() -> AbstractContextManager[None]:
    """Everything inside sees the rows of every company: for what no single company can answer.

    As narrow as can be, with the reason in a comment beside it (a house test asks for it).
    """
    return _entered(EVERY)


def no_scope() -> AbstractContextManager[None]:
    """Nothing inside sees a company's rows before it enters a scope, whatever the scope outside."""
    return _entered(None)


@contextmanager
def _entered(scope: int | Literal["*"] | None) -> Iterator[None]:
    token = _scope.set(scope)
    try:
        yield
    finally:
        _scope.reset(token)


class ScopedManager(models.Manager[M]):
    """The default manager of every company row: filters by the company in scope, or raises."""

    use_in_migrations = False

    def get_queryset(self) -> models.QuerySet[M]:
        # the filter is asked for when the query is made, not when it runs: a queryset carried out of its scope keeps it
        if _scope.get() == EVERY:
            return super().get_queryset()
        return super().get_queryset().filter(company_id=current_company_id())
