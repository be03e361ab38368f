"""A release migrates while the former one serves: its migrations add, and take nothing away that the former one uses.

README « Upgrade ». The migrations of before the first release were rehearsed on no release that served.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.apps import apps
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
from django.db.models.fields import NOT_PROVIDED

# the last of each app that came before
BEFORE = {"kernel": 18, "customers": 7, "billing": 34, "payments": 25, "einvoicing": 13, "sandbox": 99}
TAKEN_AWAY = (
    migrations.RemoveField,
    migrations.DeleteModel,
    migrations.RenameField,
    migrations.RenameModel,
    migrations.AlterModelTable,
)
# a migration that drops what the release before the last stopped using says so: `contract = "since 1.4"`
SAID = "contract"


def refusals(migration: migrations.Migration) -> Iterator[str]:
    """What the former release would stumble over, a sentence each."""
    for operation in migration.operations:
        name = f"{migration}: {operation.describe()}"
        if isinstance(operation, TAKEN_AWAY) and not hasattr(migration, SAID):
            yield f"{name}: the former release uses it still; drop it one release later, and say {SAID}"
        if isinstance(operation, migrations.AddField) and not _is_filled(operation.field):
            yield f"{name}: the former release inserts without it; give it a db_default or null=True"


def _is_filled(field: models.Field) -> bool:  # type: ignore[type-arg]
    """By PostgreSQL itself, whoever inserts: a default of Django's is the new release's alone."""
    return field.null or field.many_to_many or field.db_default is not NOT_PROVIDED or field.generated


def test_no_migration_takes_away_what_the_former_release_uses() -> None:
    ours = {config.label for config in apps.get_app_configs()} & BEFORE.keys()
    later = [
        migration
        for (app, name), migration in MigrationLoader(None).disk_migrations.items()
        if app in ours and int(name[:4]) > BEFORE[app]
    ]
    assert [sentence for migration in later for sentence in refusals(migration)] == []


@pytest.mark.parametrize(
    ("operation", "is_refused"),
    [
        (migrations.RemoveField("invoice", "notes"), True),
        (migrations.RenameField("invoice", "notes", "remarks"), True),
        (migrations.AddField("invoice", "colour", models.CharField(max_length=7, default="")), True),
        (migrations.AddField("invoice", "colour", models.CharField(max_length=7, db_default="")), False),
        (migrations.AddField("invoice", "seen_at", models.DateTimeField(null=True)), False),
    ],
)
def test_it_refuses_what_the_former_release_would_stumble_over(
    operation: migrations.operations.base.Operation, is_refused: bool
) -> None:
    migration = migrations.Migration("0099_next", "billing")
    migration.operations = [operation]
    assert bool(list(refusals(migration))) is is_refused


def test_a_drop_that_was_announced_passes() -> None:
    migration = migrations.Migration("0099_next", "billing")
    migration.operations = [migrations.RemoveField("invoice", "notes")]
    setattr(migration, SAID, "since 1.4")
    assert list(refusals(migration)) == []
