"""PostgreSQL keeps companies apart even where the application forgets to."""

from __future__ import annotations

import contextlib

import pytest
from django.db import connection, transaction
from django.db.utils import ProgrammingError

from config.kernel import row_security
from config.kernel.postgresql.base import APP_ROLE
from config.kernel.scope import across_companies, company_scope, no_scope
from customers.models import Customer
from tests.api.world import World
from tests.factories import story

pytestmark = pytest.mark.django_db


def ask(sql: str, *values: object) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


def test_the_application_works_as_a_role_that_the_policies_bind() -> None:
    (role, bypasses, superuser), *_rest = ask(
        "SELECT rolname, rolbypassrls, rolsuper FROM pg_roles WHERE rolname = current_user"
    )
    assert (role, bypasses, superuser) == (APP_ROLE, False, False)


def test_every_table_of_company_rows_is_protected() -> None:
    unprotected = set(row_security.company_tables()) - set(row_security.protected_tables())
    assert unprotected == set()
    assert len(set(row_security.company_tables())) > 30


def test_raw_sql_without_a_filter_sees_one_company() -> None:
    ours, theirs = story.a_customer(story.a_company()), story.a_customer(story.a_company())
    with company_scope(ours.company_id):
        found = {pk for (pk,) in ask("SELECT id FROM customers_customer")}
        assert found == {ours.pk}
        assert not Customer.everywhere.filter(pk=theirs.pk).exists()
        assert ask("UPDATE customers_customer SET notes = 'x' RETURNING id") == [(ours.pk,)]
        assert ask("DELETE FROM customers_address RETURNING company_id") == [(ours.company_id,)]


def test_a_row_cannot_be_written_into_another_company() -> None:
    ours, theirs = story.a_customer(story.a_company()), story.a_company()
    with (
        company_scope(ours.company_id),
        pytest.raises(ProgrammingError, match="row-level security"),
        transaction.atomic(),
    ):
        Customer.everywhere.filter(pk=ours.pk).update(company=theirs)


def test_without_a_scope_nothing_of_any_company_is_seen_or_changed(world: World) -> None:
    full = [table for table in row_security.company_tables() if ask(f"SELECT 1 FROM {table} LIMIT 1")]
    assert len(full) > 15, "the test needs rows to hide"
    with no_scope():
        for table in row_security.company_tables():
            assert ask(f"SELECT count(*) FROM {table}") == [(0,)], table
            assert ask(f"UPDATE {table} SET company_id = company_id RETURNING 1") == [], table
            assert ask(f"DELETE FROM {table} RETURNING 1") == [], table
    assert all(ask(f"SELECT 1 FROM {table} LIMIT 1") for table in full)


@pytest.mark.parametrize("table", sorted(row_security.company_tables()))
def test_without_a_scope_no_row_is_written(table: str) -> None:
    company = story.a_company()
    with no_scope(), pytest.raises(ProgrammingError, match="row-level security"), transaction.atomic():
        # the policy stands before what a column, a key or a constraint would refuse
        ask(f"INSERT INTO {table} (company_id) VALUES (%s)", company.pk)


def test_a_new_session_sees_nothing_before_it_announces_a_scope() -> None:
    story.a_customer(story.a_company())
    with across_companies():
        assert ask("SELECT count(*) FROM customers_customer") != [(0,)]
    session = connection.connection
    session.execute("RESET quittance.company")
    assert session.execute("SELECT count(*) FROM customers_customer").fetchone() == (0,)
    session.execute("SELECT set_config('quittance.company', '*', false)")


def test_migrations_change_the_rows_of_every_company(monkeypatch: pytest.MonkeyPatch) -> None:
    with no_scope():
        assert ask("SELECT current_setting('quittance.company')") == [("",)]
        monkeypatch.setattr(connection, "as_owner", True)
        assert ask("SELECT current_setting('quittance.company')") == [("*",)]


def test_the_scope_is_announced_again_after_a_rollback() -> None:
    ours, theirs = story.a_customer(story.a_company()), story.a_customer(story.a_company())
    with company_scope(theirs.company_id):
        Customer.everywhere.count()
        with contextlib.suppress(RuntimeError), transaction.atomic():
            with company_scope(ours.company_id):
                assert list(Customer.everywhere.values_list("pk", flat=True)) == [ours.pk]
            raise RuntimeError
        with company_scope(ours.company_id):
            assert list(Customer.everywhere.values_list("pk", flat=True)) == [ours.pk]
        assert list(Customer.everywhere.values_list("pk", flat=True)) == [theirs.pk]
