"""Each connection works as a role that row-level security binds, and announces to the server the company in scope.

The policies (config/kernel/row_security.py) read `quittance.company`: a company's id, or '*' where the product works
across companies on purpose (sweeps, superusers). A session that announces none sees nothing and writes nothing.
"""

from __future__ import annotations

from typing import Any

from django.db.backends.postgresql import base, operations
from psycopg.pq import TransactionStatus
from psycopg.types.numeric import Int8, IntNumeric

from config.kernel.scope import EVERY, announced_scope

APP_ROLE = "quittance_app"
_NOT_OURS = (None, "", "postgres")


def bigint(value: int) -> Int8 | IntNumeric:
    """A key as the server takes it: one that is longer than any, typed into an address, is no row's."""
    return Int8(value) if -(2**63) <= value < 2**63 else IntNumeric(value)


class DatabaseOperations(operations.DatabaseOperations):
    def adapt_integerfield_value(self, value: Any, internal_type: Any) -> Any:
        if internal_type == "BigIntegerField" and isinstance(value, int):
            return bigint(value)
        return super().adapt_integerfield_value(value, internal_type)


class DatabaseWrapper(base.DatabaseWrapper):
    """As Django's own, except for who speaks and for whom."""

    ops_class = DatabaseOperations

    # migrations change tables, which only their owner may
    as_owner = False
    # the scope that the server knows; None when that is uncertain
    _announced: str | None = None

    def get_new_connection(self, conn_params: Any) -> Any:
        self._announced = None
        return super().get_new_connection(conn_params)

    def _configure_role(self, connection: Any) -> bool:
        """A superuser is bound by no policy: work as the application's role, once migrations have made it."""
        if self.as_owner or self.settings_dict["NAME"] in _NOT_OURS:
            return False
        if connection.info.parameter_status("is_superuser") != "on":
            return False
        # a database not migrated since the role was made gives it nothing yet
        connection.execute(
            "SELECT set_config('role', rolname, false) FROM pg_roles "
            "WHERE rolname = %s AND has_table_privilege(oid, to_regclass('kernel_company'), 'SELECT')",
            [APP_ROLE],
        )
        return True

    def create_cursor(self, name: Any = None) -> Any:
        # migrations change the rows of every company
        scope = EVERY if self.as_owner else announced_scope()
        # in a failed transaction the server hears nothing but its end
        failed = self.connection.info.transaction_status == TransactionStatus.INERROR
        if scope != self._announced and not failed:
            self.connection.execute("SELECT set_config('quittance.company', %s, false)", [scope])
            self._announced = scope
        return super().create_cursor(name)

    def _rollback(self) -> Any:
        # what was announced inside the transaction is undone with it
        self._announced = None
        return super()._rollback()  # type: ignore[misc]  # the stubs leave it out

    def _savepoint_rollback(self, sid: Any) -> None:
        super()._savepoint_rollback(sid)  # type: ignore[misc]  # the stubs leave it out
        self._announced = None
