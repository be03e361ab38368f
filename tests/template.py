"""A database to which all migrations were applied, copied by each run of the tests: a second instead of ten.

It is made by whoever comes first, again when a migration changed, and lives beside the databases of the tests.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager

import django
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.state import ProjectState

from config.runtime import embedded

PREFIX = "migrated_"


def migrated() -> str:
    """The name of the template. Before the first connection to the database of the tests."""
    name = PREFIX + _digest()
    with connection._nodb_cursor() as cursor:
        cursor.execute("SET lock_timeout = 0; SET statement_timeout = 0")
        # one makes it and the others wait, until this connection closes
        cursor.execute("SELECT pg_advisory_lock(hashtext(%s))", [PREFIX])
        cursor.execute("SELECT datname FROM pg_database WHERE starts_with(datname, %s)", [PREFIX])
        found = [row[0] for row in cursor.fetchall()]
        if name not in found:
            for old in found:
                cursor.execute(f'DROP DATABASE "{old}"')
            with _other_name(f"{PREFIX}unfinished"), _indexes_noted():
                connection.creation.create_test_db(verbosity=0, autoclobber=True, serialize=False)
                connection.close()
            cursor.execute(f'ALTER DATABASE "{PREFIX}unfinished" RENAME TO "{name}"')
    return name


@contextmanager
def _indexes_noted() -> Iterator[None]:
    """An index or a constraint is written into the state, whose models are not drawn again for it.

    Django draws them, and all that are related, for each: more than half of the time that all migrations take. The SQL
    comes from the operation, and the next change of a field draws the model with all that was noted.
    """

    append = ProjectState._append_option

    def noted(state: ProjectState, app: str, name: str, option: str, one: object) -> None:
        # its next migration looks for the constraint in a model that is drawn already
        if app == "account":
            append(state, app, name, option, one)
            return
        options = state.models[app, name].options
        options[option] = [*options[option], one]

    patch = pytest.MonkeyPatch()
    patch.setattr(ProjectState, "_append_option", noted)
    try:
        yield
    finally:
        patch.undo()


@contextmanager
def _other_name(name: str) -> Iterator[None]:
    live, given = connection.settings_dict, settings.DATABASES["default"]
    kept = live["NAME"], live["TEST"]["NAME"], given["NAME"]
    live["TEST"]["NAME"] = name
    try:
        yield
    finally:
        live["NAME"], live["TEST"]["NAME"], given["NAME"] = kept


def _digest() -> str:
    """Of what makes the tables: the migrations, what they import, and those of the libraries by their versions."""
    root = settings.BASE_DIR
    imported = [root / "config/kernel" / name for name in ("ids.py", "row_security.py")]
    files = [*root.glob("*/migrations/*.py"), *root.glob("config/*/migrations/*.py"), *imported]
    files.append(root / "requirements.lock")
    return hashlib.sha256(b"".join(file.read_bytes() for file in sorted(files))).hexdigest()[:16]


def main() -> None:
    """The migrations say all that the models say; then the template, while other steps read the code."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    embedded.ensure()
    django.setup()
    call_command("makemigrations", "--check", "--dry-run")
    migrated()


if __name__ == "__main__":
    main()
