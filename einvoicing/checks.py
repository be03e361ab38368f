"""What Django's own check says of this installation's e-invoicing, at `check` and `migrate`."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core import checks


def declare() -> None:
    checks.register(ignored_variables)


def ignored_variables(**_options: Any) -> list[checks.CheckMessage]:
    """CHORUS_PRO_* that are not obeyed as they were written."""
    return [checks.Warning(note, id="einvoicing.W001") for note in settings.CHORUS_PRO_NOTES]
