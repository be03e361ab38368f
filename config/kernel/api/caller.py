"""Who calls: a person's token, or a machine's key; of one company, with what they may do there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from config.kernel.actor import Actor
from config.kernel.api.refusals import NoCompany
from config.kernel.companies import is_numbered
from config.kernel.models import ApiKey, Company, Membership, User
from config.kernel.roles import READERS, may, may_read

COMPANY_HEADER = "X-Company"


@dataclass(frozen=True, slots=True)
class Caller:
    """One caller in one company."""

    company: Company
    actor: Actor
    name: str  # stable: what limits and kept answers are counted by
    role: str = ""
    scopes: frozenset[str] = frozenset()
    user: User | None = None

    @classmethod
    def person(cls, membership: Membership) -> Caller:
        user = membership.user
        actor = Actor.partner(user) if user.is_partner else Actor.user(user)
        return cls(membership.company, actor, f"user:{user.pk}", role=membership.role, user=user)

    @classmethod
    def machine(cls, key: ApiKey) -> Caller:
        return cls(key.company, Actor("PARTNER", key.name), f"key:{key.pk}", scopes=frozenset(key.scopes))

    def may(self, action: str) -> bool:
        """True when the role, or the key's scopes, include the action."""
        return may(self.role, action) if self.role else action in self.scopes

    def may_read(self, area: str) -> bool:
        if self.role:
            return may_read(self.role, area)
        if area not in READERS:
            raise KeyError(area)
        return f"{area}.read" in self.scopes


def caller_of(request: Any) -> Caller:
    """The caller in the company its credential, or the X-Company header, names. Raises NoCompany."""
    wanted = request.headers.get(COMPANY_HEADER, "").strip()
    if isinstance(request.user, ApiKey):
        company = request.user.company
        if wanted and not _is_named(company, wanted):
            raise NoCompany
        return Caller.machine(request.user)
    rows = Membership.objects.filter(user=request.user).select_related("company", "user").order_by("id")
    found = next((row for row in rows if not wanted or _is_named(row.company, wanted)), None)
    if found is None:
        raise NoCompany
    return Caller.person(found)


def _is_named(company: Company, wanted: str) -> bool:
    return wanted == str(company.pk) or is_numbered(company, wanted)
