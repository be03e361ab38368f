"""What the trail outside the database knows, and a restored copy does not."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from config.kernel.models import Company
from config.kernel.restoring import Finding, elsewhere
from config.kernel.trail import after_the_fork


@elsewhere("trail")
def after_the_copy(company: Company, _since: datetime) -> Iterator[Finding]:
    """Each event from where the trail and the copy part: what the copy did since is written in neither's past."""
    for line in after_the_fork(company):
        yield Finding("trail", str(line["tag"]), str(line.get("number", "")))
