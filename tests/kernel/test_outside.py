"""Questions met in a transaction are asked with none open, and the work is run again."""

from __future__ import annotations

import pytest
from django.db import connection, transaction

from config.kernel import outside
from config.kernel.errors import Stale
from tests.factories import story

pytestmark = pytest.mark.django_db


@pytest.fixture
def questions():
    """Each question asked, with how many transactions were open."""
    return []


@pytest.fixture
def question(questions):
    level = len(connection.atomic_blocks)

    def make(key):
        def answer():
            questions.append((key, len(connection.atomic_blocks) - level))
            return f"{key} is good"

        return {key: answer}

    return make


def test_a_question_is_asked_outside_and_its_work_done_once(question, questions):
    rows = []

    @outside.atomic
    def work(name):
        rows.append(story.a_company(name=name).pk)
        return outside.ask(question("this"))["this"]

    assert work("Vérone") == "this is good"
    assert questions == [("this", 0)]
    assert len(rows) == 2
    assert [type(story.a_company()).objects.filter(pk=pk).exists() for pk in rows] == [False, True]


def test_the_outermost_work_is_run_again(question, questions):
    runs = []

    @outside.atomic
    def inner():
        return outside.ask(question("this"))

    @outside.atomic
    def outer():
        runs.append("outer")
        return inner()

    assert outer() == {"this": "this is good"}
    assert (runs, questions) == (["outer", "outer"], [("this", 0)])


def test_what_many_works_ask_is_asked_at_once(question, questions):
    @outside.atomic
    def work():
        return outside.each([lambda: 1, *(lambda key=key: outside.ask(question(key))[key] for key in "ab")])

    assert work() == [1, "a is good", "b is good"]
    assert questions == [("a", 0), ("b", 0)]


def test_another_question_the_second_time_is_refused(question):
    keys = iter("ab")

    @outside.atomic
    def work():
        return outside.ask(question(next(keys)))

    with pytest.raises(Stale):
        work()


def test_without_a_transaction_it_is_simply_asked(question):
    assert outside.ask(question("this")) == {"this": "this is good"}


@pytest.mark.parametrize("wrapped", [False, True])
def test_any_other_transaction_is_a_defect(question, questions, wrapped):
    def work():
        return outside.ask(question("this"))

    with transaction.atomic(), pytest.raises(outside.AskedInside):
        (outside.atomic(work) if wrapped else work)()
    assert not questions


def test_who_is_alone_in_a_new_database_is_answered_at_once_in_the_transaction(question, questions):
    runs = []

    @outside.atomic
    def work():
        runs.append("work")
        return outside.ask(question("this"))["this"]

    with outside.alone(), transaction.atomic():
        assert work() == "this is good"
    assert (len(runs), len(questions)) == (1, 1)
