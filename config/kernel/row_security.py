"""Row-level security: PostgreSQL itself keeps companies apart, whatever a query forgets.

After each `migrate`, every table of company rows gets the same policy and the application's role the rights it needs,
so that a new table is never left out. Policies bind the owner too (FORCE): only a superuser passes them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

from django.apps import apps
from django.db import connection as _connection
from django.db.models import Model

from config.kernel.postgresql.base import APP_ROLE, DatabaseWrapper

connection = cast(DatabaseWrapper, _connection)  # settings name our own backend

_POLICY = "one_company"
# in sub-selects, so that they are computed once per query
_MINE = """
  (SELECT current_setting('quittance.company', true)) = '*'
  OR company_id = (SELECT nullif(nullif(current_setting('quittance.company', true), ''), '*')::bigint)
"""
_ROLE = f"""
DO $$ BEGIN
  CREATE ROLE {APP_ROLE} NOLOGIN;
-- roles belong to the cluster, not to the database: two databases migrated at once both make it
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;
GRANT USAGE ON SCHEMA public TO {APP_ROLE};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {APP_ROLE};
GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA public TO {APP_ROLE};
"""


def company_tables() -> Iterator[str]:
    """The tables whose rows belong to a company. Memberships are read before a company is chosen, by their person."""
    from config.kernel.models import Membership

    for model in apps.get_models():
        if model is not Membership and not model._meta.proxy and _belongs_to_a_company(model):
            yield model._meta.db_table


def _belongs_to_a_company(model: type[Model]) -> bool:
    from config.kernel.models import Company

    return any(field.name == "company" and field.related_model is Company for field in model._meta.fields)


def work_as_owner(**_signal: Any) -> None:
    """Before migrations."""
    connection.as_owner = True
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")


def protect(**_signal: Any) -> None:
    """After migrations: policies on every company table, rights for the role, and from then on work as it."""
    with connection.cursor() as cursor:
        if connection.as_owner:
            if _may_make_roles(cursor):
                cursor.execute(_ROLE)
            for table in sorted(set(company_tables()) - set(protected_tables())):
                cursor.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
                cursor.execute(f"CREATE POLICY {_POLICY} ON {table} USING ({_MINE}) WITH CHECK ({_MINE})")
            connection.as_owner = False
            connection._configure_role(connection.connection)  # noqa: SLF001 - our own backend


def _may_make_roles(cursor: Any) -> bool:
    """True for a superuser. Anybody else is bound by the policies without another role."""
    cursor.execute("SELECT current_setting('is_superuser') = 'on'")
    return bool(cursor.fetchone()[0])


def protected_tables() -> list[str]:
    """The tables on which the policy stands now."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname FROM pg_policy p JOIN pg_class c ON c.oid = p.polrelid "
            "WHERE p.polname = %s AND c.relrowsecurity AND c.relforcerowsecurity",
            [_POLICY],
        )
        return [name for (name,) in cursor.fetchall()]
