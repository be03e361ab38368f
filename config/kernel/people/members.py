"""The people of a company: what each may do, changed and taken away by its owners. One owner always stays.

The company's row is locked before its members are counted, so that two owners who demote each other act one after the
other; PostgreSQL refuses the last one's going as well, whoever asks (migration 0011).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from config.kernel import audit, rows
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, Invalid, NotAllowed, Stale
from config.kernel.models import Company, Membership
from config.kernel.people.invitations import withdraw_those_of
from config.kernel.roles import Role, may


class LastOwner(DomainError):
    code = "last_owner"
    message = "%(company)s n’a pas d’autre gérant : nommez-en un autre d’abord."


def owners_besides(membership: Membership) -> int:
    """How many active owners the company has without this member."""
    others = Membership.objects.filter(company=membership.company_id, role=Role.OWNER, user__is_active=True)
    return others.exclude(pk=membership.pk).count()


def lock_company(company_id: int) -> None:
    """Until the transaction ends: members are changed one act after the other."""
    Company.objects.select_for_update(no_key=True).get(pk=company_id)


def check_owner_stays(membership: Membership) -> None:
    """Of a member whose company is locked. Raises LastOwner."""
    if not owners_besides(membership):
        raise LastOwner(company=membership.company.name)


@transaction.atomic
def change_member(
    *, membership: Membership, role: str, limits: Mapping[str, Decimal | None], actor: Actor, at: datetime
) -> Membership:
    """Another role, other limits (`Membership.LIMITS`; None: what the role may). An owner has no limit.

    The member's tokens end with it, and it holds from the next request on. Raises NotAllowed, LastOwner, Invalid,
    Stale where the member was removed meanwhile.
    """
    if role not in Role.values or set(limits) - set(Membership.LIMITS):
        raise Invalid(fields={"role": Invalid.message})
    locked = _locked(membership)
    _check_owner(actor, locked.company_id)
    values = {"role": role, **(dict.fromkeys(Membership.LIMITS) if role == Role.OWNER else limits)}
    if locked.role == Role.OWNER and role != Role.OWNER:
        check_owner_stays(locked)
        withdraw_those_of(locked.user, locked.company, actor=actor, at=at)
    before = {name: getattr(locked, name) for name in values}
    changed = rows.edit(locked, values)
    if changed:
        data = {
            "name": locked.user.email,
            "role": role,
            "changes": {name: [before[name], getattr(locked, name)] for name in changed},
        }
        audit.record("kernel.member.changed", subject=locked.company, actor=actor, at=at, data=data)
    return locked


@transaction.atomic
def remove_member(*, membership: Membership, actor: Actor, at: datetime) -> None:
    """Take somebody out of the company, or leave it oneself; what the person did stays.

    Raises NotAllowed, LastOwner, Stale where the member was removed meanwhile.
    """
    locked = _locked(membership)
    if actor.user_id is None or actor.user_id != locked.user_id:
        _check_owner(actor, locked.company_id)
    if locked.role == Role.OWNER:
        check_owner_stays(locked)
    withdraw_those_of(locked.user, locked.company, actor=actor, at=at)
    data = {"name": locked.user.email, "role": locked.role}
    audit.record("kernel.member.removed", subject=locked.company, actor=actor, at=at, data=data)
    locked.delete()


def _locked(membership: Membership) -> Membership:
    """The membership under the lock of its company. Raises Stale."""
    lock_company(membership.company_id)
    found = Membership.objects.filter(pk=membership.pk, company=membership.company_id)
    locked = found.select_for_update(no_key=True, of=("self",)).select_related("user", "company").first()
    if locked is None:
        raise Stale
    return locked


def _check_owner(actor: Actor, company_id: int) -> None:
    """Who was an owner as the page was opened may be none now. Keys hold what an owner gave them. Raises NotAllowed."""
    if actor.user_id is None:
        return
    own = Membership.objects.filter(company=company_id, user=actor.user_id, user__is_active=True).first()
    if own is None or not may(own.role, "settings.edit"):
        raise NotAllowed
