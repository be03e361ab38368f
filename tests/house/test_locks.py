"""How rows are locked."""

from __future__ import annotations

import re
from pathlib import Path

from django.conf import settings

# deletes what it locks, and so must wait for whoever points to it
DELETES = {"config/kernel/webhooks/endpoints.py"}


def test_a_row_is_locked_without_its_key() -> None:
    """FOR UPDATE makes every insert that points to the row wait at its commit, and deadlocks with it."""
    root = Path(settings.BASE_DIR)
    found = []
    for app in ("billing", "config", "customers", "einvoicing", "payments"):
        for path in (root / app).rglob("*.py"):
            name = str(path.relative_to(root))
            if "sandbox" not in path.parts and name not in DELETES:
                text = path.read_text()
                found += [name for lock in re.findall(r"select_for_update\(([^)]*)", text) if "no_key=True" not in lock]
    assert found == []
