"""What the trail outside the database knows, and a restored copy does not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from config.kernel.actor import Actor
from config.kernel.models import Company, User
from config.kernel.people.erasing import erase_account
from config.kernel.restoring import Finding, departed, elsewhere
from config.kernel.trail import after_the_fork


@elsewhere("trail")
def after_the_copy(company: Company, _since: datetime) -> Iterator[Finding]:
    """Each event from where the trail and the copy part: what the copy did since is written in neither's past."""
    for line in after_the_fork(company):
        yield Finding("trail", str(line["tag"]), str(line.get("number", "")))


@departed("accounts")
def empty_those_emptied(company: Company, lines: Sequence[dict[str, Any]], actor: Actor, at: datetime) -> int:
    """The accounts that were emptied since are emptied here too, unless the copy still has them as members."""
    keys = [line["user"] for line in lines if line["tag"] == "kernel.member.erased" and line.get("user")]
    rows = User.objects.filter(pk__in=keys, memberships=None, is_staff=False).exclude(email__endswith=".invalid")
    for user in rows.order_by("pk"):
        erase_account(user=user, company=company, actor=actor, at=at)
    return len(rows)
