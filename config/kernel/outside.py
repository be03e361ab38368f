"""What takes long is asked with no transaction open: nobody waits for the answer behind its locks.

    @outside.atomic
    def issue(invoice):
        draft = lock(invoice)
        report = outside.ask({digest(draft): lambda: judge(draft)})[digest(draft)]

A question met in the transaction rolls it back, is asked, and the work is run again from its beginning: it then finds
the answer under its key. So the work reads its rows itself, and a key names all that the answer depends on. Whoever
changes those rows meanwhile makes another question of it, which is refused: what is written is what was asked about.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.db import connection, transaction

from config.kernel.errors import Stale

P = ParamSpec("P")
K = TypeVar("K", bound=Hashable)
T = TypeVar("T")
Questions = Mapping[K, Callable[[], T]]

_answers: ContextVar[dict[Any, Any] | None] = ContextVar("answers", default=None)
_alone: ContextVar[bool] = ContextVar("alone", default=False)


class AskedInside(RuntimeError):
    """A defect: the transaction that is open is not one of `atomic`, and would hold its locks for the answer."""


class Unanswered(Exception):
    """Rolls the work back to `atomic`, which asks and runs it again."""

    def __init__(self, questions: Questions[Any, Any]) -> None:
        super().__init__()
        self.questions = questions


@contextmanager
def alone() -> Iterator[None]:
    """Answer questions inside the open transaction: for the founding of a database, whose locks nobody waits behind."""
    token = _alone.set(True)
    try:
        yield
    finally:
        _alone.reset(token)


def atomic(work: Callable[P, T]) -> Callable[P, T]:
    """The work in one transaction, in which it may `ask`. Raises Stale, and whatever the work raises."""

    @wraps(work)
    def run(*args: P.args, **kwargs: P.kwargs) -> T:
        if _is_open() and _answers.get() is not None:
            with transaction.atomic():
                return work(*args, **kwargs)
        answers: dict[Any, Any] = {}
        token = _answers.set(answers)
        try:
            while True:
                try:
                    with transaction.atomic():
                        return work(*args, **kwargs)
                except Unanswered as error:
                    # asked a second time, the rows changed between the two runs: to go on asking could last for ever
                    if answers:
                        raise Stale from None
                    answers |= _answered(error.questions)
        finally:
            _answers.reset(token)

    return run


def ask(questions: Questions[K, T]) -> dict[K, T]:
    """The answer to each, by its key. Raises AskedInside in a transaction that is not of `atomic`."""
    answers = _answers.get()
    if not _is_open() or answers is None or _alone.get():
        return _answered(questions)
    if questions.keys() - answers.keys():
        raise Unanswered(questions)
    return {key: answers[key] for key in questions}


def each(works: Iterable[Callable[[], T]]) -> list[T | Stale]:
    """What each work returned, in their order; all that they ask is asked at once.

    One that asks something else once all are answered gives Stale, and the others their results: its rows were changed.
    """
    results: list[T | Stale] = []
    questions: dict[Any, Callable[[], Any]] = {}
    for work in works:
        try:
            results.append(work())
        except Unanswered as error:
            if _answers.get():
                results.append(Stale())
            else:
                questions |= error.questions
    if questions:
        raise Unanswered(questions)
    return results


def all_of(*works: Callable[[], Any]) -> list[Any]:
    """What each work returned, in their order; all that they ask is asked at once. Raises Stale."""
    results = each(works)
    for result in results:
        if isinstance(result, Stale):
            raise result
    return results


def _answered(questions: Questions[K, T]) -> dict[K, T]:
    if _is_open() and not _alone.get():
        raise AskedInside
    return {key: question() for key, question in questions.items()}


def _is_open() -> bool:
    """Whether a transaction is open; the one that a test is wrapped in, which rolls it back, is none."""
    # as Django's own `durable`
    return not all(getattr(block, "_from_testcase", False) for block in connection.atomic_blocks)
