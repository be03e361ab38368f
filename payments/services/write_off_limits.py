"""How much people of a role may write off an invoice for a reason, as the owner of the company says."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from config.kernel import audit, typography
from config.kernel.actor import Actor
from config.kernel.errors import DomainError, NotAllowed
from config.kernel.models import Company, Membership
from config.kernel.money import ZERO, round2
from config.kernel.roles import Role, may
from payments.models import WriteOffLimit, WriteOffReason

WRITE_OFF = "invoices.write_off"
ROLES = tuple(WriteOffLimit.DEFAULTS)


class BeyondLimit(DomainError):
    code = "write_off_beyond_limit"
    message = (
        "Votre rôle solde au plus %(most)s par document pour ce motif : "
        "%(amount)s de plus demandent l’accord d’un gérant."
    )


def limits_of(company_id: int) -> dict[tuple[str, str], Decimal]:
    """The most per role and reason: what the owner chose, else the product's defaults. One query."""
    chosen = WriteOffLimit.everywhere.filter(company_id=company_id).values_list("role", "reason", "most")
    defaults = {(role, reason): most for role, of in WriteOffLimit.DEFAULTS.items() for reason, most in of.items()}
    return {**defaults, **{(role, reason): most for role, reason, most in chosen}}


def check_may_write_off(
    *, company_id: int, actor: Actor, reason: str, total: Decimal, currency: str, amount: Decimal
) -> None:
    """Raises NotAllowed, or BeyondLimit where `total`, with what was written off before, is more than the role may.

    A machine's key has the limits of an accountant. Sweeps and feeds act on what a person confirmed: no limit.
    """
    role = _role_of(actor, company_id)
    if role is None:
        return
    if not may(role, WRITE_OFF):
        raise NotAllowed
    most = limits_of(company_id).get((role, reason), ZERO)
    if total > most:
        raise BeyondLimit(most=typography.money(most, currency), amount=typography.money(amount, currency))


def _role_of(actor: Actor, company_id: int) -> str | None:
    """None for the product itself; VIEWER for somebody who is no member of the company."""
    if actor.user_id is not None:
        found = Membership.objects.filter(company_id=company_id, user_id=actor.user_id).values_list("role", flat=True)
        return found.first() or Role.VIEWER
    return Role.ACCOUNTANT if actor.kind == "PARTNER" else None


@transaction.atomic
def save_limits(
    *, company: Company, limits: Mapping[tuple[str, str], Decimal], actor: Actor, at: datetime
) -> dict[tuple[str, str], Decimal]:
    """Keep the limits that differ from what holds, by (role, reason); returns those that changed."""
    held = limits_of(company.pk)
    changed = {
        key: round2(most)
        for key, most in limits.items()
        if key[0] in ROLES and key[1] in WriteOffReason.values and held[key] != most
    }
    for (role, reason), most in changed.items():
        WriteOffLimit.everywhere.update_or_create(
            company=company, role=role, reason=reason, defaults={"most": most}, create_defaults={"most": most}
        )
    if changed:
        data = {f"{role} {reason}": [held[role, reason], most] for (role, reason), most in changed.items()}
        audit.record("payments.write_off.limits_changed", subject=company, actor=actor, at=at, data=data)
    return changed
