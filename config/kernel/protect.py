"""Database triggers for frozen rows, as migration operations: PostgreSQL itself refuses, not only Python."""

from __future__ import annotations

from collections.abc import Iterable

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION kernel_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'quittance: % on % is refused, the row is frozen', TG_OP, TG_TABLE_NAME USING ERRCODE = '42501';
END $$;

-- Arguments: the columns that may still change; every other column of the row is frozen.
CREATE FUNCTION kernel_freeze() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  -- without arguments TG_ARGV is NULL, and a comparison with NULL would let everything through
  mutable text[] := coalesce(TG_ARGV, '{}');
BEGIN
  IF (to_jsonb(OLD) - mutable) IS DISTINCT FROM (to_jsonb(NEW) - mutable) THEN
    RAISE EXCEPTION 'quittance: UPDATE on % is refused, the row is frozen', TG_TABLE_NAME USING ERRCODE = '42501';
  END IF;
  RETURN NEW;
END $$;
"""

DROP_FUNCTIONS = "DROP FUNCTION kernel_refuse(); DROP FUNCTION kernel_freeze();"


def freeze(table: str, *, mutable: Iterable[str] = (), when: str = "TRUE") -> migrations.RunSQL:
    """Refuse DELETE, TRUNCATE, and UPDATE of columns not in `mutable`, for rows where `when` (an SQL test on OLD)."""
    columns = ", ".join(f"'{column}'" for column in mutable)
    return migrations.RunSQL(
        f"""
        CREATE TRIGGER {table}_freeze BEFORE UPDATE ON {table}
          FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION kernel_freeze({columns});
        CREATE TRIGGER {table}_keep BEFORE DELETE ON {table}
          FOR EACH ROW WHEN ({when}) EXECUTE FUNCTION kernel_refuse();
        CREATE TRIGGER {table}_keep_all BEFORE TRUNCATE ON {table}
          FOR EACH STATEMENT EXECUTE FUNCTION kernel_refuse();
        """,
        f"""
        DROP TRIGGER {table}_freeze ON {table};
        DROP TRIGGER {table}_keep ON {table};
        DROP TRIGGER {table}_keep_all ON {table};
        """,
    )
